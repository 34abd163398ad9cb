"""A compiled Python package is for another Python version.

What it looks for
    An extension submodule that cannot be found although its package is installed.

Why it breaks
    Compiled modules carry the interpreter's version in their file name (`.cpython-311-…`); another interpreter does
    not look at them. Typical after the base image moves to a newer Python while vendored packages, a layer or a copied
    `site-packages` stay.

How it is told apart
    The tag of the right version and another CPU is `native_wrong_arch_lib`; pure Python packages are not affected. A
    package that is missing altogether is `py_dep_missing`.

Fix
    Install with the Python version that runs: inside the image, or `pip install --python-version 3.12
    --only-binary=:all: …`; take the layer's build for this runtime.

References
    https://peps.python.org/pep-0425/
    https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, signature
from troubleshooter.checks._native import decide, only, reinstall
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeModule, NativeModules
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"\.cpython-3\d+-[\w-]+\.so", 2),
    signature(
        r"No module named '?(?:psycopg2\._psycopg|_?pymssql|lxml\.etree|MySQLdb\._mysql|_mysql|PIL\._imaging"
        r"|grpc\._cython\.cygrpc|google\.protobuf\.pyext\._message|pandas\._libs\.\w+|scipy\.\w+\._\w+"
        r"|shapely\.lib|confluent_kafka\.cimpl|ujson|awscrt\._awscrt|_awscrt|yaml\._yaml|frozenlist\._frozenlist"
        r"|multidict\._multidict|aiohttp\._\w+)",
        3,
    ),
    signature(r"No module named '?[\w.]+\._\w+", 2),
    signature(
        r"Importing the numpy C-extensions failed|you should not try to import numpy from\s+its source directory",
        2,
    ),
    signature(r"cannot import name '(?:_imaging|etree|cygrpc|_psycopg)' from", 2),
    signature(r"Python version is: Python3\.\d+ from|We have compiled some common reasons", 2),
    signature(r"undefined symbol: _?Py\w+", 3),
    signature(r"\.so: undefined symbol", 1),
    signature(r"compiled (?:for|with|against) Python 3\.\d+|requires? Python '?[<>=~]", 2),
)
ASK = "Which Python version is in the module's file name (`cpython-3NN`), and which one runs?"


@check(
    title="Compiled Python packages are for this Python",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("py_dep_missing", "init_exception_other"),
)
def py_wrong_abi_tag(
    natives: NativeModules,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Compares the tags in the names of native modules that the handler's imports reach with the interpreter's own."""
    other = only("python", natives)
    if other is not None:
        return other
    version = ".".join(str(part) for part in runtime.version[:2])

    def message(module: NativeModule) -> str:
        tags = ", ".join(dict.fromkeys(f.tag or f.path for f in module.files))
        return f"`{module.name}` is compiled for {tags}, which Python {version} does not look at"

    def fix(module: NativeModule) -> Remediation:
        return reinstall(natives, module, runtime, function, image, code)

    return decide(
        "abi",
        natives,
        timeline,
        message,
        fix,
        f"no native module that is imported is for another Python than {version}",
        more=lambda module: (natives.cite("suffixes", label=f"endings that Python {version} looks for"),),
    )
