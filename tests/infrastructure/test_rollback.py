"""Going back to an earlier version of a flow, against a Step Functions service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from infrastructure.errors import DeploymentError
from infrastructure.rollback import main, roll_back
from stepfunctions import Service, ServiceError, ignore_status_changes

ROLE = "arn:aws:iam::123456789012:role/r"


class ResourceNotFound(Exception):
    """As boto3 raises it."""


class Client:
    """Speaks to the service as a client of boto3 does."""

    exceptions = SimpleNamespace(ResourceNotFound=ResourceNotFound)

    def __init__(self, service: Service) -> None:
        self.service = service

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            try:
                return self.service.handle("".join(part.title() for part in operation.split("_")), request)
            except ServiceError as error:
                raise (ResourceNotFound(str(error)) if error.code == "ResourceNotFound" else error) from None

        return call


@pytest.fixture
def client() -> Iterator[Client]:
    service = Service(SimpleNamespace(), None, on_status_change=ignore_status_changes)  # type: ignore[arg-type]
    yield Client(service)
    service.close()


@pytest.fixture
def machine(client: Client) -> str:
    """A state machine with three versions, of which the alias means the third."""
    arn: str = client.create_state_machine(name="prod-flow", roleArn=ROLE, definition=_definition(1))["stateMachineArn"]
    for number in (1, 2, 3):
        client.update_state_machine(stateMachineArn=arn, definition=_definition(number + 1))
        made = client.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
        assert made == f"{arn}:{number}"
    client.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": f"{arn}:3", "weight": 100}]
    )
    return arn


def _definition(number: int) -> str:
    return json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": number, "End": True}}})


def _live(client: Client, machine: str) -> list[dict[str, Any]]:
    described = client.describe_state_machine_alias(stateMachineAliasArn=f"{machine}:live")
    routes: list[dict[str, Any]] = described["routingConfiguration"]
    return routes


def test_the_alias_goes_back_by_one_and_by_one_more(client: Client, machine: str) -> None:
    assert roll_back(client, machine) == (3, 2)
    assert _live(client, machine) == [{"stateMachineVersionArn": f"{machine}:2", "weight": 100}]
    assert roll_back(client, machine) == (2, 1)
    with pytest.raises(DeploymentError, match="prod-flow has no version before 1"):
        roll_back(client, machine)


def test_a_version_can_be_chosen_forwards_too(client: Client, machine: str) -> None:
    roll_back(client, machine, 1)
    assert roll_back(client, machine, 3) == (1, 3)


def test_what_is_not_there_is_said(client: Client, machine: str) -> None:
    with pytest.raises(DeploymentError, match=re.escape("prod-flow has no version 9; available: 3, 2, 1")):
        roll_back(client, machine, 9)
    with pytest.raises(DeploymentError, match="no flow prod-flaw with an alias 'live'"):
        roll_back(client, machine.replace("prod-flow", "prod-flaw"))
    assert _live(client, machine) == [{"stateMachineVersionArn": f"{machine}:3", "weight": 100}]


def test_an_unknown_stage_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stage", "x", "--flow", "y"]) == 1
    assert capsys.readouterr().err.startswith("error: no stage 'x'")
