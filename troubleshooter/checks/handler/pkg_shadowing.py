"""A file or package of the same name hides the right module.

What it looks for
    A module without the attribute it should have, or a name that cannot be imported from a module that is there.

Why it breaks
    The task root comes first on `sys.path`. A file `requests.py`, a folder `queue/`, or a vendored copy of boto3 hides
    the package meant; or a bundled package is older than what another one expects.

How it is told apart
    `DEFAULT_CIPHERS` from urllib3 is the runtime's SDK meeting a newer copy (`runtime_sdk_conflict`). A package whose
    API changed with its own release is `unpinned_dep_break`. A circular import names the module as partially
    initialized because of the code itself.

Fix
    Rename the file or folder, remove the vendored copy or bundle a current one; print `module.__file__` to see what
    was imported.

References
    https://docs.python.org/3/tutorial/modules.html#the-module-search-path
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(
        r"partially initialized module '\w+' has no attribute|most likely due to a circular import"
        r"|consider renaming '/",
        3,
    ),
    signature(r"AttributeError: module '[\w.]+' has no attribute '\w+'", 2),
    signature(r"module '[\w.]+' has no attribute '\w+'", 2),
    signature(r"UnknownServiceError|Unknown service: '", 3),
    signature(r"cannot import name '\w+' from '[\w.]+' \((?:/var/task|/opt/python|unknown location)", 2),
    signature(r"has no attribute '\w+'.*(?:boto|awscrt)", 2),
    signature(r"'\w+' object has no attribute '\w+'.*boto", 1),
    signature(r"is not a package", 2),
)
ASK = "Which file does the import load: what does `print(module.__file__)` say?"
