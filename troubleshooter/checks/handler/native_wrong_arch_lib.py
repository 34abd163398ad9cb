"""A native module was installed for another platform than the function's.

What it looks for
    An extension module that cannot be loaded, or that Python does not even try, while the main process runs.

Why it breaks
    Dependencies were installed on the developer's machine, or with the wrong `--platform`, and copied. Node.js says so
    (`ERR_DLOPEN_FAILED`, `wrong ELF class`). Python often misleads: the file's name carries a tag for the other CPU,
    so import never looks at it and says `No module named 'package._ext'`.

How it is told apart
    The same words for a module of the right CPU and another Python version are `py_wrong_abi_tag`: the tag in the file
    name tells. Mach-O or Windows files give `invalid ELF header` (`native_mac_binary`). A module that is not installed
    at all is `py_dep_missing`.

Fix
    Install inside the image, or name the target: `pip install --platform manylinux2014_x86_64 --only-binary=:all:
    --python-version 3.12 --target …`, `npm install --os=linux --cpu=arm64 --libc=glibc`.

References
    https://github.com/pydantic/pydantic/issues/6557
    https://github.com/lovell/sharp/issues/2197
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, signature
from troubleshooter.checks._native import foreign
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeModules
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"wrong ELF class", 3),
    signature(
        r"No module named '?(?:pydantic_core\._pydantic_core|rpds\.rpds|jiter\.jiter|orjson\.orjson"
        r"|cryptography\.hazmat\.bindings\._rust|tiktoken\._tiktoken|bcrypt\._bcrypt|_bcrypt|_cffi_backend"
        r"|tokenizers\.tokenizers|regex\._regex|asyncpg\.\w+|polars\.polars|hf_xet\.hf_xet)",
        3,
    ),
    signature(r"No module named '?[\w.]+\.(?:_\w+|\w*_ext\w*)", 2),
    signature(r"ERR_DLOPEN_FAILED", 2, unless=r"invalid ELF header|GLIBC|cannot open shared object"),
    signature(
        r"Importing the numpy C-extensions failed|you should not try to import numpy from\s+its source directory"
        r"|numpy\.core\._multiarray_umath|No module named 'numpy\._core",
        3,
    ),
    signature(r"cannot import name '(?:_imaging|etree|cygrpc|_psycopg|_rust|_lib|_ext\w*|_C)' from", 3),
    signature(r"incompatible architecture|have '(?:x86_64|arm64)', need|Exec format error: '/?\S+\.(?:so|node)", 3),
    signature(
        r"\.(?:so|node)[^\s:]{0,80}: (?:cannot open shared object file: )?(?:Exec format error|file too short)",
        3,
    ),
    signature(r"No module named '?psycopg2\._psycopg|no pq wrapper available", 2),
    signature(r"file too short", 2),
    signature(r"\.node: cannot open shared object file", 2),
)
ASK = "Which platform is in the module's file name: the function's CPU, or another?"


@check(
    title="Native modules are for the function's CPU",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("py_dep_missing", "node_dep_missing", "init_exception_other"),
    narrow=True,
)
def native_wrong_arch_lib(
    natives: NativeModules,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Compares the ELF machine of native modules that the handler's imports reach with the function's CPU."""
    return foreign(
        "cpu",
        natives,
        runtime,
        function,
        image,
        code,
        timeline,
        why=f"; the function runs on {natives.architecture}",
        fine=f"no native module that is loaded is for another CPU than {natives.architecture}",
        beside=(runtime.cite("architecture", label="the function's CPU"),),
    )
