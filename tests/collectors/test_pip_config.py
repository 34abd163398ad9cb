"""Held against pip's own reader of its configuration, on generated configurations."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from troubleshooter.collectors import pip_config
from troubleshooter.collectors.pip_config import ConfigError, PipSources, default_index, pip_settings, pip_sources

pip_commands = pytest.importorskip("pip._internal.commands", reason="the interpreter of these tests has no pip")
pip_configuration = pytest.importorskip("pip._internal.configuration")

BIN = Path(sys.prefix) / "bin"
URLS = ["https://one.invalid/simple", "http://two.invalid/x", "file:///srv/index", "https://u:p@three.invalid/s"]


def environment(monkeypatch: pytest.MonkeyPatch, home: Path, **variables: str) -> Mapping[str, str]:
    """Sets the process environment, which pip reads, and gives it back, for ours."""
    for name in list(os.environ):
        if name.upper().startswith(("PIP_", "XDG_", "UV_", "REQUESTS_", "CURL_")):
            monkeypatch.delenv(name)
    for name, value in {"HOME": str(home), "PATH": str(BIN), "XDG_CONFIG_DIRS": str(home / "etc"), **variables}.items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)


def generated(rng: random.Random) -> str:
    lines = []
    for section in rng.sample(["global", "install", "download", "wheel"], rng.randint(1, 3)):
        lines.append(f"[{section}]")
        for key in rng.sample(["index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert"], 3):
            key = key.replace("-", "_") if rng.random() < 0.2 else key
            lines.append(f"{key} {rng.choice('=:')} {value(rng, key.replace('_', '-'))}")
    return "\n".join([*lines, ""])


def value(rng: random.Random, key: str) -> str:
    if key == "no-index":
        return rng.choice(["false", "0", "no", "", "true", "on"])
    if key in ("extra-index-url", "find-links"):
        return rng.choice([" ", "\n    "]).join(rng.sample(URLS, rng.randint(1, 3)))
    if key == "index-url":
        return rng.choice([*URLS, ""])
    return "/etc/hosts" if key == "cert" else "host.invalid"


def same_as_pip(environ: Mapping[str, str]) -> None:
    theirs = pip_configuration.Configuration(isolated=False)
    theirs.load()
    # Newer releases group their items by file.
    items = dict(theirs.items())
    flat: dict[str, Any] = {}
    for key, each in items.items():
        flat.update(each if isinstance(each, dict) else {key: each})
    assert {k: v for k, v in pip_settings(environ).items() if k.partition(".")[0] != ":env:" or "index" in k} == {
        k: v for k, v in flat.items() if k.partition(".")[0] != ":env:" or "index" in k
    }
    options, _ = pip_commands.create_command("install").parser.parse_args([])
    ours = pip_sources(environ)
    indexes = [] if options.no_index else [options.index_url, *options.extra_index_urls]
    assert list(ours.indexes) == indexes
    assert list(ours.find_links) == list(options.find_links)
    assert list(ours.trusted) == list(options.trusted_hosts)
    assert ours.no_index == bool(options.no_index)


@pytest.mark.parametrize("seed", range(200))
def test_files_and_environment_count_as_for_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    home = tmp_path / "home"
    given = tmp_path / "given.conf"
    places = [home / "etc/pip/pip.conf", home / ".pip/pip.conf", home / ".config/pip/pip.conf", given]
    for place in rng.sample(places, rng.randint(0, 4)):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(generated(rng))
    variables: dict[str, str] = {}
    if rng.random() < 0.5:
        variables["PIP_CONFIG_FILE"] = rng.choice([str(given), os.devnull, str(tmp_path / "missing")])
    for key in rng.sample(["index-url", "extra-index-url", "find-links", "no-index"], rng.randint(0, 2)):
        variables["PIP_" + key.upper().replace("-", "_")] = value(rng, key)
    same_as_pip(environment(monkeypatch, home, **variables))


def test_the_default_is_pips_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pip._internal.models.index import PyPI

    environ = environment(monkeypatch, tmp_path, PIP_CONFIG_FILE=os.devnull)
    assert default_index(environ) == PyPI.simple_url
    assert pip_sources(environ).indexes == (PyPI.simple_url,)


def test_without_any_pip_nothing_is_made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environ = environment(monkeypatch, tmp_path, PIP_CONFIG_FILE=os.devnull, PATH=str(tmp_path))
    monkeypatch.setattr(pip_config, "_constants", lambda environ: iter(["PyPI = None"]))
    assert pip_sources(environ).indexes == ()


@pytest.mark.parametrize("text", ["[global]\nno-index = perhaps\n", "index-url = x\n", "[global]\na=1\na=2\n", "[g\n"])
def test_what_pip_refuses_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    (tmp_path / "pip.conf").write_text(text)
    environ = environment(monkeypatch, tmp_path, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))
    with pytest.raises(ConfigError):
        pip_sources(environ)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("seed", range(30))
def test_options_of_requirements_files_count_as_for_pip(tmp_path: Path, seed: int) -> None:
    from pip._internal.index.collector import LinkCollector
    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.search_scope import SearchScope
    from pip._internal.models.selection_prefs import SelectionPreferences
    from pip._internal.network.session import PipSession
    from pip._internal.req.req_file import parse_requirements

    rng = random.Random(seed)  # noqa: S311
    choices = ["--no-index", *(f"--index-url {u}" for u in URLS), *(f"--extra-index-url {u}" for u in URLS)]
    options = [rng.choice([*choices, "--find-links https://links.invalid/"]) for _ in range(rng.randint(0, 4))]
    start = PipSources(("https://start.invalid/simple",), ("/srv/links",))
    (tmp_path / "requirements.txt").write_text("\n".join(options) + "\nrequests\n")
    with PipSession() as session:
        scope = SearchScope(find_links=["/srv/links"], index_urls=list(start.indexes), no_index=False)
        finder = PackageFinder.create(
            link_collector=LinkCollector(session=session, search_scope=scope),
            selection_prefs=SelectionPreferences(allow_yanked=False),
        )
        list(parse_requirements(str(tmp_path / "requirements.txt"), session, finder=finder))
    ours = start.with_options(options, {}, None)
    assert list(ours.indexes) == finder.index_urls
    assert list(ours.find_links) == finder.find_links
