"""The receiver's check of signed calls."""

from __future__ import annotations

import base64
import time

import pytest

from sdw_client import InvalidSignature
from sdw_client.webhooks import sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 24 bytes").decode()
BODY = b'{"status":"FAILED","id":"\xc3\xa9"}'


def headers(**changes: str) -> dict[str, str]:
    found = sign(BODY, SECRET, identifier="msg_1", timestamp=int(time.time()))
    return found | {f"webhook-{name}": value for name, value in changes.items()}


def test_the_example_of_the_specification() -> None:
    signed = sign('{"test": 2432232314}', SECRET, identifier="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330)
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signed_call_is_accepted() -> None:
    assert verify(BODY, headers(), SECRET) == {"status": "FAILED", "id": "é"}
    assert verify(BODY.decode(), {name.title(): value for name, value in headers().items()}, SECRET)["id"] == "é"


def test_one_of_several_secrets_and_signatures_suffices() -> None:
    given = headers()
    given["webhook-signature"] = f"v1a,abc v1,!!! v1,AAAA {given['webhook-signature']}"
    assert verify(BODY, given, [OTHER, SECRET])
    with pytest.raises(InvalidSignature, match="No signature"):
        verify(BODY, given, [OTHER])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"id": "msg_2"}, "No signature"),
        ({"timestamp": "soon"}, "number"),
        ({"timestamp": "-5"}, "number"),
        ({"timestamp": "9" * 400}, "number"),
        ({"timestamp": "9" * 5_000}, "number"),
        ({"id": "\udcff"}, "No signature"),
        ({"signature": "v2,AAAA"}, "No signature"),
        ({"signature": ""}, "webhook-signature"),
        ({"id": ""}, "webhook-id"),
    ],
)
def test_another_call_is_refused(changed: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidSignature, match=reason):
        verify(BODY, headers(**changed), SECRET)


@pytest.mark.parametrize(("seconds", "reason"), [(-60, "No signature"), (-400, "old"), (400, "future")])
def test_another_time_is_refused(seconds: int, reason: str) -> None:
    with pytest.raises(InvalidSignature, match=reason):
        verify(BODY, headers(timestamp=str(int(time.time()) + seconds)), SECRET)


def test_an_old_call_is_accepted_if_that_is_tolerated() -> None:
    old = sign(BODY, SECRET, identifier="msg_1", timestamp=int(time.time()) - 400)
    assert verify(BODY, old, SECRET, tolerance=500)["status"] == "FAILED"


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        verify(BODY + b" ", headers(), SECRET)


def test_what_is_signed_and_not_json_is_refused() -> None:
    with pytest.raises(InvalidSignature, match="JSON"):
        verify(b"x", sign(b"x", SECRET, identifier="1", timestamp=int(time.time())), SECRET)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64", ""])
def test_a_secret_that_is_none(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        verify(BODY, headers(), secret)


def test_no_secret_at_all() -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        verify(BODY, headers(), [])
