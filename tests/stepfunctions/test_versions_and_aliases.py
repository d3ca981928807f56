"""Versions and aliases through boto3."""

from __future__ import annotations

import json
from typing import Any

from tests.stepfunctions.conftest import PASSING, WAITING, Lab, one
from tests.stepfunctions.test_state_machines import refusal


def test_publishing_is_idempotent_for_a_revision(lab: Lab, sfn: Any) -> None:
    arn = lab.create("m", PASSING, publish=True, versionDescription="first")
    assert sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == f"{arn}:1"
    assert refusal(sfn.publish_state_machine_version, stateMachineArn=arn, revisionId="other") == (
        "ConflictException",
        "Failed to publish the State Machine version for revision other. "
        "The current State Machine revision is INITIAL.",
    )
    revision = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAITING))["revisionId"]
    second = sfn.publish_state_machine_version(stateMachineArn=arn, revisionId=revision, description="second")
    assert second["stateMachineVersionArn"] == f"{arn}:2"
    listed = sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [version["stateMachineVersionArn"] for version in listed] == [f"{arn}:2", f"{arn}:1"]
    found = sfn.describe_state_machine(stateMachineArn=f"{arn}:1")
    assert (json.loads(found["definition"]), found["description"]) == (PASSING, "first")


def test_updating_with_another_description_publishes_another_version(lab: Lab, sfn: Any) -> None:
    arn = lab.create("m", PASSING, publish=True, versionDescription="first")
    for description, number in (("first", 1), ("second", 2), ("second", 2)):
        updated = sfn.update_state_machine(
            stateMachineArn=arn, definition=json.dumps(PASSING), publish=True, versionDescription=description
        )
        assert updated["stateMachineVersionArn"] == f"{arn}:{number}"


def test_a_version_of_an_alias_cannot_be_deleted(lab: Lab, sfn: Any) -> None:
    arn = lab.create("m", PASSING, publish=True)
    sfn.create_state_machine_alias(
        name="PROD", routingConfiguration=[{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    )
    assert refusal(sfn.delete_state_machine_version, stateMachineVersionArn=f"{arn}:1") == (
        "ConflictException",
        "Version to be deleted must not be referenced by an alias. "
        "Current list of aliases referencing this version: [PROD]",
    )
    sfn.delete_state_machine_alias(stateMachineAliasArn=f"{arn}:PROD")
    sfn.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    assert sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"] == []
    code, _ = refusal(sfn.describe_state_machine_alias, stateMachineAliasArn=f"{arn}:PROD")
    assert code == "ResourceNotFound"


def test_an_alias_routes_by_weight(lab: Lab, sfn: Any) -> None:
    arn = lab.create("m", one("Pass", Result=1), publish=True)
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(one("Pass", Result=2)), publish=True)
    routes = [
        {"stateMachineVersionArn": f"{arn}:1", "weight": 0},
        {"stateMachineVersionArn": f"{arn}:2", "weight": 100},
    ]
    alias = sfn.create_state_machine_alias(name="PROD", routingConfiguration=routes)["stateMachineAliasArn"]
    found = lab.finished(lab.start(alias))
    assert found["output"] == "2"
    assert (found["stateMachineAliasArn"], found["stateMachineVersionArn"]) == (alias, f"{arn}:2")
    assert found["stateMachineArn"] == arn
    sfn.update_state_machine_alias(
        stateMachineAliasArn=alias, routingConfiguration=[{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    )
    assert lab.finished(lab.start(alias))["output"] == "1"
    by_version = sfn.list_executions(stateMachineArn=f"{arn}:2")["executions"]
    assert [entry["stateMachineVersionArn"] for entry in by_version] == [f"{arn}:2"]
    assert len(sfn.list_executions(stateMachineArn=alias)["executions"]) == 2
    started = sfn.get_execution_history(executionArn=found["executionArn"])["events"][0]
    assert started["executionStartedEventDetails"]["stateMachineVersionArn"] == f"{arn}:2"


def test_routing_that_aws_refuses(lab: Lab, sfn: Any) -> None:
    arn = lab.create("m", PASSING, publish=True)
    route = {"stateMachineVersionArn": f"{arn}:1", "weight": 50}
    create = sfn.create_state_machine_alias
    code, message = refusal(create, name="A", routingConfiguration=[route])
    assert (code, message) == (
        "ValidationException",
        "Sum of routing configuration weights must equal 100. Received: [50]",
    )
    assert "distinct state machine version ARNs" in refusal(create, name="A", routingConfiguration=[route, route])[1]
    missing = [{"stateMachineVersionArn": f"{arn}:9", "weight": 100}]
    assert refusal(create, name="A", routingConfiguration=missing)[0] == "ResourceNotFound"
    whole = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    assert "regular expression pattern" in refusal(create, name="12", routingConfiguration=whole)[1]
    first = create(name="A", routingConfiguration=whole)
    assert create(name="A", routingConfiguration=whole)["creationDate"] == first["creationDate"]
    assert refusal(create, name="A", routingConfiguration=whole, description="other")[0] == "ConflictException"
    listed = sfn.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]
    assert [entry["stateMachineAliasArn"] for entry in listed] == [f"{arn}:A"]
