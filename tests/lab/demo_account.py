"""The stand-in account with one function whose image is for the other CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab import images
from tests.lab.aws import Account
from troubleshooter.demo.image import language_base


def amd64_image() -> images.Built:
    """An AWS Python base as its configuration describes it, with one handler."""
    files: dict[str, images.Content] = {
        path: images.File(content, mode=0o755) for path, content in language_base("python", "3.12", "amd64").items()
    }
    files["/var/task/app.py"] = "def handler(event, context):\n    return 1\n"
    return images.image(
        files,
        entrypoint=["/lambda-entrypoint.sh"],
        cmd=["app.handler"],
        env=["LAMBDA_TASK_ROOT=/var/task", "LAMBDA_RUNTIME_DIR=/var/runtime"],
        working_dir="/var/task",
    )


@contextmanager
def mismatch() -> Iterator[Account]:
    """Function `demo` on arm64 with an amd64 image, failing as Lambda fails it."""
    with Account() as account:
        image = amd64_image()
        uri = account.add_image("demo", "latest", image)
        account.add_function("demo", image_uri=uri, Architectures=["arm64"])
        for phase in ("init", "invoke"):
            account.log(
                "/aws/lambda/demo",
                f"INIT_REPORT Init Duration: 9.09 ms\tPhase: {phase}\tStatus: error\tError Type: Runtime.InvalidEntrypoint",
            )
        yield account
