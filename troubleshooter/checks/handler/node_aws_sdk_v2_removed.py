"""The code needs version 2 of the AWS SDK for JavaScript, which the runtime no longer brings.

What it looks for
    A `require('aws-sdk')` or import of it, in the function's own files or in a package, that is sure to run while the
    handler loads, on an AWS runtime or base image of Node.js 18 or later, with no `aws-sdk` in the package.

Why it breaks
    Runtimes up to Node.js 16 bring `aws-sdk`, those from 18 on only the packages `@aws-sdk/*` of version 3. Functions that
    never packaged the SDK, or told their bundler that it is external, end their init with `Runtime.ImportModuleError:
    Error: Cannot find module 'aws-sdk'` after a change of runtime. It may surface as a custom resource that fails.

How it is told apart
    Any other missing package is `node_dep_missing`.

Fix
    Move to the clients of version 3, or install `aws-sdk` with the function.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
    https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/migrating.html
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Origin, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Cannot find (?:module|package) '(?:node_modules/)?aws-sdk(?:/[^']*)?'", 3),
    signature(
        r"aws-sdk[^\n]{0,80}(?:nodejs1[8-9]|nodejs2\d|Node(?:\.js)? ?(?:1[89]|2\d))[^\n]{0,80}Cannot find module", 2
    ),
)
ASK = "Is it `aws-sdk`, version 2, that is missing, and is the runtime nodejs18.x or newer?"
SDK = "aws-sdk"
SINCE = 18
_ERROR = r"Cannot find (?:module|package) 'aws-sdk"


@check(
    title="No code needs an AWS SDK that the runtime no longer brings",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("node_dep_missing",),
)
def node_aws_sdk_v2_removed(
    closure: ImportClosure,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Looks for `aws-sdk` among the imports that nothing provides."""
    if closure.language != "node":
        return not_applicable("the handler is not JavaScript")
    if runtime.client not in ("aws-base", "zip"):
        return not_applicable("no AWS runtime or base image runs the code: it never brought an SDK")
    if not runtime.version:
        return unknown(
            "the version of Node.js is not known", unblock=Unblock("Give the image or the function's record.")
        )
    if runtime.version[0] < SINCE:
        return passed(f"Node.js {runtime.version[0]} of AWS brings `{SDK}`", runtime.cite("version"))
    found = [each for each in (*closure.missing, *closure.missing_deferred) if each.module == SDK]
    at_load = [each for each in found if not each.deferred]
    if at_load:
        return _failed(at_load[0], None, closure, runtime, function, image, code, timeline)
    if found and _invoked_into(timeline):
        return _failed(found[0], Rung.INVOKE, closure, runtime, function, image, code, timeline)
    asks = [each for each in closure.imports if each.module == SDK and not each.guarded]
    if asks and not closure.complete:
        if any(e.origin is Origin.PLATFORM_LOG for e in said(timeline, _ERROR)):
            return _failed(asks[0], None, closure, runtime, function, image, code, timeline)
        why = "; ".join(closure.unread[:2])
        unblock = Unblock("Give the built image or package, with its layers, as the function runs it.")
        source = f"{closure.reading.source} {asks[0].path}:{asks[0].line}"
        cited = closure.cite("imports", asks[0].full, label="import", source=source)
        return unknown(f"`{SDK}` is imported, and whether it is there could not be told: {why}", cited, unblock=unblock)
    return passed(f"nothing that loads with the handler misses `{SDK}`")


def _invoked_into(timeline: Timeline | Unavailable) -> bool:
    if isinstance(timeline, Unavailable):
        return False
    return any(i.status == "error" and re.search(_ERROR, i.error or "") for i in timeline.invocations)


def _failed(
    each: Import,
    rung: Rung | None,
    closure: ImportClosure,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    source = f"{closure.reading.source} {each.path}:{each.line}"
    inside = " (a package of yours)" if "/node_modules/" in each.path else ""
    when = "" if rung is None else ", when it is called"
    verify = f"The next init ends without `Cannot find module '{SDK}'` in its log."
    text = (
        f"Replace `{SDK}` by the clients of version 3 that are used (`@aws-sdk/client-…`), which the runtime brings; or install "
        f"`{SDK}` with the function and take it out of the bundler's externals."
    )
    fix = rebuilt(text, function, image, code, verify)
    return failed(
        f"{each.path}:{each.line}{inside} needs `{each.full}`{when}, which AWS's Node.js {runtime.version[0]} does not bring",
        closure.cite("missing", each.full, label="import that nothing provides", source=source),
        *beside(runtime.cite("version", ".".join(map(str, runtime.version)), label="version of Node.js")),
        *said(timeline, _ERROR),
        remediation=Remediation(fix.text, (f"npm install --save-prod {SDK}", *fix.commands), fix.verify),
        rung=rung,
    )
