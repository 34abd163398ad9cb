"""The function runs an older image than the tag points to.

What it looks for
    A function whose digest is not that of the tag it was deployed with, or a correction that shows no effect.

Why it breaks
    A tag is resolved to a digest when the function is created or its code updated. Moving the tag changes nothing;
    infrastructure tools see the same text `…:latest` and do nothing either.

How it is told apart
    An alias or version that stays behind is `alias_points_to_old_version`. Equal digests with old content are
    `build_cache_or_wrong_context` or `asset_hash_unchanged`.

Fix
    `aws lambda update-function-code --image-uri …`, best with the digest or a unique tag; in Terraform and CDK refer
    to the digest or to the built asset.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.STALE
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(
        r"old (?:code|version|image)|same (?:old )?(?:error|behaviou?r) (?:after|despite)|(?:still"
        r"|keeps) (?:runs?|running|using|shows?) .{0,20}(?:old|previous)",
        2,
    ),
    signature(
        r"(?:redeploy|re-?push|rebuil[dt]).{0,80}(?:no effect|nothing changes|not (?:updated|picked up)|same)",
        2,
    ),
    signature(r"No changes\. (?:Your infrastructure|Infrastructure is up-to-date)", 2),
)
ASK = "Is the digest in Code.ResolvedImageUri that of the tag in ECR?"
