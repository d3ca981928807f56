"""Hints about what `asl.language` finds, and that both rooms know the same integrations."""

from __future__ import annotations

from asl.language.checks.resources import ACTIONS
from asl.language.diagnosis import diagnose
from compiler.definition_hints import hint_of
from compiler.permissions.integrations import INTEGRATIONS


def task(resource: str) -> dict[str, object]:
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "End": True}
    return {"StartAt": "A", "States": {"A": state}}


def test_every_integration_that_has_permissions_is_accepted() -> None:
    for name in INTEGRATIONS:
        service, _, action = name.partition(":")
        assert service not in ACTIONS or action.partition(".")[0] in ACTIONS[service], name


def test_a_misspelt_action_gets_the_right_one_as_its_hint() -> None:
    for resource, hint in (("sqs:sendMesage", "sqs:sendMessage"), ("dynamodb:scan", "aws-sdk:dynamodb:scan")):
        (found,) = (item for item in diagnose(task(resource)) if item.check == "resource-pattern")
        assert hint in hint_of(found, task(resource))
