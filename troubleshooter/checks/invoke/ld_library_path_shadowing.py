"""LD_LIBRARY_PATH makes a program load the wrong library of the same name.

What it looks for
    A version or symbol error that names a library under `/var/lang/lib` or `/opt/lib` for a program that is not the
    runtime.

Why it breaks
    AWS's base images set `LD_LIBRARY_PATH` beginning with `/var/lang/lib`, and layers add `/opt/lib`. A program
    installed from the distribution (python3, openssl, the aws command, dnf itself) then finds the runtime's copy of
    libcrypto, libssl or liblzma first, which lacks the version it was linked with. The other way round, a layer's
    library shadows the runtime's.

How it is told apart
    The path in the message decides: the library is there, in a place that wins over the right one. A library that is
    nowhere is `dynamic_lib_missing`; a system library that is really too old is `system_lib_too_old`; a path that was
    lost is `env_path_clobbered`.

Fix
    Clear the variable for the child process alone (`LD_LIBRARY_PATH= openssl …`, `env={**os.environ,
    'LD_LIBRARY_PATH': ''}`), remove your own setting, or take the library out of the layer.

References
    https://github.com/aws/aws-lambda-base-images
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(
        r"/(?:var/lang|opt|var/task)/[^\s:]*lib(?:crypto|ssl|curl|lzma|z|sqlite3|stdc\+\+|expat"
        r"|ffi)[^\s:]*: version .?[A-Z][A-Za-z]+_[\d.]+.? not found",
        3,
        unless=r"GLIBCXX_",
    ),
    signature(r"version .?OPENSSL_[\d.]+\w*.? not found", 3),
    signature(r"=> /var/lang/lib/", 3),
    signature(r"undefined symbol: .*(?:OPENSSL|SSL)_", 3),
    signature(r"/var/lang/lib/[^\s:]+: (?:version|no version information|undefined symbol)", 3),
    signature(r"cannot import name 'ssl' from 'urllib3\.util\.ssl_'", 2),
    signature(r"no version information available \(required by", 2),
    signature(r"undefined symbol: \w+|symbol lookup error", 2, unless=r"undefined symbol: _?Py"),
    signature(r"XZ_5\.\d", 2, unless=r"\bdnf\b|\byum\b|docker build|RUN "),
)
ASK = "Does it work with the variable cleared: `LD_LIBRARY_PATH= COMMAND`?"
