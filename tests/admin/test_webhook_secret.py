"""The secret that signs webhooks, in the local cloud and of a stage that need not exist yet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from admin import common, webhook_secret
from chalicelib.webhooks.signing import keys_of

from .conftest import CREDENTIALS, REGION, Cloud

PREFIX = "/serverless-dynamic-workflows"


@pytest.fixture
def secret(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the script for the local cloud, and returns its document or what it said on standard error."""
    monkeypatch.setattr(common, "find_stage", lambda _: cloud.stage)

    def run(*arguments: str) -> Any:
        code = webhook_secret.main(["--json", *arguments])
        printed = capsys.readouterr()
        return json.loads(printed.out) if code == 0 else printed.err

    return run


def test_created_once_and_shown(secret: Any, cloud: Cloud) -> None:
    first = secret("--name", "CREATED")
    assert first["parameter"] == f"{PREFIX}/local/CREATED"
    assert len(keys_of(*first["secrets"])) == 1
    assert secret("--name", "CREATED") == first
    stored = cloud.stage.ssm().get_parameter(Name=first["parameter"], WithDecryption=True)["Parameter"]
    assert (stored["Value"], stored["Type"]) == (first["secrets"][0], "SecureString")


def test_rotated_and_retired(secret: Any) -> None:
    (first,) = secret("--name", "ROTATED")["secrets"]
    second, former = secret("--name", "ROTATED", "--rotate")["secrets"]
    assert former == first != second
    assert len(keys_of(f"{second} {former}")) == 2
    third, former = secret("--name", "ROTATED", "--rotate")["secrets"]
    assert former == second != third
    assert secret("--name", "ROTATED", "--retire")["secrets"] == [third]
    assert "no former secret" in secret("--name", "ROTATED", "--retire")


def test_what_cannot_be_done(secret: Any) -> None:
    assert "leave out --rotate" in secret("--name", "ABSENT", "--rotate")
    assert "capital letters" in secret("--name", "lower")


def test_a_stage_that_is_not_deployed(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {**CREDENTIALS, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    assert webhook_secret.main(["--stage", "later"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{PREFIX}/later/WEBHOOK_SECRET (written)"
    assert len(keys_of(lines[1])) == 1
