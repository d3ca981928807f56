"""One call, to real receivers on this machine."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

import pytest

from chalicelib.webhooks import sending
from chalicelib.webhooks.delivering import WebhookFailed, WebhookRefused, deliver
from chalicelib.webhooks.signing import new_secret
from sdw_client import webhooks

from .conftest import HOST, Receiver

BODY = json.dumps({"type": "run.failed", "data": {"labels": {"name": "é"}}}, ensure_ascii=False)


@pytest.fixture
def stage(clean: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A stage of the local cloud that allows this machine's own network."""
    clean.setenv("STAGE", "local")
    clean.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    clean.setenv("SIGNING", new_secret())
    clean.setenv("WEBHOOK_NETWORKS", "127.0.0.0/8")
    clean.setattr("chalicelib.secrets.load", lambda: None)  # the secrets are there
    return clean


@pytest.fixture
def on_aws(stage: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The same on AWS."""
    stage.delenv("AWS_ENDPOINT_URL")
    stage.setenv("STAGE", "prod")
    return stage


def call(url: str, **changes: str) -> dict[str, Any]:
    return deliver({"id": "msg_1", "url": url, "secret": "SIGNING", "body": BODY, **changes})


def test_a_call_that_the_receiver_verifies(stage: pytest.MonkeyPatch, receiver: Receiver) -> None:
    stage.setenv("HOOK", f"http://127.0.0.1:{receiver.port}/runs?token=1")
    assert call("${HOOK}") == {"host": "127.0.0.1", "status": 204}
    ((headers, body),) = receiver.calls
    assert webhooks.verify(body, headers, os.environ["SIGNING"]) == json.loads(BODY)
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "msg_1"


@pytest.mark.parametrize("status", [300, 302, 307, 400, 401, 404, 429, 500, 503])
def test_other_answers_are_failures(stage: pytest.MonkeyPatch, receiver: Receiver, status: int) -> None:
    receiver.statuses = [status]
    with pytest.raises(WebhookFailed, match=f"127.0.0.1 answered {status}"):
        call(f"http://127.0.0.1:{receiver.port}/runs?token=1")
    assert len(receiver.calls) == 1  # no redirect is followed


def test_a_receiver_that_is_gone_for_good(stage: pytest.MonkeyPatch, receiver: Receiver) -> None:
    receiver.statuses = [410]
    with pytest.raises(WebhookRefused, match="410"):
        call(f"http://127.0.0.1:{receiver.port}")


def test_by_https_with_the_certificate_of_the_host(
    on_aws: pytest.MonkeyPatch, secure_receiver: Receiver, names: dict[str, list[str]]
) -> None:
    names[HOST] = ["127.0.0.1"]
    names["other.example"] = ["127.0.0.1"]
    assert call(f"https://{HOST}:{secure_receiver.port}/runs")["status"] == 204
    assert secure_receiver.calls[0][0]["host"] == f"{HOST}:{secure_receiver.port}"
    with pytest.raises(WebhookFailed, match="certificate"):
        call(f"https://other.example:{secure_receiver.port}/runs")
    assert len(secure_receiver.calls) == 1


def test_without_encryption_only_on_this_machine(on_aws: pytest.MonkeyPatch, receiver: Receiver) -> None:
    with pytest.raises(WebhookRefused, match="https"):
        call(f"http://127.0.0.1:{receiver.port}")
    assert receiver.calls == []


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://2130706433/", "https://[::ffff:169.254.169.254]/x"])
def test_addresses_that_are_not_allowed(stage: pytest.MonkeyPatch, url: str) -> None:
    stage.setenv("WEBHOOK_NETWORKS", "10.0.0.0/8")
    with pytest.raises(WebhookRefused, match=r"not a public address.*WEBHOOK_NETWORKS"):
        call(url)


def test_a_name_of_several_addresses_needs_all_of_them(
    stage: pytest.MonkeyPatch, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(socket.AF_INET, 1, 6, "", (each, 80)) for each in ("127.0.0.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(WebhookRefused, match=r"10\.0\.0\.1"):
        call(f"http://two.example:{receiver.port}")
    assert receiver.calls == []


def test_a_name_whose_address_changes_after_the_check(
    stage: pytest.MonkeyPatch, receiver: Receiver, names: dict[str, list[str]]
) -> None:
    names["rebinding.example"] = ["127.0.0.1", "192.0.2.1"]
    assert call(f"http://rebinding.example:{receiver.port}/")["status"] == 204  # at the address that was checked


def test_a_name_that_does_not_exist(stage: pytest.MonkeyPatch, names: dict[str, list[str]]) -> None:
    with pytest.raises(WebhookFailed, match=r"nowhere\.example can't be resolved"):
        call("https://nowhere.example/x")


def test_nothing_listens(stage: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(WebhookFailed, match="can't be reached"):
            call(f"http://127.0.0.1:{free.getsockname()[1]}")


def test_a_receiver_that_is_silent(stage: pytest.MonkeyPatch) -> None:
    from chalicelib.webhooks.addresses import endpoint_of, resolve

    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = endpoint_of(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(TimeoutError):
            sending.post(endpoint, resolve(endpoint), {}, b"", timeout=0.2)


@pytest.mark.parametrize(
    ("url", "changes", "message"),
    [
        ("https://example.com", {"secret": "MISSING"}, "secret MISSING.*--name MISSING"),
        ("https://example.com", {"secret": "STAGE"}, "value of the secret STAGE"),
        ("${MISSING}", {}, "secret MISSING, which has the URL"),
        ("${STAGE}", {}, "URL in STAGE can't be called: it must begin with https"),
    ],
)
def test_what_somebody_has_to_change(
    stage: pytest.MonkeyPatch, url: str, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(WebhookRefused, match=message):
        call(url, **changes)


def test_networks_that_cannot_be_read(stage: pytest.MonkeyPatch) -> None:
    stage.setenv("WEBHOOK_NETWORKS", "home")
    with pytest.raises(WebhookRefused, match="WEBHOOK_NETWORKS is not"):
        call("https://127.0.0.1/")
