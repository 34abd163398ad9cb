"""The stand-in account with one function whose image is for the other CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab import images
from tests.lab.aws import Account


@contextmanager
def mismatch() -> Iterator[Account]:
    """Function `demo` on arm64 with an amd64 image, failing as Lambda fails it."""
    with Account() as account:
        image = images.image({"/var/task/app.py": "def handler(event, context):\n    return 1\n"})
        uri = account.add_image("demo", "latest", image)
        account.add_function("demo", image_uri=uri, Architectures=["arm64"])
        for phase in ("init", "invoke"):
            account.log(
                "/aws/lambda/demo",
                f"INIT_REPORT Init Duration: 9.09 ms\tPhase: {phase}\tStatus: error\tError Type: Runtime.InvalidEntrypoint",
            )
        yield account
