"""AWS's services and their actions, by the names that Step Functions gives them in `arn:aws:states:::aws-sdk:...`.

Read from botocore's API models. Only their first bytes are read for the names of the services. Source of the rules and
of what Step Functions does not support:
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_HEAD = 4_000  # bytes of a model, its metadata included
_MODEL = "service-2.json.gz"

# Services that Step Functions no longer calls.
_DEPRECATED = frozenset({"iotroborunner", "macie", "mobile"})
# Services that AWS has shut down; CloudHSM Classic, not the service of today (`cloudhsmv2`).
_SHUT_DOWN = frozenset(
    {"applicationcostprofiler", "cloudhsm", "elasticinference", "iot1clickdevices", "iot1clickprojects"}
    | {"iotthingsgraph"}
)
# Operations that Step Functions does not call.
_UNSUPPORTED = {
    "applicationdiscovery": "DescribeExportConfigurations ExportConfigurations",
    "bedrockagentruntime": "InvokeAgent InvokeFlow InvokeInlineAgent OptimizePrompt RetrieveAndGenerateStream",
    "bedrockruntime": "ConverseStream InvokeModelWithResponseStream",
    "cloudwatchlogs": "StartLiveTail",
    "codedeploy": (
        "BatchGetDeploymentInstances GetDeploymentInstance ListDeploymentInstances SkipWaitTimeForInstanceTermination"
    ),
    "comprehendmedical": "DetectEntities",
    "dataexchange": "SendApiAsset",
    "directconnect": (
        "AllocateConnectionOnInterconnect DescribeConnectionLoa DescribeConnectionsOnInterconnect "
        "DescribeInterconnectLoa"
    ),
    "efs": "CreateTags",
    "elastictranscoder": "TestRole",
    "emr": "DescribeJobFlows",
    "iot": "AttachPrincipalPolicy DetachPrincipalPolicy ListPolicyPrincipals ListPrincipalPolicies",
    "iotdeviceadvisor": "ListTestCases",
    "iotsitewise": "InvokeAssistant",
    "kinesis": "SubscribeToShard",
    "lambda": "InvokeAsync InvokeWithResponseStream",
    "lexruntimev2": "StartConversation",
    "mediapackage": "RotateChannelCredentials",
    "qbusiness": "Chat",
    "rdsdata": "ExecuteSql",
    "s3": "SelectObjectContent",
    "s3control": "SelectObjectContent",
    "sagemakerruntime": "InvokeEndpointWithResponseStream",
    "securitylake": (
        "CreateDatalake CreateDatalakeAutoEnable CreateDatalakeDelegatedAdmin CreateDatalakeExceptionsSubscription "
        "CreateSubscriptionNotificationConfiguration DeleteDatalake DeleteDatalakeAutoEnable "
        "DeleteDatalakeDelegatedAdmin DeleteDatalakeExceptionsSubscription DeleteSubscriptionNotificationConfiguration "
        "GetDatalake GetDatalakeAutoEnable GetDatalakeExceptionsExpiry GetDatalakeExceptionsSubscription "
        "GetDatalakeStatus ListDatalakeExceptions UpdateDatalake UpdateDatalakeExceptionsExpiry "
        "UpdateDatalakeExceptionsSubscription UpdateSubscriptionNotificationConfiguration"
    ),
    "shield": "DeleteSubscription",
    "sts": "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity",
}


@dataclass(frozen=True, slots=True)
class Service:
    """A service: the name that requests to it are signed with, and the file of its API model."""

    signing_name: str
    model: Path


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a service.

    `method` and `path` are those of its HTTP request; the path has the names of arguments: `/restapis/{restApiId}`.
    `signed` is false if the request has no IAM signature, so that no IAM permission is needed.
    """

    method: str
    path: str
    signed: bool


@cache
def services() -> dict[str, Service]:
    """Return every service in botocore by its name in Step Functions: `dynamodb`, `sfn`, `cloudwatchlogs`."""
    import botocore

    found: dict[str, Service] = {}
    for folder in sorted((Path(botocore.__file__).parent / "data").iterdir()):
        versions = sorted(folder.glob(f"*/{_MODEL}")) if folder.is_dir() else []
        if not versions:
            continue
        with gzip.open(versions[-1]) as file:
            head = file.read(_HEAD).decode("utf-8", "replace")
        name = service_name(_member("serviceId", head))
        signing_name = _member("signingName", head) or _member("endpointPrefix", head) or name
        if name:
            found[name] = Service(signing_name, versions[-1])
    return found


def service_name(service_id: str) -> str:
    """Return the name of a service by its id: `config` for `Config Service`, as the AWS SDK for Java has it."""
    return re.sub(r"[^a-z0-9]", "", service_id.lower()).removesuffix("service")


def _member(name: str, head: str) -> str:
    match = re.search(rf'"{name}"\s*:\s*"([^"]*)"', head)
    return match[1] if match else ""


@cache
def operations(service: str) -> Mapping[str, Operation]:
    """Return the operations of a service by their names in Step Functions, `getItem`; empty for an unknown service."""
    known = services().get(service)
    if known is None:
        return {}
    with gzip.open(known.model) as file:
        model = json.load(file)
    bearer = model["metadata"].get("signatureVersion") == "bearer"
    return {
        name[:1].lower() + name[1:]: _operation(operation, model["shapes"], bearer)
        for name, operation in model["operations"].items()
    }


@cache
def argument_names(service: str, action: str) -> frozenset[str]:
    """Return the names of all arguments of an action (`createPipeline`), at any depth; empty for an unknown one."""
    known = services().get(service)
    if known is None:
        return frozenset()
    with gzip.open(known.model) as file:
        model = json.load(file)
    operation = model["operations"].get(action[:1].upper() + action[1:], {})
    names, seen = set[str](), set[str]()
    waiting = [operation["input"]["shape"]] if "input" in operation else []
    while waiting:
        shape = waiting.pop()
        if shape in seen:
            continue
        seen.add(shape)
        described = model["shapes"][shape]
        members = described.get("members", {})
        names.update(members)
        inner = (*members.values(), *(described[key] for key in ("member", "key", "value") if key in described))
        waiting += [item["shape"] for item in inner]
    return frozenset(names)


def _operation(operation: Mapping[str, Any], shapes: Mapping[str, Any], bearer: bool) -> Operation:
    http = operation.get("http", {})
    members = shapes[operation["input"]["shape"]].get("members", {}) if "input" in operation else {}
    names = {member.get("locationName", name): name for name, member in members.items()}
    path = re.sub(r"\{([^}+]+)\+?\}", lambda match: f"{{{names.get(match[1], match[1])}}}", http.get("requestUri", "/"))
    signed = not bearer and operation.get("authtype") != "none"
    return Operation(http.get("method", "POST"), path.partition("?")[0], signed)


@cache
def actions(service: str) -> frozenset[str]:
    """Return the actions of a service that Step Functions calls: `getItem`; empty for an unknown service."""
    return frozenset(name for name in operations(service) if not is_unsupported(service, name))


def is_unsupported(service: str, action: str) -> bool:
    """Return whether AWS lists an action (`invokeAsync`) as one that Step Functions does not call."""
    return action.lower() in _UNSUPPORTED.get(service, "").lower().split()


def withdrawn(service: str) -> str:
    """Return why Step Functions does not call a service any more, or "" if it does: `has been shut down`."""
    if service in _SHUT_DOWN:
        return "has been shut down"
    return "is no longer called by Step Functions" if service in _DEPRECATED else ""
