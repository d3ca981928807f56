"""Integrations that Step Functions does not support."""

from __future__ import annotations

from collections.abc import Iterator

from asl.language.checks.resources import ACTIONS
from chalicelib.flows.suggestions import suggestion
from compiler.checks.base import Check, FileView, Finding
from compiler.diagnostic import Severity
from compiler.permissions.integrations import INTEGRATIONS
from compiler.permissions.names import integration_name

_PATTERNS = (".sync", ".sync:2", ".waitForTaskToken")


def _file(view: FileView) -> Iterator[Finding]:
    for step in view.steps:
        resource = step.state.get("Resource")
        if step.state.get("Type") != "Task" or not isinstance(resource, str):
            continue
        name = integration_name(resource)
        if name is None:
            continue
        plain = next((name.removesuffix(pattern) for pattern in _PATTERNS if name.endswith(pattern)), name)
        problem = _sdk_problem(plain) if plain.startswith("aws-sdk:") else _optimised_problem(plain)
        if problem:
            yield Finding(step.pointer + "/Resource", *problem)


def _optimised_problem(name: str) -> tuple[str, str] | None:
    # Of the services with an optimized integration, the check of definitions reports the other actions.
    if name in INTEGRATIONS or name.partition(":")[0] in ACTIONS:
        return None
    hint = suggestion(name, INTEGRATIONS) or "use arn:aws:states:::aws-sdk:SERVICE:ACTION to call any service"
    return f"Unknown integration {name!r}; no permission is derived for it.", hint


def _sdk_problem(name: str) -> tuple[str, str] | None:
    from compiler.aws_services import actions, is_unsupported, services, withdrawn

    service, _, action = name.removeprefix("aws-sdk:").partition(":")
    if withdrawn(service):
        return f"The AWS service {service!r} {withdrawn(service)}.", ""
    if service not in services():
        return f"Unknown AWS service {service!r}.", suggestion(service, services())
    if is_unsupported(service, action):
        hint = "call another action, or call this one in a function"
        return f"Step Functions does not support the action {action!r} of the AWS service {service!r}.", hint
    if action in actions(service):
        return None
    return f"Unknown action {action!r} of the AWS service {service!r}.", suggestion(action, actions(service))


_TASK = (
    "name: keep\ndefinition:\n  StartAt: Keep\n  States:\n    Keep:\n      Type: Task\n"
    "      Resource: arn:aws:states:::{resource}\n"
    "      Parameters: {QueueUrl: jobs, MessageBody: go}\n      End: true\n"
)

CHECK = Check(
    id="unknown-integration",
    severity=Severity.WARNING,
    summary="A Task's resource is not a known Step Functions integration",
    description=(
        "Step Functions rejects unknown resources, and the actions and services that AWS lists as unsupported. The "
        "compiler knows the optimised integrations, and the services and actions of the installed botocore; newer ones "
        "need a newer botocore."
    ),
    source="https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html",
    wrong=_TASK.replace("{resource}", "sqsx:sendMessage  # <-"),
    right=_TASK.replace("{resource}", "sqs:sendMessage"),
    file=_file,
)
