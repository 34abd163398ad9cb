"""Which files of a folder say which packages are asked for, and from where.

Shared by whoever reads a source folder and whoever looks into an image or a zip. Paths are relative to the folder, with `/`.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re

DEPTH = 4
"""Folders below the top that are looked into."""

REQUIREMENTS = ("*requirements*.txt",)
MANIFESTS = ("pyproject.toml", "Pipfile", "package.json")
LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock", "uv.lock")
LOCKS_OF_PIPENV = ("Pipfile.lock",)
SOURCES = (".npmrc", "pip.conf", "pip.ini", ".yarnrc", ".yarnrc.yml", "bunfig.toml", "uv.toml")
BUILDS = ("Dockerfile*", "*.Dockerfile", "Containerfile*", "buildspec*.yml", "buildspec*.yaml")

_PATTERNS = (*REQUIREMENTS, *MANIFESTS, *LOCKS, *LOCKS_OF_PIPENV, *SOURCES, *BUILDS)
_MANIFEST = re.compile("|".join(fnmatch.translate(pattern) for pattern in _PATTERNS))
_INSTALLED = frozenset(
    {
        "node_modules", "bower_components", "site-packages", "dist-packages", "__pycache__", "__pypackages__",
        "venv", "env", "cdk.out", "build", "dist", "out", "target", "vendor", "coverage", "layer", "layers",
    }
)  # fmt: skip
_ASIDE = frozenset(
    {
        "dev", "develop", "development", "test", "tests", "testing", "lint", "linting", "doc", "docs", "example", "examples",
        "sample", "samples", "fixture", "fixtures", "typing", "mypy", "bench", "benchmark", "benchmarks", "notebook",
        "notebooks", "e2e", "ci", "tools", "tooling", "scripts", "github", "local",
    }
)  # fmt: skip


def is_manifest(path: str) -> bool:
    """Whether a file is one of those that count."""
    folder, name = posixpath.split(path)
    if _MANIFEST.match(name):
        return True
    return posixpath.basename(folder) == "requirements" and name.endswith(".txt")


def is_requirements(path: str) -> bool:
    """Whether a file is a list of requirements in pip's format; lists of constraints ask for nothing."""
    folder, name = posixpath.split(path)
    if not name.endswith(".txt") or "constraint" in name:
        return False
    return fnmatch.fnmatchcase(name, REQUIREMENTS[0]) or posixpath.basename(folder) == "requirements"


def is_build(path: str) -> bool:
    """Whether a file describes how the package or image is built."""
    return any(fnmatch.fnmatchcase(posixpath.basename(path), pattern) for pattern in BUILDS)


def holds_installed(folder: str) -> bool:
    """Whether a folder's name says that it holds what was installed or built, or is hidden: nothing there was asked for."""
    name = posixpath.basename(folder)
    return name in _INSTALLED or name.startswith(".") or name.endswith((".dist-info", ".egg-info", ".libs"))


def is_aside(path: str) -> bool:
    """Whether a file's path says that it is for development, tests or documentation, not for what runs."""
    return any(part in _ASIDE for part in re.split(r"[/._-]", path.lower()))
