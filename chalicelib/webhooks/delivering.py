"""Delivers one call: the function `webhooks`, which the state machine for webhooks calls until it succeeds."""

from __future__ import annotations

import http.client
import logging
import time
from collections.abc import Mapping
from typing import Any

from chalicelib import APP_NAME, secrets
from chalicelib.settings import settings, variable
from chalicelib.webhooks import addresses, signing
from chalicelib.webhooks.addresses import Address, Endpoint

_GONE = 410
_log = logging.getLogger(__name__)


class WebhookFailed(Exception):
    """The receiver can't be reached or doesn't accept the call: try again later."""


class WebhookRefused(Exception):
    """The call must not or can't be sent, now or later: somebody has to change something."""


def deliver(event: Mapping[str, Any]) -> dict[str, Any]:
    """Sign a call and send it.

    Args:
        event: The input of a delivery, from `notifying`: `id`, `url`, `secret` and `body`.

    Returns:
        The host and the status with which it answered.

    Raises:
        WebhookFailed: There was no answer, or one with a status of 300 or above.
        WebhookRefused: The secret is missing, the URL is not allowed, or the receiver answered 410 (Gone).
    """
    secrets.load()
    keys = _keys(str(event["secret"]))
    endpoint = _endpoint(str(event["url"]))
    body, now = str(event["body"]).encode(), int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": APP_NAME,
        "webhook-id": str(event["id"]),
        "webhook-timestamp": str(now),
        "webhook-signature": signing.signatures(keys, str(event["id"]), now, body),
    }
    status = _post(endpoint, _checked_addresses(endpoint), headers, body)
    if status == _GONE:
        raise WebhookRefused(f"{endpoint.host} answered 410 (Gone): it wants no more calls. Remove it from `notify`.")
    if not 200 <= status < 300:
        hint = " Redirects are not followed: use the final URL." if 300 <= status < 400 else ""
        raise WebhookFailed(f"{endpoint.host} answered {status}.{hint}")
    _log.info("%s answered %d to the webhook %s", endpoint.host, status, event["id"])
    return {"host": endpoint.host, "status": status}


def _keys(name: str) -> list[bytes]:
    value = variable(name)
    if not value:
        raise WebhookRefused(
            f"The secret {name}, which signs the call, does not exist in stage {settings.stage}: create it with "
            f"`python -m admin.webhook_secret --stage {settings.stage} --name {name}`."
        )
    try:
        return signing.keys_of(value)
    except ValueError as error:
        raise WebhookRefused(f"The value of the secret {name} can't be used: it {error}.") from None


def _endpoint(url: str) -> Endpoint:
    named = addresses.VARIABLE.fullmatch(url)
    value = url if named is None else variable(named[1])
    if not value:
        raise WebhookRefused(f"The secret {url[2:-1]}, which has the URL, does not exist in stage {settings.stage}.")
    try:
        endpoint = addresses.endpoint_of(value)
    except ValueError as error:
        raise WebhookRefused(f"The URL {'' if named is None else f'in {named[1]} '}can't be called: {error}.") from None
    if endpoint.scheme != "https" and settings.aws_endpoint is None:
        raise WebhookRefused(f"{endpoint.host} must be called by https.")
    return endpoint


def _checked_addresses(endpoint: Endpoint) -> list[Address]:
    """Return the addresses of the host, if all of them may be called: the call goes to one of these and no other."""
    try:
        found = addresses.resolve(endpoint)
    except OSError as error:
        raise WebhookFailed(f"{endpoint.host} can't be resolved: {error}.") from None
    try:
        networks = addresses.networks_of(settings.webhook_networks)
    except ValueError as error:
        raise WebhookRefused(f"WEBHOOK_NETWORKS is not a list of networks: {error}.") from None
    for address in found:
        if not addresses.is_allowed(address, networks):
            raise WebhookRefused(
                f"{endpoint.host} is not a public address ({address}), and WEBHOOK_NETWORKS doesn't include it."
            )
    return found


def _post(endpoint: Endpoint, found: list[Address], headers: Mapping[str, str], body: bytes) -> int:
    from chalicelib.webhooks.sending import post

    try:
        return post(endpoint, found, headers, body)
    except http.client.HTTPException as error:
        raise WebhookFailed(f"{endpoint.host} did not answer with HTTP: {error!r}.") from None
    except OSError as error:
        raise WebhookFailed(f"{endpoint.host} can't be reached: {error or type(error).__name__}.") from None
