"""Held against npm's own reader of its configuration, on generated configurations."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.lab.npm import npm_home, run_node
from troubleshooter.collectors.npm_config import NpmSources, default_registry, npm_sources, parse_npmrc

HOSTS = ["one.invalid", "two.invalid:8443", "three.invalid/npm", "three.invalid/npm/deep"]
THEIRS = """
const Config = npm('@npmcli/config');
const { definitions, shorthands, flatten, nerfDarts } = npm('@npmcli/config/lib/definitions');
const getAuth = npm('npm-registry-fetch/lib/auth.js');
const fetch = npm('npm-registry-fetch');
console.error = () => {};
(async () => {
  const out = [];
  for (const { env, cwd } of given.cases) {
    const config = new Config({ npmPath: given.home, definitions, shorthands, flatten, nerfDarts, env, cwd,
      argv: [process.execPath, 'npm'], execPath: given.node, warn: false });
    await config.load();
    const one = [];
    for (const spec of ['plain', '@acme/log', '@other/x']) {
      const registry = fetch.pickRegistry(spec, config.flat);
      const url = registry.replace(/\\/?$/, '/') + spec.replace('/', '%2f');
      const auth = getAuth(url, { ...config.flat, spec });
      one.push([registry, auth.token ? `Bearer ${auth.token}` : auth.auth ? `Basic ${auth.auth}` : null]);
    }
    out.push(one);
  }
  console.log(JSON.stringify(out));
})();
"""


def generated(rng: random.Random) -> str:
    lines = []
    for _ in range(rng.randint(0, 6)):
        host = rng.choice(HOSTS)
        lines.append(
            rng.choice(
                [
                    f"registry={rng.choice(['http', 'https'])}://{host}/",
                    f"@acme:registry = https://{host}/",
                    rng.choice([f'@other:registry="https://{host}/"', f"@other:registry=https://{host}/ ; a comment"]),
                    f"//{host}/:_authToken=token-{rng.randint(1, 9)}",
                    f"//{host}/:_authToken=${{NPM_TOKEN}}",
                    f"//{host}/:_authToken=${{NOT_SET}}",
                    f"//{host}/:_auth=dXNlcjpwYXNz",
                    f"//{host}/:username=user\n//{host}/:_password=cGFzcw==",
                    "fund=false",
                    "# registry=https://commented.invalid/",
                ]
            )
        )
    return "\n".join([*lines, ""])


def case(rng: random.Random, folder: Path) -> dict[str, Any]:
    home, cwd = folder / "home", folder / "project"
    home.mkdir(parents=True)
    cwd.mkdir()
    (cwd / "package.json").write_text("{}")
    env = {"HOME": str(home), "NPM_TOKEN": "from-environment", "PREFIX": str(folder / "prefix")}
    env["PATH"] = str(Path(shutil.which("npm") or "").parent)
    if rng.random() < 0.7:
        (cwd / ".npmrc").write_text(generated(rng))
    if rng.random() < 0.7:
        (home / ".npmrc").write_text(generated(rng))
    if rng.random() < 0.5:
        (folder / "prefix" / "etc").mkdir(parents=True)
        (folder / "prefix" / "etc" / "npmrc").write_text(generated(rng))
    if rng.random() < 0.3:
        env[rng.choice(["npm_config_registry", "NPM_CONFIG_REGISTRY"])] = "https://from-environment.invalid/"
    if rng.random() < 0.2:
        (folder / "elsewhere").write_text(generated(rng))
        env["npm_config_userconfig"] = str(folder / "elsewhere")
    return {"env": env, "cwd": str(cwd)}


def test_registries_and_credentials_are_those_of_npm(tmp_path: Path) -> None:
    rng = random.Random(20)  # noqa: S311
    cases = [case(rng, tmp_path / str(n)) for n in range(300)]
    theirs = run_node(THEIRS, {"cases": cases, "home": str(npm_home()), "node": shutil.which("node")})
    differing = []
    for each, expected in zip(cases, theirs, strict=True):
        project = Path(each["cwd"]) / ".npmrc"
        ours = npm_sources(each["env"], project.read_text() if project.exists() else "")
        found = []
        for spec in ("plain", "@acme/log", "@other/x"):
            registry = ours.registry(spec) or ""
            url = registry.rstrip("/") + "/" + spec.replace("/", "%2f")
            found.append([registry, ours.authorization(url)])
        if found != expected:
            differing.append((found, expected))
    assert differing == []


def test_the_default_is_npms_own(tmp_path: Path) -> None:
    home = npm_home()
    env = {"PATH": str(Path(shutil.which("npm") or "").parent), "HOME": str(tmp_path), "PREFIX": str(tmp_path)}
    script = "console.log(JSON.stringify(npm('@npmcli/config/lib/definitions').definitions.registry.default))"
    assert default_registry(env) == run_node(script, {})
    assert npm_sources(env).registry("x") == default_registry(env)
    assert home.is_dir()


def test_without_npm_nothing_is_made_up(tmp_path: Path) -> None:
    assert npm_sources({"PATH": str(tmp_path), "HOME": str(tmp_path)}).registry("x") is None


def test_credentials_are_all_named() -> None:
    settings = NpmSources(
        {"//h/:_authToken": "t0", "//h/:_password": "c2VjcmV0LTE=", "//h/:username": "u", "registry": "r"}
    )
    assert set(settings.credentials()) == {"t0", "c2VjcmV0LTE=", "secret-1"}
    assert "t0" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=b", "b"),
        ("a = b ; c", "b"),
        ('a="b;c"', "b;c"),
        ("a=b\\;c", "b;c"),
        ("a", "true"),
        ("a=${X}", "x"),
        ("a=${Y?}", ""),
    ],
)
def test_lines(text: str, value: str) -> None:
    assert parse_npmrc(text, {"X": "x"})["a"] == value
