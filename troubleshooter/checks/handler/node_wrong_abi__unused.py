"""An addon for another version of Node.js is there, and nothing is sure to load it.

What it looks for
    Addons that register for another `NODE_MODULE_VERSION` and that no `require` at load time reaches.

Why it breaks
    Packages such as `bindings` find their addon when they are called: then it is refused, at the first call.

How it is told apart
    Where the handler is sure to load the file, or the log names it, it is `node_wrong_abi`.

Fix
    `npm rebuild` inside the image, with the Node.js version that runs.

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
KINDS = {"node": "is compiled for another version of Node.js"}


@check(title="No addon for another Node.js lies about", severity=Severity.INFO, rung=Rung.HANDLER)
def node_wrong_abi__unused(natives: NativeModules, timeline: Timeline | Unavailable) -> Verdict:
    """Lists files with the fault that no import at load time reaches."""
    text = "Nothing has to be done now. Where the code comes to load it, install it for the function's platform; else leave it out."
    return unused(natives, timeline, KINDS, text, "Nothing of this kind lies in the image or package.")
