"""An unpinned dependency changed under the project.

What it looks for
    An argument, name or optional package that a new release of a dependency wants or dropped, with unchanged code.

Why it breaks
    Without a lock, each build takes the newest releases, transitive ones too. A release that removes an argument,
    needs another package or is itself broken reaches the function with the next build.

How it is told apart
    It looks like `py_dep_missing` or `pkg_shadowing`; that code and direct pins are unchanged, and the failure began
    with a build, tells it. Compare installed versions of the last good image and this one.

Fix
    Pin or lock (`pip-compile`, `uv lock`, `poetry.lock`, `npm ci`), and move to the corrected release or back to the
    last good one.

References
    https://pip.pypa.io/en/stable/topics/repeatable-installs/
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"unexpected keyword argument 'proxies'", 3),
    signature(r"module 'lib' has no attribute '(?:X509|OpenSSL|SSL)_", 3),
    signature(r"got an unexpected keyword argument '\w+'", 2),
    signature(r"__init__\(\) (?:got an unexpected|missing \d+ required)", 2),
    signature(r"cannot import name '\w+' from '[\w.]+'", 1),
    signature(r"module '\w+' has no attribute '\w+'", 1),
    signature(
        r"(?:please |pip )install \S+ to use|is required (?:to|for) .*pip install|requires the \S+ (?:package"
        r"|library) to be installed",
        2,
    ),
    signature(r"No module named 'pydantic'|No module named 'pkg_resources'|No module named 'distutils'", 2),
    signature(
        r"has been (?:removed|yanked)|was removed in (?:version )?\d|worked (?:yesterday|until)"
        r"|since (?:yesterday|the last build)",
        2,
    ),
)
ASK = "Did an installed version change between the last good build and this one, with unchanged code?"
