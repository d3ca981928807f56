"""A flow: what it is, and how to start it."""

from __future__ import annotations

import time
from typing import Any, ClassVar, Generic, TypeVar

from sdw_client.core import MAX_WAIT, Ask, Core, path
from sdw_client.errors import WaitTimeout
from sdw_client.models import Document, FlowDetails, RunDetails
from sdw_client.operations import Async, Bound, Sync, operation
from sdw_client.runs import AsyncRun, Run, RunOperations, new_key
from sdw_client.steps import Steps

R = TypeVar("R", bound="RunOperations[Any]")


class FlowOperations(Bound, Generic[R]):
    """A flow of the API.

    Attributes:
        name: Its name.
    """

    _run: ClassVar[type[Any]]

    def __init__(self, core: Core, name: str) -> None:
        super().__init__(core)
        self.name = name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @operation
    def details(self) -> Steps[FlowDetails]:
        """Return the flow's description, schedule, input schema and definition.

        Raises:
            NotFound: There is no such flow.
        """
        return FlowDetails.of((yield from self._core.document(Ask("GET", path("flows", self.name)))))

    @operation
    def run(
        self,
        input: Document | None = None,
        *,
        idempotency_key: str | None = None,
        wait: float | None = None,
    ) -> Steps[R]:
        """Start the flow.

        Args:
            input: The input, a JSON object.
            idempotency_key: A key that is yours for a day: the same key and input are the same run, also from another
                process. Without one, the client makes one, so that its own repeats start nothing twice.
            wait: Seconds to wait for the end of the run before returning. The run may be `RUNNING` afterwards.

        Raises:
            Invalid: The input does not fit the flow's schema.
            Conflict: The key was sent with another input.
            NotFound: There is no such flow.
        """
        deadline = time.monotonic() + (wait or 0.0)
        query = {"wait": None if not wait else min(wait, MAX_WAIT)}
        order = Ask("POST", path("run", self.name), query, dict(input or {}), idempotency_key or new_key())
        run: R = self._run(self._core, RunDetails.of((yield from self._core.document(order))))
        if wait and not run.has_ended and (left := deadline - time.monotonic()) > 0:
            try:
                yield from RunOperations.wait.steps(run, left)
            except WaitTimeout:
                return run
        return run


class Flow(FlowOperations[Run], Sync):
    """A flow of the sync client."""

    _run = Run


class AsyncFlow(FlowOperations[AsyncRun], Async):
    """A flow of the async client."""

    _run = AsyncRun
