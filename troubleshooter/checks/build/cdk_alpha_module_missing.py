"""A CDK alpha module is not installed, or of another version than the core.

What it looks for
    `No module named 'aws_cdk.aws_lambda_python_alpha'` and its like when the app is synthesised.

Why it breaks
    Experimental constructs are distributions of their own, and their version must pair with that of `aws-cdk-lib`
    (`2.X.Y` and `2.X.Ya0`). Nothing of it has to do with the function.

How it is told apart
    The same words in the function's log would be `py_dep_missing`. Here the command is `cdk`.

Fix
    Install the alpha distribution of the core's version, or build with the stable constructs.

References
    https://docs.aws.amazon.com/cdk/v2/guide/versioning.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"aws_cdk\.\w+_alpha", 3),
    signature(r"@aws-cdk/[\w-]+-alpha", 3),
    signature(r"No module named 'aws_cdk", 3),
    signature(r"cannot import name '\w+' from 'aws_cdk", 2),
)
ASK = "Does `python -m pip show aws-cdk.aws-lambda-python-alpha aws-cdk-lib` show both, with versions that pair?"
