"""What pip and npm themselves find on the same loopback index: where they look, and what they take."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.factories import SOURCE
from tests.lab.npm import npm_home, run_node
from tests.lab.package_index import PackageIndex, Project, package_document
from troubleshooter.analysis.python.requirements_txt import read_line
from troubleshooter.checks._npm_range import matches, satisfies
from troubleshooter.checks.build.version_does_not_exist import _exists
from troubleshooter.collectors.npm_config import npm_sources
from troubleshooter.collectors.package_index import ask_all, npm_place, pip_places
from troubleshooter.collectors.web import Web
from troubleshooter.facts import CallLog, Reason, Unavailable
from troubleshooter.facts.packages import IndexAnswer, Requirement, Requirements
from troubleshooter.redact import Secrets

NO_RUNTIME = Unavailable(Reason.NOT_GIVEN, "not given")
INSTALLS = """
import json, sys
from pip._internal.cli.main import main
options = ["install", "--dry-run", "--no-deps", "--ignore-installed", "-qqq", "--no-cache-dir", "--no-python-version-warning"]
print(json.dumps([main([*options, *arguments]) for arguments in json.load(sys.stdin)]))
"""


def clean(home: Path, **variables: str) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}",
        "XDG_CONFIG_DIRS": str(home),
        "NO_PROXY": "127.0.0.1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_RETRIES": "0",
        **variables,
    }


def pip_installs(arguments: list[list[str]], environ: dict[str, str], cwd: Path) -> list[bool]:
    """Whether pip would install, for each list of arguments."""
    done = subprocess.run(
        [sys.executable, "-c", INSTALLS],
        input=json.dumps(arguments),
        env=environ,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [code == 0 for code in json.loads(done.stdout.splitlines()[-1])]


def ours(environ: dict[str, str], scope: tuple[str, ...], folder: Path, name: str) -> tuple[list[str], set[str]]:
    """(addresses asked, versions found) by our own look-up."""
    asked = Requirements(reading=SOURCE, index_scopes=(scope,) if scope else ())
    web = Web(CallLog())
    try:
        places = pip_places(asked, folder, environ, web, Secrets())
        said = ask_all([(("pypi", name), place) for place in places])
    finally:
        web.close()
    return [p.label for p in places], {v for each in said.values() for v in getattr(each, "versions", ())}


def test_pip_looks_where_we_look(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "source"
    (folder / "wheels").mkdir(parents=True)
    (folder / "wheels" / "demo-7.0-py3-none-any.whl").write_bytes(b"")
    (home / ".config" / "pip").mkdir(parents=True)
    with (
        PackageIndex(pypi={"demo": Project(("1.0",))}) as a,
        PackageIndex(pypi={"demo": Project(("2.0",))}) as b,
        PackageIndex(pypi={"demo": Project(("3.0",))}, html_only=True) as c,
    ):
        (home / ".config/pip/pip.conf").write_text(
            f"[global]\nindex-url = {a.simple}\n[install]\nextra-index-url =\n  {b.simple}\n  {c.simple}/\n"
        )
        scopes: list[tuple[dict[str, str], tuple[str, ...]]] = [
            ({}, ()),
            ({"PIP_INDEX_URL": c.simple}, ()),
            ({"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": b.simple}, ()),
            ({}, (f"--index-url {b.simple}",)),
            ({}, (f"--index-url {b.simple}", f"--extra-index-url {a.simple}")),
            ({}, ("--no-index", "--find-links wheels")),
        ]
        for variables, scope in scopes:
            environ = clean(home, **variables)
            for index in (a, b, c):
                index.seen.clear()
            (folder / "requirements.txt").write_text("\n".join([*scope, "demo>=100"]))
            assert pip_installs([["-r", "requirements.txt"]], environ, folder) == [False]
            theirs = {index.simple for index in (a, b, c) if any("demo" in path for path in index.asked())}
            labels, versions = ours(environ, scope, folder, "demo")
            assert {label.rstrip("/") for label in labels if label.startswith("http")} == theirs
            wanted = {v for index, v in ((a, "1.0"), (b, "2.0"), (c, "3.0")) if index.simple in theirs}
            assert versions == wanted | ({"7.0"} if "--find-links wheels" in scope else set())


def test_pip_takes_what_we_say_it_takes(tmp_path: Path) -> None:
    rng = random.Random(3)  # noqa: S311
    pool = ["0.9", "1.0", "1.0.1", "1.1rc1", "1.1", "2.0a1", "2.0.dev3", "2.0", "2.0.post1", "2.1+cpu", "3!1.0"]
    operators = ["==", ">=", "<=", ">", "<", "~=", "!=", "==="]
    projects: dict[str, Project] = {}
    asked: list[Requirement] = []
    for n in range(70):
        versions = tuple(rng.sample(pool, rng.randint(0, 4)))
        yanked = tuple(v for v in versions if rng.random() < 0.3)
        projects[f"demo{n}"] = Project(versions, files=() if versions else ("nothing.txt",), yanked=yanked)
        parts = [rng.choice(operators) + rng.choice([*pool, "1.5", "1.*"]) for _ in range(rng.randint(0, 2))]
        read = read_line(f"demo{n}{','.join(sorted(parts))}", f"requirements.txt:{n}")
        # What is no requirement at all is told as a problem of the file, not judged.
        asked.append(read or Requirement("pypi", f"demo{n}", "", f"requirements.txt:{n}"))
    with PackageIndex(pypi=projects) as index:
        environ = clean(tmp_path, PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL=index.simple)
        theirs = pip_installs([[f"{r.name}{r.specifier}"] for r in asked], environ, tmp_path)
    assert 15 < sum(theirs) < 60, "both answers are met often"
    differing = []
    for requirement, expected in zip(asked, theirs, strict=True):
        project = projects[requirement.name]
        answer = IndexAnswer("pypi", requirement.name, True, project.versions, project.yanked)
        found = _exists(requirement, answer, NO_RUNTIME)
        # pip before 26 takes no pre-release for a range that names none, pip since then where nothing else satisfies it.
        if found and not expected and only_pre_releases(requirement.specifier, project):
            continue
        if found is not expected:
            differing.append((requirement.specifier, project, expected))
    assert not differing, "\n".join(map(str, differing))


def only_pre_releases(specifier: str, project: Project) -> bool:
    satisfying = SpecifierSet(specifier).filter(map(Version, project.versions), prereleases=True)
    return all(version.is_prerelease for version in satisfying)


def test_npm_picks_where_we_say_it_picks() -> None:
    rng = random.Random(5)  # noqa: S311
    pool = [
        "0.0.1",
        "0.1.0",
        "0.1.2",
        "1.0.0-rc.1",
        "1.0.0",
        "1.2.3",
        "1.2.4-beta.2",
        "2.0.0",
        "3.0.0-alpha.1",
        "10.1.0",
    ]
    cases: list[Any] = []
    for _ in range(600):
        versions = rng.sample(pool, rng.randint(1, 5))
        tags = {"latest": rng.choice(versions), "next": rng.choice([*versions, "9.9.9"])}
        wanted = rng.choice(
            ["", "*", "latest", "next", "beta", "x", "1.2.3", "v1.0.0", "=2.0.0", "1.0.0-rc.1", npm_range(rng)]
        )
        cases.append([{"name": "demo", "versions": {v: {"version": v} for v in versions}, "dist-tags": tags}, wanted])
    script = """
    const pick = npm('npm-pick-manifest');
    console.log(JSON.stringify(given.map(([document, wanted]) => {
      try { return !!pick(document, wanted) } catch (error) {
        return error.code === 'ETARGET' || error.code === 'ENOVERSIONS' ? false : null } })));
    """
    theirs = run_node(script, cases)
    assert {True, False} <= set(theirs)
    differing = [
        (wanted, list(document["versions"]), expected)
        for (document, wanted), expected in zip(cases, theirs, strict=True)
        if matches(wanted, document["versions"], document["dist-tags"]) is not expected
    ]
    assert not differing, "\n".join(map(str, differing))


def npm_range(rng: random.Random) -> str:
    """A range as people and machines write them, and worse."""

    def part() -> str:
        return rng.choice(["0", "0", "1", "1", "2", "3", "10", "x", "X", "*"])

    def partial() -> str:
        parts = [part() for _ in range(rng.choice([1, 2, 3, 3, 3]))]
        pre = (
            rng.choice(["", "", "", "-alpha", "-rc.0", "-0", "-beta.2", "alpha", "+build.1"]) if len(parts) == 3 else ""
        )
        return rng.choice(["", "", "", "v", "="]) + ".".join(parts) + pre

    def term() -> str:
        return rng.choice(["", "", "^", "~", "~>", ">", "<", ">=", "<=", "="]) + rng.choice(["", "", " "]) + partial()

    def alternative() -> str:
        if rng.random() < 0.15:
            return f"{partial()} - {partial()}"
        if rng.random() < 0.05:
            return rng.choice(["", "*", "latest", "foo bar", ">", ">=*", "<*", "1.2.3.4", "x.x"])
        return " ".join(term() for _ in range(rng.choice([1, 1, 2, 3])))

    return rng.choice([" || ", "||"]).join(alternative() for _ in range(rng.choice([1, 1, 1, 2, 3])))


def test_npm_ranges_are_those_of_semver() -> None:
    rng = random.Random(11)  # noqa: S311
    numbers = [(a, b, c) for a in (0, 1, 2, 3, 10, 11) for b in (0, 1, 2) for c in (0, 1, 2, 4)]
    versions = [f"{a}.{b}.{c}{pre}" for a, b, c in numbers for pre in ("", "-alpha", "-rc.0", "-0", "-beta.2")]
    cases: list[Any] = [[npm_range(rng), rng.sample(versions, 25)] for _ in range(1500)]
    script = """
    const semver = npm('semver');
    console.log(JSON.stringify(given.map(([range, versions]) => semver.validRange(range, { loose: true }) === null
      ? versions.map(() => null) : versions.map(v => semver.satisfies(v, range, { loose: true })))));
    """
    theirs = run_node(script, cases)
    differing = [
        wanted
        for (wanted, some), expected in zip(cases, theirs, strict=True)
        if [satisfies(version, wanted) for version in some] != expected
    ]
    # Known: a hyphen range that ends in `x`, beside a term that npm drops, admits a pre-release in ours and not in npm.
    assert not differing, "\n".join(map(str, differing))


@pytest.mark.parametrize(
    ("wanted", "code"), [("^5.0.0", None), ("^9.0.0", "ETARGET"), ("next", "ETARGET")], ids=["there", "range", "tag"]
)
def test_npm_installs_as_told(tmp_path: Path, wanted: str, code: str | None) -> None:
    npm_home()
    with PackageIndex(npm={"p-limit": package_document("p-limit", ["4.0.0", "5.0.0"])}) as index:
        (tmp_path / "package.json").write_text(json.dumps({"dependencies": {"p-limit": wanted}}))
        environ = clean(tmp_path / "home", npm_config_registry=index.url, npm_config_cache=str(tmp_path / "cache"))
        done = subprocess.run(
            ["npm", "install", "--dry-run", "--no-audit", "--no-fund"],
            cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert (done.returncode == 0) == (code is None), done.stderr
        assert code is None or code in done.stderr
        web = Web(CallLog())
        place = npm_place(index.url, npm_sources(environ), environ, web, Secrets())
        listing = place.ask("p-limit")
        web.close()
    assert listing is not None
    assert matches(wanted, listing.versions, listing.tags) is (code is None)
