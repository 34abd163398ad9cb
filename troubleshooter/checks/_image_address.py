"""The form of an image's address: what Lambda takes, and where to push to."""

from __future__ import annotations

import re
import shlex

from troubleshooter.checks._launch_fix import OCI, deployed, region
from troubleshooter.facts import Unavailable
from troubleshooter.facts.address import taken_address
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Remediation

_OTHER_ECR = re.compile(r"dkr-ecr\b|\.ecr\.|\.dkr\.", re.IGNORECASE)


def flaw(uri: str) -> str:
    """What certainly makes Lambda refuse the address; empty where nothing does, or that cannot be told."""
    if re.search(r"\s", uri):
        return "it has a blank in it"
    if "://" in uri:
        return f"it begins with {uri.partition('://')[0]}://, which is no part of an image's address"
    host, slash, path = uri.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        return "it names no registry, and Lambda looks in none by itself"
    if ".dkr.ecr-fips." in host:
        return "Lambda does not take ECR's FIPS endpoint"
    if host == "public.ecr.aws":
        return "it lies in ECR Public, and Lambda takes private repositories only"
    if not _OTHER_ECR.search(host):
        return f"it lies in {host}, and Lambda takes private ECR repositories only"
    if ".dkr.ecr." in host and not re.match(r"\d{12}\.", host):
        return f"{host.partition('.')[0] or 'what stands before .dkr'} is no account id of twelve digits"
    if re.search(r"[A-Z]", path.partition("@")[0].partition(":")[0]):
        return "repository names have no capital letters"
    return ""


def push_here(text: str, uri: str, function: FunctionRecord | Unavailable, verify: str) -> Remediation:
    """Build for the function's CPU, push to `uri`, deploy it. Nothing is shown for an address that cannot be pushed to."""
    parts = taken_address(uri)
    if parts is None or parts.digest or not parts.tag:
        return Remediation(text, (), verify)
    platform = OCI.get(function.architecture, "amd64") if isinstance(function, FunctionRecord) else "amd64"
    build = ["docker", "buildx", "build", "--platform", f"linux/{platform}", "--provenance=false", "--sbom=false"]
    commands = [shlex.join([*build, "--tag", uri, "--push", "."])]
    if isinstance(function, FunctionRecord) and deployed(function):
        update = ["aws", "lambda", "update-function-code", "--function-name", function.name, "--image-uri", uri]
        commands.append(shlex.join([*update, *region(function)]))
    return Remediation(text, tuple(commands), verify)
