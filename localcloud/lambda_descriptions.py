"""What Lambda says about the project's functions: ListFunctions, GetFunction and the other operations that read.

Functions that were created by Lambda's API are moto's. Lists have both.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import platform
import re
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

from localcloud.functions import FUNCTION_NAME
from localcloud.http_messages import Request, Response
from localcloud.lambda_api import error_response
from localcloud.signatures import signed_region
from localcloud.workers import FunctionSpec

PAGE = 50
"""The most functions that ListFunctions answers with, whatever is asked for."""
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The Python that functions run on here."""
_LIST = re.compile(r"/2015-03-31/functions/?")
_ONE = re.compile(r"/\d{4}-\d\d-\d\d/functions/(?P<name>[^/]+)(?:/(?P<part>[a-z-]+))?/?")
_TAGS = re.compile(r"/\d{4}-\d\d-\d\d/tags/(?P<name>.+)")
_RESERVED = "AWS_"  # Lambda sets variables with this prefix; no function is configured with them
_ARCHITECTURE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"

Json = dict[str, Any]


class Application(Protocol):
    """What answers everything else."""

    def respond(self, request: Request) -> Response: ...


class Functions(Protocol):
    """The project's functions."""

    def find(self, full_name: str) -> FunctionSpec | None: ...

    def all(self) -> list[FunctionSpec]: ...

    def folder(self, full_name: str) -> Path | None: ...


class LambdaDescriptions:
    """Answers requests that read about the project's functions, refuses those that change them, and passes on others.

    Args:
        functions: The project's functions.
        region: Their region.
        account: Their account.
        others: Answers every other request.
    """

    def __init__(self, functions: Functions, region: str, account: str, others: Application) -> None:
        self._functions = functions
        self._region = region
        self._account = account
        self._others = others
        self._parts: Mapping[str | None, Callable[[FunctionSpec], Json | None]] = {
            None: self._function,
            "configuration": self._configuration,
            "versions": lambda spec: {"Versions": [self._configuration(spec)]},
            "aliases": lambda _spec: {"Aliases": []},
            "concurrency": lambda _spec: {},
            "policy": lambda _spec: None,
        }

    def respond(self, request: Request) -> Response:
        """Answer a request."""
        path, _, query = request.target.partition("?")
        if _LIST.fullmatch(path):
            return self._list(dict(parse_qsl(query)), request) if request.method == "GET" else self._create(request)
        match = _ONE.fullmatch(path) or _TAGS.fullmatch(path)
        if match is None:
            return self._others.respond(request)
        named = unquote(match["name"])
        found = self._find(named, dict(parse_qsl(query)).get("Qualifier"), request)
        if found is None:
            return self._others.respond(request)
        spec, qualifier = found
        if request.method != "GET":
            return self._unchangeable(spec)
        if qualifier not in (None, "$LATEST"):
            return _not_found(f"Function not found: {spec.arn}:{qualifier}")
        if match.re is _TAGS:
            return _json({"Tags": {}})
        part = self._parts.get(match["part"])
        if part is None:
            return self._others.respond(request)
        answer = part(spec)
        return _not_found("The resource you requested does not exist.") if answer is None else _json(answer)

    def _find(self, named: str, qualifier: str | None, request: Request) -> tuple[FunctionSpec, str | None] | None:
        """Return the project's function that is named, and the version or alias; None if it is not the project's."""
        match = FUNCTION_NAME.match(named)
        if match is None:
            return None
        region = match["region"] or signed_region(request) or self._region
        if region != self._region or (match["account"] or self._account) != self._account:
            return None
        spec = self._functions.find(match["name"])
        return None if spec is None else (spec, match["qualifier"] or qualifier)

    def _create(self, request: Request) -> Response:
        try:
            name = json.loads(request.body)["FunctionName"]
            found = self._find(name, None, request)
        except (ValueError, KeyError, TypeError):  # moto says what is wrong
            found = None
        return self._others.respond(request) if found is None else self._unchangeable(found[0])

    def _unchangeable(self, spec: FunctionSpec) -> Response:
        folder = self._functions.folder(spec.name)
        way_out = f"change the files in {folder} instead" if folder is not None else "it belongs to the framework"
        message = f"{spec.name} is a function of this project and can't be changed by Lambda's API: {way_out}."
        return error_response(409, "ResourceConflictException", message)

    # -- lists

    def _list(self, query: Mapping[str, str], request: Request) -> Response:
        """Answer a page of ListFunctions: the project's functions and moto's, by name."""
        try:
            size = min(int(query.get("MaxItems", PAGE)), PAGE)
            after = _position(query["Marker"]) if query.get("Marker") else ("", "")
        except ValueError:
            return error_response(400, "InvalidParameterValueException", "The Marker or MaxItems is invalid.")
        if size < 1:
            return error_response(400, "InvalidParameterValueException", "MaxItems must be at least 1.")
        answer = self._others.respond(request)
        if answer.status != 200:
            return answer
        listed = {(item["FunctionName"], str(item["Version"])): item for item in json.loads(answer.body)["Functions"]}
        if (signed_region(request) or self._region) == self._region:
            listed |= {(spec.name, "$LATEST"): self._configuration(spec) for spec in self._functions.all()}
        places = sorted(place for place in listed if place > after)
        page: Json = {"Functions": [listed[place] for place in places[:size]]}
        if len(places) > size:
            page["NextMarker"] = base64.urlsafe_b64encode(json.dumps(places[size - 1]).encode()).decode()
        return _json(page)

    # -- one function

    def _function(self, spec: FunctionSpec) -> Json:
        return {
            "Configuration": self._configuration(spec),
            "Code": {"RepositoryType": "Local", "Location": (self._functions.folder(spec.name) or spec.code).as_uri()},
            "Tags": {},
        }

    def _configuration(self, spec: FunctionSpec) -> Json:
        size, changed, digest = _code(self._functions.folder(spec.name) or spec.code / "app.py")
        variables = {key: value for key, value in spec.environment.items() if not key.startswith(_RESERVED)}
        return {
            "FunctionName": spec.name,
            "FunctionArn": spec.arn,
            "Runtime": RUNTIME,
            "Role": f"arn:aws:iam::{self._account}:role/{spec.name}",
            "Handler": spec.handler,
            "CodeSize": size,
            "Description": "",
            "Timeout": int(spec.timeout),
            "MemorySize": spec.memory,
            "LastModified": time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime(changed)),
            "CodeSha256": digest,
            "Version": "$LATEST",
            "Environment": {"Variables": variables},
            "TracingConfig": {"Mode": "PassThrough"},
            "RevisionId": str(uuid.uuid5(uuid.NAMESPACE_URL, spec.arn + digest)),
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": [_ARCHITECTURE],
            "EphemeralStorage": {"Size": 512},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{spec.name}"},
        }


def _code(place: Path) -> tuple[int, float, str]:
    """Return the size of a function's own files in bytes, when they were last changed, and their hash."""
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    size, changed, digest = 0, 0.0, hashlib.sha256()
    for file in files:
        with contextlib.suppress(OSError):  # it was just deleted
            content = file.read_bytes()
            size, changed = size + len(content), max(changed, file.stat().st_mtime)
            digest.update(file.name.encode() + b"\0" + content)
    return size, changed, base64.b64encode(digest.digest()).decode()


def _position(marker: str) -> tuple[str, str]:
    """Return the name and version that a page ended with. Raises ValueError if the marker is not one."""
    found = json.loads(base64.urlsafe_b64decode(marker))
    if not isinstance(found, list) or len(found) != 2 or not all(isinstance(part, str) for part in found):
        raise ValueError(marker)
    return found[0], found[1]


def _json(document: Json) -> Response:
    return Response(200, [("Content-Type", "application/json")], json.dumps(document).encode())


def _not_found(message: str) -> Response:
    return error_response(404, "ResourceNotFoundException", message)
