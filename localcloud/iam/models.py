"""The APIs of services, as far as their requests name operations and arguments: read from botocore's models.

Each is read at the first request to its service that is judged.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from compiler.aws_services import services

_PARAMETER = re.compile(r"\{(?P<name>[^}+]+)(?P<greedy>\+)?\}")
# Protocols whose requests name the operation by method and path.
_REST = ("rest-json", "rest-xml")


@dataclass(frozen=True, slots=True)
class Route:
    """The requests of one operation of a REST API.

    `query` and `headers` have the parameters that its requests always have; for those of the query also their value,
    if it is always the same. `path_names` are the arguments in the path, `query_names` and `header_names` those
    in query and headers by their names there.
    `literal` is the length of the path without parameters, and `has_body` whether arguments are in the body, as JSON.
    """

    operation: str
    method: str
    path: re.Pattern[str]
    literal: int
    query: tuple[tuple[str, str], ...]
    headers: tuple[str, ...]
    path_names: tuple[str, ...]
    query_names: Mapping[str, str]
    header_names: Mapping[str, str]
    has_body: bool

    @property
    def rank(self) -> tuple[int, int]:
        """How much a request must have to be one of these: where several operations fit, it is for the highest."""
        return self.literal, len(self.query) + len(self.headers)


@dataclass(frozen=True, slots=True)
class Api:
    """The API of a service: `name` is its name in Step Functions, `target` the start of `X-Amz-Target`."""

    name: str
    protocol: str
    target: str
    version: str
    operations: frozenset[str]
    routes: tuple[Route, ...]

    def find(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[Route, re.Match[str]] | None:
        """Return the route of a request, and the match of its path; None if no operation has such requests."""
        for route in self.routes:
            if route.method != method:
                continue
            match = route.path.fullmatch(path)
            if match is None or not all(name in headers for name in route.headers):
                continue
            if all(name in query and value in ("", query[name]) for name, value in route.query):
                return route, match
        return None


@cache
def apis(signing_name: str) -> tuple[Api, ...]:
    """Return the APIs of the services that sign their requests with a name: for `ses`, those of SES and SES v2."""
    return tuple(_read(name) for name in _by_signing_name().get(signing_name, ()))


@cache
def _by_signing_name() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, service in services().items():
        found.setdefault(service.signing_name, []).append(name)
    return found


@cache
def _read(service: str) -> Api:
    with gzip.open(services()[service].model) as file:
        model = json.load(file)
    metadata, operations = model["metadata"], model["operations"]
    protocol = metadata.get("protocol", "")
    routes: list[Route] = []
    if protocol in _REST:
        routes = [_route(name, operation, model["shapes"], protocol) for name, operation in operations.items()]
        routes.sort(key=lambda route: route.rank, reverse=True)
    return Api(
        service,
        protocol,
        metadata.get("targetPrefix", ""),
        metadata.get("apiVersion", ""),
        frozenset(operations),
        tuple(routes),
    )


def _route(name: str, operation: Mapping[str, Any], shapes: Mapping[str, Any], protocol: str) -> Route:
    path, _, written = operation["http"]["requestUri"].partition("?")
    shape = shapes[operation["input"]["shape"]] if "input" in operation else {}
    by_place: dict[str, dict[str, str]] = {"uri": {}, "querystring": {}, "header": {}}
    query, headers = parse_qsl(written, keep_blank_values=True), []
    for member, described in shape.get("members", {}).items():
        place, known_as = described.get("location"), described.get("locationName", member)
        if place not in by_place:
            continue
        known_as = known_as.lower() if place == "header" else known_as
        by_place[place][known_as] = member
        if member in shape.get("required", ()) and place == "querystring":
            query.append((known_as, ""))
        elif member in shape.get("required", ()) and place == "header":
            headers.append(known_as)
    parameters = [match["name"] for match in _PARAMETER.finditer(path)]
    literals = _PARAMETER.split(path)[::3]
    groups = ["(.+)" if match["greedy"] else "([^/]+)" for match in _PARAMETER.finditer(path)]
    pattern = "".join(re.escape(literal) + group for literal, group in zip(literals, [*groups, ""], strict=True))
    return Route(
        name,
        operation["http"]["method"],
        re.compile(pattern if path.endswith("/") else f"{pattern}/?", re.DOTALL),
        sum(map(len, literals)),
        tuple(query),
        tuple(headers),
        tuple(by_place["uri"].get(name, name) for name in parameters),
        by_place["querystring"],
        by_place["header"],
        protocol == "rest-json" and "payload" not in shape,
    )
