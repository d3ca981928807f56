"""What the flows of a plugin would be allowed to do: each runs with a role of its own, derived from its definition."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from compiler.permissions import Statement
from compiler.unit import compile_unit
from plugin_manager.layout import Files, flow_paths

# Every flow may call functions and flows of the project, so these actions need no consent. The last six are for `.sync`
# and distributed maps: https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
_CALLING = frozenset(
    {
        *("lambda:InvokeFunction", "states:StartExecution", "states:StartSyncExecution"),
        *("states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"),
        *("events:DescribeRule", "events:PutRule", "events:PutTargets"),
    }
)
_OWN = re.compile(
    r"\$\{[^}]+\}|arn:.*:(stateMachine|execution):\$\{ResourcePrefix\}.+|.*:rule/StepFunctionsGetEvents\w+"
)

Statements = tuple[Mapping[str, Any], ...]


def flow_permissions(files: Files, steps: Collection[str]) -> dict[str, Statements]:
    """Derive what the roles of a plugin's flows allow beyond calling functions and flows.

    Args:
        files: The plugin's files.
        steps: The step shorthands of all plugins. Their code does not run, so the steps that they write are unknown.

    Returns:
        IAM statements by flow.
    """
    unknown = dict.fromkeys(steps, _some_step)
    found: dict[str, Statements] = {}
    for path in flow_paths(files):
        unit = compile_unit(path, files[path].decode("utf-8-sig", "replace"), shorthands=unknown)
        statements = tuple(_asked(unit.statements))
        if statements:
            found[unit.name] = statements
    return found


def _some_step(value: Any) -> dict[str, Any]:
    return {"wait": 1}


def _asked(statements: Collection[Statement]) -> Iterator[dict[str, Any]]:
    for statement in statements:
        resources = list(statement.resources)
        if _CALLING.issuperset(statement.actions):
            resources = [resource for resource in resources if not _OWN.fullmatch(resource)]
        if statement.effect == "Deny" or not resources:
            continue
        asked: dict[str, Any] = {"Effect": "Allow", "Action": list(statement.actions), "Resource": resources}
        if statement.condition is not None:
            asked["Condition"] = dict(statement.condition)
        yield asked
