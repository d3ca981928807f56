"""Chalice's records of what it deployed, `.chalice/deployed/STAGE.json`, restored where they are missing.

Chalice updates and deletes only what its records name. In a clone without them it would create a second API, with
another URL, and leave the first one behind. What it needs to know is in the account: its functions have names,
and the permission of the API's function names the API.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chalicelib import APP_NAME
from infrastructure.cloud import Cloud, front_door
from infrastructure.errors import DeploymentError
from infrastructure.function_resources import API_STAGE

API_FUNCTION = "api_handler"
"""Chalice's name for the API's function."""


def records_file(project: Path, stage: str) -> Path:
    """Return the file with Chalice's records of a stage."""
    return project / ".chalice" / "deployed" / f"{stage}.json"


def take_over(cloud: Cloud, stage: str, project: Path) -> str | None:
    """Write the records of a stage if they are missing and Chalice has deployed it, from wherever that was.

    Args:
        cloud: AWS.
        stage: The stage's name.
        project: The project's folder.

    Returns:
        What was taken over, as a line; None if there was nothing to do.

    Raises:
        DeploymentError: See `found_records`.
    """
    file = records_file(project, stage)
    records = None if file.is_file() else found_records(cloud, stage)
    if records is None:
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
    apis = [entry["rest_api_id"] for entry in records["resources"] if "rest_api_id" in entry]
    functions = len(records["resources"]) - len(apis)
    api = f"the API {apis[0]}" if apis else "no API"
    return f"stage {stage} was deployed from another folder: took over {api} and {functions} functions"


def found_records(cloud: Cloud, stage: str) -> dict[str, Any] | None:
    """Return the records of a stage, from what is in the account; None if Chalice has not deployed it.

    Args:
        cloud: AWS.
        stage: The stage's name.

    Raises:
        DeploymentError: The CDK app has deployed the stage, or it is not clear which API is the stage's.
    """
    prefix = f"{APP_NAME}-{stage}"
    functions = _functions(cloud, prefix)
    if API_FUNCTION not in functions:
        return None
    stack = cloud.stack(stage)
    if stack is not None and front_door(stack) == "cdk":
        raise DeploymentError(
            f"the API and the functions of stage {stage} were deployed by cdk: run `make deploy STAGE={stage} "
            f"API=cdk`, or first `make destroy STAGE={stage}`"
        )
    resources: list[dict[str, str]] = [
        {"name": name, "resource_type": "lambda_function", "lambda_arn": arn} for name, arn in sorted(functions.items())
    ]
    apis = _apis(cloud, prefix)
    if len(apis) > 1:
        raise DeploymentError(
            f"stage {stage} has several APIs: {', '.join(apis)}; delete all but the one that is in use, by "
            "`aws apigateway delete-rest-api --rest-api-id ...`"
        )
    for api in apis:
        url = f"https://{api}.execute-api.{cloud.region}.amazonaws.com/{API_STAGE}/"
        resources.append({"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api, "rest_api_url": url})
    return {"resources": resources, "schema_version": "2.0", "backend": "api"}


def _functions(cloud: Cloud, prefix: str) -> dict[str, str]:
    """The ARNs of the stage's functions by Chalice's names for them. Names of stages have no hyphens."""
    client: Any = cloud.client("lambda")
    try:
        pages = client.get_paginator("list_functions").paginate()
        listed = {one["FunctionName"]: one["FunctionArn"] for page in pages for one in page["Functions"]}
    except client.exceptions.ClientError as error:
        raise DeploymentError(f"functions cannot be listed: {error}") from None
    found = {name.removeprefix(f"{prefix}-"): arn for name, arn in listed.items() if name.startswith(f"{prefix}-")}
    return {**found, **({API_FUNCTION: listed[prefix]} if prefix in listed else {})}


def _apis(cloud: Cloud, function: str) -> list[str]:
    """The APIs that exist and may invoke the API's function."""
    functions: Any = cloud.client("lambda")
    try:
        policy = json.loads(functions.get_policy(FunctionName=function)["Policy"])
    except functions.exceptions.ResourceNotFoundException:
        return []
    sources = [
        source
        for statement in policy["Statement"]
        for condition in statement.get("Condition", {}).values()
        for source in condition.values()
        if ":execute-api:" in source
    ]
    gateway: Any = cloud.client("apigateway")
    found = []
    for api in sorted({source.split(":")[5].partition("/")[0] for source in sources}):
        try:
            gateway.get_rest_api(restApiId=api)
        except gateway.exceptions.NotFoundException:
            continue  # it was deleted; its permission is still there
        found.append(api)
    return found
