"""Where the user's own npm looks for packages: its settings from environment and .npmrc files, in its order of precedence.

Nothing of npm is run: files are read as npm reads them. Values may hold credentials and must not be shown.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

LARGEST = 256 * 1024
_DEFAULT = re.compile(r"\bDefinition\(\s*['\"]registry['\"],\s*\{\s*default:\s*['\"`](https?://[^'\"`]+)['\"`]")
_LINE = re.compile(r"^\[([^\]]*)\]\s*$|^([^=]+)(=(.*))?$")
_VARIABLE = re.compile(r"(?<!\\)(\\*)\$\{([^${}?]+)(\?)?\}")


@dataclass(frozen=True, slots=True)
class NpmSources:
    """npm's settings that decide where it looks. Values as configured, credentials and all."""

    settings: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def certificate(self) -> str | None:
        """Path of a bundle of certificate authorities."""
        return self.settings.get("cafile") or None

    def registry(self, name: str) -> str | None:
        """The registry that a package is asked for from: its scope's, else the default one. None where none is known."""
        scope = name.partition("/")[0] if name.startswith("@") else ""
        own = self.settings.get(f"{scope}:registry") if scope else None
        return own or self.settings.get("registry") or None

    def authorization(self, url: str) -> str | None:
        """The `Authorization` header for an address: of the longest path on its own host for which there is a credential."""
        parts = urlsplit(url)
        key = f"//{parts.netloc.rpartition('@')[2]}{parts.path or '/'}"
        while len(key) > 2:
            if header := self._header(key):
                return header
            # `//host/some/path/` and `//host/some/path` are both spellings of a key.
            key = key[:-1] if key.endswith("/") else key[: key.rfind("/") + 1]
        return None

    def _header(self, key: str) -> str | None:
        if token := self.settings.get(f"{key}:_authToken"):
            return f"Bearer {token}"
        if pair := self.settings.get(f"{key}:_auth"):
            return f"Basic {pair}"
        user, password = self.settings.get(f"{key}:username"), self.settings.get(f"{key}:_password")
        if not user or not password:
            return None
        try:
            clear = base64.b64decode(password + "=" * (-len(password) % 4)).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return None
        return "Basic " + base64.b64encode(f"{user}:{clear}".encode()).decode()

    def credentials(self) -> Iterator[str]:
        """Every value that must not be shown."""
        for key, value in self.settings.items():
            if key.rpartition(":")[2] in ("_authToken", "_auth", "_password"):
                yield value
                if not key.endswith("_authToken"):
                    try:
                        yield base64.b64decode(value).decode("utf-8", "replace").rpartition(":")[2]
                    except (binascii.Error, ValueError):
                        continue


def npm_sources(environ: Mapping[str, str], project: str = "") -> NpmSources:
    """Settings in npm's order: environment, the project's .npmrc (its text), the user's, the global one, npm's own."""
    env = _from_environment(environ)
    home = npm_home(environ)
    own = parse_npmrc(project, environ)
    above = {**own, **env}
    user_file = above.get("userconfig") or str(_home(environ) / ".npmrc")
    user = parse_npmrc(_text(Path(_expanded(user_file, environ))), environ)
    above = {**user, **above}
    prefix = above.get("prefix") or _prefix(environ)
    global_file = above.get("globalconfig") or (str(Path(prefix) / "etc" / "npmrc") if prefix else "")
    system = parse_npmrc(_text(Path(_expanded(global_file, environ))), environ) if global_file else {}
    builtin = parse_npmrc(_text(home / "npmrc"), environ) if home else {}
    default = default_registry(environ)
    return NpmSources({**({"registry": default} if default else {}), **builtin, **system, **above})


def default_registry(environ: Mapping[str, str]) -> str | None:
    """The registry that the installed npm asks when nothing is configured, from its own definitions; None without an npm."""
    home = npm_home(environ)
    if home is None:
        return None
    folder = home / "node_modules" / "@npmcli" / "config" / "lib"
    for name in ("definitions/definitions.js", "defaults.js"):
        if match := _DEFAULT.search(_text(folder / name, largest=1024 * 1024)):
            return match[1]
    # Older releases keep their definitions beside the command line.
    match = _DEFAULT.search(_text(home / "lib" / "utils" / "config" / "definitions.js", largest=1024 * 1024))
    return match[1] if match else None


def npm_home(environ: Mapping[str, str]) -> Path | None:
    """The folder of the npm on PATH; None where there is none."""
    script = shutil.which("npm", path=environ.get("PATH"))
    if script is None:
        return None
    real = Path(os.path.realpath(script))
    candidates = (
        real.parent.parent,
        real.parent / "node_modules" / "npm",
        real.parent.parent / "lib" / "node_modules" / "npm",
    )
    return next((folder for folder in candidates if (folder / "package.json").is_file()), None)


def parse_npmrc(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The settings of an .npmrc, `${X}` expanded as npm does it. Sections and lists are of no interest here."""
    settings: dict[str, str] = {}
    for line in re.split(r"[\r\n]+", text.removeprefix("\ufeff")):
        if not line.strip() or line.lstrip()[0] in ";#":
            continue
        match = _LINE.match(line)
        if match is None:
            continue
        if match[1] is not None:
            break
        key, value = _unquoted(match[2]), _unquoted(match[4] or "") if match[3] else "true"
        if not key.endswith("[]"):
            settings[_expanded(key, environ)] = _expanded(value, environ).strip()
    return settings


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    settings = {}
    for name, value in environ.items():
        if not name.lower().startswith("npm_config_") or not value:
            continue
        key = name[len("npm_config_") :]
        if not key.startswith("//"):
            key = (key[:1] + key[1:].replace("_", "-")).lower()
        settings[key] = _expanded(value, environ)
    return settings


def _unquoted(text: str) -> str:
    """A key or value without quotes, escapes and a trailing comment."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        inner = text[1:-1] if text[0] == "'" else text
        try:
            return str(json.loads(inner))
        except (ValueError, RecursionError):
            return inner
    out, escaped = [], False
    for char in text:
        if escaped:
            out.append(char if char in "\\;#" else f"\\{char}")
            escaped = False
        elif char in ";#":
            break
        elif char == "\\":
            escaped = True
        else:
            out.append(char)
    return "".join(out + (["\\"] if escaped else [])).strip()


def _expanded(text: str, environ: Mapping[str, str]) -> str:
    """`${X}`, and `${X?}` for "or nothing"; an odd number of backslashes before it keeps it as it is."""

    def value(match: re.Match[str]) -> str:
        slashes, name, optional = match[1], match[2], match[3]
        if len(slashes) % 2:
            return match[0][(len(slashes) + 1) // 2 :]
        known = environ.get(name)
        shown = known if known is not None else ("" if optional else f"${{{name}}}")
        return slashes[len(slashes) // 2 :] + shown

    return _VARIABLE.sub(value, text)


def _prefix(environ: Mapping[str, str]) -> str | None:
    """npm's global prefix: the folder above the one that Node lies in."""
    if environ.get("PREFIX"):
        return environ["PREFIX"]
    node = shutil.which("node", path=environ.get("PATH"))
    if node is None:
        return None
    folder = Path(os.path.realpath(node)).parent
    if sys.platform == "win32":
        return str(folder)
    prefix = str(folder.parent)
    return environ["DESTDIR"].rstrip("/") + prefix if environ.get("DESTDIR") else prefix


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _text(path: Path, *, largest: int = LARGEST) -> str:
    """A file's text, empty where it is not there or not to be read."""
    try:
        with path.open("rb") as file:
            return file.read(largest).decode("utf-8", "replace")
    except OSError:
        return ""
