"""Sets what `chalice deploy` cannot set: `python -m infrastructure.api_stage --stage prod`.

That is throttling, the access log, logs in JSON, and where events go that `run-status` and `run-sweep`
failed to handle.

The CDK app sets the same in its template. Run this after `chalice deploy`; later deployments leave the settings alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chalicelib.names import Names
from chalicelib.settings import PROJECT
from infrastructure.api_settings import FORMAT, access_log_group
from infrastructure.errors import DeploymentError
from infrastructure.function_resources import API_STAGE, OWN_FUNCTIONS, RUN_STATUS, RUN_SWEEP, logging_config
from infrastructure.schedules import queue_name
from infrastructure.stage import StageSettings
from infrastructure.throttling import method_limits


def main(argv: Sequence[str] | None = None) -> int:
    """Set the stage's throttling and the destination of undelivered events, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.api_stage", description=__doc__)
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args(argv)
    from infrastructure.cloud import Cloud
    from infrastructure.synthesis import checked_stage, compiled_flows

    try:
        stage = checked_stage(arguments.stage)
        api = deployed_api(PROJECT, stage.name)
        cloud = Cloud()
        names = Names(stage=stage.name, region=cloud.region, account=cloud.account)
        client = cloud.client("apigateway")
        logged = "accessLogSettings" in client.get_stage(restApiId=api, stageName=API_STAGE)
        operations = [*settings(stage), *access_log_settings(stage, names, logged=logged)]
        client.update_stage(restApiId=api, stageName=API_STAGE, patchOperations=operations)
        queue = f"arn:{names.partition}:sqs:{names.region}:{names.account}:{queue_name(names)}"
        functions = cloud.client("lambda")
        for function in (RUN_STATUS, RUN_SWEEP):
            functions.put_function_event_invoke_config(
                FunctionName=names.resource(function), DestinationConfig={"OnFailure": {"Destination": queue}}
            )
        full_names = map(names.resource, [*compiled_flows().settings, *OWN_FUNCTIONS])
        set_logging(functions, [f"{names.app}-{stage.name}", *full_names], logging_config(stage))
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"API {api}: {stage.throttle_rate:g} requests per second, bursts of {stage.throttle_burst}")
    return 0


def set_logging(client: Any, functions: Iterable[str], config: Mapping[str, str]) -> None:
    """Let functions log as the stage says, those that don't yet.

    Args:
        client: A client of Lambda.
        functions: The full names of the functions.
        config: Their `LoggingConfig`.
    """
    for name in functions:
        found = client.get_function_configuration(FunctionName=name).get("LoggingConfig", {})
        if any(found.get(key) != value for key, value in config.items()):
            client.get_waiter("function_updated_v2").wait(FunctionName=name)  # from Chalice's own update
            client.update_function_configuration(FunctionName=name, LoggingConfig=config)


def settings(stage: StageSettings) -> list[dict[str, str]]:
    """Return the settings as patch operations; `/*/*` stands for every path and method.

    https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
    """
    values = {
        "/*/*/throttling/rateLimit": f"{stage.throttle_rate:g}",
        "/*/*/throttling/burstLimit": str(stage.throttle_burst),
        "/*/*/metrics/enabled": "true" if stage.method_metrics else "false",
    }
    for limit in method_limits(stage):
        own = f"{limit.patch_path}/{limit.method}"
        values[f"{own}/throttling/rateLimit"] = f"{limit.rate:g}"
        values[f"{own}/throttling/burstLimit"] = str(limit.burst)
        values[f"{own}/metrics/enabled"] = values["/*/*/metrics/enabled"]
    return [{"op": "replace", "path": path, "value": value} for path, value in values.items()]


def access_log_settings(stage: StageSettings, names: Names, *, logged: bool) -> list[dict[str, str]]:
    """Return the patch operations that let the stage log requests, or stop it.

    Args:
        stage: The stage's settings.
        names: The stage's names.
        logged: Whether the API's stage logs requests already.
    """
    if not stage.access_log:
        return [{"op": "remove", "path": "/accessLogSettings"}] if logged else []
    group = f"arn:{names.partition}:logs:{names.region}:{names.account}:log-group:{access_log_group(names)}"
    values = {"destinationArn": group, "format": FORMAT}
    return [{"op": "replace", "path": f"/accessLogSettings/{key}", "value": value} for key, value in values.items()]


def deployed_api(project: Path, stage: str) -> str:
    """Return the id of the API that `chalice deploy` created for a stage.

    Args:
        project: The project's folder, where Chalice keeps its records.
        stage: The stage's name.

    Raises:
        DeploymentError: The records have no API.
    """
    file = project / ".chalice" / "deployed" / f"{stage}.json"
    try:
        resources = json.loads(file.read_text(encoding="utf-8"))["resources"]
        return str(next(item["rest_api_id"] for item in resources if item["name"] == "rest_api"))
    except (FileNotFoundError, StopIteration):
        raise DeploymentError(f"the stage {stage} was not deployed from here: chalice deploy --stage {stage}") from None


if __name__ == "__main__":
    sys.exit(main())
