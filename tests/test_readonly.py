"""Read-only by construction: every operation that botocore knows for the services used, held against the guard."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from tests.lab.aws import Account
from troubleshooter import grants
from troubleshooter.collectors.aws import CREDENTIAL_CALLS, SERVICE_IDS, Aws, guard, operations
from troubleshooter.errors import ReadOnlyViolation
from troubleshooter.facts import CallLog, Cost, Provider, SourceError, Store, provides
from troubleshooter.facts.account import FunctionUrls
from troubleshooter.facts.store import needs_of

WRITING_VERBS = (
    "Create",
    "Update",
    "Delete",
    "Put",
    "Add",
    "Remove",
    "Publish",
    "Invoke",
    "Tag",
    "Untag",
    "Set",
    "Start",
    "Stop",
)
SERVICES = sorted({service for service, _ in operations()} | {"s3", "iam", "secretsmanager", "ssm"})


class Sent(Exception):
    """A request reached the point where it would have left."""


def never_sent(**_: Any) -> None:
    raise Sent


def guarded_session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI-EXAMPLE")
    guard(session)
    session.register("before-send", never_sent)
    return session


@pytest.mark.parametrize("service", SERVICES)
def test_only_listed_operations_get_past_the_guard(service: str) -> None:
    session = guarded_session()
    client = session.create_client(service, region_name="eu-west-1")
    emitter: Any = client.meta.events
    allowed = {operation for s, operation in (*operations(), *CREDENTIAL_CALLS) if s == service}
    service_id = client.meta.service_model.service_id.hyphenize()
    let_through = set()
    for operation in client.meta.service_model.operation_names:
        model = client.meta.service_model.operation_model(operation)
        for event in ("provide-client-params", "before-call", "choose-signer"):
            name = f"{event}.{service_id}.{operation}"
            arguments: dict[str, Any] = {"params": {}, "model": model, "context": {}}
            if event == "choose-signer":
                arguments = {
                    "signing_name": service,
                    "region_name": "eu-west-1",
                    "signature_version": "v4",
                    "context": {},
                }
            try:
                emitter.emit_until_response(name, **arguments)
            except ReadOnlyViolation:
                continue
            except Exception:  # another handler of botocore's choked on our empty parameters: the guard had let it pass
                let_through.add(operation)
            else:
                let_through.add(operation)
    assert let_through == allowed


def test_event_names_are_those_of_the_models() -> None:
    session = botocore.session.Session()
    for service, _ in (*operations(), *CREDENTIAL_CALLS):
        assert SERVICE_IDS.get(service, service) == session.get_service_model(service).service_id.hyphenize()


def test_nothing_on_the_list_writes() -> None:
    for service, operation in operations():
        assert not operation.startswith(WRITING_VERBS), (service, operation)
    assert len(operations()) <= 64


def test_every_listed_operation_exists_and_names_an_action() -> None:
    session = botocore.session.Session()
    for (service, operation), entry in operations().items():
        model = session.get_service_model(service)
        assert operation in model.operation_names
        assert entry["action"].partition(":")[2]
        assert entry["for"]


def test_a_write_is_refused_through_every_door() -> None:
    client: Any = guarded_session().create_client("lambda", region_name="eu-west-1")
    with pytest.raises(ReadOnlyViolation):
        client.delete_function(FunctionName="demo")
    with pytest.raises(ReadOnlyViolation):
        client.invoke(FunctionName="demo")
    with pytest.raises(ReadOnlyViolation):
        client.generate_presigned_url("delete_function", Params={"FunctionName": "demo"})
    with pytest.raises(ReadOnlyViolation):
        list(client.get_paginator("list_functions").paginate())
    with pytest.raises(Sent):
        client.get_function(FunctionName="demo")


def test_the_reader_refuses_before_a_client_exists() -> None:
    with pytest.raises(ReadOnlyViolation):
        Aws(CallLog(), region="eu-west-1").call("lambda", "DeleteFunction", FunctionName="demo")


def test_denied_calls_name_the_action_to_allow(aws_account: Account) -> None:
    aws_account.add_function("demo")
    aws_account.deny("lambda", "GetFunction")
    with pytest.raises(SourceError) as caught:
        Aws(CallLog()).call("lambda", "GetFunction", resource="arn:x", FunctionName="demo")
    unblock = caught.value.unavailable.unblock
    assert unblock is not None
    assert (unblock.action, unblock.resource) == ("lambda:GetFunction", "arn:x")


def test_the_policy_allows_exactly_the_list() -> None:
    statements: Any = grants.for_actions((entry["action"] for entry in operations().values()), {})["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    assert allowed == {entry["action"] for entry in operations().values()} - {"sts:GetCallerIdentity"}


def test_a_provider_asks_nothing_that_it_has_not_declared(aws_account: Account) -> None:
    aws_account.add_function("demo")

    @provides(cost=Cost.CALL, asks=("lambda:GetFunction",))
    def declared(aws: Aws) -> FunctionUrls:
        return FunctionUrls(reading=aws.call("lambda", "GetFunction", FunctionName="demo").reading())

    @provides(cost=Cost.CALL, asks=("lambda:GetPolicy",))
    def undeclared(aws: Aws) -> FunctionUrls:
        return FunctionUrls(reading=aws.call("lambda", "GetFunction", FunctionName="demo").reading())

    for provider, asked in ((declared, ["lambda:GetFunction"]), (undeclared, [])):
        aws_account.calls.clear()
        made = Provider(provider, FunctionUrls, needs_of(provider), *provider.__provides__)  # type: ignore[attr-defined]
        fact = Store({FunctionUrls: (made,)}, [Aws(CallLog())]).get(FunctionUrls)
        assert aws_account.operations == asked
        assert isinstance(fact, FunctionUrls) == bool(asked), fact
