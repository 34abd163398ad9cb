"""A bundled package does not fit the runtime's own SDK.

What it looks for
    `cannot import name 'DEFAULT_CIPHERS' from 'urllib3.util.ssl_'` and the like.

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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
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
