"""A file in /opt/extensions could not be started as an extension.

What it looks for
    A platform line that an extension could not be launched, failed in its init, or that there are too many.

Why it breaks
    Every regular file in `/opt/extensions` is executed as an extension: forgotten text files, scripts without an
    execute bit, binaries of the wrong kind. Until all have registered, the runtime is not started, so one bad file
    keeps the whole function from initialising. A tool that writes below `/opt` when it starts fails too: the file
    system is read-only.

How it is told apart
    It names the general case. The file's own fault is more useful where it can be told: the other CPU
    (`extension_arch_mismatch`), a missing library (`extension_library_missing`), no execute bit
    (`entrypoint_not_executable`), a release that crashes by itself (`extension_version_broken`).
    `Runtime.InvalidEntrypoint` speaks of the runtime, never of an extension.

Fix
    Remove what is no extension from `/opt/extensions`, give the others mode 0755 and the function's architecture, and
    copy all that the vendor's image has in `/opt`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-execution.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.SPAWN
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Extension\.(?:LaunchError|InitError|ExitError)", 2),
    signature(r"EXTENSION\s+Name: .*State: (?:LaunchError|InitError|ExitError|Crash)", 2),
    signature(r"Extension\.Crash", 1),
    signature(r"TooManyExtensions", 3),
    signature(r"/opt/extensions/\S+.*(?:permission denied|no such file|read-only)", 1),
    signature(r"(?:mkdir|open|chmod|write)\S* .*/opt/\S+.*(?:read-only file system|no such file or directory)", 2),
    signature(r"failed to (?:register|initialize) (?:the )?extension|extension registration failed", 2),
)
ASK = "Which regular files are in /opt/extensions, and with which mode? (`ls -l /opt/extensions`)"
