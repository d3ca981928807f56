"""Which call of which API an HTTP request is, in any of AWS's protocols.

Source: https://smithy.io/2.0/aws/protocols/index.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from localcloud.http_messages import Request
from localcloud.iam.models import Api, apis

_CBOR_PATH = re.compile(r"/service/\w+/operation/(?P<operation>\w+)")
_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,\s]+)/[^/,]*/(?P<region>[^/,]*)/(?P<service>[^/,]*)/aws4_request")
_LIST_WORDS = ("member", "entry", "item")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request's signature says of its sender, unverified."""

    access_key: str
    region: str
    service: str


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call: the service by its name in Step Functions, the operation, and its arguments; None if not known."""

    service: str
    operation: str
    arguments: Mapping[str, Any] | None


def signature_of(request: Request) -> Signature | None:
    """Return the signature of a request, in its header or, if the URL was presigned, in its query."""
    written = request.headers.get("authorization", "")
    if not written and "X-Amz-Credential=" in request.target:
        written = unquote(request.target.partition("X-Amz-")[2])
        written = "Credential=" + written.partition("Credential=")[2].partition("&")[0]
    match = _CREDENTIAL.search(written)
    return Signature(match["key"], match["region"], match["service"]) if match else None


def call_of(request: Request, service: str) -> ApiCall | None:
    """Return the call that a request makes; None if it is none of the service's.

    Args:
        request: The request.
        service: The service that its signature names.
    """
    known = apis(service)
    headers = request.headers
    target = headers.get("x-amz-target")
    if target:
        prefix, _, operation = target.rpartition(".")
        return _named(known, operation, prefix, _json(request.body))
    path, _, written = request.target.partition("?")
    match = _CBOR_PATH.fullmatch(path)
    if match:
        return _named(known, match["operation"], "", None)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if "Action" in form:
            return _named(known, form["Action"], form.get("Version", ""), nested(form))
    query = dict(parse_qsl(written, keep_blank_values=True))
    found = [
        (api, route, match)
        for api in known
        for route, match in [api.find(request.method, path, query, headers) or (None, None)]
        if route is not None and match is not None
    ]
    if not found:
        return _named(known, query["Action"], query.get("Version", ""), nested(query)) if "Action" in query else None
    api, route, match = max(found, key=lambda item: item[1].rank)
    arguments: dict[str, Any] = (_json(request.body) or {}) if route.has_body else {}
    arguments |= {name: unquote(text) for name, text in zip(route.path_names, match.groups(), strict=True)}
    arguments |= {member: query[name] for name, member in route.query_names.items() if name in query}
    arguments |= {member: headers[name] for name, member in route.header_names.items() if name in headers}
    return ApiCall(api.name, route.operation, arguments)


def _named(known: tuple[Api, ...], operation: str, told: str, arguments: dict[str, Any] | None) -> ApiCall | None:
    """Return the call of the API that has an operation; if several have, of the one with this target or version."""
    having = [api for api in known if operation in api.operations]
    for api in having:
        if told in (api.target, api.version):
            return ApiCall(api.name, operation, arguments)
    return ApiCall(having[0].name, operation, arguments) if having else None


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def nested(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of a form: `Tags.member.1.Key=a` is the `Key` of the first item of the list `Tags`."""
    root: dict[str, Any] = {}
    for name, value in form.items():
        *outer, last = [part for part in name.split(".") if part not in _LIST_WORDS]
        place = root
        for part in outer:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            place[last] = value
    return {name: _lists(value) for name, value in root.items()}


def _lists(value: Any) -> Any:
    """Turn the objects whose members are numbered into lists."""
    if not isinstance(value, dict):
        return value
    if value and all(name.isdecimal() for name in value):
        return [_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _lists(item) for name, item in value.items()}
