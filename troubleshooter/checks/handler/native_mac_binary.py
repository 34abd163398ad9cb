"""A native file comes from macOS or Windows.

What it looks for
    `invalid ELF header`, or a module path with `darwin` or `win32` in it.

Why it breaks
    `node_modules` or a virtual environment of a laptop was copied into the image or the zip. The native modules inside
    are Mach-O or PE files, which Linux cannot load; JavaScript and Python files beside them work, so the failure
    appears at the first native import.

How it is told apart
    ELF of the other CPU says `wrong ELF class` or hides behind a missing `_ext` (`native_wrong_arch_lib`). A main
    program of this kind gives `exec format error`.

Fix
    Put `node_modules`, `.venv` and build folders into `.dockerignore`, and install inside the image, without the
    host's copies.

References
    https://github.com/lovell/sharp/issues/800
    https://docs.docker.com/build/concepts/context/#dockerignore-files
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

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"invalid ELF header", 3),
    signature(r"cannot execute binary file", 2, unless=r"docker build|failed to solve|qemu"),
    signature(r"slice is not valid mach-o file|not a mach-o file|mach-o", 2),
    signature(
        r"-darwin(?:-arm64|-x64)?[./]|\.cpython-\d+-darwin\.so|darwin-(?:arm64|x64)",
        2,
        unless=r"host|Cannot find module '@",
    ),
    signature(r"\bwin32-x64\b|\.pyd\b", 1),
)
ASK = "Was node_modules or a virtual environment copied from a Mac or Windows machine?"


@check(
    title="Native modules are Linux files",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("py_dep_missing", "node_dep_missing", "init_exception_other"),
    narrow=True,
)
def native_mac_binary(
    natives: NativeModules,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Looks at the first bytes of native modules that the handler's imports reach."""
    fine = "no native module that is loaded is a file of macOS or Windows"
    why = ", which Linux does not load"
    return foreign("system", natives, runtime, function, image, code, timeline, why=why, fine=fine)
