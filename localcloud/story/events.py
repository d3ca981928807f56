"""What the story tells, as data. The fields are those of a JSON line; times are in seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `name` is the value of `event` in a JSON line."""

    name: ClassVar[str] = ""

    time: float

    @property
    def is_error(self) -> bool:
        """Whether somebody who only wants to see errors wants to see it."""
        return False


@dataclass(frozen=True, slots=True)
class RequestServed(Event):
    """The API has answered a request. `user` is the e-mail address, or the `sub`, of a verified token."""

    name: ClassVar[str] = "request"

    method: str
    path: str
    status: int
    milliseconds: float
    user: str | None = None

    @property
    def is_error(self) -> bool:
        return self.status >= 500


@dataclass(frozen=True, slots=True)
class RequestsRepeated(Event):
    """A GET request was repeated with the same status: `count` more times within `seconds`."""

    name: ClassVar[str] = "requests-repeated"

    method: str
    path: str
    status: int
    count: int
    seconds: float
    user: str | None = None


@dataclass(frozen=True, slots=True)
class RunEvent(Event):
    """Something of a run. `run` is the name of its execution, the `executionId` of runs that the API started."""

    flow: str
    run: str


@dataclass(frozen=True, slots=True)
class RunStarted(RunEvent):
    """A run has started; `how` is `started`, `redriven`, or `continued` after a restart of the cloud."""

    name: ClassVar[str] = "run-started"

    how: str = "started"


@dataclass(frozen=True, slots=True)
class RunEnded(RunEvent):
    """A run has ended after `seconds`. `status` is that of Step Functions."""

    name: ClassVar[str] = "run-ended"

    status: str
    seconds: float
    error: str | None = None
    message: str | None = None

    @property
    def is_error(self) -> bool:
        return self.status in ("FAILED", "TIMED_OUT")


@dataclass(frozen=True, slots=True)
class StateEvent(RunEvent):
    """Something of a state. `iterations` are the indexes of the items in the Maps around it, the outermost first."""

    state: str
    iterations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TryFailed(StateEvent):
    """A try of a state has failed. `frames` are the lines of the traceback that are the user's own."""

    name: ClassVar[str] = "try-failed"

    attempt: int
    error: str | None
    message: str | None
    frames: tuple[str, ...] = ()
    retry_seconds: float | None = None
    caught_by: str | None = None


@dataclass(frozen=True, slots=True)
class StateWaits(StateEvent):
    """A state waits: until a time, or for the answer that `waits_for` names."""

    name: ClassVar[str] = "waiting"

    until: float | None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class MapDone(StateEvent):
    """All items of a Map are done; `failed` of them failed and were tolerated."""

    name: ClassVar[str] = "map-done"

    items: int
    failed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ItemFailed(RunEvent):
    """A child execution of a distributed Map has ended without success."""

    name: ClassVar[str] = "item-failed"

    item: str
    status: str
    error: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Omitted(StateEvent):
    """`count` more of `what` (`lines`, `failed tries`, ...) were not told one by one."""

    name: ClassVar[str] = "omitted"

    what: str
    count: int


@dataclass(frozen=True, slots=True)
class FunctionEvent(Event):
    """Something of an invocation. What belongs to a run and its task is empty where a function was called otherwise."""

    function: str
    request_id: str
    flow: str
    run: str
    state: str
    iterations: tuple[int, ...]
    attempt: int


@dataclass(frozen=True, slots=True)
class FunctionPrinted(FunctionEvent):
    """A function has printed a line."""

    name: ClassVar[str] = "line"

    message: str


@dataclass(frozen=True, slots=True)
class FunctionFailed(FunctionEvent):
    """An invocation has failed; in a run, without failing a try of a state, or beside it."""

    name: ClassVar[str] = "function-failed"

    message: str
    frames: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """What the cloud has to say of itself. `details` are further lines."""

    name: ClassVar[str] = "notice"

    message: str
    level: str = "info"
    details: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        return self.level in ("warning", "error")


@dataclass(frozen=True, slots=True)
class Dropped(Event):
    """`count` events are missing here: the terminal was too slow, or nobody could have read as many."""

    name: ClassVar[str] = "dropped"

    count: int

    @property
    def is_error(self) -> bool:
        return True
