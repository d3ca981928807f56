"""What delivers webhooks: a state machine, in stages with a flow that declares `notify`."""

from __future__ import annotations

import json
from typing import NamedTuple

from chalicelib.names import Names
from chalicelib.webhooks.addresses import VARIABLE
from compiler import Project
from compiler.webhook_delivery import FUNCTION, delivery_definition
from infrastructure.resources import Resource, assumed_by, attribute, ref, role, tag_list
from infrastructure.schedules import DEAD_LETTERS
from infrastructure.stage import StageSettings


def webhook_resources(stage: StageSettings, names: Names, flows: Project) -> dict[str, Resource]:
    """Return the state machine that delivers webhooks, and its role; nothing if no flow sends any.

    Args:
        stage: The stage's settings.
        names: The stage's names.
        flows: The compiled flows.
    """
    if not any(flow.notify for flow in flows.flows.values()):
        return {}
    delivering = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": names.function_arn(FUNCTION)},
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": DEAD_LETTERS},
        ],
    }
    return {
        "WebhooksRole": role(
            assumed_by("states.amazonaws.com", names.webhooks_arn),
            delivering,
            policy_name="deliver",
            tags=tag_list(stage),
            Description="Delivers the webhooks of flows",
        ),
        "Webhooks": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": names.webhooks,
                "StateMachineType": "STANDARD",
                "DefinitionString": json.dumps(delivery_definition(names, "${DeadLetters}"), ensure_ascii=False),
                "DefinitionSubstitutions": {"DeadLetters": ref("DeadLetters")},
                "RoleArn": attribute("WebhooksRole", "Arn"),
                "Tags": tag_list(stage),
            },
        },
    }


class Needed(NamedTuple):
    """A secret that webhooks need: the flow that needs it, and whether it signs calls or has the URL of one."""

    flow: str
    signs: bool


def secrets_of(flows: Project) -> dict[str, Needed]:
    """Return the secrets that webhooks need, by name."""
    found: dict[str, Needed] = {}
    for flow in flows.flows.values():
        for entry in flow.notify:
            found.setdefault(entry.secret, Needed(flow.name, signs=True))
            named = VARIABLE.fullmatch(entry.url)
            if named is not None:
                found.setdefault(named[1], Needed(flow.name, signs=False))
    return found
