"""The one gate before journal, report and clipboard: nothing secret passes.

Two layers. Values that were seen and deliberately not kept (environment values, presigned addresses) are scrubbed
wherever they turn up again, in their usual encodings. What looks like a credential by its shape is replaced by rule.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
import urllib.parse
from collections import Counter
from dataclasses import dataclass

_MINIMUM = 6
"""Shorter values are common words too often to be scrubbed everywhere."""
_SHORT = 12
_PUBLIC = re.compile(
    r"(?i)true|false|production|development|staging|default|enabled|disabled|lambda|handler|x86_64|aarch64|arm64|amd64|linux"
    r"|(?:python|nodejs|java|ruby|dotnet|provided|go)[\d.a-z]*|(?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)+-\d|warning|warn|error|debug|info"
)
"""Values that are no secret anywhere: words, regions, architectures, runtimes."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One shape of a credential. The group `secret` is what is replaced, the whole match where there is none."""

    name: str
    pattern: re.Pattern[str]


def _rule(name: str, pattern: str) -> Rule:
    return Rule(name, re.compile(pattern))


_NAMES = r"(?:password|passwd|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|credential|auth)"
RULES: tuple[Rule, ...] = (
    _rule("pem", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)"),
    _rule(
        "presigned",
        r"(?i)(?<=[?&;])(?:X-Amz-(?:Signature|Security-Token|Credential)|Signature|sig)=(?P<secret>[^&\s\"'<>]+)",
    ),
    _rule("aws access key id", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    _rule("aws session token", r"\b(?:IQoJ|FwoG|FQoG)[A-Za-z0-9+/=]{60,}"),
    _rule("json web token", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    _rule("github token", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,})"),
    _rule("slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    _rule("npm token", r"\bnpm_[A-Za-z0-9]{30,}"),
    _rule("pypi token", r"\bpypi-[A-Za-z0-9_-]{40,}"),
    _rule("stripe key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _rule("google key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    _rule("model provider key", r"\bsk-(?:ant-|proj-|lf-)?[A-Za-z0-9_-]{20,}"),
    _rule("sendgrid key", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    _rule("authorization header", r"(?i)\b(?:bearer|basic)\s+(?P<secret>[A-Za-z0-9._~+/=-]{12,})"),
    _rule("url userinfo", r"(?<=://)(?P<secret>[^\s/@:\"']*:[^\s/@\"']+)(?=@)"),
    _rule(
        "named secret",
        # The service and the ARNs of Secrets Manager name secrets, and are none.
        rf"(?i)\b(?<!:\d{{12}}:)(?!secretsmanager:[a-z])"
        rf"[\w.-]*{_NAMES}[\w.-]*[\"']?\s*(?:=|:(?!:))\s*[\"']?(?P<secret>(?!not set\b|‹)[^\s\"',;}}&‹]{{6,}})",
    ),
    _rule("npm auth", r"(?i)_(?:authToken|auth|password)\s*=\s*(?P<secret>\S+)"),
)


class Secrets:
    """Values that were seen and must not be shown. Kept in memory only, with one salt for the session."""

    def __init__(self, salt: bytes | None = None) -> None:
        self._salt = salt if salt is not None else secrets.token_bytes(16)
        self._forms: dict[str, tuple[str, str]] = {}
        self._spared: set[str] = set()
        self._lock = threading.Lock()
        self._pattern: re.Pattern[str] | None = None
        self.counts: Counter[str] = Counter()

    def digest(self, value: str) -> str:
        """Salted hash that says "the same value" within this session and nothing else."""
        return hashlib.blake2s(value.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=6).hexdigest()

    def spare(self, *texts: str | None) -> None:
        """Texts that AWS's record shows openly and that findings and commands need: names, ARNs, image addresses, handlers.

        A remembered value that is a part of one of them is not scrubbed.
        """
        with self._lock:
            self._spared.update(text for text in texts if text)
            self._pattern = None

    def remember(self, name: str, value: str) -> None:
        """Scrub `value` from now on, also JSON-escaped, URL-encoded and base64-encoded."""
        if len(value) < _MINIMUM or _PUBLIC.fullmatch(value) or (value.isdigit() and len(value) < 8):
            return
        marker = f"‹redacted {name} len={len(value)} #{self.digest(value)[:4]}›"
        raw = value.encode("utf-8", "replace")
        forms = {value, json.dumps(value)[1:-1], urllib.parse.quote(raw, safe=""), base64.b64encode(raw).decode()}
        with self._lock:
            for form in forms:
                self._forms.setdefault(form, (marker, value))
            self._pattern = None

    def redact(self, text: str) -> str:
        """The text without anything secret, markers in its place."""
        if not text:
            return text
        with self._lock:
            if self._pattern is None and self._forms:
                self._pattern = self._compiled()
            pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(self._known, text)
        for rule in RULES:
            text = rule.pattern.sub(lambda match, rule=rule: self._shaped(rule, match), text)  # type: ignore[misc]
        return text

    def _compiled(self) -> re.Pattern[str]:
        """One pattern for all forms, longest first; a short plain word is scrubbed as a whole word only."""
        wanted = [f for f, (_, value) in self._forms.items() if not any(value in spared for spared in self._spared)]
        parts = [
            rf"(?<!\w){re.escape(f)}(?!\w)" if len(f) < _SHORT and f.isalnum() else re.escape(f)
            for f in sorted(wanted, key=len, reverse=True)
        ]
        return re.compile("|".join(parts) or r"(?!)")

    def _known(self, match: re.Match[str]) -> str:
        self.counts["known value"] += 1
        return self._forms[match[0]][0]

    def _shaped(self, rule: Rule, match: re.Match[str]) -> str:
        self.counts[rule.name] += 1
        marker = f"‹redacted {rule.name}›"
        if "secret" not in rule.pattern.groupindex:
            return marker
        start, end = match.start("secret") - match.start(), match.end("secret") - match.start()
        return match[0][:start] + marker + match[0][end:]
