"""PATH or LD_LIBRARY_PATH lost the base image's folders.

What it looks for
    Interpreter, shell or libraries that are in the image and are not found.

Why it breaks
    `ENV PATH=/opt/venv/bin` without `$PATH`, or a `PATH` in the function's configuration, replaces the base's value.
    On images Lambda adds no defaults: what the variable does not name is not searched.

How it is told apart
    Where another library wins instead of none, it is `ld_library_path_shadowing`. A program that is really missing is
    `exec_wrapper_missing`, `ric_missing` or `entrypoint_interpreter_missing`.

Fix
    Extend instead of replacing: `ENV PATH=/opt/venv/bin:$PATH`, and the same for `LD_LIBRARY_PATH`; remove the
    variable from the function's configuration.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RUNTIME
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"libpython3[\w.]*\.so[\w.]*: cannot open shared object file", 3),
    signature(r"executable file not found in \$PATH", 1),
    signature(r"\b(?:python3?|node|bash|sh|ls|cat|dirname|basename|env): (?:command )?not found", 2),
    signature(r"exit status 127", 1),
)
ASK = "Does PATH in the image's ENV and in the function's configuration still contain the base's folders?"
