"""Runs: follow, wait for, stop and repeat one; search, and repeat many."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from sdw_client.core import MAX_WAIT, Ask, Core, path
from sdw_client.errors import ApiError, Conflict, RunFailed, Unavailable, Unreachable, WaitTimeout
from sdw_client.models import BulkResult, Document, Filters, LogLine, Progress, RunDetails, State, Status, moment
from sdw_client.operations import Async, Bound, Sync, listing, operation
from sdw_client.paging import pages
from sdw_client.steps import Call, Items, Page, Sleep, Steps

R = TypeVar("R", bound="RunOperations[Any]")

FOLLOW_SECONDS, LONGEST_FOLLOW_SECONDS, SLOWER = 1.0, 5.0, 1.5
"""How long to wait before asking again what has changed: at first, at most, and by which factor it grows meanwhile."""
MAX_LATE_LOOKS = 10
"""How often to ask for the last changes of a run that has ended: Step Functions' history may lag behind."""
MAX_BULK = 1_000
"""The most runs of one bulk request."""


def new_key() -> str:
    """Return an `Idempotency-Key` that nobody has used."""
    return uuid.uuid4().hex


class RunOperations(Bound, Generic[R]):
    """A run: what was last known of it, and what can be done with it.

    Attributes:
        details: What is known. `refresh()`, `wait()` and whatever changes the run bring it up to date.
    """

    def __init__(self, core: Core, details: RunDetails) -> None:
        super().__init__(core)
        self.details = details

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.reference} {self.status}>"

    @property
    def id(self) -> str:
        """The execution's id."""
        return self.details.id

    @property
    def flow(self) -> str:
        """The flow's name."""
        return self.details.flow

    @property
    def status(self) -> Status:
        """The last known status."""
        return self.details.status

    @property
    def has_ended(self) -> bool:
        """Whether the last known status is final."""
        return self.details.status != "RUNNING"

    @property
    def reference(self) -> str:
        """`FLOW/ID`, which the command `sdw` understands."""
        return f"{self.details.flow}/{self.details.id}"

    @property
    def console_url(self) -> str:
        """The address of the run's page in the web console."""
        return f"{self._core.url}/console{path('runs', self.flow, self.id)}"

    @operation
    def refresh(self) -> Steps[RunDetails]:
        """Ask for everything about the run."""
        yield from self._look(None)
        return self.details

    @operation
    def wait(
        self, timeout: float | None = None, progress: Callable[[Progress], Any] | None = None
    ) -> Steps[RunDetails]:
        """Wait for the end of the run.

        Args:
            timeout: Seconds; None for as long as it takes.
            progress: Is called when states have changed, and at the end. Runs of EXPRESS flows have no states.

        Returns:
            The run, whatever its end. `result()` raises if it failed.

        Raises:
            WaitTimeout: It has not ended in time.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        follower = None if progress is None else _Follower(self, progress)
        while True:
            if follower is not None:
                yield from follower.look()
            if self.has_ended and self.details.is_whole:
                if follower is not None:
                    yield from follower.finish()
                return self.details
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0 and not self.has_ended:
                raise WaitTimeout(f"The run {self.reference} is still running after {timeout:g} s.")
            longest = MAX_WAIT if follower is None else follower.pause
            asked, began = min(longest, longest if left is None else max(left, 0.05)), time.monotonic()
            yield from self._look(asked)
            if not self.has_ended and time.monotonic() - began < asked / 2:
                # The service lets only so many requests of a user wait, and answers others at once.
                yield Sleep(min(FOLLOW_SECONDS, asked))

    @operation
    def result(self, timeout: float | None = None) -> Steps[Any]:
        """Wait for the end of the run and return its output.

        Args:
            timeout: Seconds; None for as long as it takes.

        Raises:
            RunFailed: It ended otherwise.
            WaitTimeout: It has not ended in time.
        """
        details = yield from RunOperations.wait.steps(self, timeout)
        if details.status != "SUCCEEDED":
            raise RunFailed(self.reference, details.status, details.error, details.cause)
        return details.output

    @operation
    def states(self, path: str | None = None, iteration: int | str | None = None) -> Steps[list[State]]:
        """Return what became of the states so far.

        Args:
            path: A state's JSON pointer: every visit of that state; with `iteration`, the states inside.
            iteration: The index of a Map's iteration; in Maps in Maps, the indexes joined by dots.

        Raises:
            Conflict: Runs of EXPRESS flows have no states.
        """
        query: dict[str, Any] = {"path": path, "iteration": iteration}
        found: dict[tuple[str, str], State] = {}
        while True:
            page = yield from self._states(query)
            new = {(_key(state), state.raw.get("entered", "") if path else ""): state for state in page[0]}
            is_news_only = found.keys() >= new.keys()
            found |= new
            query["nextToken"] = page[1]
            if page[1] is None or is_news_only:  # the token of a running run never ends
                return list(found.values())

    @listing
    def logs(self, follow: bool = False) -> Items[LogLine]:
        """Iterate over the lines that the run's functions printed and logged.

        Args:
            follow: Whether to wait for further lines until the run has ended.

        Raises:
            Conflict: The run has no trace by which its lines could be found.
        """
        token: str | None = None
        pause = FOLLOW_SECONDS
        while True:
            document = yield from self._core.document(Ask("GET", self._path("logs"), {"nextToken": token}))
            lines = tuple(LogLine.of(line) for line in document["lines"])
            yield Page(lines)
            token = document.get("nextToken")
            if token is None or not (lines or follow):
                return
            if lines:
                pause = FOLLOW_SECONDS
            else:
                yield Sleep(pause)
                pause = min(LONGEST_FOLLOW_SECONDS, pause * SLOWER)

    @listing
    def history(self, newest_first: bool = False) -> Items[Document]:
        """Iterate over the events, as Step Functions describes them.

        Args:
            newest_first: Whether to begin at the end.
        """
        query: dict[str, Any] = {"limit": 1000, "reverseOrder": "true" if newest_first else None}
        return pages(self._core, self._path("history"), query, "events", lambda event: event)

    @operation
    def stop(self) -> Steps[RunDetails]:
        """Stop the run: its status becomes `ABORTED`. Stopping it twice changes nothing.

        Raises:
            Conflict: It has ended otherwise.
        """
        self.details = RunDetails.of((yield from self._core.document(Ask("DELETE", self._path()))))
        return self.details

    @operation
    def redrive(self) -> Steps[RunDetails]:
        """Continue the run where it failed; states that succeeded do not run again.

        Raises:
            Conflict: There is nothing to continue.
        """
        before = yield from self._look(None)
        order = Ask("POST", self._path("redrive"), repeatable=False)
        attempt = 0
        while self.details.redrive_count == before.redrive_count:
            attempt += 1
            try:
                self.details = RunDetails.of((yield from self._core.document(order)))
                break
            except (Unavailable, Unreachable) as error:
                pause = self._core.retry.pause(attempt, getattr(error, "retry_after", None))
                if pause is None:
                    raise
                yield Sleep(pause)
                yield from self._look(None)  # it may have begun, and may even have failed again: the count tells
        return self.details

    @operation
    def rerun(self, input: Document | None = None, *, idempotency_key: str | None = None) -> Steps[R]:
        """Start the flow again.

        Args:
            input: The input of the new run; None for the input of this one.
            idempotency_key: A key with which the same rerun is one, however often it is asked for.

        Returns:
            The new run.
        """
        body = {} if input is None else {"input": input}
        order = Ask("POST", self._path("rerun"), body=body, key=idempotency_key or new_key())
        started = RunDetails.of((yield from self._core.document(order)))
        return type(self)(self._core, started)  # type: ignore[return-value] # R is this class

    def _path(self, *more: str) -> str:
        return path("run", self.flow, self.id, *more)

    def _look(self, wait: float | None) -> Steps[RunDetails]:
        query = {"wait": None if wait is None else round(wait, 3)}
        self.details = RunDetails.of((yield from self._core.document(Ask("GET", self._path(), query))))
        return self.details

    def _states(self, query: dict[str, Any]) -> Steps[tuple[list[State], str | None]]:
        document = yield from self._core.document(Ask("GET", self._path("states"), query))
        return [State.of(state) for state in document["states"]], document.get("nextToken")


class _Follower:
    """Tells a function what becomes of a run's states."""

    def __init__(self, run: RunOperations[Any], progress: Callable[[Progress], Any]) -> None:
        self._run, self._progress = run, progress
        self._states: dict[str, State] = {}
        self._query: dict[str, Any] = {}
        self._is_over = False
        self.pause = FOLLOW_SECONDS

    def look(self) -> Steps[None]:
        """Read what has changed, and tell it if anything has."""
        changed: dict[str, State] = {}
        while not self._is_over and (states := (yield from self._read())):
            is_news_only = all(_key(state) in self._states or _key(state) in changed for state in states)
            changed |= {_key(state): state for state in states}
            if is_news_only:
                break
        self._states |= changed
        self.pause = FOLLOW_SECONDS if changed else min(LONGEST_FOLLOW_SECONDS, self.pause * SLOWER)
        if changed:
            yield from self._tell(tuple(changed.values()))

    def finish(self) -> Steps[None]:
        """Read what the end has changed, and tell it."""
        for _ in range(MAX_LATE_LOOKS):
            yield from self.look()
            if self._is_over:
                break
            yield Sleep(FOLLOW_SECONDS / 2)
        yield from self._tell(())

    def _read(self) -> Steps[list[State]]:
        try:
            states, token = yield from self._run._states(self._query)
        except ApiError as error:  # an EXPRESS run has none; of others they appear when they begin
            self._is_over = isinstance(error, Conflict) or self._run.has_ended
            return []
        self._query = {"nextToken": token}
        self._is_over = token is None
        return states

    def _tell(self, changed: tuple[State, ...]) -> Steps[None]:
        yield Call(self._progress, (Progress(self._run.details, tuple(self._states.values()), changed),))


class Run(RunOperations["Run"], Sync):
    """A run of the sync client."""


class AsyncRun(RunOperations["AsyncRun"], Async):
    """A run of the async client."""


class RunSearch(Bound, Generic[R]):
    """The runs that filters find, newest first. Nothing is asked before it is iterated over.

    Args:
        core: The client's.
        filters: Which runs.
    """

    _run: ClassVar[type[Any]]

    def __init__(self, core: Core, filters: Filters) -> None:
        super().__init__(core)
        self._filters = filters

    @listing
    def all(self) -> Items[R]:
        """Iterate over the runs."""
        query = {**_texts(self._filters), "label": _labels(self._filters), "limit": 200}

        def found(raw: Document) -> R:
            run: R = self._run(self._core, RunDetails.of(raw))
            return run

        return pages(self._core, "/runs", query, "executions", found)

    @operation
    def rerun(
        self, *, dry_run: bool = False, limit: int | None = None, idempotency_key: str | None = None
    ) -> Steps[list[BulkResult]]:
        """Start each run again, with its former input.

        Args:
            dry_run: Whether to tell only what would be done.
            limit: The most runs; None for all.
            idempotency_key: A key with which nothing is done twice to a run, however often the request is sent.
        """
        return self._bulk("rerun", dry_run, limit, idempotency_key)

    @operation
    def redrive(
        self, *, dry_run: bool = False, limit: int | None = None, idempotency_key: str | None = None
    ) -> Steps[list[BulkResult]]:
        """Continue each run that has failed; the arguments are those of `rerun`."""
        return self._bulk("redrive", dry_run, limit, idempotency_key)

    def _bulk(self, verb: str, dry_run: bool, limit: int | None, key: str | None) -> Steps[list[BulkResult]]:
        body: dict[str, Any] = {**_texts(self._filters), "label": _labels(self._filters), "dryRun": dry_run}
        found: list[BulkResult] = []
        key = None if dry_run else key or new_key()
        while limit is None or len(found) < limit:
            body["limit"] = MAX_BULK if limit is None else min(MAX_BULK, limit - len(found))
            document = yield from self._core.document(Ask("POST", path("runs", verb), body=body, key=key))
            found += [BulkResult.of(one) for one in document["runs"]]
            if "nextToken" not in document:
                break
            body["nextToken"] = document["nextToken"]
        return found


class Runs(RunSearch[Run], Sync):
    """Runs of the sync client: `for run in client.runs(status="FAILED")`."""

    _run = Run

    def __iter__(self) -> Iterator[Run]:
        return self.all()


class AsyncRuns(RunSearch[AsyncRun], Async):
    """Runs of the async client: `async for run in client.runs(status="FAILED")`."""

    _run = AsyncRun

    def __aiter__(self) -> AsyncIterator[AsyncRun]:
        return self.all()


def _key(state: State) -> str:
    return state.path or state.name  # a definition that has changed may not know the path


_NAMES = {"started_by": "startedBy", "since": "from", "until": "to"}


def _texts(filters: Filters) -> dict[str, Any]:
    """Return the filters with one value, under the API's names."""
    return {
        _NAMES.get(name, name): moment(value) if isinstance(value, datetime) else value
        for name, value in filters.items()
        if name != "label"
    }


def _labels(filters: Filters) -> list[str]:
    return [f"{name}:{value}" for name, value in filters.get("label", {}).items()]
