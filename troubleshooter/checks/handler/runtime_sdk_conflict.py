"""A bundled package does not fit the runtime's own SDK.

What it looks for
    Names that the botocore of the image or package imports from urllib3 and that the first urllib3 on the search path
    does not have, where the handler's own code imports the SDK at load time. The SDK of a managed runtime is not part of
    the package: there the text of the error tells, as `cannot import name 'DEFAULT_CIPHERS' from 'urllib3.util.ssl_'`.

Why it breaks
    The runtime brings boto3 and botocore, the package brings a newer urllib3 (a dependency of requests). Bundled code
    wins on the path, so the runtime's botocore meets a urllib3 it does not know: botocore before 1.29 needs urllib3
    1.x.

How it is told apart
    A name of `ssl` that cannot be imported together with OpenSSL versions is `ld_library_path_shadowing`. Files of
    your own that hide a module are `pkg_shadowing`.

Fix
    Pin `urllib3<2`, or bundle a current boto3 and botocore with the function.

References
    https://urllib3.readthedocs.io/en/stable/v2-migration-guide.html
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import UnboundNames
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"cannot import name 'DEFAULT_CIPHERS' from 'urllib3", 3),
    signature(r"urllib3 v2(?:\.0)? only supports OpenSSL 1\.1\.1", 3),
    signature(
        r"No module named 'urllib3\.packages\.six|No module named 'botocore\.vendored"
        r"|cannot import name '\w+' from 'urllib3",
        3,
    ),
    signature(r"cannot import name '\w+' from '(?:botocore|boto3|s3transfer|jmespath)[\w.]*'", 3),
    signature(
        r"requires? botocore[<>=]|botocore [\d.]+ (?:requires|which is incompatible)"
        r"|dependency conflicts[\s\S]{0,300}botocore",
        2,
    ),
)
ASK = "Is urllib3 2 or newer in the package, without a botocore of its own?"


@check(
    title="The AWS SDK finds what it needs of urllib3",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("init_exception_other", "ld_library_path_shadowing"),
)
def runtime_sdk_conflict(
    unbound: UnboundNames,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Compares what botocore imports with what the urllib3 that it gets binds."""
    if not unbound.names:
        return passed("no name is missing that the SDK imports with the handler", unbound.cite("names"))
    first, place = unbound.names[0], unbound.reading.source
    text = "Pin `urllib3<2` beside this botocore, or install a current boto3, which brings its own botocore, with the function."
    return failed(
        f"{first.place} imports {first.name} from {first.module}, and {first.path} has no such name",
        unbound.cite("names", first.name, label="imported", source=f"{place} {first.place}"),
        unbound.cite("names", "no such name", label=first.module, source=f"{place} {first.path}"),
        unbound.cite("names", "imports the SDK", label="the function's own import", source=f"{place} {first.importer}"),
        *said(timeline, rf"cannot import name '{first.name}' from"),
        remediation=rebuilt(text, function, image, code, "The next init imports boto3 without an error."),
    )
