"""AWS's MockConfigFile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asl.testing import FlowUnderTest, MockConfig

TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f"},
    "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 5}],
    "End": True,
}
FILE = {
    "StateMachines": {
        "LambdaSQSIntegration": {
            "TestCases": {"HappyPath": {"T": "Success"}, "RetryPath": {"T": "Retried"}, "Odd": {"T": "Holes"}}
        }
    },
    "MockedResponses": {
        "Success": {"0": {"Return": {"StatusCode": 200, "Payload": {"body": "ok"}}}},
        "Retried": {
            "0": {"Throw": {"Error": "Lambda.ResourceNotReadyException", "Cause": "not ready"}},
            "1-2": {"Throw": {"Error": "Lambda.TimeoutException", "Cause": "timed out"}},
            "3-4": {"Return": {"Payload": 4}},
        },
        "Holes": {"0": {"Return": 1}, "2": {"Return": 2}},
    },
}


def config(tmp_path: Path, document: Any = FILE) -> MockConfig:
    file = tmp_path / "MockConfigFile.json"
    file.write_text(json.dumps(document))
    return MockConfig.load(file)


def flow() -> FlowUnderTest:
    return FlowUnderTest("LambdaSQSIntegration", {"StartAt": "T", "States": {"T": TASK}})


def test_a_case_stubs_its_tasks(tmp_path: Path) -> None:
    happy, retried = flow(), flow()
    happy.mocks(config(tmp_path), "HappyPath")
    happy.run().assert_succeeded(output={"StatusCode": 200, "Payload": {"body": "ok"}})
    retried.mocks(config(tmp_path), "RetryPath")
    run = retried.run()
    run.assert_succeeded(output={"Payload": 4})
    assert run.retries("T") == 3
    failures = [event["taskFailedEventDetails"]["error"] for event in run.events if event["type"] == "TaskFailed"]
    assert failures == ["Lambda.ResourceNotReadyException", "Lambda.TimeoutException", "Lambda.TimeoutException"]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no test case 'Sad'; it has: HappyPath, Odd, RetryPath"):
        flow().mocks(config(tmp_path), "Sad")
    with pytest.raises(ValueError, match="'Holes' says nothing of attempt 1"):
        flow().mocks(config(tmp_path), "Odd")
    with pytest.raises(ValueError, match="no state machine 'other'; it has: LambdaSQSIntegration"):
        FlowUnderTest("other", {"StartAt": "T", "States": {"T": TASK}}).mocks(config(tmp_path), "HappyPath")
    with pytest.raises(ValueError, match="has no response 'Success'; it has: none"):
        flow().mocks(config(tmp_path, {**FILE, "MockedResponses": {}}), "HappyPath")
    with pytest.raises(ValueError, match="is not a MockConfigFile"):
        config(tmp_path, [])
