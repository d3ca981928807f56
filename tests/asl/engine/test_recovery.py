"""Executions continue from any event of their history, as after the end of a process."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asl import Engine, Execution, SkippingClock, StateMachine
from asl.engine import execution as executions
from asl.engine.event_codec import decode_events, encode_event
from asl.engine.failures import EngineError, TaskTimedOut
from asl.engine.journal import RecordedExecution
from tests.asl.engine.conftest import LAMBDA, PENDING, Failed, Functions, flow, kinds, machine, output, wait_for
from tests.asl.engine.recovered_machines import (
    ACTIVITY,
    BAD,
    BRANCHES,
    CHAINS,
    FAILING,
    INPUT,
    JSONATA,
    PASS,
    SEND,
    START,
    TASK,
    WAIT,
)
from tests.asl.engine.test_fuzz import Tasks, flows, json_values


def tasks() -> Functions:
    def fail(_: Any) -> Any:
        raise Failed("E", "c")

    return Functions({LAMBDA + "f": lambda request: {"got": request.parameters}, LAMBDA + "bad": fail})


class Journal:
    """Keeps what it hears of, and answers as a store would after the process ended when `limit` events were there."""

    def __init__(self) -> None:
        self.children_of: dict[str, list[RecordedExecution]] = {}
        self.seen: dict[str, Execution] = {}

    def appended(self, execution: Execution) -> None:
        self.seen[execution.arn] = execution

    def holds_back(self, execution: Execution) -> bool:
        return execution.map_run is None

    def ending(self, _execution: Execution, _status: str, _event: Any, tell: Callable[[], None]) -> None:
        tell()

    def children(self, map_run_arn: str) -> list[RecordedExecution]:
        return self.children_of.get(map_run_arn, [])


def lines(execution: Execution) -> list[str]:
    raw = execution.history.since(0)
    return [encode_event(event, raw, execution.input_value) for event in raw]


def recorded(execution: Execution, count: int | None = None, **fields: Any) -> RecordedExecution:
    """The record of an execution of which only the first events were written."""
    written = lines(execution)[:count]
    return RecordedExecution(
        arn=execution.arn,
        name=execution.name,
        input=execution.input,
        start_date=execution.start_date,
        events=lambda value: decode_events(written, value),
        **fields,
    )


def ended(execution: Execution, **fields: Any) -> RecordedExecution:
    return recorded(
        execution,
        status=execution.status,
        stop_date=execution.stop_date,
        output=execution.output,
        error=execution.error,
        cause=execution.cause,
        **fields,
    )


class Restart:
    """A new process, in which an execution continues of which only the first events were written."""

    def __init__(self, execution: Execution, count: int, runner: Functions | None = None, later: float = 0) -> None:
        raw = execution.history.since(0)
        self.now = (raw[count - 1][1] if count else execution.start_date) + later
        self.tasks = tasks() if runner is None else runner
        self.journal = Journal()
        clock = SkippingClock(datetime.fromtimestamp(self.now, UTC))
        self.engine = Engine(self.tasks, clock=clock, seed=1, journal=self.journal, token_key=b"k" * 32)
        self.machine = execution.machine
        self.record = recorded(execution, count)

    def recover(self) -> Execution:
        execution = self.engine.recover(self.machine, self.record)
        self.engine.resume(execution)
        return execution

    def __enter__(self) -> Restart:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()


def run(definition: dict[str, Any], runner: Functions | None = None) -> Execution:
    engine = Engine(tasks() if runner is None else runner, clock=SkippingClock(START), seed=7)
    try:
        return engine.run(machine(definition), json.dumps(INPUT), timeout=20)
    finally:
        engine.close()


def recoveries(whole: Execution) -> Iterator[tuple[int, Execution]]:
    """The execution recovered after each of its events."""
    for count in range(len(whole.history)):
        with Restart(whole, count) as restart:
            execution = restart.recover()
            assert execution.wait(3), count
            assert (execution.status, execution.output) == (whole.status, whole.output), (count, execution.cause)
            assert (execution.error, execution.cause) == (whole.error, whole.cause), count
            assert lines(execution)[:count] == lines(whole)[:count]
            assert restart.engine.scheduler.working == 0
            yield count, execution


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_continues_after_each_event(name: str) -> None:
    whole = run(CHAINS[name])
    for count, execution in recoveries(whole):
        assert kinds(execution) == kinds(whole), count


@pytest.mark.parametrize("name", BRANCHES)
def test_branches_continue_after_each_event(name: str) -> None:
    whole = run(BRANCHES[name])
    for count, execution in recoveries(whole):
        assert Counter(kinds(execution)) == Counter(kinds(whole)), count


@pytest.mark.parametrize("name", FAILING)
def test_branches_fail_together_after_each_event(name: str) -> None:
    whole = run(FAILING[name])
    for count, execution in recoveries(whole):
        assert kinds(execution)[-1] == kinds(whole)[-1], count


def test_a_delay_ends_when_it_would_have() -> None:
    for definition, due in ((CHAINS["wait"], 60), (CHAINS["retried"], 100)):
        whole = run(definition)
        count = next(
            place for place, kind in enumerate(kinds(whole), 1) if kind in ("WaitStateEntered", "LambdaFunctionFailed")
        )
        for later, expected in ((30, due), (1000, 1000)):
            with Restart(whole, count, later=later) as restart:
                execution = restart.recover()
                assert execution.wait(3)
                assert execution.history.event(count + 1)["timestamp"] == pytest.approx(
                    START.timestamp() + expected, abs=1
                )


def test_a_task_under_way_is_given_again_with_its_deadline() -> None:
    class Hangs(Functions):
        def start(self, request: Any, completion: Any) -> Any:
            cancel = super().start(request, completion)
            completion.awaiting()
            return cancel

    def hangs() -> Functions:
        return Hangs({LAMBDA + "f": lambda _: PENDING})

    whole = run(flow(("A", PASS), ("T", {**TASK, "TimeoutSeconds": 50})), hangs())
    assert whole.error == "States.Timeout"
    count = kinds(whole).index("LambdaFunctionStarted") + 1
    with Restart(whole, count, hangs(), later=20) as restart:
        execution = restart.recover()
        assert execution.wait(3)
        assert [request.parameters for request in restart.tasks.requests] == [INPUT]
        assert execution.stop_date == pytest.approx(START.timestamp() + 50, abs=1)
        assert kinds(execution) == kinds(whole)


@pytest.mark.parametrize("resource", [SEND, ACTIVITY])
def test_a_token_stays_valid(resource: str) -> None:
    state = {"Type": "Task", "Resource": resource}
    if resource is SEND:
        state["Parameters"] = {"MessageBody": {"token.$": "$$.Task.Token"}}  # type: ignore[assignment]

    class Sends(Functions):
        def start(self, request: Any, completion: Any) -> None:  # type: ignore[override]
            self.requests.append(request)
            self.completions.append(completion)
            if resource is SEND:
                completion.started()
                completion.submitted({"MessageId": "1"})

    first = Sends({})
    clock = SkippingClock(START)
    engine = Engine(first, clock=clock, token_key=b"k" * 32)
    with clock.held():
        whole = engine.start(machine(flow(("A", PASS), ("T", state))), json.dumps(INPUT))
        wait_for(lambda: first.requests)
        token = str(first.requests[0].task_token)
        if resource is ACTIVITY:
            first.completions[0].started("worker")
        last = "TaskSubmitted" if resource is SEND else "ActivityStarted"
        wait_for(lambda: last in kinds(whole))
        engine.close()
    for count in range(kinds(whole).index(last), len(whole.history) + 1):
        with Restart(whole, count, Sends({})) as restart:
            execution = restart.recover()
            # Whoever has the token of a task that was handed over keeps it: it is not handed over twice.
            requests = restart.tasks.requests
            given = 0 if count == len(whole.history) else 1
            wait_for(lambda expected=given, found=requests: len(found) == expected)
            wait_for(lambda tokens=restart.engine.tokens: token in tokens._open)
            assert [request.task_token for request in requests] == [token] * given
            restart.engine.send_task_success(token, '{"done": true}')
            assert execution.wait(3)
            assert output(execution) == {"done": True}
            with pytest.raises(TaskTimedOut):
                restart.engine.send_task_success(token, "1")


def test_the_record_counts_and_not_the_expression() -> None:
    definition = flow(
        ("A", {**PASS, "Parameters": {"id.$": "States.UUID()"}}),
        ("B", {**PASS, "Assign": {"v.$": "States.UUID()"}}),
        ("T", {**TASK, "Parameters": {"a.$": "$.id", "v.$": "$v", "own.$": "States.UUID()"}}),
    )
    whole = run(definition)
    count = kinds(whole).index("LambdaFunctionStarted") + 1
    with Restart(whole, count) as restart:
        execution = restart.recover()
        assert execution.wait(3)
        assert execution.output == whole.output


def test_a_random_choice_stays_as_it_was() -> None:
    rule = {"Condition": "{% $random() < 0.5 %}", "Next": "X"}
    definition = flow(
        ("C", {"Type": "Choice", "Choices": [rule], "Default": "Y"}),
        ("X", {**PASS, "End": True}),
        ("Y", {**PASS, "End": True}),
        **JSONATA,
    )
    for _ in range(8):
        whole = run(definition)
        count = len(whole.history) - 2
        with Restart(whole, count) as restart:
            execution = restart.recover()
            assert execution.wait(3)
            assert lines(execution)[:-2] == lines(whole)[:-2]
            assert execution.status == "SUCCEEDED"


@pytest.mark.parametrize("definition", [CHAINS["failed"], FAILING["uncaught map"], CHAINS["timed out"]])
def test_a_redriven_execution_continues_after_each_event(definition: dict[str, Any]) -> None:
    engine = Engine(tasks(), clock=SkippingClock(START), seed=7)
    whole = engine.run(machine(definition), json.dumps(INPUT), timeout=20)
    first = len(whole.history)
    engine.redrive(whole)
    assert whole.wait(10)
    engine.close()
    for count in range(first + 1, len(whole.history)):
        with Restart(whole, count) as restart:
            execution = restart.recover()
            assert execution.wait(3)
            assert (execution.status, execution.error) == (whole.status, whole.error), (count, execution.cause)
            assert lines(execution)[:count] == lines(whole)[:count]


def test_an_ended_execution_is_redriven_from_its_record() -> None:
    whole = run(flow(("A", PASS), ("T", BAD)))
    with Restart(whole, len(whole.history)) as restart:
        restart.tasks.functions[LAMBDA + "bad"] = lambda _: "better"
        execution = restart.engine.recover(whole.machine, ended(whole))
        assert (execution.status, execution.cause, execution.output) == ("FAILED", "c", None)
        restart.engine.redrive(execution)
        assert execution.wait(3)
        assert output(execution) == "better"
        assert kinds(execution)[: len(whole.history) + 1] == [*kinds(whole), "ExecutionRedriven"]
        assert execution.redrive_count == 1


def test_a_submitted_job_is_waited_for() -> None:
    class Jobs(Functions):
        resumed: Any = None

        def start(self, request: Any, completion: Any) -> None:  # type: ignore[override]
            self.requests.append(request)
            completion.started()
            completion.submitted({"JobId": "7"})

        def resume(self, request: Any, completion: Any, submitted: Any) -> None:
            self.resumed = submitted
            completion.succeed("over")

    first, second = Jobs({}), Jobs({})
    engine = Engine(first, clock=SkippingClock(START))
    whole = engine.start(machine(flow(("T", {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync"}))))
    wait_for(lambda: "TaskSubmitted" in kinds(whole))
    engine.close()
    with Restart(whole, len(whole.history), second) as restart:
        execution = restart.recover()
        assert execution.wait(3)
        assert output(execution) == "over"
        assert (second.resumed, second.requests) == ({"JobId": "7"}, [])


DISTRIBUTED = flow(
    (
        "M",
        {
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrency": 1,
            "ItemProcessor": {**flow(("W", WAIT), ("T", TASK)), "ProcessorConfig": {"Mode": "DISTRIBUTED"}},
        },
    ),
    ("B", PASS),
)


def test_a_map_run_continues() -> None:
    whole = run(DISTRIBUTED)
    (map_run,) = whole.map_runs
    children = map_run.executions
    for count in range(1, len(whole.history)):
        for done in range(4) if kinds(whole)[count - 1] == "MapRunStarted" else (3,):
            with Restart(whole, count) as restart:
                known = [ended(child, place=place) for place, child in enumerate(children[:done])]
                if done < 3:
                    known.append(recorded(children[done], 2, place=done))
                restart.journal.children_of[map_run.arn] = known
                execution = restart.recover()
                assert execution.wait(3)
                assert (execution.status, execution.output) == ("SUCCEEDED", whole.output), (count, execution.cause)
                assert kinds(execution) == kinds(whole)
                (run_again,) = execution.map_runs
                assert [child.status for child in run_again.executions] == ["SUCCEEDED"] * 3
                if count > kinds(whole).index("MapRunStarted"):
                    assert (run_again.arn, len(restart.tasks.requests)) == (map_run.arn, 3 - done)
                assert run_again.execution_counts()["succeeded"] == 3


def test_a_record_of_another_definition_fails_clearly(caplog: pytest.LogCaptureFixture) -> None:
    whole = run(CHAINS["task"])
    with Restart(whole, 6) as restart:
        restart.machine = StateMachine(
            whole.machine.arn, "machine", json.dumps(flow(("Other", PASS))), role_arn=whole.machine.role_arn
        )
        execution = restart.recover()
        assert execution.wait(3)
        assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
        assert execution.cause == (
            "The execution cannot be recovered: the definition does not lead to the event 2 (PassStateEntered) of its "
            "history"
        )
        assert "cannot be recovered" in caplog.text


@pytest.fixture(scope="module", autouse=True)
def short_histories() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executions, "EVENT_LIMIT", 200)
        yield


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(definition=flows(), value=json_values, cuts=st.lists(st.integers(0, 10_000), min_size=3, max_size=3))
def test_random_executions_continue(definition: dict[str, Any], value: Any, cuts: list[int]) -> None:
    engine = Engine(Tasks(), SkippingClock(START), seed=1)
    try:
        whole = engine.run(machine({**definition, "TimeoutSeconds": 10**8}), json.dumps(value), timeout=60)
    except EngineError:
        return
    finally:
        engine.close()
    if whole.map_runs:  # their children's records are missing here
        return
    for cut in cuts:
        count = cut % len(whole.history)
        with Restart(whole, count, Tasks()) as restart:
            execution = restart.recover()
            assert execution.wait(3)
            assert "cannot be recovered" not in (execution.cause or ""), (count, execution.cause)
            assert lines(execution)[: min(count, 199)] == lines(whole)[: min(count, 199)]
            assert restart.engine.scheduler.working == 0
