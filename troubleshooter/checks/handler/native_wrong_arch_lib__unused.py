"""A native module of another platform is there, and nothing loads it.

What it looks for
    Native modules for another CPU, system or Python that no import at load time reaches.

Why it breaks
    It breaks nothing as long as nothing imports it. A code path that does, under a condition or in a function, fails then.

How it is told apart
    Where the handler's imports reach the file, it is `native_wrong_arch_lib`, `native_mac_binary` or `py_wrong_abi_tag`.

Fix
    Nothing, or leave the file out: it takes room. Packages that bring a file for each platform are meant to be like that.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check
from troubleshooter.checks._native import unused
from troubleshooter.facts import Unavailable
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeModules
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
KINDS = {
    "system": "is a file of macOS or Windows",
    "cpu": "is for another CPU",
    "abi": "is compiled for another Python",
}


@check(title="No native module of another platform lies about", severity=Severity.INFO, rung=Rung.HANDLER)
def native_wrong_arch_lib__unused(natives: NativeModules, timeline: Timeline | Unavailable) -> Verdict:
    """Lists files with the fault that no import at load time reaches."""
    text = "Nothing has to be done now. Where the code comes to load it, install it for the function's platform; else leave it out."
    return unused(natives, timeline, KINDS, text, "Nothing of this kind lies in the image or package.")
