"""A setting that the code reads is not in the function's environment.

What it looks for
    `KeyError: 'NAME'` from `os.environ`, a settings class that misses fields, or `undefined` where an address should
    be.

Why it breaks
    Values from `.env`, Compose or the shell exist on the developer's machine only. The function has what its
    configuration and the image's `ENV` say; names differ in spelling or case, or were left out of the template of this
    stage.

How it is told apart
    `KeyError` for an event's field happens in an invocation and is the handler's own. An environment that cannot be
    decrypted is `kms_env`. Reserved names that are refused are `env_reserved_api`.

Fix
    Add the variable to the function's configuration (or to SSM or Secrets Manager and read it there), and let the code
    name what is missing.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"KeyError: '[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+'", 3),
    signature(r"os\.environ\[|in __getitem__\s+raise KeyError", 2),
    signature(
        r"(?:environment|env)(?:ironment)? var(?:iable)?s? ['\x22`]?\w+['\x22`]? (?:is|are|was|were|must be|has"
        r"|have)?\s?(?:not set|missing|required|undefined|not (?:been )?(?:defined|found|provided)|empty)",
        3,
    ),
    signature(r"(?:missing|required|undefined) (?:required )?env(?:ironment)? var", 3),
    signature(r"validation errors? for \w*(?:Settings|Config)\b", 3),
    signature(
        r"Missing required (?:environment|config|setting)|decouple\.UndefinedValueError|ImproperlyConfigured"
        r"|is not defined in (?:the )?env",
        3,
    ),
    signature(
        r"Invalid URL: undefined|undefined/|getaddrinfo ENOTFOUND undefined|No license key configured|No API key"
        r"|api_key client option must be set|API key (?:not|is) (?:found|missing|required)",
        2,
    ),
    signature(
        r"Value null at '\w+' failed to satisfy constraint|Missing required key '\w+' in params"
        r"|Parameter validation failed[\s\S]{0,80}type: <class 'NoneType'>",
        2,
    ),
)
ASK = "Which variable does the code read there, and is it in the function's configuration?"
