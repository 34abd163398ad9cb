"""A native module could not be loaded for want of a library, and nothing loads it.

What it looks for
    Native modules whose libraries are missing or too old and that no import at load time reaches.

Why it breaks
    It breaks nothing as long as nothing imports it. A code path that does, under a condition or in a function, fails then.

How it is told apart
    Where the handler's imports reach the file, it is `dynamic_lib_missing`, `native_glibc_too_new`, `system_lib_too_old`,
    `native_libc_mismatch` or `ld_library_path_shadowing`.

Fix
    Nothing, unless the code comes to load it: then as for those.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check
from troubleshooter.checks._native import unlinked, unused
from troubleshooter.facts import Unavailable
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeModules
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
KINDS = {
    "library": "needs a library that the image does not have",
    "libc": "needs the other C library",
    "glibc": "needs a newer glibc",
    "version": "needs a newer system library",
    "shadow": "needs a library that LD_LIBRARY_PATH hides",
}


@check(title="No native module lies about that could not find its libraries", severity=Severity.INFO, rung=Rung.HANDLER)
def dynamic_lib_missing__unused(natives: NativeModules, timeline: Timeline | Unavailable) -> Verdict:
    """Lists files with the fault that no import at load time reaches."""
    other = unlinked(natives, "image", "managed")
    if other is not None:
        return other
    text = "Nothing has to be done now. Where the code comes to load it, install it for the function's platform; else leave it out."
    return unused(natives, timeline, KINDS, text, "Nothing of this kind lies in the image or package.")
