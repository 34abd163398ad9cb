"""PYTHONPATH hides the folders that the runtime adds by itself.

What it looks for
    A module below `/opt/python` or of the runtime itself that is not found since `PYTHONPATH` is set.

Why it breaks
    AWS's Python bootstrap adds layers' folders and its own `site-packages` to the path only where `PYTHONPATH` is not
    set. Setting it, in the image or the function, drops them.

How it is told apart
    A module that is nowhere is `py_dep_missing`; one in a folder that no setting names is
    `py_installed_in_wrong_place`. For Node.js, `NODE_PATH` replaces the default list in the same way.

Fix
    Remove the variable and install into the task root, or list the default folders in it too.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"PYTHONPATH", 2, unless=r"reserved|Unsupported|not allowed"),
    signature(r"No module named '(?:boto3|botocore|awslambdaric|bootstrap)'", 2),
)
ASK = "Is PYTHONPATH set in the image or the function's configuration?"
