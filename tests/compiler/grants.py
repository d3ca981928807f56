"""What a state machine's role is granted, as pairs of action and resource."""

from __future__ import annotations

from typing import Any

from chalicelib.names import Names
from compiler.permissions import derive_statements, policy_document
from compiler.placeholders import Target

NAMES = Names("dev", "eu-west-1", "111122223333")
PREFIX = "serverless-dynamic-workflows-dev-"
TARGETS = {"FirstArn": Target("function", "first"), "otherStateMachine": Target("flow", "other")}
HERE = "eu-west-1:111122223333"
Grants = set[tuple[str, str]]


def policy(definition: dict[str, Any], **more: Any) -> dict[str, Any]:
    return policy_document(derive_statements("own", definition, **more), TARGETS, NAMES)


def grants(state: dict[str, Any], effect: str = "Allow", **more: Any) -> Grants:
    """The pairs of action and resource that a flow of one state gets."""
    return pairs(policy({"StartAt": "A", "States": {"A": state}}, **more), effect)


def pairs(document: dict[str, Any], effect: str = "Allow") -> Grants:
    return {
        (action, resource)
        for statement in document["Statement"]
        if statement["Effect"] == effect
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


def task(resource: str, **arguments: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "Parameters": arguments, "End": True}


def rule(name: str) -> Grants:
    arn = f"arn:aws:events:{HERE}:rule/{name}"
    return {(f"events:{verb}", arn) for verb in ("PutTargets", "PutRule", "DescribeRule")}


FUNCTION = f"arn:aws:lambda:{HERE}:function:"
MACHINE = f"arn:aws:states:{HERE}:stateMachine:"
EXECUTION = f"arn:aws:states:{HERE}:execution:"
START = "arn:aws:states:::states:startExecution"
