from __future__ import annotations

import pytest

from troubleshooter.collectors.image_json import TEXT, build_step
from troubleshooter.redact import Secrets


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("COPY . /var/task # buildkit", "COPY . /var/task # buildkit"),
        ("RUN /bin/sh -c A=1 make # buildkit", "RUN /bin/sh -c A=1 make # buildkit"),
        ("RUN |1 NPM=hunter2 /bin/sh -c npm ci # buildkit", "RUN |1 NPM=… /bin/sh -c npm ci # buildkit"),
        ("|2 A=x y B= /bin/bash -o pipefail -c make", "|2 A=… B=… "),
        ("|2 A=x y B= /bin/bash -ec make", "|2 A=… B=… /bin/bash -ec make"),
        ("|1 A=hunter2 /bin/sh -c hunter3 /bin/sh -c make", "|1 A=… /bin/sh -c make"),
        ("|1 A=hunter2 powershell", "|1 A=… "),
        ("|1 A=hunter2", "|1 A=… "),
        (None, ""),
        (7, ""),
    ],
)
def test_values_of_build_arguments_are_not_kept(line: object, shown: str) -> None:
    assert build_step(line, Secrets()) == shown


def test_a_long_line_is_cut() -> None:
    assert len(build_step("RUN " + "x" * 2 * TEXT, Secrets())) == TEXT
