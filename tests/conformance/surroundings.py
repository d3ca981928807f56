"""What a record needs around its execution: resources of other services, activities, target state machines."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from stepfunctions import Service

ROLE = "arn:aws:iam::123456789012:role/sfn_role"
_TARGET = re.compile(r"arn:aws:states:[a-z0-9-]+:\d+:stateMachine:([A-Za-z0-9_-]+)")


class Aws:
    """Clients of the emulated services."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            import boto3

            self._clients[service] = boto3.client(
                service,
                endpoint_url=self._endpoint,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self._clients[service]


def create_resources(record: dict[str, Any], aws: Aws, service: Service) -> None:
    """Make the calls of `setup`, except for receiving messages, which is left to the driver.

    A call that fails, or that AWS doesn't have, is reported and skipped, since the execution may not need it.
    """
    for name, operation, arguments in record.get("setup") or []:
        if operation == "receive_message":
            continue
        if (name, operation) == ("dynamodb", "create_table"):
            arguments = _table(arguments)
        try:
            if name in ("stepfunctions", "sfn"):
                service.handle("".join(word.capitalize() for word in operation.split("_")), arguments)
            else:
                getattr(aws.client(name), operation)(**arguments)
        except Exception as problem:
            print(f"{record['id']}: {name}.{operation} failed: {str(problem)[:200]}", file=sys.stderr)


def _table(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return CreateTable's arguments. A helper of the recorded tests took `TableName` and `partition_key`."""
    if "AttributeDefinitions" in arguments:
        return arguments
    key = arguments.get("partition_key", "id")
    return {
        "TableName": arguments["TableName"],
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


def create_activities(record: dict[str, Any], service: Service) -> list[str]:
    """Create the activities of a record, unless the test deleted them before the start; return their ARNs."""
    if not any("activity" in name for name in record.get("external") or []):
        return []
    arns = re.findall(r"arn:aws:states:[a-z0-9-]+:\d+:activity:[A-Za-z0-9_-]+", record["definition"])
    if "stepfunctions.delete_activity" in record["external"]:
        return []
    return [service.handle("CreateActivity", {"name": arn.rsplit(":", 1)[1]})["activityArn"] for arn in arns]


def create_targets(record: dict[str, Any], service: Service) -> None:
    """Create the state machines that a record's execution starts.

    Records name them without defining them. AWS's answer says how a target ended, and the one created here ends alike.
    """
    if "tartExecution" not in record["definition"]:
        return
    document = json.dumps([record.get("expected_history"), record.get("expected_output"), record.get("expected_cause")])
    if "StateMachineDoesNotExist" in document:
        return
    for name in sorted(set(_TARGET.findall(record["definition"] + (record.get("input") or "")))):
        definition = {"StartAt": "State", "States": {"State": _end_as(record)}}
        service.handle(
            "CreateStateMachine",
            {"name": name, "definition": json.dumps(definition), "roleArn": ROLE, "type": "STANDARD"},
        )


def _end_as(record: dict[str, Any]) -> dict[str, Any]:
    for answer in (record.get("expected_cause"), record.get("expected_output")):
        try:
            answer = json.loads(answer) if isinstance(answer, str) else answer
        except ValueError:
            continue
        if isinstance(answer, dict) and answer.get("Status") == "FAILED":
            return {"Type": "Fail", **{key: answer[key] for key in ("Error", "Cause") if key in answer}}
        if isinstance(answer, dict) and "Output" in answer:
            output = answer["Output"]
            return {"Type": "Pass", "Result": json.loads(output) if isinstance(output, str) else output, "End": True}
    return {"Type": "Pass", "End": True}
