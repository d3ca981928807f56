"""Machines whose executions are cut after each event and recovered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.asl.engine.conftest import LAMBDA, flow

PASS = {"Type": "Pass"}
WAIT = {"Type": "Wait", "Seconds": 60}
TASK = {"Type": "Task", "Resource": LAMBDA + "f"}
BAD = {"Type": "Task", "Resource": LAMBDA + "bad"}
RETRY = [{"ErrorEquals": ["E"], "IntervalSeconds": 100, "MaxAttempts": 2}]
CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "End", "ResultPath": "$.error"}]
END = {"Type": "Pass", "Parameters": {"seen.$": "$"}}
SEND = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:work"
START = datetime(2030, 1, 1, tzinfo=UTC)
JSONATA: dict[str, Any] = {"QueryLanguage": "JSONata"}

CHAINS: dict[str, dict[str, Any]] = {
    "pass": flow(("A", PASS), ("B", {**PASS, "Result": {"b": [1, 2]}}), ("C", {"Type": "Succeed"})),
    "variables": flow(
        ("A", {**PASS, "Assign": {"v.$": "$.n", "w": "é"}}),
        ("B", {**PASS, "Parameters": {"v.$": "$v", "w.$": "$w", "at.$": "$$.State.EnteredTime"}}),
    ),
    "task": flow(("A", PASS), ("T", TASK), ("B", {**PASS, "Parameters": {"r.$": "$.got.n"}})),
    "choice": flow(
        ("C", {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "B"}], "Default": "X"}),
        ("X", {"Type": "Fail"}),
        ("B", PASS),
    ),
    "wait": flow(("A", PASS), ("W", WAIT), ("B", {**PASS, "Parameters": {"at.$": "$$.State.EnteredTime"}})),
    "retried": flow(("T", {**BAD, "Retry": RETRY, "Catch": CATCH}), ("End", END)),
    "failed": flow(("A", PASS), ("T", BAD)),
    "timed out": flow(("W", {"Type": "Wait", "Seconds": 500}), TimeoutSeconds=100),
    "no match": flow(
        ("C", {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 9, "Next": "B"}]}), ("B", PASS)
    ),
    "jsonata": flow(
        ("A", {**PASS, "Assign": {"v": "{% $states.input.n + 1 %}"}, "Output": "{% {'x': $states.input.n} %}"}),
        ("B", {**PASS, "Output": "{% {'v': $v, 'at': $states.context.State.EnteredTime} %}"}),
        **JSONATA,
    ),
    "evaluation failed": flow(
        ("A", PASS),
        (
            "B",
            {
                **TASK,
                "Arguments": {"a": "{% $number('no') %}"},
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}],
            },
        ),
        ("End", {**PASS, "Output": "{% $states.input %}"}),
        **JSONATA,
    ),
    "evaluation failed after a wait": flow(("A", PASS), ("W", {**WAIT, "Output": "{% $number('no') %}"}), **JSONATA),
}
ITEM = flow(("P", PASS), ("T", TASK), ("W", WAIT), ("Q", PASS))
BRANCHES: dict[str, dict[str, Any]] = {
    "parallel": flow(
        ("P", {"Type": "Parallel", "Branches": [flow(("A", PASS), ("T", TASK)), flow(("W", WAIT)), flow(("Z", PASS))]}),
        ("End", END),
    ),
    "map": flow(("M", {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": ITEM}), ("End", END)),
    "narrow map": flow(
        (
            "M",
            {
                "Type": "Map",
                "ItemsPath": "$.items",
                "MaxConcurrency": 2,
                "ItemProcessor": ITEM,
                "ItemSelector": {"i.$": "$$.Map.Item.Index"},
            },
        ),
        ("End", END),
    ),
    "nested": flow(
        (
            "M",
            {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": flow(("P", {"Type": "Parallel", "Branches": [ITEM, flow(("Y", TASK))]})),
            },
        ),
    ),
    "empty map": flow(("M", {"Type": "Map", "ItemsPath": "$.none", "ItemProcessor": ITEM}), ("End", END)),
}
FAILING: dict[str, dict[str, Any]] = {
    "parallel": flow(
        (
            "P",
            {
                "Type": "Parallel",
                "Branches": [flow(("A", PASS), ("T", BAD)), flow(("W", WAIT))],
                "Retry": RETRY,
                "Catch": CATCH,
            },
        ),
        ("End", END),
    ),
    "map": flow(
        ("M", {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": flow(("W", WAIT), ("T", BAD)), "Catch": CATCH}),
        ("End", END),
    ),
    "uncaught map": flow(
        ("M", {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": flow(("W", WAIT), ("T", BAD))})
    ),
    "fail state": flow(
        (
            "P",
            {
                "Type": "Parallel",
                "Branches": [flow(("F", {"Type": "Fail", "Error": "E"})), flow(("V", WAIT))],
                "Catch": CATCH,
            },
        ),
        ("End", END),
    ),
}
INPUT = {"n": 1, "items": [{"a": 1}, {"a": 2}, {"a": 3}], "none": []}
