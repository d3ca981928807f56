"""Activities, task tokens, functions and executions as tasks, Map Runs."""

from __future__ import annotations

import base64
import json
import threading
import time
from typing import Any

import pytest

from stepfunctions import Invocation
from stepfunctions.integrations.lambda_functions import _function_error
from tests.stepfunctions.conftest import LAMBDA, PASSING, Lab, one
from tests.stepfunctions.test_state_machines import refusal

INVOKE = "arn:aws:states:::lambda:invoke"
START = "arn:aws:states:::states:startExecution"


def types(lab: Lab, arn: str) -> list[str]:
    return [event["type"] for event in lab.sfn.get_execution_history(executionArn=arn)["events"]]


def test_an_activity_and_its_worker(lab: Lab, sfn: Any) -> None:
    activity = sfn.create_activity(name="review")["activityArn"]
    assert sfn.create_activity(name="review")["activityArn"] == activity
    without_key = {"type": "CUSTOMER_MANAGED_KMS_KEY"}
    refused = refusal(sfn.create_activity, name="other", encryptionConfiguration=without_key)
    assert refused[0] == "InvalidEncryptionConfiguration"
    assert sfn.get_activity_task(activityArn=activity).get("taskToken") is None  # nobody came in time
    arn = lab.start(lab.create("m", one("Task", Resource=activity, HeartbeatSeconds=60)), {"id": 7})
    task = sfn.get_activity_task(activityArn=activity, workerName="ann")
    assert json.loads(task["input"]) == {"id": 7}
    sfn.send_task_heartbeat(taskToken=task["taskToken"])
    sfn.send_task_success(taskToken=task["taskToken"], output='{"ok": true}')
    assert json.loads(lab.finished(arn)["output"]) == {"ok": True}
    assert types(lab, arn)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    started = sfn.get_execution_history(executionArn=arn)["events"][3]
    assert started["activityStartedEventDetails"] == {"workerName": "ann"}
    assert refusal(sfn.send_task_success, taskToken=task["taskToken"], output="1") == (
        "TaskTimedOut",
        "Task Timed Out: 'Provided task does not exist anymore'",
    )
    assert refusal(sfn.send_task_failure, taskToken="bogus") == ("InvalidToken", "Invalid Token: 'Invalid token'")


def test_a_waiting_worker_gets_the_task_at_once(lab: Lab, sfn: Any) -> None:
    activity = sfn.create_activity(name="a")["activityArn"]
    lab.service._activities._poll_seconds = 20  # longer than the test waits
    got: list[Any] = []
    worker = threading.Thread(target=lambda: got.append(sfn.get_activity_task(activityArn=activity)))
    worker.start()
    time.sleep(0.05)
    lab.start(lab.create("m", one("Task", Resource=activity)), "hello")
    worker.join(5)
    assert got[0]["input"] == '"hello"'


def test_a_deleted_activity(lab: Lab, sfn: Any) -> None:
    activity = sfn.create_activity(name="a")["activityArn"]
    machine = lab.create("m", one("Task", Resource=activity))
    sfn.delete_activity(activityArn=activity)
    found = lab.finished(lab.start(machine))
    assert (found["error"], found["cause"]) == (
        "States.Runtime",
        "An error occurred while executing the state 'A' (entered at the event id #2). "
        f"The activity {activity} does not exist.",
    )
    assert "ActivityScheduled" not in types(lab, found["executionArn"])
    assert refusal(sfn.get_activity_task, activityArn=activity)[0] == "ActivityDoesNotExist"


def test_a_function_by_its_arn(lab: Lab) -> None:
    lab.functions.by_name["double"] = lambda event: event["n"] * 2
    found = lab.run(one("Task", Resource=LAMBDA + "double"), {"n": 21})
    assert found["output"] == "42"
    assert "LambdaFunctionSucceeded" in types(lab, found["executionArn"])


def test_a_function_that_raises(lab: Lab) -> None:
    def bad(event: Any) -> None:
        raise KeyError("gone")

    lab.functions.by_name["bad"] = bad
    found = lab.run(one("Task", Resource=LAMBDA + "bad"))
    assert found["error"] == "KeyError"
    assert json.loads(found["cause"])["errorMessage"] == "'gone'"
    assert lab.run_task(INVOKE, {"FunctionName": "bad"})["error"] == "KeyError"


def test_lambda_invoke_answers_as_the_api(lab: Lab) -> None:
    lab.functions.by_name["echo"] = lambda event: event
    output = json.loads(lab.run_task(INVOKE, {"FunctionName": LAMBDA + "echo", "Payload": {"a": [1]}})["output"])
    assert (output["Payload"], output["StatusCode"], output["ExecutedVersion"]) == ({"a": [1]}, 200, "$LATEST")
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert output["SdkHttpMetadata"]["HttpHeaders"]["Content-Type"] == "application/json"
    assert "RequestId" in output["SdkResponseMetadata"]
    event = json.loads(lab.run_task(INVOKE, {"FunctionName": "echo", "InvocationType": "Event"})["output"])
    assert (event["StatusCode"], event["Payload"]) == (202, "")


def test_a_function_that_does_not_exist(lab: Lab) -> None:
    found = lab.run_task(INVOKE, {"FunctionName": "none"})
    assert found["error"] == "Lambda.ResourceNotFoundException"
    assert found["cause"].startswith(
        f"Function not found: {LAMBDA}none:$LATEST (Service: AWSLambda; Status Code: 404; "
        "Error Code: ResourceNotFoundException; Request ID: "
    )
    assert found["cause"].endswith("; Proxy: null)")
    assert lab.run(one("Task", Resource=LAMBDA + "none"))["error"] == "Lambda.ResourceNotFoundException"


def test_parameters_that_an_integration_does_not_accept(lab: Lab) -> None:
    arguments = "{% $states.input %}"
    found = lab.run(one("Task", QueryLanguage="JSONata", Resource=INVOKE, Arguments=arguments), {"Nonsense": 1})
    assert found["error"] == "States.Runtime"
    assert found["cause"] == (
        "An error occurred while executing the state 'A' (entered at the event id #2). The Parameters "
        "'{\"Nonsense\":1}' could not be used to start the Task: [The field 'FunctionName' is required but was "
        "missing, The field 'Nonsense' is not supported by Step Functions]"
    )
    assert types(lab, found["executionArn"]) == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]


def test_waiting_for_a_token(lab: Lab, sfn: Any) -> None:
    tokens: list[str] = []
    lab.functions.by_name["ask"] = lambda event: tokens.append(event["token"])
    parameters = {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}}
    arn = lab.start(lab.create("m", one("Task", Resource=INVOKE + ".waitForTaskToken", Parameters=parameters)))
    lab.until(lambda: types(lab, arn), lambda found: "TaskSubmitted" in found)
    assert refusal(sfn.send_task_success, taskToken=tokens[0], output="no json")[0] == "InvalidOutput"
    sfn.send_task_failure(taskToken=tokens[0], error="No", cause="said the worker")
    found = lab.finished(arn)
    assert (found["error"], found["cause"]) == ("No", "said the worker")


@pytest.mark.parametrize(("pattern", "value"), [(".sync", '{"x": 1}'), (".sync:2", {"x": 1})])
def test_start_execution_and_wait(lab: Lab, pattern: str, value: Any) -> None:
    child = lab.create("child", PASSING)
    parameters = {"StateMachineArn": child, "Name": "n", "Input": {"x": 1}}
    found = lab.run_task(START + pattern, parameters)
    output = json.loads(found["output"])
    assert isinstance(output["Output"], type(value))
    assert json.loads(output["Output"]) == {"x": 1} if isinstance(value, str) else output["Output"] == value
    assert (output["Status"], output["Name"], output["StateMachineArn"]) == ("SUCCEEDED", "n", child)
    assert output["ExecutionArn"] == child.replace("stateMachine", "execution") + ":n"
    assert "TaskSubmitted" in types(lab, found["executionArn"])


def test_a_child_that_fails_fails_its_parent(lab: Lab) -> None:
    child = lab.create("child", one("Fail", Error="Bad", Cause="because"))
    found = lab.run_task(START + ".sync:2", {"StateMachineArn": child})
    assert found["error"] == "States.TaskFailed"
    cause = json.loads(found["cause"])
    assert (cause["Error"], cause["Cause"], cause["Status"], cause["Input"]) == ("Bad", "because", "FAILED", "{}")


def test_stopping_a_parent_stops_its_child(lab: Lab, sfn: Any) -> None:
    child = lab.create("child", one("Wait", Seconds=3600))
    parent = lab.start(lab.create("m", one("Task", Resource=START + ".sync", Parameters={"StateMachineArn": child})))
    running = lab.until(lambda: sfn.list_executions(stateMachineArn=child)["executions"], bool)
    sfn.stop_execution(executionArn=parent)
    assert lab.finished(running[0]["executionArn"])["status"] == "ABORTED"


def test_starting_what_does_not_exist(lab: Lab) -> None:
    missing = "arn:aws:states:us-east-1:123456789012:stateMachine:none"
    found = lab.run_task(START, {"StateMachineArn": missing})
    assert found["error"] == "StepFunctions.StateMachineDoesNotExistException"
    assert found["cause"].startswith(f"State Machine Does Not Exist: '{missing}' (Service: AWSStepFunctions; Status")
    found = lab.run_task("arn:aws:states:::aws-sdk:sfn:describeStateMachine", {"StateMachineArn": missing})
    assert found["error"] == "Sfn.StateMachineDoesNotExistException"
    assert "(Service: Sfn, Status Code: 400, Request ID: " in found["cause"]


def test_step_functions_by_the_sdk(lab: Lab) -> None:
    child = lab.create("child", PASSING)
    found = lab.run_task("arn:aws:states:::aws-sdk:sfn:startExecution", {"StateMachineArn": child, "Input": {"k": 1}})
    output = json.loads(found["output"])
    assert sorted(output) == ["ExecutionArn", "StartDate"]
    assert output["StartDate"].endswith("Z")
    assert lab.finished(output["ExecutionArn"])["output"] == '{"k":1}'


def test_map_runs(lab: Lab, sfn: Any) -> None:
    definition = one(
        "Map",
        Label="Each",
        ItemsPath="$.items",
        MaxConcurrency=2,
        ToleratedFailureCount=1,
        ItemProcessor={
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Check",
            "States": {
                "Check": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$", "NumericEquals": 3, "Next": "Bad"}],
                    "Default": "Good",
                },
                "Bad": {"Type": "Fail", "Error": "Three"},
                "Good": {"Type": "Succeed"},
            },
        },
    )
    found = lab.run(definition, {"items": [1, 2, 3]}, name="m")
    assert found["status"] == "SUCCEEDED"
    (run,) = sfn.list_map_runs(executionArn=found["executionArn"])["mapRuns"]
    assert run["stateMachineArn"] == found["stateMachineArn"] + "/Each"
    described = sfn.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (described["status"], described["maxConcurrency"], described["toleratedFailureCount"]) == ("SUCCEEDED", 2, 1)
    assert (described["itemCounts"]["total"], described["itemCounts"]["failed"]) == (3, 1)
    children = sfn.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    assert len(children) == 3
    failed = sfn.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED")["executions"]
    child = sfn.describe_execution(executionArn=failed[0]["executionArn"])
    assert (child["error"], child["mapRunArn"], child["input"]) == ("Three", run["mapRunArn"], "3")
    assert child["stateMachineArn"] == found["stateMachineArn"] + "/Each"
    assert refusal(sfn.update_map_run, mapRunArn=run["mapRunArn"], maxConcurrency=3)[0] == "ValidationException"
    assert described["toleratedFailurePercentage"] == 0.0
    assert refusal(sfn.describe_map_run, mapRunArn=run["mapRunArn"] + "x")[0] == "ResourceNotFound"


def test_the_tail_of_a_function_s_log(lab: Lab) -> None:
    lab.functions.by_name["f"] = lambda event: event
    parameters = {"FunctionName": "f", "LogType": "Tail"}
    found = lab.run_task("arn:aws:states:::lambda:invoke", parameters)
    assert base64.b64decode(json.loads(found["output"])["LogResult"]).startswith(b"START RequestId: ")


def test_a_function_that_fails_without_a_type_shows_what_it_returned() -> None:
    payload = b'{"errorMessage": "Task timed out after 3.00 seconds"}'
    assert _function_error(Invocation(payload, "Unhandled", "r")) == (
        "Lambda.Unknown",
        "The cause could not be determined because Lambda did not return an error type. "
        'Returned payload: {"errorMessage": "Task timed out after 3.00 seconds"}',
    )
