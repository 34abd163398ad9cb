"""Where else a function's name exists: asked only after AWS said that it is not where it was looked for."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import replace
from importlib import resources

from troubleshooter import grants
from troubleshooter.collectors.aws import Aws
from troubleshooter.facts import Reason, SourceError, Unavailable
from troubleshooter.facts.given import GivenFunction
from troubleshooter.model import Unblock

SEARCH_S = 4.0
"""Seconds after which the regions that have not answered are left out."""
_MISSING = re.compile(r"arn:[\w-]+:lambda:(?P<region>[\w-]+):(?P<account>\d{12}):function:")


def not_here(gap: Unavailable, given: GivenFunction, aws: Aws) -> Unavailable:
    """What could not be read, and where AWS says that there is no such function: in which region and account, and where there is."""
    if gap.reason is not Reason.ABSENT:
        return gap
    said = _MISSING.search(gap.detail)
    region = said["region"] if said else given.region or aws.region
    account = said["account"] if said else given.account
    of = f" of account {account}" if account else ""
    named = f"{given.name}:{given.qualifier}" if given.qualifier else given.name
    here = f"there is no function {named} in {region}{of}"
    if given.arn:
        return replace(gap, detail=here, unblock=Unblock("check the ARN, and --profile for the account it names"))
    if given.qualifier and _exists(given.name, None, aws):
        text = "check --qualifier: the function itself is there"
        return replace(gap, detail=f"{here}, but the function {given.name} is there", unblock=Unblock(text))
    found, answered = _search(given.name, region, aws)
    if found:
        options = " or ".join(f"`--region {each}`" for each in found)
        return replace(
            gap, detail=f"{here}; the name exists in {', '.join(found)}", unblock=Unblock(f"ask there: {options}")
        )
    text = "check the name, and --region and --profile: `aws sts get-caller-identity` says whose account is asked"
    return replace(gap, detail=f"{here}, nor in {answered} other regions that answered", unblock=Unblock(text))


def _search(name: str, own: str, aws: Aws) -> tuple[list[str], int]:
    """The regions in which the name exists, and how many answered; in parallel, with a deadline."""
    found: list[str] = []
    answered: list[str] = []

    def ask(region: str) -> None:
        there = _exists(name, region, aws)
        if there is not None:
            answered.append(region)
        if there:
            found.append(region)

    threads = [
        threading.Thread(target=ask, args=(region,), name=f"look in {region}", daemon=True)
        for region in _regions(own)
        if region != own
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + SEARCH_S
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return sorted(found), len(answered)


def _exists(name: str, region: str | None, aws: Aws) -> bool | None:
    """Whether AWS knows the function there; None where it would not say."""
    try:
        aws.call("lambda", "GetFunction", region=region, required=("Configuration",), FunctionName=name)
    except SourceError as error:
        return False if error.unavailable.reason is Reason.ABSENT else None
    return True


def _regions(own: str) -> list[str]:
    text = resources.files("troubleshooter.data").joinpath("aws_regions.json").read_text("utf-8")
    regions: list[str] = json.loads(text)[grants.partition_of(own)]
    return regions
