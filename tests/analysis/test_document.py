from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from troubleshooter.analysis.document import MAX_DEPTH, Located, NotReadable, load

TEXT = """\
Resources:
  Fn:
    Type: AWS::Lambda::Function
    Properties:
      Timeout: 30
      Layers:
        - !Ref Shared
        - arn:aws:lambda:eu-west-1:123456789012:layer:tools:3
      Role: !GetAtt Role.Arn
      Code:
        ImageUri: !Sub "${Account}.dkr.ecr/x"
      Tags: !If [Prod, [a, b], !Ref "AWS::NoValue"]
"""


def plain(located: Located) -> object:
    if isinstance(located.value, Mapping):
        return {key: plain(value) for key, value in located.value.items()}
    return [plain(item) for item in located.value] if isinstance(located.value, tuple) else located.value


def at(text: str, *path: str) -> Located:
    found = load(text).root.get(*path)
    assert found is not None
    return found


def refusal(text: str) -> NotReadable:
    with pytest.raises(NotReadable) as caught:
        load(text)
    return caught.value


def test_short_tags_become_long_forms() -> None:
    properties = at(TEXT, "Resources", "Fn", "Properties")
    assert plain(properties) == {
        "Timeout": 30,
        "Layers": [{"Ref": "Shared"}, "arn:aws:lambda:eu-west-1:123456789012:layer:tools:3"],
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ImageUri": {"Fn::Sub": "${Account}.dkr.ecr/x"}},
        "Tags": {"Fn::If": ["Prod", ["a", "b"], {"Ref": "AWS::NoValue"}]},
    }
    role = properties.get("Role")
    assert role is not None
    assert role.function == "Fn::GetAtt"


def test_lines_are_those_of_the_keys_and_items() -> None:
    layers = at(TEXT, "Resources", "Fn", "Properties", "Layers")
    assert (layers.line, [item.line for item in layers.items]) == (6, [7, 8])
    assert at(TEXT, "Resources", "Fn", "Properties", "Code", "ImageUri").line == 11


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 30", 30),
        ("a: '30'", "30"),
        ("a: 0755", "0755"),
        ("a: 1:20", "1:20"),
        ("a: 2012-10-17", "2012-10-17"),
        ("a: yes", True),
        ("a: 'yes'", "yes"),
        ("a: 1.5", 1.5),
        ("a: 1e3", "1e3"),
        ("a: ~", None),
        ("a:", None),
        ("a: !!str 12", "12"),
        ("a: |\n  x\n  y\n", "x\ny\n"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    assert at(text, "a").value == value


def test_tags_that_nothing_is_known_of_stay_expressions() -> None:
    assert plain(at("a: !vault {x: 1}", "a")) == {"Fn::vault": {"x": 1}}
    assert (
        at("a: !!python/object/apply:os.system ['true']", "a").function
        == "!tag:yaml.org,2002:python/object/apply:os.system"
    )


def test_merge_keys_stand_behind_what_is_written_out() -> None:
    text = "base: &b {Timeout: 3, MemorySize: 128}\nmore: &m {Timeout: 9}\nfn:\n  <<: [*m, *b]\n  MemorySize: 512\n"
    assert plain(at(text, "fn")) == {"Timeout": 9, "MemorySize": 512}


def test_json_with_tabs_and_escapes() -> None:
    text = '{\n\t"a": {\t"b\\u00e9": "\\ud83d\\ude00",\n\t\t"c": [1,\n\t\t\ttrue]}\n}'
    assert plain(load(text).root) == json.loads(text)
    assert [item.line for item in at(text, "a", "c").items] == [3, 4]


def test_yaml_in_flow_style_is_not_taken_for_broken_json() -> None:
    assert plain(load("{Resources: {A: !Ref B}}").root) == {"Resources": {"A": {"Ref": "B"}}}


def test_repeated_keys_are_told_and_the_last_one_wins() -> None:
    for text in ("a: 1\nb: 2\na: 3\n", '{"a": 1,\n"b": 2,\n"a": 3}'):
        document = load(text)
        assert document.repeated == (("a", 3),)
        assert plain(document.root) == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: 1\nb: [1, 2\nc: 3\n", 3, id="unclosed list"),
        pytest.param("a: 1\n\tb: 2\n", 2, id="tab as indentation"),
        pytest.param("a: *nothing\n", 1, id="unknown alias"),
        pytest.param("a: 1\n---\nb: 2\n", 2, id="two documents"),
        pytest.param("a: 1\nb: \x07\n", 2, id="control character"),
        pytest.param("? [a]\n: b\n", 1, id="key that is no text"),
        pytest.param("a:\n  <<: 3\n", 2, id="merge of a number"),
        pytest.param("", 0, id="empty"),
    ],
)
def test_what_is_no_document_is_refused_with_its_line(text: str, line: int) -> None:
    assert refusal(text).line == line


def test_the_complaint_about_json_counts_where_the_name_says_json() -> None:
    with pytest.raises(NotReadable, match="JSON") as caught:
        load('{"a": 1,\n "b" 2}', json_first=True)
    assert caught.value.line == 2


def test_a_refusal_quotes_nothing_of_the_text() -> None:
    assert "hunter2" not in refusal("password: *hunter2\n").detail
    assert "hunter2" not in refusal("password: 'x' hunter2: 'y'\n").detail


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000, id="deep flow"),
        pytest.param("".join("  " * i + "a:\n" for i in range(MAX_DEPTH + 5)), id="deep block"),
        pytest.param('{"a":' * (MAX_DEPTH + 5), id="deep json"),
        pytest.param("a: &a [*a]\n", id="alias of itself"),
        pytest.param("m: &m\n  <<: *m\n", id="merge of itself"),
        pytest.param(
            "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)),
            id="billion laughs",
        ),
        pytest.param(
            "a0: &a0 {k: v}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 26)),
            id="merge bomb",
        ),
        pytest.param("a: '" + "x" * (2 * 1024 * 1024) + "'", id="large"),
    ],
)
def test_bombs_meet_a_cap(text: str) -> None:
    assert refusal(text).too_big


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.dictionaries(st.text(max_size=6), json_values, max_size=4), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_json_says_what_the_standard_library_says(
    value: dict[str, object], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert plain(load(text, json_first=True).root) == value


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z]{1,6}", fullmatch=True),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), inner)
            ),
            max_leaves=10,
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_yaml_says_what_pyyaml_says(value: dict[str, object], flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    assert plain(load(text).root) == yaml.safe_load(text)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.sampled_from([TEXT, json.dumps(plain(load(TEXT).root), indent=1)]),
    st.lists(
        st.tuples(
            st.integers(0, 600),
            st.integers(0, 12),
            st.sampled_from([*"\t\n{}[]:,&*!|>'\"%@`#-?<\\\x00é😀", "<<: ", "!!int ", "&a "]),
        ),
        max_size=6,
    ),
)
def test_mutated_documents_are_read_or_refused_and_nothing_else(text: str, edits: list[tuple[int, int, str]]) -> None:
    for position, dropped, inserted in edits:
        text = text[:position] + inserted + text[position + dropped :]
    try:
        lines = [load(text).root.line]
    except NotReadable as error:
        lines = [error.line] if error.detail else [-1]
    assert all(0 <= line <= text.count("\n") + 2 for line in lines)
