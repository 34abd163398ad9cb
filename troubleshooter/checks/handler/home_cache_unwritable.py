"""A library or tool wants to write below a home folder that is not there.

What it looks for
    A launch by `npx` without a variable that gives npm a folder, where the platform's log has one of npm's statuses for a
    file that it could not make. Of libraries, text alone tells: a path below `/home/sbx_user…` or `.cache`, or a library
    that asks for a writable cache folder.

Why it breaks
    Lambda sets no `HOME`. Libraries fall back to the user's entry, `/home/sbx_user1051`, which does not exist and
    cannot be made. `npx`, which starts a Node.js client in some images, wants its cache there and ends the runtime
    with status 226, 243 or 254.

How it is told apart
    Paths of the application's own are `fs_read_only`. A tool that looks for what was installed below `/root` is
    `home_relative_install`.

Fix
    `ENV HOME=/tmp`, or the library's own variable (`XDG_CACHE_HOME`, `HF_HOME`, `MPLCONFIGDIR`, `NUMBA_CACHE_DIR`,
    `npm_config_cache`) below `/tmp`; call the client's binary directly instead of `npx`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/aws/aws-lambda-nodejs-runtime-interface-client
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._timeline import exited, failing, fault
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"/home/sbx_user\d*", 3),
    signature(r"exit status (?:226|254|243)\b", 3),
    signature(r"npm (?:ERR!|error) .*(?:EROFS|/home/|read-only)", 3),
    signature(
        r"not a writable directory|is not writable|set the environment variable \w*(?:CACHE|HOME"
        r"|DIR)\w* to a writable",
        3,
    ),
    signature(
        r"(?:TRANSFORMERS_CACHE|HF_HOME|MPLCONFIGDIR|NUMBA_CACHE_DIR|XDG_CACHE_HOME|PYTHON_EGG_CACHE|NLTK_DATA)\b(?!=/tmp)",
        2,
    ),
    signature(r"cannot cache function .*: no locator available", 3),
    signature(r"(?:trying to write in|could not create|unable to create|can't create).{0,40}cache", 2),
    signature(r"(?:mkdir|makedirs|open)\b.{0,20}'?/(?:root|home|nonexistent)/", 2),
    signature(r"(?:Errno 30|EROFS).*/home/", 3),
    signature(r"(?:Permission denied|EACCES)\b.{0,40}'(?:/home/[^/']+|/root)?/\.\w+", 3),
    signature(r"HOME (?:is not|environment variable not|not) (?:set|defined)|\$HOME is not defined", 3),
)
ASK = "Does it work with HOME=/tmp?"


_FOLDERS = ("HOME", "npm_config_cache", "NPM_CONFIG_CACHE", "npm_config_userconfig")
_NPM_GAVE_UP = exited(r"with error: exit status (?:226|243|254)\b")


@check(
    title="What starts the client has a folder to write to",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("process_exits_by_design", "init_timeout"),
    narrow=True,
)
def home_cache_unwritable(
    launch: EffectiveLaunch,
    image: ImageConfig,
    function: FunctionRecord | Unavailable,
    timeline: Timeline | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Asks whether npx starts the client without a home, and whether it gave up for it."""
    if not any(word.rpartition("/")[2] in ("npx", "npm") for word in launch.argv[:3]):
        return not_applicable("the launch starts nothing that is known to want a home folder")
    own = function.environment if isinstance(function, FunctionRecord) else ()
    given = [v for v in (*image.environment, *own) if v.name in _FOLDERS and v.length]
    if given:
        return passed(
            "npm is given a folder", image.cite("environment", given[-1].name, label="variable that names it")
        )
    lacks = image.cite("environment", "none of HOME, npm_config_cache", label="variables that give npm a folder")
    ended = failing(timeline, _NPM_GAVE_UP) if isinstance(timeline, Timeline) else None
    if ended is None or isinstance(ended, Verdict) or isinstance(timeline, Unavailable):
        text = "npx starts the client and no variable gives it a folder to write to; whether it needs one could not be told"
        unblock = Unblock("Set `ENV HOME=/tmp npm_config_cache=/tmp/.npm`, or start aws-lambda-ric without npx.")
        return unknown(text, *launch.evidence[:1], lacks, unblock=unblock)
    text = (
        "Start the client itself, `node_modules/.bin/aws-lambda-ric` by its absolute path, in place of npx; or give npm a "
        "folder with `ENV HOME=/tmp npm_config_cache=/tmp/.npm`."
    )
    return failed(
        "npx starts the client, has no home folder to write to, and ended with the status of a file that it could not make",
        *launch.evidence[:1],
        lacks,
        fault(timeline, ended),
        remediation=rebuilt(text, function, image, code, "The next init has no exit status 226, 243 or 254."),
        rung=Rung.RUNTIME,
    )
