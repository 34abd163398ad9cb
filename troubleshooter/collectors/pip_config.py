"""Where the user's own pip looks for packages: its configuration files and environment, in its order of precedence.

Nothing of pip is imported or run: files are read as pip reads them. Values may hold credentials and must not be shown.
"""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

LARGEST = 256 * 1024
_CONSTANT = re.compile(r"^PyPI\s*=\s*PackageIndex\(\s*[\"'](https?://[^\"']+)[\"']", re.MULTILINE)
_PYTHON = re.compile(r"(/[^\s\"']*python[\w.]*)")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})
_FALSE = frozenset({"n", "no", "f", "false", "off", "0"})


class ConfigError(ValueError):
    """pip itself would refuse to start with this configuration."""


@dataclass(frozen=True, slots=True)
class PipSources:
    """Where pip looks, as it would itself. Addresses as configured, credentials and all."""

    indexes: tuple[str, ...] = ()
    """The main index first; empty where pip asks none, or where none is configured and no pip is installed."""
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    certificate: str | None = None
    trusted: tuple[str, ...] = ()
    """Hosts whose certificate, or lack of one, pip accepts."""

    def with_options(self, options: Iterable[str], environ: Mapping[str, str], folder: Path | None) -> PipSources:
        """With the options of a requirements file on top, `${X}` expanded; relative links start at `folder`."""
        indexes, links, trusted = list(self.indexes), list(self.find_links), list(self.trusted)
        no_index = self.no_index
        for option in options:
            name, _, value = option.partition(" ")
            value = expand(value, environ)
            if name == "--no-index":
                no_index, indexes = True, []
            elif name == "--index-url" and not no_index:
                indexes = [value]
            elif name == "--extra-index-url" and not no_index:
                indexes.append(value)
            elif name == "--find-links":
                here = folder / value if folder and "://" not in value else None
                links.append(str(here) if here and here.exists() else value)
            elif name == "--trusted-host":
                trusted.append(value)
        return replace(self, indexes=tuple(indexes), find_links=tuple(links), no_index=no_index, trusted=tuple(trusted))


def pip_sources(environ: Mapping[str, str]) -> PipSources:
    """What pip's configuration says. Raises ConfigError where pip would refuse it."""
    values = _effective(pip_settings(environ))
    no_index = _boolean(values.get("no-index", "no"))
    main = values.get("index-url") or values.get("pypi-url") or default_index(environ)
    extra = values.get("extra-index-url", "").split()
    links = [_under_home(link, environ) for link in values.get("find-links", "").split()]
    bundle = values.get("cert") or environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    return PipSources(
        indexes=() if no_index else tuple([main] if main else []) + tuple(extra),
        find_links=tuple(links),
        no_index=no_index,
        certificate=_under_home(bundle, environ) if bundle else None,
        trusted=tuple(values.get("trusted-host", "").split()),
    )


def pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """All settings by `section.key`, the environment's in section `:env:`, as `pip config list` names them."""
    settings: dict[str, str] = {}
    for path in config_files(environ):
        settings.update(_read(path))
    for name, value in environ.items():
        if name.startswith("PIP_") and name[4:].lower() not in ("version", "help"):
            settings[f":env:.{_key(name[4:])}"] = value
    return settings


def config_files(environ: Mapping[str, str]) -> list[Path]:
    """The files that pip reads, lowest precedence first, whether they exist or not."""
    given = environ.get("PIP_CONFIG_FILE")
    if given == os.devnull:
        return []
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    files = [folder / name for folder in _global_folders(environ)]
    if not (given and Path(given).exists()):
        home = _home(environ)
        files += [home / ("pip" if sys.platform == "win32" else ".pip") / name, _user_folder(environ) / name]
    prefix = pip_prefix(environ)
    files += [prefix / name] if prefix else []
    return files + ([Path(given)] if given else [])


def default_index(environ: Mapping[str, str]) -> str | None:
    """The index that the installed pip asks when nothing is configured, from its own constant; None without a pip."""
    for text in _constants(environ):
        if match := _CONSTANT.search(text):
            return f"{match[1].rstrip('/')}/simple"
    return None


def pip_prefix(environ: Mapping[str, str]) -> Path | None:
    """`sys.prefix` of the Python that runs the user's pip: the one on PATH, else ours. None where it cannot be told."""
    script = shutil.which("pip", path=environ.get("PATH")) or shutil.which("pip3", path=environ.get("PATH"))
    if script is None:
        return Path(sys.prefix)
    if sys.platform == "win32":
        return Path(script).parent.parent
    try:
        with Path(script).open("rb") as file:
            head = file.read(512).decode("utf-8", "replace")
    except OSError:
        return None
    match = _PYTHON.search(head)
    if not head.startswith("#!") or match is None:
        return None
    python = Path(match[1])
    if (python.parent.parent / "pyvenv.cfg").exists():
        return python.parent.parent
    return Path(os.path.realpath(python)).parent.parent


def expand(text: str, environ: Mapping[str, str]) -> str:
    """`${X}` as pip expands it: where X is set and not empty."""
    return _VARIABLE.sub(lambda match: environ.get(match[1]) or match[0], text)


def _effective(settings: Mapping[str, str]) -> dict[str, str]:
    """What counts for `pip install`: [global], then [install], then the environment; empty values do not count."""
    values: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for name, value in settings.items():
            if value and name.rpartition(".")[0] == section:
                values[name.rpartition(".")[2]] = value
    return values


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    parser = configparser.RawConfigParser()
    try:
        with path.open("rb") as file:
            parser.read_string(file.read(LARGEST).decode("utf-8"), source=str(path))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise ConfigError(f"{path} could not be read ({type(error).__name__})") from error
    return {f"{section}.{_key(name)}": value for section in parser.sections() for name, value in parser.items(section)}


def _key(name: str) -> str:
    name = name.lower().replace("_", "-")
    return name.removeprefix("--")


def _boolean(value: str) -> bool:
    if value.lower() not in _TRUE | _FALSE:
        raise ConfigError(f"pip's no-index is {value[:20]!r}, which is neither yes nor no")
    return value.lower() in _TRUE


def _under_home(path: str, environ: Mapping[str, str]) -> str:
    return str(_home(environ) / path[2:]) if path.startswith("~/") else path


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _global_folders(environ: Mapping[str, str]) -> list[Path]:
    if sys.platform == "darwin":
        return [Path("/Library/Application Support/pip")]
    if sys.platform == "win32":
        return [Path(environ.get("PROGRAMDATA", "C:\\ProgramData")) / "pip"]
    folders = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    return [Path(folder) / "pip" for folder in folders] + [Path("/etc")]


def _user_folder(environ: Mapping[str, str]) -> Path:
    home = _home(environ)
    if sys.platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "pip"
    own = home / "Library" / "Application Support" / "pip"
    if sys.platform == "darwin":
        return own if own.is_dir() else home / ".config" / "pip"
    return Path(environ.get("XDG_CONFIG_HOME", "").strip() or home / ".config") / "pip"


def _constants(environ: Mapping[str, str]) -> Iterator[str]:
    """The module that holds pip's constant, of every pip that is installed: the user's, ours, the one that Python bundles."""
    inside = Path("pip") / "_internal" / "models" / "index.py"
    prefix = pip_prefix(environ)
    folders = [*prefix.glob("lib/python3*/*-packages"), prefix / "Lib" / "site-packages"] if prefix else []
    spec = importlib.util.find_spec("pip")
    folders += [Path(spec.origin).parent.parent] if spec and spec.origin else []
    for folder in folders:
        try:
            yield (folder / inside).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    bundled = importlib.util.find_spec("ensurepip")
    places = [Path(bundled.origin).parent / "_bundled"] if bundled and bundled.origin else []
    for place in (*places, Path("/usr/share/python-wheels")):
        for wheel in sorted(place.glob("pip-*.whl")):
            try:
                with zipfile.ZipFile(wheel) as archive:
                    yield archive.read(inside.as_posix()).decode("utf-8")
            except (OSError, KeyError, ValueError, zipfile.BadZipFile):
                continue
