"""A flow under test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from asl.engine.clock import Clock, SkippingClock
from asl.engine.engine import Engine
from asl.engine.machine import StateMachine
from asl.language.model import TaskState, walk_states
from asl.testing.coverage import Coverage
from asl.testing.run import FlowRun
from asl.testing.stubs import Function, Task, Tasks, UnstubbedTask

RUN_SECONDS = 60.0
"""Real seconds that a run may take, where a test sets no other limit."""


@dataclass(frozen=True, slots=True)
class FlowSource:
    """A flow as a loader finds it.

    `definition` is a definition in the States Language, as JSON text or parsed. `functions` are the real functions of
    its tasks, by the resource or function name with which the definition calls them.
    """

    name: str
    definition: str | Mapping[str, Any]
    type: str = "STANDARD"
    functions: Mapping[str, Function] = field(default_factory=dict)


class FlowUnderTest:
    """A flow that can be run with functions real or stubbed.

    Parameters:
        name: the flow's name.
        definition: its definition, as JSON text or parsed.
        type: STANDARD or EXPRESS.
        functions: real functions, by the resource or function name with which the definition calls them.
        clock: makes the clock of each run; a `SkippingClock` if None.
        coverage: where to note what runs have covered.
        seed: of the random numbers of retries with jitter.
    """

    def __init__(  # noqa: PLR0913  (a public call, all but two by keyword)
        self,
        name: str,
        definition: str | Mapping[str, Any],
        *,
        type: str = "STANDARD",
        functions: Mapping[str, Function] | None = None,
        clock: Callable[[], Clock] | None = None,
        coverage: Coverage | None = None,
        seed: int = 0,
    ) -> None:
        text = definition if isinstance(definition, str) else json.dumps(definition)
        arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{name}"
        self.name = name
        self.machine = StateMachine(arn, name, text, type, "arn:aws:iam::123456789012:role/flow")
        self._functions = dict(functions or {})
        self._clock = clock if clock is not None else SkippingClock
        self._coverage = coverage
        self._seed = seed
        self._stubs: dict[str, Task] = {}
        model = self.machine.model
        self._task_states = {state.name for state in walk_states(model) if isinstance(state, TaskState)}
        if coverage is not None:
            coverage.add(name, model)

    def task(self, state: str) -> Task:
        """A stub for the task of a state, in place of any other; ValueError if the flow has no such Task state."""
        if state not in self._task_states:
            known = ", ".join(sorted(self._task_states)) or "none"
            raise ValueError(f"the flow {self.name!r} has no Task state {state!r}; it has: {known}")
        stub = self._stubs[state] = Task(state)
        return stub

    def function(self, name: str, function: Function) -> None:
        """Let a function answer wherever the definition calls it by this resource or function name."""
        self._functions[name] = function

    def run(
        self, value: Any = None, *, name: str | None = None, clock: Clock | None = None, timeout: float = RUN_SECONDS
    ) -> FlowRun:
        """Run the flow to its end.

        Parameters:
            value: the input, a JSON value; an empty object if None.
            name: the execution's name.
            clock: in place of the flow's own.
            timeout: real seconds after which TimeoutError is raised.

        Raises `UnstubbedTask` if a task had neither a function nor a stub.
        """
        tasks = Tasks(self._stubs, self._functions)
        engine = Engine(tasks, clock=clock if clock is not None else self._clock(), seed=self._seed)
        try:
            execution = engine.run(self.machine, json.dumps({} if value is None else value), name=name, timeout=timeout)
        finally:
            engine.close()
        run = FlowRun(self.name, execution, tasks.calls)
        if self._coverage is not None:
            self._coverage.note(self.name, run.transitions)
        if tasks.problems:
            raise UnstubbedTask("; ".join(tasks.problems))
        return run
