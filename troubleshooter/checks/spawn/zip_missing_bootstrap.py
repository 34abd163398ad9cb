"""A function on an OS-only runtime has no bootstrap.

What it looks for
    `Couldn't find valid bootstrap(s)` with the places `/var/task/bootstrap` and `/opt/bootstrap`, or an OS-only base
    image without `/var/runtime/bootstrap`.

Why it breaks
    The runtimes `provided.al2` and `provided.al2023` start an executable named `bootstrap` at the root of the package
    or of a layer. A Go or Rust binary under its own name, one folder too deep, or without its execute bit is not
    found; the old `go1.x` used the handler's name, which these runtimes ignore.

How it is told apart
    With a list that names the handler and `Entrypoint: []`, it is an image without entrypoint (`entrypoint_none`,
    `imageconfig_empty_entrypoint`). A bootstrap that is found and cannot be executed names its errno instead.

Fix
    Name the binary `bootstrap`, at the root of the zip, mode 0755: `go build -o bootstrap`, `BuildMethod: go1.x` or
    `rust-cargolambda` with SAM, `cargo lambda build`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-provided.html
    https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.SPAWN
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"find valid bootstrap\(s\): \[\S*/bootstrap", 3),
    signature(r"find valid bootstrap", 2, unless=r"Entrypoint: \["),
    signature(r"/var/runtime/bootstrap: No such file or directory", 3),
    signature(r"Error: fork/exec /var/task/\S*: no such file or directory", 1),
    signature(r"PathError", 1),
)
ASK = "Is there an executable file `bootstrap` at the root of the zip? (`unzip -Z package.zip`)"
