"""Roles that a task passes to a service and that its definition does not specify."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from compiler.checks.base import Check, FileView, Finding
from compiler.diagnostic import Severity
from compiler.permissions.derive import statements_of_state
from compiler.permissions.passed_roles import ROLES_OF_THIS_STAGE

_ACTION = "iam:PassRole"


def _file(view: FileView) -> Iterator[Finding]:
    allowed = (action for statement in view.flow.permissions for action in statement.Action)
    if any(fnmatchcase(_ACTION.lower(), pattern.lower()) for pattern in allowed):
        return
    for step in view.steps:
        for statement in statements_of_state(step.state, view.flow.name):
            if statement.actions == (_ACTION,) and statement.resources == (ROLES_OF_THIS_STAGE,):
                hint = f"write the role's ARN, or allow {_ACTION} on it in `permissions`"
                message = f"{statement.note[:1].upper()}{statement.note[1:]}."
                yield Finding(step.pointer, message, hint, at_key=True)


_TASK = (
    "name: build\n{permissions}definition:\n  StartAt: Build\n  States:\n    Build:{mark}\n      Type: Task\n"
    "      Resource: arn:aws:states:::aws-sdk:codepipeline:createPipeline\n"
    "      Parameters:\n        Pipeline: {{Name: site, RoleArn.$: $.role}}\n      End: true\n"
)
_ALLOWED = (
    "permissions:\n  allow:\n    - {Action: 'iam:PassRole', Resource: 'arn:aws:iam::${AWS::AccountId}:role/builds/*'}\n"
)

CHECK = Check(
    id="computed-role",
    severity=Severity.ADVICE,
    summary="The definition does not specify a role that a task passes",
    description=(
        "The compiler allows passing the roles that a definition names. If a role is known only at run time, or is one "
        "of an ECS task definition, it allows the roles of the stage; any other fails with AccessDenied."
    ),
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
    wrong=_TASK.format(permissions="", mark="  # <-"),
    right=_TASK.format(permissions=_ALLOWED, mark=""),
    file=_file,
)
