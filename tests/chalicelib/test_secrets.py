"""Parameter Store -> environment."""

from __future__ import annotations

import logging
import os
import time

import pytest

from chalicelib import aws, secrets
from chalicelib.settings import settings

from .conftest import LocalCloud


def put(name: str, value: str) -> None:
    aws.ssm().put_parameter(Name=settings.names.secrets_prefix + name, Value=value, Type="SecureString", Overwrite=True)


def due(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let time pass."""
    now = time.monotonic() + seconds
    patch.setattr(secrets.time, "monotonic", lambda: now)


@pytest.fixture
def stage(cloud: LocalCloud, clean: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A stage of the test's own."""
    name = f"s{abs(hash(request.node.name)) % 10**8}"
    clean.setenv("STAGE", name)
    return name


def test_all_pages_are_loaded_and_decrypted(stage: str) -> None:
    assert settings.names.secrets_prefix == f"/serverless-dynamic-workflows/{stage}/"
    for number in range(23):  # a page has 10
        put(f"SECRET_{number}", f"value {number}")
    secrets.load()
    assert [os.environ[f"SECRET_{number}"] for number in range(23)] == [f"value {number}" for number in range(23)]
    secrets.forget()
    assert "SECRET_0" not in os.environ


def test_other_stages_and_deeper_paths_are_not_loaded(stage: str) -> None:
    put("deeper/NESTED", "x")
    aws.ssm().put_parameter(Name="/serverless-dynamic-workflows/other/FOREIGN", Value="x", Type="String")
    secrets.load()
    assert not {"FOREIGN", "NESTED", "deeper/NESTED"} & os.environ.keys()


def test_an_explicit_variable_wins(stage: str, clean: pytest.MonkeyPatch) -> None:
    put("EXPLICIT", "from the store")
    clean.setenv("EXPLICIT", "from the environment")
    secrets.load()
    assert os.environ["EXPLICIT"] == "from the environment"
    secrets.forget()
    assert os.environ["EXPLICIT"] == "from the environment"


def test_secrets_are_kept_and_refreshed(stage: str, clean: pytest.MonkeyPatch) -> None:
    clean.setenv("SECRETS_REFRESH_SECONDS", "100")
    put("ROTATED", "old")
    put("REMOVED", "x")
    secrets.load()
    put("ROTATED", "new")
    aws.ssm().delete_parameter(Name=settings.names.secrets_prefix + "REMOVED")
    secrets.load()
    assert os.environ["ROTATED"] == "old"
    due(clean, 101)
    secrets.load()
    assert os.environ["ROTATED"] == "new"
    assert "REMOVED" not in os.environ


def test_out_of_reach_is_logged_without_values_and_not_repeated(
    stage: str, clean: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clean.setenv("SECRETS_REFRESH_SECONDS", "1")
    put("KEPT", "hush")
    with caplog.at_level(logging.DEBUG, "chalicelib"):
        secrets.load()
        clean.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        due(clean, 2)
        secrets.load()
        secrets.load()
        secrets.reload()
    assert os.environ["KEPT"] == "hush"
    warnings = [record.getMessage() for record in caplog.records if "could not be read" in record.getMessage()]
    assert len(warnings) == 1
    assert "hush" not in caplog.text


def test_a_reload_does_not_wait_until_secrets_are_due(stage: str) -> None:
    secrets.load()
    put("LATE", "x")
    secrets.load()
    assert "LATE" not in os.environ
    secrets.reload()
    assert os.environ["LATE"] == "x"


@pytest.mark.parametrize(("text", "seconds"), [("", 300), ("60", 60), ("0", 0), ("-5", 0), ("soon", 300)])
def test_refresh_time(clean: pytest.MonkeyPatch, text: str, seconds: float) -> None:
    clean.setenv("SECRETS_REFRESH_SECONDS", text)
    assert settings.secrets_refresh_seconds == seconds
