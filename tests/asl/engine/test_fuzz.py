"""Random definitions and inputs: everything ends, nothing poisons what comes after it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asl import Engine, SkippingClock
from asl.engine import execution as executions
from asl.engine.failures import EngineError
from tests.asl.engine.conftest import LAMBDA, Failed, Functions, flow, machine

NAMES = ["A", "B", "C", "D"]
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abx"), inner, max_size=3),
    max_leaves=6,
)
paths = st.sampled_from(
    ["$", "$.a", "$.a.b", "$[0]", "$.a[*]", "$..x", "$$", "$$.Execution.Id", "$v", "$.x[?(@.a>1)]", None]
)
templates = st.dictionaries(
    st.sampled_from(["a", "x.$", "b.$"]),
    st.sampled_from(["$.a", "$", "$v", "States.UUID()", "States.Format('{}', $.a)", "States.ArrayLength($)"]),
    max_size=2,
)
errors = st.sampled_from([["States.ALL"], ["E"], ["States.Runtime"], ["States.TaskFailed"], ["States.Timeout"]])
retriers = st.fixed_dictionaries(
    {"ErrorEquals": errors},
    optional={
        "MaxAttempts": st.integers(0, 3),
        "IntervalSeconds": st.integers(1, 10**6),
        "JitterStrategy": st.just("FULL"),
    },
)


def leading(draw: Any, state: dict[str, Any]) -> dict[str, Any]:
    following = draw(st.sampled_from([None, *NAMES]))
    return {**state, "End": True} if following is None else {**state, "Next": following}


@st.composite
def states(draw: Any, depth: int = 2) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(["Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"][: 8 if depth else 6])
    )
    if kind == "Fail":
        return {"Type": "Fail", "Error": "E"}
    if kind == "Succeed":
        return {"Type": "Succeed", "OutputPath": draw(paths)}
    if kind == "Choice":
        rule = {"Variable": draw(paths) or "$", "IsNumeric": draw(st.booleans()), "Next": draw(st.sampled_from(NAMES))}
        return {"Type": "Choice", "Choices": [rule], **({"Default": "A"} if draw(st.booleans()) else {})}
    state: dict[str, Any] = {"Type": kind}
    for field in ("InputPath", "OutputPath"):
        if draw(st.booleans()):
            state[field] = draw(paths)
    if draw(st.booleans()):
        state["Assign"] = draw(st.sampled_from([{"v": 1}, {"v.$": "$.a"}, {"v.$": "$"}]))
    if kind == "Wait":
        return leading(draw, {**state, "SecondsPath": draw(paths) or "$"})
    if draw(st.booleans()):
        state["ResultPath"] = draw(st.sampled_from(["$", "$.a", "$.x.y", "$[0]", None]))
    if kind == "Pass":
        return leading(draw, {**state, "Result": draw(json_values)} if draw(st.booleans()) else state)
    if draw(st.booleans()):
        state["Retry"] = [draw(retriers)]
    if draw(st.booleans()):
        state["Catch"] = [{"ErrorEquals": draw(errors), "Next": draw(st.sampled_from(NAMES))}]
    if kind == "Task":
        resource = draw(st.sampled_from(["ok", "fails", "raises", "odd", "hangs"]))
        return leading(
            draw, {**state, "Resource": LAMBDA + resource, "Parameters": draw(templates), "TimeoutSeconds": 60}
        )
    if kind == "Parallel":
        return leading(draw, {**state, "Branches": draw(st.lists(flows(depth - 1), min_size=1, max_size=3))})
    processor = draw(flows(depth - 1))
    if draw(st.booleans()):
        processor["ProcessorConfig"] = {
            "Mode": "DISTRIBUTED",
            "ExecutionType": draw(st.sampled_from(["STANDARD", "EXPRESS"])),
        }
    return leading(
        draw,
        {
            **state,
            "ItemProcessor": processor,
            "ItemsPath": draw(paths) or "$",
            "MaxConcurrency": draw(st.integers(0, 2)),
        },
    )


@st.composite
def flows(draw: Any, depth: int = 2) -> dict[str, Any]:
    return {"StartAt": "A", "States": {name: draw(states(depth)) for name in NAMES}}


def fail(_: object) -> None:
    raise Failed("E", "c")


def explode(_: object) -> None:
    raise RuntimeError("boom")


class Tasks(Functions):
    """Tasks that answer, fail, raise, answer what is not JSON, or never answer and wait for nobody."""

    def __init__(self) -> None:
        functions = {
            "ok": lambda request: request.parameters,
            "fails": fail,
            "raises": explode,
            "odd": lambda _: object(),
        }
        super().__init__({LAMBDA + name: function for name, function in functions.items()})

    def start(self, request: Any, completion: Any) -> Any:
        if request.resource.endswith("hangs"):
            completion.awaiting()
            return None
        return super().start(request, completion)


@pytest.fixture(scope="module", autouse=True)
def short_histories() -> Iterator[None]:
    """Endless loops, of which random definitions have many, end after fewer events than AWS allows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executions, "EVENT_LIMIT", 1_500)
        patch.setattr(executions, "EXPRESS_EVENTS", 3_000)
        yield


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(definition=flows(), value=json_values, kind=st.sampled_from(["STANDARD", "EXPRESS"]))
def test_everything_ends(definition: dict[str, Any], value: Any, kind: str) -> None:
    engine = Engine(Tasks(), SkippingClock(), seed=1)
    good = machine(flow(("P", {"Type": "Pass", "Parameters": {"a.$": "$.a"}})), name="good")
    try:
        try:
            execution = engine.run(machine({**definition, "TimeoutSeconds": 3600}, kind), json.dumps(value), timeout=60)
        except EngineError:
            execution = None
        after = engine.run(good, '{"a": 1}', timeout=10)
        assert after.output == '{"a":1}'
        if execution is not None:
            assert execution.status in ("SUCCEEDED", "FAILED", "TIMED_OUT")
            events = execution.history.events()
            assert [event["id"] for event in events] == list(range(1, len(events) + 1))
            assert all(event["previousEventId"] < event["id"] for event in events)
            assert events[-1]["type"].startswith("Execution")
            assert sum(event["type"].startswith("Execution") for event in events) == 2
            json.dumps(events)
            assert engine.scheduler.working == 0
    finally:
        engine.close()


@settings(max_examples=60, deadline=None)
@given(
    definition=st.recursive(
        json_values, lambda inner: st.dictionaries(st.sampled_from(["StartAt", "States", "Type", "A"]), inner)
    )
)
def test_what_is_no_definition_is_refused(definition: Any) -> None:
    engine = Engine(Tasks(), SkippingClock())
    try:
        engine.run(machine(json.dumps(definition)), timeout=10)
    except EngineError as error:
        assert error.code == "InvalidDefinition"
    finally:
        engine.close()
