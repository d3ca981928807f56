from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from asl import Completion, Engine, RealClock, SkippingClock, TaskRefused, TaskRequest
from asl.engine.failures import InvalidOutput, InvalidToken, TaskTimedOut
from asl.engine.resources import parse_resource
from tests.asl.engine.conftest import (
    LAMBDA,
    PENDING,
    Failed,
    Functions,
    Lab,
    chain,
    flow,
    kinds,
    machine,
    output,
    wait_for,
)

TASK = {"Type": "Task", "Resource": LAMBDA + "f"}
QUEUE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:work"


def failing(times: int, error: str = "Busy") -> Any:
    """A task function that fails so many times and then answers how often it was called."""
    calls = []

    def function(_: object) -> int:
        calls.append(1)
        if len(calls) <= times:
            raise Failed(error, f"call {len(calls)}")
        return len(calls)

    return function


@pytest.mark.parametrize(
    ("arn", "kind", "action"),
    [
        ("arn:aws:states:::sqs:sendMessage", "sqs", "sendMessage"),
        ("arn:aws:states:::aws-sdk:sfn:sendTaskSuccess", "aws-sdk:sfn", "sendTaskSuccess"),
        ("arn:aws:states:::states:startExecution.sync:2", "states", "startExecution.sync:2"),
        (LAMBDA + "f", "", ""),
        (ACTIVITY, "", ""),
    ],
)
def test_resources(arn: str, kind: str, action: str) -> None:
    resource = parse_resource(arn)
    assert (resource.type, resource.action) == (kind, action)
    assert resource.is_activity is (arn == ACTIVITY)


def test_retries_with_backoff(lab: Lab) -> None:
    retry = [
        {"ErrorEquals": ["Busy"], "IntervalSeconds": 10, "BackoffRate": 3, "MaxAttempts": 4, "MaxDelaySeconds": 50}
    ]
    execution = lab.run(flow(("T", {**TASK, "Retry": retry})), f=failing(4))
    assert output(execution) == 5
    events = execution.history.events()
    scheduled = [event["timestamp"] for event in events if event["type"] == "LambdaFunctionScheduled"]
    gaps = [later - earlier for earlier, later in pairwise(scheduled)]
    assert gaps == pytest.approx([10, 30, 50, 50])
    assert chain(execution) == [(1, 0), (2, 0), *((number, number - 1) for number in range(3, len(events) + 1))]


def test_jitter_is_full_and_repeatable(lab: Lab) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 100, "JitterStrategy": "FULL", "BackoffRate": 1}]

    def gaps(engine: Engine) -> list[float]:
        execution = engine.run(machine(flow(("T", {**TASK, "Retry": retry}))), timeout=10)
        times = [
            event["timestamp"] for event in execution.history.events() if event["type"] == "LambdaFunctionScheduled"
        ]
        return [later - earlier for earlier, later in pairwise(times)]

    runs = [gaps(Engine(Functions({LAMBDA + "f": failing(3)}), SkippingClock(), seed=3)) for _ in range(2)]
    assert runs[0] == pytest.approx(runs[1], abs=1e-5)
    assert all(0 <= gap <= 100 for gap in runs[0])
    assert len(set(runs[0])) == 3


def test_retriers_count_for_themselves(lab: Lab) -> None:
    errors = iter(["A", "B", "A", "B", "A"])

    def function(_: object) -> None:
        raise Failed(next(errors), "x")

    retry = [{"ErrorEquals": ["A"], "MaxAttempts": 2}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]
    execution = lab.run(flow(("T", {**TASK, "Retry": retry})), f=function)
    assert (execution.status, execution.error) == ("FAILED", "A")
    assert len(lab.functions.requests) == 5


def test_the_retry_count_is_in_the_context_object(lab: Lab) -> None:
    state = {**TASK, "Parameters": {"n.$": "$$.State.RetryCount"}, "Retry": [{"ErrorEquals": ["States.ALL"]}]}
    lab.run(flow(("T", state)), f=failing(2))
    assert [request.parameters["n"] for request in lab.functions.requests] == [0, 1, 2]


@pytest.mark.parametrize(
    ("error", "equals", "caught"),
    [
        ("E", ["E"], True),
        ("E", ["F"], False),
        ("E", ["States.ALL"], True),
        ("E", ["States.TaskFailed"], True),
        ("States.Timeout", ["States.TaskFailed"], False),
        ("States.Timeout", ["States.ALL"], True),
        ("States.Runtime", ["States.ALL"], False),
        ("States.Runtime", ["States.TaskFailed"], False),
        ("States.Runtime", ["States.Runtime"], False),
    ],
)
def test_what_a_catcher_catches(lab: Lab, error: str, equals: list[str], caught: bool) -> None:
    definition = flow(
        ("T", {**TASK, "Catch": [{"ErrorEquals": equals, "ResultPath": "$.error", "Next": "C"}], "End": True}),
        ("C", {"Type": "Pass"}),
    )
    execution = lab.run(definition, {"a": 1}, f=failing(1, error))
    assert execution.status == ("SUCCEEDED" if caught else "FAILED")
    if caught:
        assert output(execution) == {"a": 1, "error": {"Error": error, "Cause": "call 1"}}


def test_no_state_catches_or_retries_states_runtime_not_even_by_name(lab: Lab) -> None:
    named = {"ErrorEquals": ["States.Runtime"]}
    task = {**TASK, "OutputPath": "$.nope", "Retry": [named], "Catch": [{**named, "Next": "C"}], "End": True}
    caught = ("C", {"Type": "Pass"})
    parallel = {"Type": "Parallel", "Branches": [flow(("T", {**TASK, "OutputPath": "$.nope"}))]}
    around = {**parallel, "Catch": [{**named, "Next": "C"}], "End": True}
    for definition in (flow(("T", task), caught), flow(("P", around), caught)):
        execution = lab.run(definition, f=lambda _: {"a": 1})
        assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert len(lab.functions.requests) == 2


@pytest.mark.parametrize(
    ("field", "path", "cause"),
    [
        ("InputPath", "$.a.b", "Invalid path '$.a.b' : Missing property in path $['a']"),
        ("InputPath", "$.a", "Invalid path '$.a' : No results for path: $['a']"),
        ("InputPath", "$$.a", "Invalid path '$.a' : No results for path: $['a']"),
        ("InputPath", "$.x.y", "Invalid path '$.x.y' : No results for path: $['x']['y']"),
        ("InputPath", "$.list[3]", "Invalid path '$.list[3]' : No results for path: $['list'][3]"),
        ("InputPath", "$.x[0].y", "Invalid path '$.x[0].y' : Filter: [0]['y'] can only be applied to arrays. Current "),
        ("InputPath", "$.n.y", "Invalid path '$.n.y' : Expected to find an object with property ['y'] in path $['n'] "),
        ("OutputPath", "$.a.b.c", "Invalid path '$.a.b.c' : Missing property in path $['a']"),
        ("TimeoutSecondsPath", "$.a", "Invalid path '$.a' : No results for path: $['a']"),
        ("HeartbeatSecondsPath", "$.a", "Invalid path '$.a' : No results for path: $['a']"),
    ],
)
def test_some_fields_say_that_a_path_finds_nothing_in_the_words_of_the_path_library(
    lab: Lab, field: str, path: str, cause: str
) -> None:
    execution = lab.run(flow(("T", {**TASK, field: path})), {"x": {}, "n": 1, "list": [1]}, f=lambda _: {})
    assert execution.error == "States.Runtime"
    assert (execution.cause or "").startswith(
        f"An error occurred while executing the state 'T' (entered at the event id #2). {cause}"
    )


def test_a_wait_says_that_its_path_finds_nothing_in_its_own_words(lab: Lab) -> None:
    for field in ("SecondsPath", "TimestampPath"):
        execution = lab.run(flow(("W", {"Type": "Wait", field: "$.a"})))
        assert (execution.cause or "").endswith(f"The {field} parameter does not reference an input value: $.a")


def test_a_job_has_a_token_in_its_context(lab: Lab) -> None:
    job = "arn:aws:states:::glue:startJobRun.sync"
    lab.functions.functions[job] = lambda request: request.parameters
    parameters = {"token.$": "$$.Task.Token"}
    token = output(lab.run(flow(("T", {"Type": "Task", "Resource": job, "Parameters": parameters}))))["token"]
    assert len(token) > 20
    assert lab.functions.requests[-1].task_token is None


def test_a_result_that_is_too_large_names_the_service(lab: Lab) -> None:
    for resource, name in (("arn:aws:states:::lambda:invoke", "lambda"), (LAMBDA + "f", LAMBDA + "f")):
        lab.functions.functions[resource] = lambda _: "x" * 300_000
        execution = lab.run(flow(("T", {"Type": "Task", "Resource": resource})))
        assert execution.error == "States.DataLimitExceeded"
        assert (execution.cause or "").startswith(f"The state/task '{name}' returned a result with a size exceeding")


def test_a_path_into_an_input_of_null(lab: Lab) -> None:
    definition = flow(("A", {"Type": "Pass", "Result": None}), ("B", {"Type": "Pass", "Parameters": {"x.$": "$.x"}}))
    cause = lab.run(definition).cause or ""
    assert cause.endswith("Unable to apply Path transformation to null or empty input.")


def test_a_jsonata_catcher(lab: Lab) -> None:
    catcher = {
        "ErrorEquals": ["States.ALL"],
        "Output": {"e": "{% $states.errorOutput.Error %}", "i": "{% $states.input.a %}"},
        "Assign": {"cause": "{% $states.errorOutput.Cause %}"},
        "Next": "C",
    }
    definition = flow(
        ("T", {**TASK, "Catch": [catcher], "End": True}),
        ("C", {"Type": "Pass", "Output": "{% $merge([$states.input, {'cause': $cause}]) %}"}),
        QueryLanguage="JSONata",
    )
    assert output(lab.run(definition, {"a": 1}, f=failing(1))) == {"e": "Busy", "i": 1, "cause": "call 1"}


def test_a_timeout_gives_the_task_up(lab: Lab) -> None:
    lab.functions.functions[QUEUE] = lambda request: PENDING
    state = {"Type": "Task", "Resource": QUEUE, "Parameters": {"t.$": "$$.Task.Token"}, "TimeoutSeconds": 3600}
    started = lab.engine.start(machine(flow(("T", state))))
    wait_for(lambda: lab.functions.completions)
    lab.functions.completions[0].submitted({"MessageId": "m"})
    assert started.wait(5)
    assert (started.status, started.error, started.cause) == ("FAILED", "States.Timeout", None)
    assert kinds(started)[2:] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskTimedOut", "ExecutionFailed"]
    assert lab.functions.cancelled == ["T"]
    details = started.history.event(3)["taskScheduledEventDetails"]
    assert details["timeoutInSeconds"] == 3600
    assert (details["resourceType"], details["resource"], details["region"]) == (
        "sqs",
        "sendMessage.waitForTaskToken",
        "us-east-1",
    )


def test_a_missing_heartbeat(lab: Lab) -> None:
    lab.functions.functions[QUEUE] = lambda request: PENDING
    catch = [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "C"}]
    state = {"Type": "Task", "Resource": QUEUE, "HeartbeatSeconds": 60, "Catch": catch, "End": True}
    started = lab.engine.start(machine(flow(("T", state), ("C", {"Type": "Pass"}))))
    wait_for(lambda: lab.functions.completions)
    lab.functions.completions[0].submitted({})
    assert started.wait(5)
    assert output(started) == {"Error": "States.Timeout", "Cause": ""}


def test_heartbeats_keep_a_task_alive(lab: Lab) -> None:
    lab.functions.functions[QUEUE] = lambda request: PENDING
    state = {"Type": "Task", "Resource": QUEUE, "HeartbeatSeconds": 2, "TimeoutSeconds": 600}
    engine = Engine(lab.functions, RealClock())
    started = engine.start(machine(flow(("T", state))))
    wait_for(lambda: lab.functions.requests)
    lab.functions.completions[0].submitted({})
    token = lab.functions.requests[0].task_token or ""
    for _ in range(5):
        time.sleep(0.5)
        engine.send_task_heartbeat(token)
    assert started.status == "RUNNING"
    engine.send_task_success(token, "1")
    assert started.wait(5)
    engine.close()


def test_tokens(lab: Lab) -> None:
    lab.functions.functions[QUEUE] = lambda request: PENDING
    engine = lab.engine
    with lab.clock.held():
        started = engine.start(machine(flow(("T", {"Type": "Task", "Resource": QUEUE, "TimeoutSeconds": 60}))))
        wait_for(lambda: lab.functions.requests)
        token = lab.functions.requests[0].task_token or ""
        lab.functions.completions[0].submitted({})
        with pytest.raises(InvalidOutput):
            engine.send_task_success(token, "no JSON")
        with pytest.raises(InvalidOutput):
            engine.send_task_success(token, json.dumps("x" * 262_144))
        engine.send_task_success(token, '{"done": true}')
        assert started.wait(5)
    assert output(started) == {"done": True}
    for call in (
        lambda: engine.send_task_success(token, "{}"),
        lambda: engine.send_task_failure(token),
        lambda: engine.send_task_heartbeat(token),
    ):
        with pytest.raises(TaskTimedOut):
            call()
    for text in ("", "abc", "é", token[:-4] + "AAAA"):
        with pytest.raises(InvalidToken):
            engine.send_task_failure(text, "E", "c")


def answer_fails(lab: Lab) -> None:
    lab.functions.completions[0].fail("SQS.AmazonSQSException", "late")


@pytest.mark.parametrize(
    ("answer", "events"),
    [
        (lambda lab: lab.functions.completions[0].submitted({"id": 1}), ["TaskStarted", "TaskSubmitted"]),
        (answer_fails, ["TaskStarted"]),
        (lambda lab: None, ["TaskStarted"]),
    ],
    ids=["answer", "failure", "no answer"],
)
def test_a_token_that_is_faster_than_the_answer_of_the_call(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Lab], None], events: list[str]
) -> None:
    monkeypatch.setattr("asl.engine.attempt.ANSWER_PATIENCE", 0.05)
    lab.functions.functions[QUEUE] = lambda request: PENDING
    started = lab.engine.start(machine(flow(("T", {"Type": "Task", "Resource": QUEUE, "HeartbeatSeconds": 60}))))
    wait_for(lambda: lab.functions.requests)
    token = lab.functions.requests[0].task_token or ""
    lab.engine.send_task_failure(token, "E", "c")
    answer(lab)
    assert started.wait(5)
    assert kinds(started)[3:-1] == [*events, "TaskFailed"]
    assert (started.error, started.cause) == ("E", "c")
    with pytest.raises(TaskTimedOut):
        lab.engine.send_task_success(token, "{}")


def test_an_activity(lab: Lab) -> None:
    def offer(request: TaskRequest, completion: Completion) -> None:
        lab.functions.requests.append(request)
        lab.functions.completions.append(completion)

    lab.functions.start = offer  # type: ignore[method-assign,assignment]
    with lab.clock.held():
        started = lab.engine.start(
            machine(flow(("T", {"Type": "Task", "Resource": ACTIVITY, "HeartbeatSeconds": 60}))), '{"a": 1}'
        )
        wait_for(lambda: lab.functions.completions)
        lab.functions.completions[0].started("worker")
        lab.engine.send_task_failure(lab.functions.requests[0].task_token or "", "E", None)
        assert started.wait(5)
    assert kinds(started)[2:] == ["ActivityScheduled", "ActivityStarted", "ActivityFailed", "ExecutionFailed"]
    assert started.history.event(3)["activityScheduledEventDetails"] == {
        "resource": ACTIVITY,
        "input": '{"a": 1}',
        "inputDetails": {"truncated": False},
        "heartbeatInSeconds": 60,
    }
    assert started.history.event(4)["activityStartedEventDetails"] == {"workerName": "worker"}


def test_a_refused_task_leaves_no_trace(lab: Lab) -> None:
    def check(request: object) -> None:
        raise TaskRefused("States.Runtime", "The activity x does not exist.")

    engine = Engine(lab.functions, lab.clock)
    engine._check = check
    execution = engine.run(machine(flow(("T", TASK))), timeout=5)
    assert kinds(execution) == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
    assert execution.cause == (
        "An error occurred while executing the state 'T' (entered at the event id #2). The activity x does not exist."
    )


@pytest.mark.parametrize("result", [object(), {1, 2}, float("nan"), {"a": b"bytes"}])
def test_a_result_that_is_not_json(lab: Lab, result: Any) -> None:
    execution = lab.run(flow(("T", TASK)), f=lambda request: result)
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert "not a JSON value" in (execution.cause or "")
    assert output(lab.run(flow(("T", TASK)), f=lambda request: 1)) == 1


def test_a_runner_that_raises(lab: Lab) -> None:
    def explode(request: object) -> None:
        raise SystemError("boom")

    execution = lab.run(flow(("T", TASK)), f=explode)
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert "boom" in (execution.cause or "")


def test_what_comes_after_the_end_is_ignored(lab: Lab) -> None:
    execution = lab.run(flow(("T", TASK)), f=lambda request: 1)
    for _ in range(2):
        lab.functions.completions[0].succeed(2)
        lab.functions.completions[0].fail("E", "c")
        lab.functions.completions[0].started()
    assert output(execution) == 1
    assert output(lab.run(flow(("T", TASK)))) == 1
    assert len(execution.history) == 7


def test_real_work_is_waited_for(lab: Lab) -> None:
    """The clock skips the wait beside a task that is being done, but not past the task's end."""

    def work(request: Any) -> Any:
        completion = lab.functions.completions[-1]
        threading.Timer(0.2, completion.succeed, ["worked"]).start()
        return PENDING

    branches = [flow(("T", TASK)), flow(("W", {"Type": "Wait", "Seconds": 86_400}))]
    execution = lab.run(flow(("P", {"Type": "Parallel", "Branches": branches})), f=work)
    assert output(execution) == ["worked", {}]
    ends = {event["type"]: event["timestamp"] for event in execution.history.events()}
    assert ends["LambdaFunctionSucceeded"] - execution.start_date < 10
    assert ends["WaitStateExited"] - execution.start_date >= 86_400


def test_stopping_cancels_the_task(lab: Lab) -> None:
    lab.functions.functions[LAMBDA + "f"] = lambda request: PENDING
    changes: list[str] = []
    started = lab.engine.start(machine(flow(("T", TASK))), on_change=lambda execution: changes.append(execution.status))
    wait_for(lambda: lab.functions.requests)
    lab.engine.stop(started, "Stopped", "by hand")
    assert started.wait(5)
    assert (started.status, started.error, started.cause) == ("ABORTED", "Stopped", "by hand")
    assert kinds(started)[-1] == "ExecutionAborted"
    wait_for(lambda: lab.functions.cancelled == ["T"])
    assert changes == ["RUNNING", "ABORTED"]


def test_credentials_are_passed_on_and_written(lab: Lab) -> None:
    state = {**TASK, "Credentials": {"RoleArn.$": "$.role"}}
    execution = lab.run(flow(("T", state)), {"role": "arn:role"}, f=lambda request: request.credentials)
    assert output(execution) == {"RoleArn": "arn:role"}
    details = execution.history.event(3)["lambdaFunctionScheduledEventDetails"]
    assert details["taskCredentials"] == {"RoleArn": "arn:role"}


@pytest.mark.parametrize("value", [0, -1, 1.5, "x", None, 100_000_000])
def test_a_timeout_that_is_no_number_of_seconds(lab: Lab, value: Any) -> None:
    execution = lab.run(flow(("T", {**TASK, "TimeoutSecondsPath": "$.t"})), {"t": value}, f=lambda request: 1)
    assert execution.error == "States.Runtime"
    assert "TimeoutSecondsPath" in (execution.cause or "")


def test_a_request_says_where_its_attempt_belongs(lab: Lab) -> None:
    """The place in the definition, the iterations around it and the number of the attempt."""
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}]
    inner = flow(("Inner", {"Type": "Map", "ItemProcessor": flow(("T", {**TASK, "Retry": retry}))}))
    child = {**inner, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    outer = {"Type": "Map", "ItemProcessor": child, "MaxConcurrency": 1, "Next": "Both"}
    both = {"Type": "Parallel", "Branches": [flow(("P", TASK))]}
    definition = machine(flow(("Outer", outer), ("Both", both)))
    lab.functions.functions[LAMBDA + "f"] = failing(1)
    execution = lab.engine.run(definition, "[[1], [2]]", trace_header="Root=1-2-3", timeout=20)
    assert execution.status == "SUCCEEDED"
    path = "/States/Outer/ItemProcessor/States/Inner/ItemProcessor/States/T"
    found = [(request.state_path, request.iterations, request.attempt) for request in lab.functions.requests]
    assert found == [
        (path, (0, 0), 1),
        (path, (0, 0), 2),
        (path, (1, 0), 1),
        ("/States/Both/Branches/0/States/P", (), 1),
    ]
    assert {request.trace_header for request in lab.functions.requests} == {"Root=1-2-3"}


def test_an_expression_of_a_catcher_that_fails_has_its_event(lab: Lab) -> None:
    def fail(_: object) -> None:
        raise Failed("E", "c")

    catcher = {"ErrorEquals": ["E"], "Next": "B", "Output": "{% $nothing %}"}
    task = {"Type": "Task", "Resource": LAMBDA + "f", "Catch": [catcher], "Next": "B"}
    execution = lab.run(flow(("A", task), ("B", {"Type": "Pass"}), QueryLanguage="JSONata"), f=fail)
    assert kinds(execution)[-3:] == ["LambdaFunctionFailed", "EvaluationFailed", "ExecutionFailed"]
    failed = execution.history.events()[-2]
    assert failed["evaluationFailedEventDetails"]["location"] == "Catch[0]/Output"
    assert failed["previousEventId"] == failed["id"] - 1
