"""The runtime interface client does not compile.

What it looks for
    Errors of `node-gyp`, `cmake` or `autoconf` while awslambdaric or aws-lambda-ric is installed.

Why it breaks
    Both clients compile a copy of curl and a C++ library when no wheel or prebuilt file fits: on Alpine, on new Python
    versions, or without compiler, make, cmake, autoconf, libtool, unzip and the headers of libcurl. Alpine no longer
    has `libexecinfo-dev`, which older instructions name.

How it is told apart
    A compiler that fails for another package is `dockerfile_build_prereq_missing`; a client that is built and not
    found is `ric_missing`.

Fix
    Build in a Debian or Amazon Linux stage with the tools listed in the client's readme, or upgrade to a release of
    the client that has wheels for the version and needs no execinfo.

References
    https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/issues/90
    https://github.com/aws/aws-lambda-python-runtime-interface-client/issues/128
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"execinfo\.h: No such file", 3),
    signature(r"libexecinfo-dev", 1),
    signature(
        r"(?:Failed (?:building wheel|to build)|Could not build wheels).*awslambdaric|awslambdaric.*(?:Failed"
        r"|error)",
        3,
    ),
    signature(
        r"aws-lambda-ric.*(?:gyp ERR|node-gyp|npm (?:ERR!|error))|(?:gyp ERR!|npm (?:ERR!|error)).*aws-lambda-ric",
        3,
    ),
    signature(r"Do not use buildconf", 3),
    signature(r"awslambdaric[^\n]{0,160}/deps/|/deps/aws-lambda-cpp", 3),
    signature(r"aws-lambda-cpp|aws_lambda_runtime", 2),
    signature(
        r"autoreconf: (?:not found|error)|libtoolize: (?:not found|command not found)|configure: error: .*curl",
        2,
    ),
)
ASK = "Is the package that fails to build awslambdaric or aws-lambda-ric?"
