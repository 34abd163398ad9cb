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


@contextmanager
def everything() -> Iterator[Account]:
    """The same function with all that raises a question: an alias on an old version, a URL for anyone, a network, a key."""
    with mismatch() as account:
        answer = account.functions["demo", "$LATEST"]
        answer["Configuration"] |= {
            "VpcConfig": {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
            "KMSKeyArn": f"arn:aws:kms:{account.region}:{account.account_id}:key/11111111-2222-3333-4444-555555555555",
            "DeadLetterConfig": {"TargetArn": f"arn:aws:sqs:{account.region}:{account.account_id}:dead"},
            "Environment": {"Variables": {"STAGE": "test"}},
            "FileSystemConfigs": [],
        }
        uri = answer["Code"]["ImageUri"]
        account.add_function("demo", image_uri=uri, version="1", Architectures=["arm64"])
        account.add_alias("demo", "live", "1")
        yield account
