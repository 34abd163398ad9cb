"""A file or package of the same name hides the right module.

What it looks for
    An own module with the name of an installed package, which lies further back on `sys.path`, where loading the handler
    asks it for a name that the package has and the module has not. Of any other, text alone tells: a module without the
    attribute it should have, or a name that cannot be imported from a module that is there.

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

import posixpath
import re

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.packages import ShadowedPackages
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(
        r"partially initialized module '\w+' has no attribute|most likely due to a circular import"
        r"|consider renaming '/",
        3,
    ),
    signature(
        r"module '(?:calendar|code|copy|email|enum|http|io|json|logging|numbers|operator|parser|platform|profile|queue|random"
        r"|re|secrets|select|signal|site|socket|statistics|string|struct|test|token|tokenize|types|typing|uuid)' has no attribute",
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


@check(
    title="No own module hides an installed package",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("init_exception_other", "unpinned_dep_break"),
    narrow=True,
)
def pkg_shadowing(
    packages: ShadowedPackages,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Asks whether an own module stands where the code means a package."""
    if not packages.shadows:
        return passed("no import ends in an own module that lacks what is asked of it", packages.cite("shadows"))
    found = packages.shadows[0]
    where = packages.reading.source
    own = posixpath.basename(found.path)
    renamed = f"{found.module}_helper.py" if own != "__init__.py" else f"{found.module}_helper/"
    text = (
        f"Rename {found.path}, for example to {renamed}, and change the imports that mean it; then `import {found.module}` "
        f"leads to {found.distribution}."
    )
    name = re.escape(found.module)
    return failed(
        f"{found.place} asks `{found.module}` for `{found.attribute}`; the import leads to {found.path}, which has no such name "
        f"and hides {found.distribution}",
        packages.cite("shadows", found.text, label="what asks for it", source=f"{where} {found.place}"),
        packages.cite(
            "shadows", f"no {found.attribute}", label="module that is loaded", source=f"{where} {found.path}"
        ),
        packages.cite("shadows", found.distribution, label="package that is hidden", source=f"{where} {found.hidden}"),
        *said(timeline, rf"module '{name}' has no attribute|cannot import name '\w+' from '{name}'"),
        remediation=rebuilt(text, function, image, code, f"The next init loads `{found.module}.{found.attribute}`."),
    )
