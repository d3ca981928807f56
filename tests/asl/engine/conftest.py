"""A task runner out of functions, and short ways to run a definition."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from asl import Completion, Engine, Execution, SkippingClock, StateMachine, TaskRequest

ROLE = "arn:aws:iam::123456789012:role/role"
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


class Failed(Exception):
    """A task function that fails with an error and a cause."""


class Functions:
    """A `TaskRunner`: each resource is a function of the request. What it returns is the result at once.

    A function that returns `PENDING` has kept the completion and ends the task itself; `Failed(error, cause)` fails it.
    """

    def __init__(self, functions: dict[str, Callable[[TaskRequest], Any]]) -> None:
        self.functions = functions
        self.requests: list[TaskRequest] = []
        self.completions: list[Completion] = []
        self.cancelled: list[str] = []

    def start(self, request: TaskRequest, completion: Completion) -> Callable[[], None]:
        self.requests.append(request)
        self.completions.append(completion)
        completion.started()
        try:
            result = self.functions[request.resource](request)
        except Failed as failure:
            completion.fail(*failure.args)
        else:
            if result is not PENDING:
                completion.succeed(result)
        return lambda: self.cancelled.append(request.state_name)


PENDING = object()


def machine(definition: dict[str, Any] | str, kind: str = "STANDARD", name: str = "machine") -> StateMachine:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return StateMachine(f"arn:aws:states:us-east-1:123456789012:stateMachine:{name}", name, text, kind, ROLE)


def flow(*states: tuple[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A definition whose states follow each other; those that say where they lead are left alone."""
    built = {}
    for place, (name, state) in enumerate(states):
        leads = state.keys() & {"Next", "End", "Choices"} or state["Type"] in ("Succeed", "Fail")
        following = {"Next": states[place + 1][0]} if place + 1 < len(states) else {"End": True}
        built[name] = state if leads else {**state, **following}
    return {"StartAt": states[0][0], "States": built, **fields}


class Lab:
    """An engine with a skipping clock."""

    def __init__(self) -> None:
        self.functions = Functions({})
        self.clock = SkippingClock()
        self.engine = Engine(self.functions, clock=self.clock, seed=7)

    def run(self, definition: dict[str, Any], value: Any = None, kind: str = "STANDARD", **functions: Any) -> Execution:
        self.functions.functions |= {LAMBDA + name: function for name, function in functions.items()}
        text = json.dumps({} if value is None else value)
        return self.engine.run(machine(definition, kind), text, timeout=20)


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.engine.close()


def output(execution: Execution) -> Any:
    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    return json.loads(execution.output or "null")


def kinds(execution: Execution) -> list[str]:
    return [event["type"] for event in execution.history.events()]


def chain(execution: Execution) -> list[tuple[int, int]]:
    return [(event["id"], event["previousEventId"]) for event in execution.history.events()]


def wait_for(condition: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.001)
