"""A flow under test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from asl.engine.clock import Clock
from asl.engine.engine import Engine
from asl.engine.execution import Execution
from asl.engine.machine import StateMachine
from asl.language.model import TaskState, walk_states
from asl.testing.coverage import Coverage
from asl.testing.mock_config import MockConfig
from asl.testing.run import FlowRun
from asl.testing.started import StartedRun, SteppedClock
from asl.testing.stubs import Function, Task, Tasks, UnstubbedTask

ResultCheck = Callable[[str, Any], "str | None"]
"""Says what is wrong with a result, given the resource of its task."""

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

    Args:
        name: The flow's name.
        definition: Its definition, as JSON text or parsed.
        type: STANDARD or EXPRESS.
        functions: Real functions, by the resource or function name with which the definition calls them.
        clock: Makes the clock of each run; one that skips if None.
        coverage: Where to note what runs have covered.
        seed: The seed of the random numbers for retries with jitter.
        check: Says what is wrong with a stub's result, given the resource and the result; None if nothing is.
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
        check: ResultCheck | None = None,
    ) -> None:
        text = definition if isinstance(definition, str) else json.dumps(definition)
        arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{name}"
        self.name = name
        self.machine = StateMachine(arn, name, text, type, "arn:aws:iam::123456789012:role/flow")
        self._functions = dict(functions or {})
        self._clock = clock
        self._check = check
        self._coverage = coverage
        self._seed = seed
        self._stubs: dict[str, Task] = {}
        model = self.machine.model
        self._task_states = {state.name: state.resource for state in walk_states(model) if isinstance(state, TaskState)}
        if coverage is not None:
            coverage.add(name, model)

    def task(self, state: str) -> Task:
        """A stub for the task of a state, in place of any other; ValueError if the flow has no such Task state."""
        if state not in self._task_states:
            known = ", ".join(sorted(self._task_states)) or "none"
            raise ValueError(f"the flow {self.name!r} has no Task state {state!r}; it has: {known}")
        check, resource = self._check, self._task_states[state]
        stub = self._stubs[state] = Task(state, None if check is None else lambda result: check(resource, result))
        return stub

    def mocks(self, config: MockConfig, case: str) -> None:
        """Stub the tasks of a test case of a MockConfigFile.

        Args:
            config: The file.
            case: The test case's name.

        Raises:
            ValueError: The file has no such test case for this flow, or a state that the flow lacks.
        """
        for state, steps in config.steps(self.name, case).items():
            stub = self.task(state)
            for step in steps:
                step(stub)

    def function(self, name: str, function: Function) -> None:
        """Let a function answer wherever the definition calls it by this resource or function name."""
        self._functions[name] = function

    def run(
        self, value: Any = None, *, name: str | None = None, clock: Clock | None = None, timeout: float = RUN_SECONDS
    ) -> FlowRun:
        """Run the flow to its end.

        Args:
            value: The input, a JSON value; an empty object if None.
            name: The execution's name.
            clock: In place of the flow's own.
            timeout: Real seconds after which TimeoutError is raised.

        Raises:
            UnstubbedTask: A task had neither a function nor a stub, or waits for its token for ever.
            TimeoutError: The run takes too long.
        """
        if clock is None and self._clock is not None:
            clock = self._clock()
        if clock is None:
            return self._follow(SteppedClock(lambda: False), value, name, timeout).end()
        tasks = Tasks(self._stubs, self._functions)
        engine = Engine(tasks, clock=clock, seed=self._seed)
        try:
            execution = engine.run(self.machine, _text(value), name=name, timeout=timeout)
        finally:
            engine.close()
        return self._finished(tasks, execution)

    def start(self, value: Any = None, *, name: str | None = None, timeout: float = RUN_SECONDS) -> StartedRun:
        """Run the flow until it ends, or until only tasks that wait for their tokens are left.

        Args:
            value: The input, a JSON value; an empty object if None.
            name: The execution's name.
            timeout: Real seconds that the run may be busy for, after which TimeoutError is raised.
        """
        return self._follow(None, value, name, timeout)

    def _follow(self, clock: SteppedClock | None, value: Any, name: str | None, timeout: float) -> StartedRun:
        """Follow a run; without a clock, one in which time stands still while a task waits for its token."""
        tasks = Tasks(self._stubs, self._functions, answered=clock is None)
        used = clock or SteppedClock(lambda: bool(engine.tokens.waiting()))
        engine = Engine(tasks, clock=used, seed=self._seed)
        try:
            execution = engine.start(self.machine, _text(value), name=name, on_change=lambda _: used.wake())
            started = StartedRun(engine, execution, used, timeout, lambda ended: self._finished(tasks, ended))
            if clock is not None and execution.is_open:
                raise UnstubbedTask("; ".join(tasks.problems) or _waits_for_ever(started))
        except BaseException:
            engine.close()
            raise
        return started

    def _finished(self, tasks: Tasks, execution: Execution) -> FlowRun:
        run = FlowRun(self.name, execution, tasks.calls)
        if self._coverage is not None:
            self._coverage.note(self.name, run.transitions)
        if tasks.problems:
            raise UnstubbedTask("; ".join(tasks.problems))
        return run


def _text(value: Any) -> str:
    return json.dumps({} if value is None else value)


def _waits_for_ever(run: StartedRun) -> str:
    states = sorted({task.state for task in run.waiting})
    return "; ".join(
        f"the task of {state!r} waits for its token, and nobody answers; say what happens: "
        f"flow.task({state!r}).returns(...), or follow the run: flow.start(...)"
        for state in states
    )
