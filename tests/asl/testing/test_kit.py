from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from asl import SkippingClock
from asl.testing import Coverage, FlowUnderTest, TaskFailed, UnstubbedTask
from stepfunctions.mock_validation import result_problem

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
INVOKE = "arn:aws:states:::lambda:invoke"


def task(resource: str = ARN + "f", **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, **({} if "Next" in fields else {"End": True}), **fields}


def one(state: dict[str, Any], **functions: Any) -> FlowUnderTest:
    return FlowUnderTest("flow", {"StartAt": "T", "States": {"T": state}}, functions=functions)


def test_steps_follow_each_other_and_the_last_is_repeated() -> None:
    flow = one(task(Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 9}]))
    flow.task("T").fails("A", times=2).then.fails("B", times=1).then.returns({"n": 1})
    run = flow.run()
    run.assert_succeeded(output={"n": 1})
    assert run.retries("T") == 3
    assert flow.run().assert_succeeded().retries("T") == 0, "the steps go on where the last run left them"


def test_real_functions_by_arn_and_by_name() -> None:
    def function(event: Any, context: Any) -> Any:
        return [event, context.function_name]

    assert one(task(), **{ARN + "f": function}).run({"a": 1}).output == [{"a": 1}, "f"]
    assert one(task(), f=function).run({"a": 1}).output == [{"a": 1}, "f"]
    state = task(INVOKE, Parameters={"FunctionName": "f", "Payload.$": "$"}, OutputPath="$.Payload")
    assert one(state, f=lambda event: event["a"]).run({"a": 1}).output == 1


def test_a_function_cannot_change_the_run_s_documents() -> None:
    def function(event: Any) -> Any:
        event["a"].append(2)
        return event

    run = one(task(), f=function).run({"a": [1]})
    assert run.output == {"a": [1, 2]}
    assert run.input_of("T") == {"a": [1]}
    assert run.payloads("T") == [{"a": [1]}]


def test_a_function_that_stands_for_s3_gets_what_a_map_writes() -> None:
    written: list[dict[str, Any]] = []
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "results"}}
    state = {"Type": "Map", "ItemProcessor": processor, "ResultWriter": writer, "End": True}
    flow = FlowUnderTest("f", {"StartAt": "M", "States": {"M": state}})
    flow.function("arn:aws:states:::aws-sdk:s3:putObject", lambda event: written.append(event) or {})
    run = flow.run([1, 2]).assert_succeeded()
    assert written[-1]["Key"] == run.output["ResultWriterDetails"]["Key"]
    assert all(isinstance(call["Body"], bytes) for call in written)


def test_what_a_function_raises_and_what_is_not_json() -> None:
    def broken(event: Any) -> Any:
        raise KeyError("nope")

    run = one(task(), f=broken).run()
    run.assert_failed("KeyError", cause="nope")
    one(task(), f=lambda event: {1, 2}).run().assert_failed("Runtime.MarshalError")


def test_a_function_that_stands_for_a_service_says_error_and_cause() -> None:
    def service(event: Any) -> Any:
        raise TaskFailed("SQS.QueueDoesNotExistException", "there is no queue")

    run = one(task("arn:aws:states:::sqs:sendMessage"), **{"arn:aws:states:::sqs:sendMessage": service}).run()
    assert (run.error, run.cause) == ("SQS.QueueDoesNotExistException", "there is no queue")


@pytest.mark.parametrize(("code", "words"), [(3, "exit status 3"), (0, "without providing a reason")])
def test_a_function_that_ends_its_process_ends_the_task_alone(code: int, words: str) -> None:
    one(task(), f=lambda event: sys.exit(code)).run().assert_failed("Runtime.ExitError", cause=words)


def test_an_invoke_stub() -> None:
    flow = one(task(INVOKE, Parameters={"FunctionName": "f"}))
    flow.task("T").returns_payload(5)
    assert flow.run().output == {"ExecutedVersion": "$LATEST", "Payload": 5, "StatusCode": 200}


def test_a_task_that_never_answers() -> None:
    flow = one(task("arn:aws:states:::sqs:sendMessage.waitForTaskToken", HeartbeatSeconds=60))
    flow.task("T").times_out()
    assert flow.run().assert_failed("States.Timeout").seconds == 60
    flow = one(task())
    flow.task("T").times_out()
    flow.run().assert_failed("States.Timeout")


def test_misuse_is_said() -> None:
    flow = one(task())
    with pytest.raises(ValueError, match="no Task state 'X'; it has: T"):
        flow.task("X")
    with pytest.raises(UnstubbedTask, match=r"flow\.task\('T'\)\.returns"):
        flow.run()
    with pytest.raises(ValueError, match="times"):
        flow.task("T").returns(1, times=0)
    with pytest.raises(ValueError, match="without an end"):
        flow.task("T").returns(1).returns(2)
    flow.task("T")
    with pytest.raises(UnstubbedTask, match="says nothing"):
        flow.run()


def test_assertions_fail_with_the_course_of_the_run() -> None:
    flow = one(task())
    flow.task("T").fails("E", "why")
    run = flow.run()
    for check in (
        run.assert_succeeded,
        lambda: run.assert_failed("F"),
        lambda: run.assert_failed("E", cause="because"),
        lambda: run.assert_path("T", "U"),
        lambda: run.assert_entered("U"),
        lambda: run.assert_not_entered("T"),
        lambda: run.output_of("T"),
    ):
        with pytest.raises(AssertionError) as failure:
            check()
        assert "path: T" in str(failure.value)
        assert "error: E: why" in str(failure.value)
    flow.task("T").returns(1)
    run = flow.run()
    with pytest.raises(AssertionError, match="the output is 1, not 2"):
        run.assert_succeeded(output=2)
    with pytest.raises(AssertionError, match="did not fail"):
        run.assert_failed()


def test_a_run_knows_states_inside_maps_and_child_executions() -> None:
    for mode in ("INLINE", "DISTRIBUTED"):
        processor = {
            "ProcessorConfig": {"Mode": mode, "ExecutionType": "STANDARD"},
            "StartAt": "I",
            "States": {"I": task()},
        }
        states = {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}
        flow = FlowUnderTest("flow", {"StartAt": "M", "States": states}, functions={"f": lambda event: event * 2})
        run = flow.run([1, 2])
        run.assert_succeeded(output=[2, 4])
        assert run.visits("I") == 2
        assert run.input_of("I", -1) == 2
        assert ("I", None) in run.transitions


def test_the_clock_of_a_run() -> None:
    states = {"W": {"Type": "Wait", "Seconds": 60, "End": True}}
    clock = SkippingClock(datetime(2030, 1, 1, tzinfo=UTC))
    run = FlowUnderTest("flow", {"StartAt": "W", "States": states}).run(clock=clock)
    assert run.seconds == 60
    assert clock.datetime == datetime(2030, 1, 1, 0, 1, tzinfo=UTC)


def test_coverage() -> None:
    coverage = Coverage()
    states = {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "T"}], "Default": "P"},
        "T": task(Next="P", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "F"}]),
        "P": {"Type": "Pass", "End": True},
        "F": {"Type": "Fail"},
    }
    flow = FlowUnderTest("flow", {"StartAt": "C", "States": states}, coverage=coverage)
    flow.task("T").returns(1)
    covered = coverage.flows["flow"]
    assert covered.percent == 0
    flow.run({"a": 1})
    assert covered.uncovered_states == ["F"]
    assert covered.uncovered_branches == ["C -> P", "T -> F"]
    assert covered.percent == 100 * 5 / 8
    other = Coverage()
    other.merge(coverage.dump())
    assert other.report() == coverage.report()
    assert other.report() == ["flow   62.5%  3/4 states, 2/4 branches; not: F, C -> P, T -> F"]
    flow.task("T").fails("E")
    flow.run({"a": 1})
    flow.run({})
    assert covered.percent == 100


WAITING = "arn:aws:states:::lambda:invoke.waitForTaskToken"


def waiting(**fields: Any) -> dict[str, Any]:
    parameters = {"FunctionName": "send", "Payload": {"token.$": "$$.Task.Token"}}
    return task(WAITING, Parameters=parameters, **fields)


def test_a_function_with_a_token_does_not_answer_for_whoever_has_the_token() -> None:
    sent: list[Any] = []
    flow = one(waiting(TimeoutSeconds=60), send=lambda event: sent.append(event) or {"not": "the result"})
    flow.run().assert_failed("States.Timeout")
    assert list(sent[0]) == ["token"]
    with pytest.raises(UnstubbedTask, match="'T' waits for its token, and nobody answers"):
        one(waiting(), send=lambda event: None).run()


def test_a_function_that_cannot_hand_the_token_over_fails_the_task() -> None:
    def broken(_: Any) -> Any:
        raise KeyError("nope")

    one(waiting(), send=broken).run().assert_failed("KeyError")


def test_a_run_that_waits_is_answered() -> None:
    flow = one(waiting(TimeoutSeconds=60, HeartbeatSeconds=10), send=lambda event: None)
    run = flow.start({"a": 1})
    assert run.status == "RUNNING"
    (held,) = run.waiting
    assert (held.state, held.payload["Payload"]) == ("T", {"token": held.token})
    with pytest.raises(AssertionError, match="'T' waits for its token"):
        run.end()
    with pytest.raises(AssertionError, match="no task of 'U' waits for its token; waiting: 'T'"):
        run.succeed("U")
    run.succeed("T", {"by": "Ann"})
    ended = run.end().assert_succeeded(output={"by": "Ann"})
    assert ended.seconds == 0


def test_time_passes_only_as_far_as_the_test_says() -> None:
    flow = one(waiting(TimeoutSeconds=60, HeartbeatSeconds=10), send=lambda event: None)
    run = flow.start()
    run.advance(9)
    run.heartbeat("T")
    run.advance(timedelta(seconds=9))
    assert run.status == "RUNNING"
    run.advance(1)
    assert run.end().assert_failed("States.Timeout").seconds == 19
    refused = flow.start()
    refused.fail("T", "Refused", "by Ann")
    refused.end().assert_failed("Refused", cause="by Ann")


def test_iterations_that_wait_are_answered_one_by_one() -> None:
    processor = {"StartAt": "T", "States": {"T": waiting()}}
    state = {"Type": "Map", "ItemsPath": "$", "ItemProcessor": processor, "End": True}
    run = FlowUnderTest("flow", {"StartAt": "M", "States": {"M": state}}).start([1, 2, 3])
    assert [held.state for held in run.waiting] == ["T", "T", "T"]
    run.succeed("T", "second", index=1)
    run.succeed("T", "first")
    run.succeed("T", "third")
    run.end().assert_succeeded(output=["first", "second", "third"])


def test_a_stub_that_answers_by_payload() -> None:
    processor = {"StartAt": "T", "States": {"T": task()}}
    state = {"Type": "Map", "ItemsPath": "$", "ItemProcessor": processor, "End": True}
    flow = FlowUnderTest("flow", {"StartAt": "M", "States": {"M": state}})
    flow.task("T").answers((2, "two"), (1, "one"))
    flow.run([1, 2]).assert_succeeded(output=["one", "two"])
    flow.task("T").answers((2, "two"))
    with pytest.raises(UnstubbedTask, match="has no result left for 1"):
        flow.run([1, 2])


def test_results_that_the_service_never_gives_are_refused() -> None:
    flow = FlowUnderTest(
        "flow",
        {"StartAt": "T", "States": {"T": task("arn:aws:states:::aws-sdk:sqs:sendMessage")}},
        check=result_problem,
    )
    with pytest.raises(ValueError, match="the stub of 'T': Field 'MessageId' must be a string"):
        flow.task("T").returns({"MessageId": 1})
    flow.task("T").returns({"MessageId": "1"})


def test_an_output_that_differs_by_time_only() -> None:
    flow = one({"Type": "Pass", "Parameters": {"at.$": "$$.State.EnteredTime", "n": 1}, "End": True})
    flow.run().assert_succeeded(like={"at": "2020-01-01T00:00:00Z", "n": 1})
    with pytest.raises(AssertionError, match="/n is 1, it was 2"):
        flow.run().assert_succeeded(like={"at": "2020-01-01T00:00:00Z", "n": 2})
