from __future__ import annotations

import pytest

from troubleshooter.checks import all_modes
from troubleshooter.model import Rung


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("Please don't provide ImageUri when updating a function with packageType Zip.", 3),
        ("Please provide ImageUri when updating a function with packageType Image.", 3),
        (
            "UPDATE_FAILED | AWS::Lambda::Function | Api\nResource handler returned message: \"Please don't provide Handler or "
            'Runtime or Layer when the intended function PackageType is Image."',
            3,
        ),
        ("Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.", 2),
        ("Runtime and Handler are mandatory parameters for functions created with deployment packages.", 0),
    ],
)
def test_signatures(text: str, weight: int) -> None:
    mode = all_modes()["package_type_immutable"]
    assert max((s.weight for s in mode.signatures if s.pattern.search(text)), default=0) == weight
    assert mode.rung is Rung.DEPLOY
