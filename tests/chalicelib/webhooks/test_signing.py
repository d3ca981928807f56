"""Secrets and signatures."""

from __future__ import annotations

import base64
import json

import pytest

from chalicelib.webhooks.signing import keys_of, new_secret, signatures
from sdw_client import webhooks

EXAMPLE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_specification() -> None:
    signed = signatures(keys_of(EXAMPLE), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_both_secrets_sign_while_one_replaces_the_other() -> None:
    new, body = new_secret(), json.dumps({"type": "run.failed"}).encode()
    stamp = 1_700_000_000
    made = signatures(keys_of(f"{new} {EXAMPLE}"), "msg_1", stamp, body)
    assert made.count("v1,") == 2
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(stamp), "webhook-signature": made}
    for secret in (new, EXAMPLE):
        assert webhooks.verify(body, headers, secret, tolerance=float("inf")) == {"type": "run.failed"}


def test_a_new_secret_has_32_random_bytes() -> None:
    one, other = new_secret(), new_secret()
    assert one != other
    assert len(keys_of(one)[0]) == 32


@pytest.mark.parametrize(
    "value",
    [
        "",
        "whsec_",
        "whsec_not base64",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        EXAMPLE.removeprefix("whsec_"),
        " ".join([EXAMPLE] * 3),
    ],
)
def test_values_that_are_no_secret(value: str) -> None:
    with pytest.raises(ValueError, match=r"^must be (one secret|whsec_ and 24 to 64 bytes)"):
        keys_of(value)
