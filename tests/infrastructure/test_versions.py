"""Old versions of flows are deleted, but never what a rollback needs."""

from __future__ import annotations

import json

from infrastructure.versions import prune
from localcloud.cloud import Cloud
from tests.localcloud.conftest import client_of, cloud

__all__ = ["cloud"]

ROLE = "arn:aws:iam::123456789012:role/r"


def test_the_newest_versions_and_the_live_one_stay(cloud: Cloud) -> None:
    states = client_of(cloud, "stepfunctions")

    def definition(number: int) -> str:
        return json.dumps({"Comment": str(number), "StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})

    machine = states.create_state_machine(name="pruned", roleArn=ROLE, definition=definition(0))["stateMachineArn"]
    for number in range(1, 8):
        states.update_state_machine(stateMachineArn=machine, definition=definition(number), publish=True)
    routes = [{"stateMachineVersionArn": f"{machine}:2", "weight": 100}]
    states.create_state_machine_alias(name="live", routingConfiguration=routes)

    def versions() -> list[int]:
        listed = states.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
        return sorted(int(item["stateMachineVersionArn"].rpartition(":")[2]) for item in listed)

    assert prune(states, machine) == 0
    assert versions() == [1, 2, 3, 4, 5, 6, 7]
    assert prune(states, machine, keep=3) == 3
    assert versions() == [2, 5, 6, 7]
    assert prune(states, machine, keep=3) == 0
