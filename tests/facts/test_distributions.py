from __future__ import annotations

import json
from importlib import resources

import pytest
from packaging.utils import canonicalize_name

from troubleshooter.facts.distributions import distributions_of, table_source


@pytest.mark.parametrize(
    ("dotted", "first"),
    [
        ("strands", "strands-agents"),
        ("strands.models", "strands-agents"),
        ("Crypto.Cipher.AES", "pycryptodome"),
        ("google.cloud.storage", "google-cloud-storage"),
        ("google.cloud.secretmanager_v1", "google-cloud-secret-manager"),
        ("google.protobuf.message", "protobuf"),
        ("google.cloud.exceptions", "google-cloud-core"),
        ("google.cloud.bigquery_storage_v1", "google-cloud-bigquery-storage"),
        ("requests.adapters", "requests"),
        ("opentelemetry.instrumentation.utils", "opentelemetry-instrumentation"),
        ("opentelemetry.sdk.trace", "opentelemetry-sdk"),
        ("opentelemetry.sdk.extension.aws.trace", "opentelemetry-sdk-extension-aws"),
        ("opentelemetry.instrumentation.aws_lambda", "opentelemetry-instrumentation-aws-lambda"),
    ],
)
def test_longest_prefix_decides(dotted: str, first: str) -> None:
    assert distributions_of(dotted)[0] == first


@pytest.mark.parametrize(
    "dotted", ["crypto", "google", "google.cloud", "google.cloud.frobnicate", "opentelemetry", "Requests", ""]
)
def test_unknown_and_bare_namespaces_say_nothing(dotted: str) -> None:
    assert distributions_of(dotted) == ()


def test_the_table_is_normalised_dated_and_only_about_differing_names() -> None:
    table = json.loads(resources.files("troubleshooter.data").joinpath("distributions.json").read_text("utf-8"))
    assert table["source"]
    assert table["date"] in table_source()
    assert len(table["imports"]) >= 80
    for name, distributions in table["imports"].items():
        assert [canonicalize_name(d) for d in distributions] == distributions
        assert "." in name or distributions != [canonicalize_name(name)]
    assert not set(table["same_name"]) & set(table["imports"])
