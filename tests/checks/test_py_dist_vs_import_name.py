from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.factories import IMAGE, SOURCE
from troubleshooter.checks.handler.py_dist_vs_import_name import SIGNATURES
from troubleshooter.checks.handler.py_dist_vs_import_name import py_dist_vs_import_name as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.packages import (
    Distribution,
    IndexAnswer,
    IndexAnswers,
    InstalledPackages,
    Requirement,
    Requirements,
)
from troubleshooter.model import Origin, Outcome, Verdict

NO_METADATA = Unavailable(Reason.NOT_OF_THIS_KIND, "a source folder has nothing installed")
NO_INDEX = Unavailable(Reason.REFUSED, "offline")
INDEX = Reading("package index", Origin.INDEX, "2026-01-02T03:04:05.000Z")


def closure(*missing: str, **more: Any) -> ImportClosure:
    imports = tuple(Import(name.partition(".")[0], name, "/var/task/app.py", 3) for name in missing)
    return ImportClosure(**{"reading": IMAGE, "language": "python", "missing": imports, **more})


def run(
    missing: ImportClosure,
    asked: list[str],
    installed: dict[str, tuple[str, ...]] | None = None,
    answers: IndexAnswers | Unavailable = NO_INDEX,
    **more: Any,
) -> Verdict:
    wanted = tuple(Requirement("pypi", n, "==1", f"requirements.txt:{i}", **more) for i, n in enumerate(asked, start=1))
    there: InstalledPackages | Unavailable = NO_METADATA
    if installed is not None:
        distributions = tuple(
            Distribution(name, "1.4.1", f"/var/task/{name}-1.4.1.dist-info", provides)
            for name, provides in installed.items()
        )
        there = InstalledPackages(reading=IMAGE, language="python", distributions=distributions)
    return the_check(missing, Requirements(reading=SOURCE, requirements=wanted), there, answers)


@pytest.mark.parametrize(
    ("missing", "asked", "installed", "outcome"),
    [
        pytest.param("Crypto.Cipher", ["crypto"], {"crypto": ("crypto",)}, Outcome.FAIL, id="the other is installed"),
        pytest.param("strands", ["strands"], None, Outcome.FAIL, id="known to come from another"),
        pytest.param("strands", ["strands"], {}, Outcome.FAIL, id="nothing is installed at all"),
        pytest.param("cv2", ["CV2"], {}, Outcome.FAIL, id="spelled otherwise"),
        pytest.param(
            "foolib", ["foolib"], {"foolib": ("other",)}, Outcome.FAIL, id="not in the table, metadata shows it"
        ),
        pytest.param("foolib", ["python-foolib"], {"python-foolib": ("f",)}, Outcome.FAIL, id="nearly the same name"),
        pytest.param("foolib", ["python-foolib"], {}, Outcome.PASS, id="nearly, and nothing shows it"),
        pytest.param("foolib", ["foolib"], {}, Outcome.PASS, id="only not installed"),
        pytest.param("foolib", ["foolib"], {"foolib": ()}, Outcome.PASS, id="metadata says nothing"),
        pytest.param("foolib", ["foolib"], {"foolib": ("foolib",)}, Outcome.PASS, id="its files are gone"),
        pytest.param("strands", ["strands-agents"], {}, Outcome.PASS, id="the right one is only not installed"),
        pytest.param("strands", ["strands", "strands-agents"], {}, Outcome.PASS, id="both asked for"),
        pytest.param("strands", ["strands"], {"strands-agents": ()}, Outcome.PASS, id="the right one is there"),
        pytest.param("bs4", ["bs4"], {}, Outcome.PASS, id="a name that brings the right one"),
        pytest.param("jwt", ["jwt"], {}, Outcome.PASS, id="another one that brings the import"),
        pytest.param("yaml", ["requests"], {}, Outcome.PASS, id="nothing looks like it"),
        pytest.param("yaml", [], {}, Outcome.NOT_APPLICABLE, id="nothing asked for"),
    ],
)
def test_outcome(
    missing: str, asked: list[str], installed: dict[str, tuple[str, ...]] | None, outcome: Outcome
) -> None:
    assert run(closure(missing), asked, installed).outcome is outcome


def test_nothing_missing() -> None:
    assert run(closure(), ["strands"]).outcome is Outcome.PASS
    assert run(closure(complete=False, unread=("/var/task/x.py",)), ["strands"]).outcome is Outcome.UNKNOWN
    assert run(closure("strands", complete=False), ["strands"]).outcome is Outcome.FAIL


def test_a_source_folder_shows_what_is_likely_and_accuses_nobody() -> None:
    reached = (Import("strands", "strands.models", "/app.py", 1), Import("json", "json", "/app.py", 2))
    verdict = run(closure(complete=False, imports=reached, unread=("not built",)), ["strands"])
    assert verdict.outcome is Outcome.UNKNOWN
    assert "`strands-agents`" in verdict.message
    assert verdict.unblock
    right = run(closure(complete=False, imports=reached, unread=("not built",)), ["strands-agents"])
    assert "strands" not in right.message


def test_other_languages_and_development_requirements() -> None:
    assert run(closure("strands", language="node"), ["strands"]).outcome is Outcome.NOT_APPLICABLE
    assert run(closure("strands"), ["strands"], development=True).outcome is Outcome.NOT_APPLICABLE


def test_failure_cites_import_requirement_metadata_and_index() -> None:
    found = IndexAnswer("pypi", "crypto", True, ("1.4.1",), sources=("http://i",))
    right = IndexAnswer("pypi", "pycryptodome", True, ("3.21.0",), sources=("http://i",))
    answers = IndexAnswers(reading=INDEX, answers={("pypi", "crypto"): found, ("pypi", "pycryptodome"): right})
    verdict = run(closure("Crypto.Cipher"), ["crypto"], {"crypto": ("crypto",)}, answers)
    assert [(e.source, e.value) for e in verdict.evidence[:3]] == [
        ("image layers /var/task/app.py:3", "Crypto.Cipher"),
        ("requirements.txt:1", "crypto==1"),
        ("/var/task/crypto-1.4.1.dist-info", '["crypto"]'),
    ]
    assert [e.value for e in verdict.evidence[3:5]] == ["versions 1.4.1", "versions 3.21.0"]
    assert verdict.evidence[-1].origin is Origin.BUILTIN
    assert verdict.remediation
    assert "another project" in verdict.remediation.text
    assert [shlex.split(c)[-1] for c in verdict.remediation.commands] == ["pycryptodome"]
    assert "import Crypto" in verdict.remediation.verify


def test_without_a_known_right_name_no_command_is_made_up() -> None:
    verdict = run(closure("foolib"), ["foolib"], {"foolib": ("other",)})
    assert verdict.remediation
    assert verdict.remediation.commands == ()


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("ERROR: No matching distribution found for strands>=0.2.0", 3),
        ("ERROR: Could not find a version that satisfies the requirement cv2 (from versions: none)", 3),
        ("Unable to import module 'app': No module named 'yaml'", 1),
        ("No module named 'dateutil.parser'", 1),
        ("ERROR: No matching distribution found for strands-agents>=9", 0),
        ("No module named 'requests'", 0),
    ],
)
def test_signatures(text: str, weight: int) -> None:
    assert max((s.weight for s in SIGNATURES if s.pattern.search(text)), default=0) == weight
