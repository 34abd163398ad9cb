"""Playbooks: the built-in set, the loader's refusals, and the pure step function."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from troubleshooter import playbook
from troubleshooter.checks import all_checks
from troubleshooter.errors import PlaybookError
from troubleshooter.model import Rung
from troubleshooter.playbook import Node, Playbooks

GOOD = """\
playbook: triage
title: Where?
start: first
nodes:
  first:
    check: known
    then: {fail: confirmed, else: second}
  second:
    ask: Which?
    choices: {a: The one, b: The other}
    unattended: a
    then: {a: end, else: end}
  end:
    diagnosis: Nothing.
"""


def loaded(tmp_path: Path, **files: str) -> Playbooks:
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return playbook.load(tmp_path, known=["known", "other_check"])


def refusal(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(PlaybookError) as caught:
        loaded(tmp_path, triage=text)
    return caught.value.problems


def test_a_walk_is_a_pure_function_of_replies(tmp_path: Path) -> None:
    books = loaded(tmp_path, triage=GOOD)
    first = books.first
    assert first.name == "first"
    assert books.after(first, "fail") is None
    second = books.after(first, "unknown")
    assert second is not None
    assert second.ask == "Which?"
    end = books.after(second, "b")
    assert end is not None
    assert end.is_leaf


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("check: known", "check: knwon", "triage.yaml:6: no check 'knwon'; did you mean 'known'?"),
        ("else: second", "else: secnd", "triage.yaml:6: then: no node 'secnd'; did you mean 'second'?"),
        ("fail: confirmed", "pass: confirmed", "triage.yaml:6: then: only `fail` may lead to 'confirmed', not 'pass'"),
        ("start: first", "start: frist", "triage.yaml:3: start: no node 'frist'; did you mean 'first'?"),
        (
            "    unattended: a\n",
            "",
            "triage.yaml:9: node 'second' needs an `unattended:` choice for runs without an engineer",
        ),
        ("unattended: a", "unattended: c", "triage.yaml:9: unattended: no choice 'c'"),
        ("title: Where?", "titel: Where?", "triage.yaml:2: a playbook has no key 'titel'; did you mean 'title'?"),
        ("playbook: triage", "playbook: other", "triage.yaml:1: playbook: 'other' is not the file's name, 'triage'"),
        (
            "{a: end, else: end}",
            "{a: end}",
            "triage.yaml:9: node 'second' does not say what follows 'b'; add it or `else`",
        ),
        ("diagnosis: Nothing.", "continue: spwan", "triage.yaml:14: continue: no playbook 'spwan'"),
        (
            "diagnosis: Nothing.",
            "check: other_check\n    then: {else: first}",
            "triage.yaml:6: the walk can go in a circle: triage/first → triage/second → triage/end → triage/first",
        ),
        (
            "    diagnosis: Nothing.",
            "    diagnosis: &x Nothing.",
            "triage.yaml:14: anchors and aliases are not allowed",
        ),
        ("    diagnosis: Nothing.", "    diagnosis: !!python/name:os.system x", "triage.yaml:14: tags are not allowed"),
        ("title: Where?", "title: Where?\ntitle: Again", "triage.yaml:3: 'title' stands here twice"),
        ("nodes:", "nodes: [", "triage.yaml:6: not readable as YAML"),
    ],
)
def test_mistakes_name_file_line_and_the_nearest_name(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in GOOD
    problems = refusal(tmp_path, GOOD.replace(old, new, 1))
    assert any(p.startswith(problem) for p in problems), problems


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    broken = GOOD.replace("check: known", "check: nothing").replace("unattended: a", "unattended: z")
    other = GOOD.replace("playbook: triage", "playbook: spawn").replace("else: second", "else: lost")
    with pytest.raises(PlaybookError) as caught:
        loaded(tmp_path, triage=broken, spawn=other)
    text = "\n".join(caught.value.problems)
    for part in ("triage.yaml:6: no check 'nothing'", "no choice 'z'", "spawn.yaml:6: then: no node 'lost'"):
        assert part in text


def test_a_node_that_nothing_leads_to_does_not_load(tmp_path: Path) -> None:
    text = GOOD + "  island:\n    diagnosis: Nobody comes here.\n"
    assert refusal(tmp_path, text) == ["triage.yaml:16: node 'island' is never reached"]


@pytest.mark.parametrize("text", ["", "[]", "x", "a: " + "[" * 500, "\x00", "a: b\n" * 30_000])
def test_rubbish_is_refused_with_a_line(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text)[0].startswith("triage.yaml:")


def test_the_built_in_set_loads_and_has_a_playbook_for_every_rung() -> None:
    books = playbook.load()
    assert {book.rung for book in books.by_name.values() if book.rung} == set(Rung)


def test_every_check_is_asked_somewhere() -> None:
    never = set(all_checks()) - playbook.load().checks()
    assert not never, f"give each a node that another leads to, in the playbook of its rung: {sorted(never)}"


def test_every_walk_through_the_built_in_set_ends_at_a_leaf() -> None:
    books = playbook.load()
    seen: set[tuple[str, str]] = set()
    todo = [books.first]
    while todo:
        node = todo.pop()
        if (node.playbook, node.name) in seen:
            continue
        seen.add((node.playbook, node.name))
        if node.is_leaf:
            continue
        for reply in node.answers:
            following = books.after(node, reply)
            if following is None:
                assert reply == "fail", f"{node.playbook}/{node.name} ends at {reply} without a leaf"
            else:
                todo.append(following)
    named = {(n.playbook, n.name) for n in itertools.chain.from_iterable(_own(books))}
    assert named <= seen


def _own(books: Playbooks) -> list[list[Node]]:
    return [[n for n in book.nodes.values() if not n.goes_on_in] for book in books.by_name.values()]
