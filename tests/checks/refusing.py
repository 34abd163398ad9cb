"""Records of functions that AWS declares failed, for the tests of the failure modes that read the reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.factories import function_code, function_record
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Origin, Outcome, Verdict

NO_CODE = Unavailable(Reason.DENIED, "lambda:GetFunction was denied")
TOO_LARGE = "InvalidImage(SizeLimitExceeded: Uncompressed container image size exceeds 10 GiB limit)"
NO_PARENT = "InvalidImage: MissingParentDirectory: Parent directory does not exist for file: opt/app/data/a.json"
UNSUPPORTED = "InvalidImage(ImageLayerFailure: UnsupportedImageLayerDetected - Layer Digest sha256:abc)"


def failed_state(code: str, text: str | None = None, **changes: object) -> FunctionRecord:
    """State Failed with a reason."""
    return function_record(**{"state": "Failed", "state_reason_code": code, "state_reason": text, **changes})


def failed_update(code: str, text: str | None = None, **changes: object) -> FunctionRecord:
    """An update that failed while the version before goes on."""
    return function_record(**{"update_status": "Failed", "update_reason_code": code, "update_reason": text, **changes})


INNOCENT = [
    pytest.param(function_record(), Outcome.PASS, id="ready"),
    pytest.param(function_record(state=None, update_status=None), Outcome.NOT_APPLICABLE, id="a template"),
    pytest.param(
        function_record(state="Inactive", state_reason_code="Idle"), Outcome.NOT_APPLICABLE, id="inactive for idling"
    ),
    pytest.param(function_record(state="Pending"), Outcome.NOT_APPLICABLE, id="not decided yet"),
    pytest.param(function_record(update_status="InProgress"), Outcome.NOT_APPLICABLE, id="an update runs"),
    pytest.param(failed_state("InternalError", "try again"), Outcome.NOT_APPLICABLE, id="the service's own fault"),
    pytest.param(failed_update("InvalidRuntime", "no"), Outcome.NOT_APPLICABLE, id="an update of another kind"),
]
"""Records that no reason of an image explains."""


def asks_for_the_right_image(check: Callable[..., Verdict], own: str, *others: str) -> None:
    """The check fails for its own reason on state and update, not for those of the others, and not without words."""
    for record in (failed_state("InvalidImage", own), failed_update("InvalidImage", own)):
        verdict = check(record, function_code())
        assert verdict.outcome is Outcome.FAIL
        assert "InvalidImage" in [e.value for e in verdict.evidence]
        assert check(record, NO_CODE).outcome is Outcome.FAIL
    for other in others:
        assert check(failed_state("InvalidImage", other), function_code()).outcome is Outcome.NOT_APPLICABLE
    wordless = check(failed_state("InvalidImage", None), function_code())
    assert wordless.outcome is Outcome.UNKNOWN
    assert wordless.unblock
    zipped = failed_state("InvalidImage", own, package_type="Zip")
    assert check(zipped, function_code()).outcome is Outcome.NOT_APPLICABLE
    elsewhere = check(failed_state("ImageAccessDenied", own), function_code())
    assert elsewhere.outcome is Outcome.NOT_APPLICABLE, "the words count only with their code"


def says_nothing_of_an_image_that_was_refused(
    check: Callable[..., Verdict], code: str, text: str, *more: object
) -> None:
    """What a refused update would run has no state of its own: that excludes nothing and proves nothing."""
    attempted = function_code(reading=Reading("pasted text", Origin.PASTED), resolved_image_uri=None)
    for record in (function_record(), failed_state(code, text)):
        verdict = check(record, attempted, *more)
        assert verdict.outcome is Outcome.NOT_APPLICABLE
        assert verdict.ungiven
