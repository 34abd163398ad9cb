"""A client asks another region than the resource is in.

What it looks for
    A redirect or region error of S3, a resource that does not exist where the client looks, a model that is not
    offered there.

Why it breaks
    Clients take the function's region unless told otherwise. Buckets, secrets, tables and models live in one region;
    asked elsewhere, they do not exist, redirect, or are denied. A code bucket of another region stops the deployment.

How it is told apart
    A name that is wrong in the right region is not found either. `AccessDenied` with the right region is
    `role_missing_permission`. An image's region is `region_mismatch_ecr`.

Fix
    Give the client the resource's region, or the resource's ARN; keep code buckets in the function's region.

References
    https://docs.aws.amazon.com/general/latest/gr/rande.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"AuthorizationHeaderMalformed|the region '[\w-]+' is wrong; expecting", 3),
    signature(r"BucketRegionError|incorrect region, the bucket is not in", 3),
    signature(
        r"PermanentRedirect|The bucket you are attempting to access must be addressed using the specified endpoint",
        3,
    ),
    signature(r"IllegalLocationConstraintException", 3),
    signature(
        r"(?:model|inference profile).{0,120}(?:isn't supported|is not supported|not available"
        r"|not supported) in (?:this|the) region|on-demand throughput isn.t supported",
        3,
    ),
    signature(r"Could not connect to the endpoint URL: \"https://[\w.-]*\.(?:[a-z]{2}-[a-z]+-\d)[\w.-]*", 2),
    signature(r"ResourceNotFoundException", 1),
    signature(r"can't find the specified secret|ParameterNotFound|provided model identifier is invalid", 2),
)
ASK = "Is the resource in the region that the client asks?"
