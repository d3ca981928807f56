"""What the examples of rules are made of. Documentation and tests read the examples; nothing at run time does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Definition = dict[str, Any] | str


@dataclass(frozen=True, slots=True)
class Example:
    """A definition that breaks a rule, `broken`, and one that keeps it, `right`.

    `broken` has one diagnosis of the rule: at `pointer`, which AWS writes as `location`. `right` has no error.
    """

    broken: Definition
    pointer: str
    location: str
    right: Definition
    machine_type: str = "STANDARD"


LAMBDA = "arn:aws:states:::lambda:invoke"
ACTIVITY_ARN = "arn:aws:states:us-east-1:123456789012:activity:work"
CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
END: dict[str, Any] = {"Type": "Succeed"}


def one(state: dict[str, Any], **machine: Any) -> dict[str, Any]:
    """Return a state machine with the single state A, which is the last unless it has a `Next`."""
    if state.get("Type") in ("Pass", "Task", "Wait", "Parallel", "Map") and "Next" not in state:
        state = {"End": True, **state}
    return {"StartAt": "A", "States": {"A": state}, **machine}


def pass_state(**fields: Any) -> dict[str, Any]:
    """Return a state machine with a single Pass state."""
    return one({"Type": "Pass", **fields})


def jsonata_state(**fields: Any) -> dict[str, Any]:
    """Return a state machine with a single Pass state whose expressions are JSONata."""
    return one({"Type": "Pass", "QueryLanguage": "JSONata", **fields})


def task(**fields: Any) -> dict[str, Any]:
    """Return a state machine with a single Task state, which invokes a Lambda function."""
    return one({"Type": "Task", "Resource": LAMBDA, **fields})


def choice(**rule: Any) -> dict[str, Any]:
    """Return a state machine that starts with a Choice state with a single rule."""
    return {"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{"Next": "B", **rule}]}, "B": END}}


def map_state(processor: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a state machine with a single Map state; `processor` adds fields to its ItemProcessor."""
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}, **(processor or {})}
    return one({"Type": "Map", "ItemProcessor": inner, **fields})


DISTRIBUTED_MAP = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
RETRY = [{"ErrorEquals": ["States.ALL"]}]


def reader(**fields: Any) -> dict[str, Any]:
    """Return a state machine with a single distributed Map, whose ItemReader has the given fields."""
    return map_state(DISTRIBUTED_MAP, ItemReader={"Resource": "arn:aws:states:::s3:getObject", **fields})


def loop(**last: Any) -> dict[str, Any]:
    """Return a state machine that may go from A to B or to its end; B has the given fields."""
    return {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "B"}], "Default": "C"},
            "B": {"Type": "Pass", **last},
            "C": END,
        },
    }
