"""Compares a stage with the quotas of its account, which the other stages and applications share.

Here are those of which AWS tells the sum; what has to be counted is in `quotas`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib import APP_NAME
from compiler import Project
from infrastructure.cloud import Cloud, outputs
from infrastructure.errors import LimitError
from infrastructure.quotas import shortages
from infrastructure.stage import StageSettings

OWN_ROLES = 3
"""Roles of a stage, besides one for each flow: of functions, of schedules, and for the records of runs."""
LEFT_UNRESERVED = 100
"""Concurrent executions that Lambda keeps for the functions without a reservation."""


def check_account(cloud: Cloud, stage: StageSettings, flows: Project, stack: Mapping[str, Any] | None) -> list[str]:
    """Check that the account has room for a stage. Where the caller may not ask, nothing is checked.

    Args:
        cloud: AWS.
        stage: The stage's settings.
        flows: Its compiled flows.
        stack: The stage's stack as CloudFormation describes it; None if there is none.

    Returns:
        What it may lack, unless it was allowed more than others: a line for each quota.

    Raises:
        LimitError: It has no room; the message has a line for each quota.
    """
    found = [_roles(cloud, stage, len(flows.flows), stack), _concurrency(cloud, stage)]
    short = shortages(cloud, stage, flows)
    problems = [problem for problem in (*found, *(each.text for each in short if each.certain)) if problem]
    if problems:
        raise LimitError("\n".join(problems))
    return [each.text for each in short]


def _roles(cloud: Cloud, stage: StageSettings, flows: int, stack: Mapping[str, Any] | None) -> str | None:
    summary = _asked(cloud, "iam", "get_account_summary")
    if summary is None:
        return None
    used, allowed = summary["SummaryMap"].get("Roles", 0), summary["SummaryMap"].get("RolesQuota")
    deployed = outputs(stack or {}).get("FlowCount")
    more = flows - int(deployed) if deployed else flows + OWN_ROLES
    if allowed is None or more <= 0 or used + more <= allowed:
        return None
    return (
        f"stage {stage.name}: its {flows} flows need {more} more roles, but the account has {used} of the "
        f'{allowed} that IAM allows it; request an increase of its quota "Roles per account"'
    )


def _concurrency(cloud: Cloud, stage: StageSettings) -> str | None:
    wanted = stage.api_concurrency
    account = _asked(cloud, "lambda", "get_account_settings") if wanted is not None else None
    if wanted is None or account is None:
        return None
    reserved = _asked(cloud, "lambda", "get_function_concurrency", FunctionName=f"{APP_NAME}-{stage.name}") or {}
    free = account["AccountLimit"]["UnreservedConcurrentExecutions"] + reserved.get("ReservedConcurrentExecutions", 0)
    if wanted <= free - LEFT_UNRESERVED:
        return None
    most = free - LEFT_UNRESERVED
    way_out = f"at most {most}, or None" if most > 0 else "None"
    return (
        f"infrastructure/stages.py: stage {stage.name}: api_concurrency {wanted}: the account has {free} unreserved "
        f"concurrent executions, of which Lambda keeps {LEFT_UNRESERVED} for other functions; set it to {way_out}, or "
        'request an increase of the quota "Concurrent executions"'
    )


def _asked(cloud: Cloud, service: str, operation: str, **parameters: Any) -> Mapping[str, Any] | None:
    client = cloud.client(service)
    try:
        answer: Mapping[str, Any] = getattr(client, operation)(**parameters)
    except client.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
            return None
        raise LimitError(f"{service} cannot be asked for the account's quotas: {error}") from None
    return answer
