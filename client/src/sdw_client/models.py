"""What the API answers, as data. `raw` is the answer itself, in the shape of docs/api.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, TypedDict

Document: TypeAlias = Mapping[str, Any]
Status: TypeAlias = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
StartedBy: TypeAlias = Literal["user", "schedule", "run", "other"]


class Filters(TypedDict, total=False):
    """Which runs: all filters must match.

    `since` and `until` are times or ISO 8601 strings; a time without a zone is UTC. `error` is the beginning of an
    error's name or cause. `parent` is the run that started or repeats a run. `user` is a user's id or `all`, for
    members of the group `admin`.
    """

    flow: str
    status: Status
    started_by: StartedBy
    since: datetime | str
    until: datetime | str
    error: str
    label: Mapping[str, str]
    parent: str
    user: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The run that started another one, or that it repeats."""

    id: str
    flow: str
    arn: str


@dataclass(frozen=True, slots=True)
class RunDetails:
    """What is known of a run. Lists leave out `input`, `output` and `cause`.

    Attributes:
        duration: Seconds from start to end; None while it runs.
        is_whole: Whether input, output and cause are known.
    """

    id: str
    arn: str
    flow: str
    status: Status
    input: Any = None
    output: Any = None
    error: str | None = None
    cause: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    duration: float | None = None
    started_by: StartedBy | None = None
    user_id: str | None = None
    parent: Parent | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    redrive_count: int = 0
    is_whole: bool = False
    raw: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, raw: Document) -> RunDetails:
        """Return the details of a run, or of the answer to its start."""
        parent = raw.get("parent")
        return cls(
            id=raw["executionId"],
            arn=raw["executionArn"],
            flow=raw["flow"],
            status=raw["runStatus"] if "runStatus" in raw else raw["status"],
            input=raw.get("input"),
            output=raw.get("output"),
            error=raw.get("error"),
            cause=raw.get("cause"),
            started=_time(raw.get("startDate")),
            ended=_time(raw.get("stopDate")),
            duration=raw.get("durationSeconds"),
            started_by=raw.get("startedBy"),
            user_id=raw.get("userId"),
            parent=None if parent is None else Parent(parent["executionId"], parent["flow"], parent["executionArn"]),
            labels=raw.get("labels") or {},
            redrive_count=raw.get("redriveCount") or 0,
            is_whole="output" in raw,
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class Iterations:
    """The iterations of a Map. `failed_indexes` has at most 100 of them; those of a distributed Map have names."""

    total: int
    succeeded: int
    failed: int
    running: int
    aborted: int
    failed_indexes: tuple[int, ...] = ()
    failed_executions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """An attempt of a state that failed and was retried."""

    time: datetime
    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class State:
    """What became of a state of a run.

    Attributes:
        path: Its JSON pointer in the definition.
        status: `RUNNING`, `WAITING`, `RETRYING`, `SUCCEEDED`, `CAUGHT`, `FAILED`, `TIMED_OUT` or `ABORTED`.
        attempts: How often it was tried.
        visits: How often it was entered; the rest is about the last time.
        iterations: Of a Map.
    """

    path: str
    name: str
    type: str
    status: str
    entered: datetime | None
    exited: datetime | None
    attempts: int
    visits: int
    error: str | None
    cause: str | None
    input: Any
    output: Any
    next: str | None
    failed_attempts: tuple[FailedAttempt, ...]
    iterations: Iterations | None
    raw: Document = field(repr=False, compare=False)

    @classmethod
    def of(cls, raw: Document) -> State:
        """Return the state that an answer describes."""
        counts = raw.get("iterations")
        return cls(
            path=raw.get("path") or "",
            name=raw["name"],
            type=raw["type"],
            status=raw["status"],
            entered=_time(raw.get("entered")),
            exited=_time(raw.get("exited")),
            attempts=raw.get("attempts") or 0,
            visits=raw.get("visits") or 0,
            error=raw.get("error"),
            cause=raw.get("cause"),
            input=raw.get("input"),
            output=raw.get("output"),
            next=raw.get("next"),
            failed_attempts=tuple(
                FailedAttempt(datetime.fromisoformat(one["time"]), one.get("error"), one.get("cause"))
                for one in raw.get("failedAttempts", ())
            ),
            iterations=None if counts is None else _iterations(counts),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """A run that is being waited for.

    Attributes:
        run: What is known of it.
        states: All states so far, in the order in which they were entered first.
        changed: Those that have changed since the last time.
    """

    run: RunDetails
    states: tuple[State, ...]
    changed: tuple[State, ...]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a function of a run printed or logged.

    Attributes:
        state: The state that called the function; None if another flow did, which the run started.
        iteration: The index in the Map around the state; in Maps in Maps, the indexes joined by dots.
        estimated: Whether state and attempt are only the most likely ones.
    """

    time: datetime
    level: str
    message: str
    function: str
    state: str | None
    attempt: int | None
    request_id: str
    iteration: int | str | None = None
    estimated: bool = False
    raw: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, raw: Document) -> LogLine:
        """Return the line that an answer describes."""
        return cls(
            time=datetime.fromisoformat(raw["time"]),
            level=raw["level"],
            message=raw["message"],
            function=raw["function"],
            state=raw.get("state"),
            attempt=raw.get("attempt"),
            request_id=raw["requestId"],
            iteration=raw.get("iteration"),
            estimated=bool(raw.get("estimated")),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a bulk request did to one run.

    Attributes:
        result: `started`, `redriven`, `refused`, or in a dry run `wouldStart` or `wouldRedrive`.
        started_id: The new run.
        detail: Why it was refused.
    """

    flow: str
    id: str
    result: str
    started_id: str | None
    detail: str | None
    raw: Document = field(repr=False, compare=False)

    @classmethod
    def of(cls, raw: Document) -> BulkResult:
        """Return the result that an answer describes."""
        id_, started_id = raw["executionId"], raw.get("startedExecutionId")
        return cls(raw["flow"], id_, raw["result"], started_id, raw.get("detail"), raw)


@dataclass(frozen=True, slots=True)
class FlowDetails:
    """A flow. `schedule` is `{expression, timezone, enabled}`."""

    name: str
    description: str
    type: str
    schedule: Document | None
    input_schema: Document | None
    definition: Document
    raw: Document = field(repr=False, compare=False)

    @classmethod
    def of(cls, raw: Document) -> FlowDetails:
        """Return the flow that an answer describes."""
        return cls(
            raw["name"], raw.get("description") or "", raw["type"], raw.get("schedule"), raw.get("inputSchema"),
            raw["definition"], raw,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class FunctionDetails:
    """A function. `error` is `{message, file, line}` if it can't be called."""

    name: str
    description: str
    plugin: str | None
    input_schema: Document | None
    output_schema: Document | None
    error: Document | None
    raw: Document = field(repr=False, compare=False)

    @classmethod
    def of(cls, raw: Document) -> FunctionDetails:
        """Return the function that an answer describes."""
        return cls(
            raw["name"], raw.get("description") or "", raw.get("plugin"), raw.get("inputSchema"),
            raw.get("outputSchema"), raw.get("error"), raw,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class User:
    """Who is signed in. `expires` is when the token does."""

    id: str
    email: str | None
    groups: tuple[str, ...]
    expires: datetime | None
    raw: Document = field(repr=False, compare=False)

    @classmethod
    def of(cls, raw: Document) -> User:
        """Return the user that `GET /auth/verify` describes."""
        user = raw["user"]
        return cls(user["id"], user.get("email"), tuple(user["groups"]), _time(raw.get("expiresAt")), raw)


@dataclass(frozen=True, slots=True)
class Usage:
    """How often a user called the API in a month (`YYYY-MM`)."""

    month: str
    calls: int


def moment(value: datetime) -> str:
    """Return a time as the API wants it. One without a zone is UTC."""
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _iterations(raw: Document) -> Iterations:
    return Iterations(
        raw["total"],
        raw["succeeded"],
        raw["failed"],
        raw["running"],
        raw["aborted"],
        tuple(raw.get("failedIndexes", ())),
        tuple(raw.get("failedExecutions", ())),
    )
