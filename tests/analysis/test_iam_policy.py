"""The policy evaluation, held against a second one that tries every case there is: all conditions met and not met, every
resource of a small world, patterns matched letter by letter."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troubleshooter.analysis.iam.policy import both, decide
from troubleshooter.facts.permissions import Decision, Statement
from troubleshooter.facts.policy_document import statements

ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "sqs:SendMessage")
RESOURCES = (
    *(f"arn:aws:s3:::{bucket}/{key}" for bucket in ("a", "ab") for key in ("x", "y/z")),
    "arn:aws:sqs:r:1:q",
)


def naive(pattern: str, text: str) -> bool:
    """A glob, letter by letter."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return naive(pattern[1:], text) or (bool(text) and naive(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and naive(pattern[1:], text[1:])


def outcome(world: list[Statement], met: tuple[bool, ...], action: str, resource: str) -> Decision:
    """One fully known case, as AWS's evaluation logic tells it: a deny outweighs, else somebody must allow."""
    applying = []
    for statement, condition in zip(world, met, strict=True):
        acts = [naive(p.lower(), action.lower()) for p in statement.actions or statement.not_actions]
        on = [naive(p, resource) for p in statement.resources or statement.not_resources]
        act = any(acts) if statement.actions else not any(acts)
        covered = any(on) if statement.resources else not any(on)
        if act and covered and (condition or not statement.conditional):
            applying.append(statement.effect)
    if "Deny" in applying:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in applying else Decision.NOT_ALLOWED


action_patterns = st.sampled_from(
    ["*", "s3:*", "S3:getobject", "s3:Get*", "s3:?etObject", "s3:List*", "sqs:*", "dynamodb:*"]
)
resource_patterns = st.sampled_from(
    [
        "*",
        "arn:aws:s3:::a/*",
        "arn:aws:s3:::a*/x",
        "arn:aws:s3:::ab/y/z",
        "arn:aws:s3:::?/x",
        "arn:aws:sqs:*:1:q",
        "arn:aws:s3:::*",
    ]
)
some = st.lists(action_patterns, min_size=1, max_size=2).map(tuple)
places = st.lists(resource_patterns, min_size=1, max_size=2).map(tuple)
generated = st.builds(
    lambda effect, act, on, negate_act, negate_on, conditional: Statement(
        "p",
        effect,
        actions=() if negate_act else act,
        not_actions=act if negate_act else (),
        resources=() if negate_on else on,
        not_resources=on if negate_on else (),
        conditional=conditional,
    ),
    st.sampled_from(["Allow", "Allow", "Deny"]),
    some,
    places,
    st.integers(0, 4).map(lambda n: n == 0),
    st.integers(0, 4).map(lambda n: n == 0),
    st.integers(0, 2).map(lambda n: n == 0),
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(generated, max_size=4), st.sampled_from(ACTIONS), st.sampled_from(RESOURCES))
def test_it_says_what_holds_in_every_case(world: list[Statement], action: str, resource: str) -> None:
    cases = {outcome(world, met, action, resource) for met in itertools.product((True, False), repeat=len(world))}
    said, _ = decide(world, action, resource)
    if said is not Decision.UNDECIDED:
        forbidden = {Decision.DENIED, Decision.NOT_ALLOWED}
        assert cases == {said} or (said is Decision.NOT_ALLOWED and cases <= forbidden)
    else:
        assert Decision.ALLOWED in cases
        assert len(cases) > 1


@settings(max_examples=1000, deadline=None)
@given(st.lists(generated, max_size=4), st.sampled_from(ACTIONS))
def test_without_a_resource_it_says_only_what_holds_for_all(world: list[Statement], action: str) -> None:
    said, _ = decide(world, action, None)
    cases = {
        outcome(world, met, action, resource)
        for met in itertools.product((True, False), repeat=len(world))
        for resource in RESOURCES
    }
    if said is Decision.ALLOWED:
        assert cases == {Decision.ALLOWED}
    elif said is Decision.DENIED:
        assert cases == {Decision.DENIED}
    elif said is Decision.NOT_ALLOWED:
        assert Decision.ALLOWED not in cases


@pytest.mark.parametrize(
    ("pattern", "resource", "decision"),
    [
        pytest.param("arn:aws:s3:::b", "arn:aws:s3:::b/k", Decision.NOT_ALLOWED, id="the bucket is not its objects"),
        pytest.param("arn:aws:s3:::b/K", "arn:aws:s3:::b/k", Decision.NOT_ALLOWED, id="case counts in resources"),
        pytest.param("arn:aws:s3*", "arn:aws:s3:::b/k", Decision.UNDECIDED, id="a star across segments"),
        pytest.param("arn:aws:s3:::${aws:userid}/*", "arn:aws:s3:::b/k", Decision.UNDECIDED, id="a policy variable"),
        pytest.param("arn:aws:s3:::b/*", "*", Decision.NOT_ALLOWED, id="an action without a resource wants a star"),
        pytest.param("*", "*", Decision.ALLOWED, id="and has it"),
        pytest.param("***", "arn:aws:s3:::b", Decision.UNDECIDED, id="many stars"),
    ],
)
def test_resources(pattern: str, resource: str, decision: Decision) -> None:
    assert decide([Statement("p", "Allow", ("*",), resources=(pattern,))], "s3:GetObject", resource)[0] is decision


def test_a_boundary_takes_away_and_never_gives() -> None:
    yes, no = (Decision.ALLOWED, ()), (Decision.NOT_ALLOWED, ())
    assert both(yes, no) == (Decision.NOT_ALLOWED, (), True)
    assert both(no, yes) == (Decision.NOT_ALLOWED, (), False)
    assert both(yes, yes)[0] is Decision.ALLOWED
    assert both(yes, (Decision.UNDECIDED, ()))[0] is Decision.UNDECIDED
    assert both((Decision.UNDECIDED, ()), (Decision.DENIED, ()))[0] is Decision.DENIED


def test_documents_are_taken_apart() -> None:
    document = {
        "Statement": {
            "Effect": "Deny",
            "NotAction": "s3:*",
            "NotResource": ["a"],
            "Condition": {"Bool": {}},
            "Sid": "S",
        }
    }
    (one,) = statements("p", json.dumps(document))
    assert one == Statement("p", "Deny", not_actions=("s3:*",), not_resources=("a",), conditional=True, sid="S")
    (trust,) = statements("t", {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["1", "2"], "Service": "l"}}]})
    assert trust.principals == ("1", "2", "l")


@pytest.mark.parametrize(
    "document", ["{", "[]", "7", {"Statement": [7]}, {"Statement": [{"Effect": "Maybe"}]}, "[" * 9999]
)
def test_documents_without_sense_are_no_documents(document: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        statements("p", document)
