"""Containers that a killed question left in a real engine."""

from __future__ import annotations

import docker
import pytest

from troubleshooter.collectors import engine as engine_module
from troubleshooter.collectors.engine import Engine
from troubleshooter.facts import CallLog


def test_a_question_removes_what_an_earlier_one_left(
    engine_client: docker.DockerClient, engine_host: str, python_base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, others = {"troubleshooter": "never started"}, {"troubleshooter": "kept"}
    left = engine_client.containers.create(python_base, ["/none"], labels=ours)
    kept = engine_client.containers.create(python_base, ["/none"], labels=others)
    try:
        asked = Engine(CallLog(), environment={"DOCKER_HOST": engine_host})
        assert asked.archive(python_base, "/etc/passwd")
        assert _there(engine_client) >= {left.id, kept.id}, "a question of the present may belong to it"
        monkeypatch.setattr(engine_module, "LEFT_BEHIND_S", -60)
        again = Engine(CallLog(), environment={"DOCKER_HOST": engine_host})
        assert again.archive(python_base, "/etc/passwd")
        there = _there(engine_client)
        assert left.id not in there
        assert kept.id in there
        assert not [c for c in engine_client.containers.list(all=True) if c.labels == ours]
    finally:
        for each in engine_client.containers.list(all=True, filters={"label": "troubleshooter"}):
            each.remove(force=True)


def _there(client: docker.DockerClient) -> set[str]:
    return {str(each.id) for each in client.containers.list(all=True)}
