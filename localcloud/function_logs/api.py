"""CloudWatch Logs for the groups of functions: what `aws logs` and the application read. Other groups are moto's.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

from localcloud.function_logs.store import GROUP_PREFIX, Line, LogStore
from localcloud.http_messages import Request, Response
from localcloud.json_requests import json_refusal
from localcloud.signatures import signed_region
from localcloud.workers import FunctionSpec

TARGET = "Logs_20140328."
MAX_EVENTS = 10_000
MAX_GROUPS = 50
"""The most groups in one answer."""
MAX_BYTES = 1024 * 1024
"""Of the events in one answer."""

LATEST = 1 << 53
"""The last time, in milliseconds: SQLite's integers end somewhere."""

Json = dict[str, Any]


class Refused(Exception):
    """A request that is not valid: the error's code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Application(Protocol):
    """What answers everything else."""

    def respond(self, request: Request) -> Response: ...


class Functions(Protocol):
    """The project's functions."""

    def find(self, full_name: str) -> FunctionSpec | None: ...

    def all(self) -> list[FunctionSpec]: ...


class LogsApi:
    """Answers requests about the logs of functions, and passes on all others.

    Args:
        store: What functions have printed.
        functions: The project's functions: each has a group, even before it has printed anything.
        region: The region of the groups' ARNs.
        account: Their account.
        others: Answers every other request.
    """

    def __init__(self, store: LogStore, functions: Functions, region: str, account: str, others: Application) -> None:
        self._store = store
        self._functions = functions
        self._region = region
        self._arn = f"arn:aws:logs:{region}:{account}:log-group:"
        self._others = others
        self._operations: dict[str, Callable[[Json], Json]] = {
            "DescribeLogStreams": self._describe_streams,
            "FilterLogEvents": self._filter_events,
            "GetLogEvents": self._get_events,
        }

    def respond(self, request: Request) -> Response:
        """Answer a request."""
        target = request.headers.get("x-amz-target", "")
        if not target.startswith(TARGET) or signed_region(request) not in ("", self._region):
            return self._others.respond(request)
        operation = target[len(TARGET) :]
        invalid = json_refusal(request, "logs")
        if invalid is not None:
            return invalid
        body = json.loads(request.body or b"{}")
        try:
            if operation == "DescribeLogGroups":
                return self._describe_groups(body, request)
            if operation == "DeleteLogGroup" and self._store.has(_group(body)):
                self._store.forget(_group(body))
                self._others.respond(request)  # moto has the group, too, if it was created before the first line
                return _json(200, {})
            answer = self._operations.get(operation)
            if answer is None or not self._has(_group(body)):
                return self._others.respond(request)
            return _json(200, answer(body))
        except Refused as refused:
            return _json(400, {"__type": refused.code, "message": str(refused)})

    def _has(self, group: str) -> bool:
        if self._store.has(group):
            return True
        name = group.removeprefix(GROUP_PREFIX)
        return name != group and self._functions.find(name) is not None

    def _describe_groups(self, body: Json, request: Request) -> Response:
        """Answer a page of the functions' groups and those that moto has, by name."""
        others: list[Json] = []
        for answer in self._pages_of_others(body, request):
            if answer.status != 200:
                return answer
            others += json.loads(answer.body).get("logGroups", [])
        groups = {group["logGroupName"]: group for group in others}
        written = {name: (first, size) for name, first, size in self._store.groups()}
        for name in {*written, *(GROUP_PREFIX + spec.name for spec in self._functions.all())}:
            first, size = written.get(name, (self._store.created, 0))
            # A group that was created has settings, such as its retention.
            groups[name] = {**self._described(name, first, size), **groups.get(name, {}), "storedBytes": size}
        start, size = _number(body.get("nextToken")), int(body.get("limit") or MAX_GROUPS)
        found = [groups[name] for name in sorted(groups) if _is_asked_for(name, body)]
        more = {"nextToken": _token(start + size)} if start + size < len(found) else {}
        return _json(200, {"logGroups": found[start : start + size], **more})

    def _pages_of_others(self, body: Json, request: Request) -> Iterator[Response]:
        """Ask moto for all its groups: the page that is asked for is one of all groups together."""
        asked = {"limit": body.get("limit") if body.get("limit", 0) > MAX_GROUPS else MAX_GROUPS}
        while True:
            answer = self._others.respond(replace(request, body=json.dumps(asked).encode()))
            yield answer
            token = json.loads(answer.body).get("nextToken") if answer.status == 200 else None
            if not token:
                return
            asked["nextToken"] = token

    def _described(self, name: str, first: int, size: int) -> Json:
        return {
            "logGroupName": name,
            "creationTime": first,
            "metricFilterCount": 0,
            "arn": f"{self._arn}{name}:*",
            "logGroupArn": self._arn + name,
            "logGroupClass": "STANDARD",
            "storedBytes": size,
        }

    def _describe_streams(self, body: Json) -> Json:
        group, prefix = _group(body), body.get("logStreamNamePrefix") or ""
        streams = [found for found in self._store.streams(group) if found[0].startswith(prefix)]
        if body.get("orderBy") == "LastEventTime":
            streams.sort(key=lambda stream: stream[2])
        if body.get("descending"):
            streams.reverse()
        start, size = _number(body.get("nextToken")), int(body.get("limit") or 50)
        page = [
            {
                "logStreamName": name,
                "creationTime": first,
                "firstEventTimestamp": first,
                "lastEventTimestamp": last,
                "lastIngestionTime": last,
                "arn": f"{self._arn}{group}:log-stream:{name}",
                "storedBytes": 0,
            }
            for name, first, last in streams[start : start + size]
        ]
        more = {"nextToken": _token(start + size)} if start + size < len(streams) else {}
        return {"logStreams": page, **more}

    def _filter_events(self, body: Json) -> Json:
        matches = pattern_of(body.get("filterPattern") or "")
        streams = body.get("logStreamNames") or []
        where, values = ["time >= ?", "time <= ?"], [_time(body, "startTime", 0), _time(body, "endTime", LATEST)]
        if streams:
            where.append(f"stream IN ({','.join('?' * len(streams))})")
            values += streams
        if body.get("logStreamNamePrefix"):
            where.append("SUBSTR(stream, 1, ?) = ?")
            values += [len(body["logStreamNamePrefix"]), body["logStreamNamePrefix"]]
        if body.get("nextToken"):
            where.append("(time, id) > (?, ?)")
            values += _position(body["nextToken"])
        limit = min(int(body.get("limit") or MAX_EVENTS), MAX_EVENTS)
        found: list[Line] = []
        size = 0
        for line in self._store.lines(_group(body), " AND ".join(where), values):
            if not matches(line.message):
                continue
            size += len(line.message) + 26
            if len(found) == limit or (found and size > MAX_BYTES):
                return {"events": _events(found), "nextToken": _token(found[-1].time, found[-1].id)}
            found.append(line)
        return {"events": _events(found), "searchedLogStreams": []}

    def _get_events(self, body: Json) -> Json:
        group, stream = _group(body), body.get("logStreamName") or ""
        if not any(name == stream for name, _, _ in self._store.streams(group)):
            raise Refused("ResourceNotFoundException", "The specified log stream does not exist.")
        limit = min(int(body.get("limit") or MAX_EVENTS), MAX_EVENTS)
        where, values = (
            ["stream = ?", "time >= ?", "time < ?"],
            [stream, _time(body, "startTime", 0), _time(body, "endTime", LATEST)],
        )
        token = str(body.get("nextToken") or "")
        kind, _, place = token.partition("/")
        if token and (kind not in {"f", "b"} or not place.isdecimal() or int(place) >= LATEST):
            raise Refused("InvalidParameterException", "The specified nextToken is invalid.")
        if token:
            where.append("id > ?" if kind == "f" else "id < ?")
            values.append(int(place))
        forward = kind == "f" or (not token and bool(body.get("startFromHead")))
        order = f"id {'ASC' if forward else 'DESC'} LIMIT {limit}"
        found = sorted(self._store.lines(group, " AND ".join(where), values, order), key=lambda line: line.id)
        first, last = (found[0].id, found[-1].id) if found else (int(place or 0), int(place or 0))
        events = [{key: event[key] for key in ("timestamp", "message", "ingestionTime")} for event in _events(found)]
        return {"events": events, "nextForwardToken": f"f/{last}", "nextBackwardToken": f"b/{first}"}


def pattern_of(pattern: str) -> Callable[[str], bool]:
    """Return the test that a filter pattern stands for: terms, `"terms with spaces"`, `?either`, `-not`.

    Raises:
        Refused: It is a pattern for JSON or for columns, which only AWS evaluates, or not one at all.
    """
    text = pattern.strip()
    if text.startswith(("{", "[", "%")):
        raise Refused("InvalidParameterException", "Here, filterPattern must consist of terms; JSON is not evaluated.")
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.quotes, lexer.escape = True, "", '"', "\\"
    try:
        terms = list(lexer)
    except ValueError:
        raise Refused("InvalidParameterException", "Invalid character(s) in term.") from None
    either = [term[1:] for term in terms if term.startswith("?") and len(term) > 1]
    without = [term[1:] for term in terms if term.startswith("-") and len(term) > 1]
    every = [term for term in terms if not term.startswith(("?", "-"))]

    def matches(message: str) -> bool:
        return (
            all(term in message for term in every)
            and (not either or bool(every) or any(term in message for term in either))
            and not any(term in message for term in without)
        )

    return matches


def _time(body: Json, name: str, default: int) -> int:
    return min(body.get(name) or default, LATEST)


def _is_asked_for(name: str, body: Json) -> bool:
    named = [_group({"logGroupIdentifier": identifier}) for identifier in body.get("logGroupIdentifiers") or []]
    return (
        name.startswith(body.get("logGroupNamePrefix") or "")
        and (body.get("logGroupNamePattern") or "") in name
        and (not named or name in named)
    )


def _group(body: Json) -> str:
    name = str(body.get("logGroupName") or body.get("logGroupIdentifier") or "")
    return name[name.index(GROUP_PREFIX) :].removesuffix(":*") if GROUP_PREFIX in name else name


def _events(lines: list[Line]) -> list[Json]:
    return [
        {
            "logStreamName": line.stream,
            "timestamp": line.time,
            "message": line.message,
            "ingestionTime": line.time,
            "eventId": f"{line.time:020}{line.id:016}",
        }
        for line in lines
    ]


def _token(*numbers: int) -> str:
    return base64.urlsafe_b64encode(json.dumps(numbers).encode()).decode()


def _position(token: str) -> list[int]:
    try:
        found = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not found or not all(isinstance(n, int) and 0 <= n < LATEST for n in found):
        raise Refused("InvalidParameterException", "The specified nextToken is invalid.")
    return found


def _number(token: str | None) -> int:
    return 0 if token is None else _position(token)[0]


def _json(status: int, document: Json) -> Response:
    return Response(status, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(document).encode())
