"""How many of each thing an account may have in a region, compared with what a stage will have beside all others.

What a stage has already is not counted twice: things are told apart by their names, which begin with the stage's. Of
roles and concurrency, of which AWS only tells sums, see `account`. Not counted is what an account may have a million
of: schedules and log groups.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from chalicelib import APP_NAME
from compiler import Project
from infrastructure.cloud import Cloud
from infrastructure.stage import StageSettings

OWN_ALARMS = 6
"""Alarms of a stage with `alarms`."""
OWN_RULES = 2
"""Rules that keep the records of runs up to date."""
OWN_TABLES = 2
"""Tables of a stage: usage and runs."""
_GONE = ("DELETE_COMPLETE",)

Need = Callable[[StageSettings, Project], int]


@dataclass(frozen=True, slots=True)
class Listing:
    """How the things that count are listed: an operation of boto3 with a paginator.

    Attributes:
        service: The client.
        operation: The operation.
        key: Where the answer has the list.
        name: Where an element has its name; None if it is one.
        parameters: Of the operation.
    """

    service: str
    operation: str
    key: str
    name: str | None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of an account in a region.

    Attributes:
        things: What is counted.
        default: How many an account may have unless it was allowed more.
        source: AWS's page.
        listing: How they are listed.
        need: How many a stage will have at most.
        code: The service's and the quota's code at Service Quotas; None if it has none there.
        fixed: Whether no account is allowed more.
    """

    things: str
    default: int
    source: str
    listing: Listing
    need: Need
    code: tuple[str, str] | None = None
    fixed: bool = False


def _stacks(stage: StageSettings, flows: Project) -> int:
    return 1 + min(stage.flow_stacks, len(flows.flows)) + min(stage.function_stacks, len(flows.settings))


def _machines(_stage: StageSettings, flows: Project) -> int:
    return len(flows.flows) + any(flow.notify for flow in flows.flows.values())


_DOCS = "https://docs.aws.amazon.com"
QUOTAS = (
    Quota(
        "CloudFormation stacks, nested ones included",
        2_000,
        f"{_DOCS}/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html",
        Listing("cloudformation", "list_stacks", "StackSummaries", "StackName"),
        _stacks,
        ("cloudformation", "L-0485CB21"),
    ),
    Quota(
        "state machines",
        10_000,
        f"{_DOCS}/step-functions/latest/dg/service-quotas.html",
        Listing("stepfunctions", "list_state_machines", "stateMachines", "name"),
        _machines,
    ),
    Quota(
        "schedule groups of EventBridge Scheduler",
        500,
        f"{_DOCS}/scheduler/latest/UserGuide/scheduler-quotas.html",
        Listing("scheduler", "list_schedule_groups", "ScheduleGroups", "Name"),
        lambda _stage, _flows: 1,
        ("scheduler", "L-A632CD40"),
    ),
    Quota(
        "rules of EventBridge's default bus",
        300,
        f"{_DOCS}/eventbridge/latest/userguide/eb-quota.html",
        Listing("events", "list_rules", "Rules", "Name"),
        lambda _stage, _flows: OWN_RULES,
        ("events", "L-244521F2"),
    ),
    Quota(
        "alarms of CloudWatch",
        5_000,
        f"{_DOCS}/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html",
        Listing("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        lambda stage, _flows: OWN_ALARMS if stage.alarms else 0,
    ),
    Quota(
        "regional REST APIs",
        600,
        f"{_DOCS}/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html",
        Listing("apigateway", "get_rest_apis", "items", "name", {"limit": 500}),
        lambda _stage, _flows: 1,
        fixed=True,
    ),
    Quota(
        "DynamoDB tables",
        2_500,
        f"{_DOCS}/amazondynamodb/latest/developerguide/ServiceQuotas.html",
        Listing("dynamodb", "list_tables", "TableNames", None),
        lambda _stage, _flows: OWN_TABLES,
        ("dynamodb", "L-F98FE922"),
    ),
    Quota(
        "user pools of Cognito",
        1_000,
        f"{_DOCS}/cognito/latest/developerguide/quotas.html",
        Listing("cognito-idp", "list_user_pools", "UserPools", "Name", {"MaxResults": 60}),
        lambda stage, _flows: 0 if stage.user_pool_id else 1,
        ("cognito-idp", "L-66E6DF30"),
    ),
)


@dataclass(frozen=True, slots=True)
class Shortage:
    """A quota that a stage may exceed.

    Attributes:
        text: Which one, by how much, and the way out.
        certain: Whether the account surely isn't allowed more.
    """

    text: str
    certain: bool


def shortages(cloud: Cloud, stage: StageSettings, flows: Project) -> list[Shortage]:
    """Return the quotas that a stage would exceed; those that the caller may not ask about are left out.

    Args:
        cloud: AWS.
        stage: The stage's settings.
        flows: Its compiled flows.
    """
    for service in {quota.listing.service for quota in QUOTAS}:
        cloud.client(service)  # clients may be used by several threads, but not created
    with ThreadPoolExecutor(len(QUOTAS)) as pool:
        found = list(pool.map(lambda quota: _shortage(cloud, stage, flows, quota), QUOTAS))
    return [shortage for shortage in found if shortage is not None]


def _shortage(cloud: Cloud, stage: StageSettings, flows: Project, quota: Quota) -> Shortage | None:
    need = quota.need(stage, flows)
    others = _others(cloud, stage, quota.listing) if need else None
    if others is None or others + need <= quota.default:
        return None
    allowed = _allowed(cloud, quota)
    if allowed is not None and others + need <= allowed:
        return None
    limit = quota.default if allowed is None else allowed
    excess = others + need - limit
    way_out = f"delete {excess} that {'is' if excess == 1 else 'are'} not in use, or deploy to another region"
    if not quota.fixed:
        way_out = "request an increase of this quota, or " + way_out
    by_default = "" if quota.fixed or allowed is not None else " by default"
    text = (
        f"stage {stage.name}: it needs {need} {quota.things} in addition to the {others:,} of others in region "
        f"{cloud.region}, but AWS allows an account {limit:,}{by_default} ({quota.source}); {way_out}"
    )
    return Shortage(text, certain=quota.fixed or allowed is not None)


def _others(cloud: Cloud, stage: StageSettings, listing: Listing) -> int | None:
    """Count what is not the stage's own; None if the caller may not list it."""
    client = cloud.client(listing.service)
    own = f"{APP_NAME}-{stage.name}"
    count = 0
    try:
        for page in client.get_paginator(listing.operation).paginate(**listing.parameters):
            for item in page[listing.key]:
                name = str(item if listing.name is None else item[listing.name])
                is_own = name == own or name.startswith(f"{own}-")
                count += not is_own and not (isinstance(item, dict) and item.get("StackStatus") in _GONE)
    except client.exceptions.ClientError:  # forbidden or throttled: the deployment itself would say what is missing
        return None
    return count


def _allowed(cloud: Cloud, quota: Quota) -> int | None:
    """Return the account's own value of a quota; None if it is not known."""
    if quota.code is None:
        return None
    service, code = quota.code
    client = cloud.client("service-quotas")
    try:
        return int(client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])
    except client.exceptions.ClientError:
        return None
