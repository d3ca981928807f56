"""Versions of state machines: publishes, deletes and lists them."""

from __future__ import annotations

from typing import Any

from stepfunctions.arns import parse_state_machine_arn, refuse_label
from stepfunctions.errors import conflict, invalid_arn
from stepfunctions.paging import page
from stepfunctions.state_machines import StateMachines

# PublishStateMachineVersion's name of the revision of a state machine that has never been updated.
INITIAL_REVISION = "INITIAL"


class Versions:
    """The operations on versions."""

    def __init__(self, machines: StateMachines) -> None:
        self._machines = machines

    def publish(self, request: dict[str, Any]) -> dict[str, Any]:
        """PublishStateMachineVersion. Idempotent for a revision.

        Raises:
            ServiceError: InvalidArn, StateMachineDoesNotExist, ValidationException or ConflictException.
        """
        arn = parse_state_machine_arn(request["stateMachineArn"])
        refuse_label(arn)
        with self._machines.lock:
            machine = self._machines.find(arn.full)
            wanted, current = request.get("revisionId"), machine.revision.id or INITIAL_REVISION
            if wanted is not None and wanted != current:
                raise conflict(
                    f"Failed to publish the State Machine version for revision {wanted}. "
                    f"The current State Machine revision is {current}."
                )
            version = machine.publish(request.get("description"))
            return {"creationDate": version.creation_date, "stateMachineVersionArn": version.arn}

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteStateMachineVersion, unless an alias routes to it. Deleting an unknown version succeeds.

        Raises:
            ServiceError: InvalidArn or ConflictException.
        """
        arn = parse_state_machine_arn(request["stateMachineVersionArn"])
        if arn.version is None:
            raise invalid_arn(arn.full)
        with self._machines.lock:
            machine = self._machines.get(arn.machine)
            if machine is None or arn.version not in machine.versions:
                return {}
            users = [
                alias.name
                for alias in machine.aliases.values()
                if any(route.version_arn == arn.full for route in alias.routes)
            ]
            if users:
                raise conflict(
                    "Version to be deleted must not be referenced by an alias. "
                    f"Current list of aliases referencing this version: [{', '.join(users)}]"
                )
            del machine.versions[arn.version]
        return {}

    def list_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListStateMachineVersions, newest first.

        Raises:
            ServiceError: InvalidArn, InvalidToken or ValidationException.
        """
        arn = parse_state_machine_arn(request["stateMachineArn"])
        refuse_label(arn)
        with self._machines.lock:
            machine = self._machines.get(arn.full)
            if machine is None:
                raise invalid_arn(arn.full)
            versions = sorted(machine.versions.values(), key=lambda version: -version.number)
        found, token = page(versions, request, lambda version: version.number, f"versions {arn.full}")
        answer: dict[str, Any] = {
            "stateMachineVersions": [
                {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date} for version in found
            ]
        }
        if token:
            answer["nextToken"] = token
        return answer
