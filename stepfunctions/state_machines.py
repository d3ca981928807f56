"""State machines: create, update, delete, describe, list."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

from asl import StateMachine
from stepfunctions.arns import StateMachineArn, check_role_arn, parse_state_machine_arn, refuse_label
from stepfunctions.configurations import Configuration, read_configuration
from stepfunctions.definitions import check_definition
from stepfunctions.errors import (
    ServiceError,
    invalid_arn,
    state_machine_does_not_exist,
    validation_exception,
)
from stepfunctions.names import check_name
from stepfunctions.paging import page
from stepfunctions.records import MachineRecord, Revision, Version, now
from stepfunctions.tags import read_tags

_UPDATABLE = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")


class StateMachines:
    """The state machines of one account and region. `lock` guards them with their versions and aliases.

    Args:
        region: The region in their ARNs.
        account: The account in their ARNs.
        on_delete: Called with each state machine that has been deleted.
    """

    def __init__(self, region: str, account: str, on_delete: Callable[[MachineRecord], None]) -> None:
        self._region = region
        self._account = account
        self._on_delete = on_delete
        self.lock = threading.RLock()
        self._machines: dict[str, MachineRecord] = {}
        self._sequence = 0

    # -- finding ------------------------------------------------------------------------------------------------

    def find(self, machine_arn: str) -> MachineRecord:
        """Return the state machine with an unqualified ARN.

        Raises:
            ServiceError: StateMachineDoesNotExist.
        """
        machine = self._machines.get(machine_arn)
        if machine is None:
            raise state_machine_does_not_exist(machine_arn)
        return machine

    def restore(self, machine: MachineRecord) -> None:
        """Take a state machine of an earlier process."""
        with self.lock:
            self._machines[machine.arn] = machine
            self._sequence = max(self._sequence, machine.sequence)

    def get(self, machine_arn: str) -> MachineRecord | None:
        """Return the state machine with an unqualified ARN, if there is one."""
        return self._machines.get(machine_arn)

    def find_version(self, arn: StateMachineArn) -> tuple[MachineRecord, Version]:
        """Return the version that a version's ARN names, and its state machine.

        Raises:
            ServiceError: StateMachineDoesNotExist.
        """
        machine = self._machines.get(arn.machine)
        version = machine.versions.get(arn.version or 0) if machine else None
        if machine is None or version is None:
            raise state_machine_does_not_exist(arn.full)
        return machine, version

    # -- operations ---------------------------------------------------------------------------------------------

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateStateMachine. A repeated request returns the same machine; role and tags are not compared.

        Raises:
            ServiceError: InvalidName, InvalidArn, InvalidDefinition, InvalidLoggingConfiguration, TooManyTags,
                InvalidEncryptionConfiguration, StateMachineAlreadyExists or ValidationException.
        """
        name, machine_type = request["name"], request.get("type", "STANDARD")
        check_name(name)
        self._check_version_description(request)
        check_role_arn(request["roleArn"])
        check_definition(request["definition"], machine_type)
        arn = f"arn:aws:states:{self._region}:{self._account}:stateMachine:{name}"
        configuration = read_configuration(request)
        tags = read_tags(request.get("tags"), {}, arn)
        with self.lock:
            known = self._machines.get(arn)
            if known is None:
                known = self._add(arn, machine_type, request, configuration)
                known.tags = tags
            elif not self._is_same(known, machine_type, request, configuration):
                raise ServiceError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
            answer: dict[str, Any] = {"stateMachineArn": arn, "creationDate": known.creation_date}
            if request.get("publish"):
                answer["stateMachineVersionArn"] = known.publish(request.get("versionDescription")).arn
            return answer

    def _add(self, arn: str, machine_type: str, request: dict[str, Any], configuration: Configuration) -> MachineRecord:
        name, date = request["name"], now()
        compiled = StateMachine(
            arn=arn, name=name, definition=request["definition"], type=machine_type, role_arn=request["roleArn"]
        )
        revision = Revision(
            id=None,
            compiled=compiled,
            definition=request["definition"],
            role_arn=request["roleArn"],
            configuration=configuration,
            date=date,
        )
        self._sequence += 1
        machine = MachineRecord(arn, name, machine_type, revision, date, self._sequence)
        self._machines[arn] = machine
        return machine

    @staticmethod
    def _is_same(
        known: MachineRecord, machine_type: str, request: dict[str, Any], configuration: Configuration
    ) -> bool:
        current = known.revision
        wanted = (machine_type, request["definition"], configuration)
        if (known.type, current.definition, current.configuration) != wanted:
            return False
        if not request.get("publish"):
            return True
        first = known.versions.get(1)
        return first is not None and first.description == request.get("versionDescription")

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateStateMachine. Running executions keep the revision that they were started with.

        Raises:
            ServiceError: InvalidArn, InvalidDefinition, InvalidLoggingConfiguration, InvalidEncryptionConfiguration,
                MissingRequiredParameter, StateMachineDoesNotExist or ValidationException.
        """
        arn = parse_state_machine_arn(request["stateMachineArn"])
        refuse_label(arn)
        self._check_version_description(request)
        if not any(request.get(key) is not None for key in _UPDATABLE):
            raise ServiceError(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration, "
                "or the EncryptionConfiguration must be specified",
                reason="MISSING_REQUIRED_PARAMETER",
            )
        if request.get("roleArn") is not None:
            check_role_arn(request["roleArn"])
        with self.lock:
            machine = self.find(arn.full)
            if request.get("definition") is not None:
                check_definition(request["definition"], machine.type)
            self._revise(machine, request)
            answer: dict[str, Any] = {"updateDate": machine.revision.date}
            if machine.revision.id is not None:
                answer["revisionId"] = machine.revision.id
            if request.get("publish"):
                answer["stateMachineVersionArn"] = machine.publish(
                    request.get("versionDescription"), described=request.get("versionDescription") is not None
                ).arn
            return answer

    @staticmethod
    def _revise(machine: MachineRecord, request: dict[str, Any]) -> None:
        old = machine.revision
        definition = request["definition"] if request.get("definition") is not None else old.definition
        role_arn = request["roleArn"] if request.get("roleArn") is not None else old.role_arn
        configuration = read_configuration(request, old.configuration)
        if (definition, role_arn, configuration) == (old.definition, old.role_arn, old.configuration):
            return
        compiled = old.compiled
        if (definition, role_arn) != (old.definition, old.role_arn):
            compiled = StateMachine(
                arn=machine.arn, name=machine.name, definition=definition, type=machine.type, role_arn=role_arn
            )
        machine.revision = Revision(
            id=str(uuid.uuid4()),
            compiled=compiled,
            definition=definition,
            role_arn=role_arn,
            configuration=configuration,
            date=now(),
        )

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteStateMachine, with its versions and aliases. Deleting an unknown machine succeeds.

        Raises:
            ServiceError: InvalidArn or ValidationException.
        """
        arn = parse_state_machine_arn(request["stateMachineArn"])
        refuse_label(arn)
        if arn.is_qualified:
            raise invalid_arn(arn.full)
        with self.lock:
            machine = self._machines.pop(arn.full, None)
        if machine is not None:
            self._on_delete(machine)
        return {}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeStateMachine, by the ARN of a machine, a version, an alias or a Distributed Map.

        Raises:
            ServiceError: InvalidArn or StateMachineDoesNotExist.
        """
        arn = parse_state_machine_arn(request["stateMachineArn"])
        with self.lock:
            if arn.version is not None:
                machine, version = self.find_version(arn)
                answer = self._render(machine, version.revision)
                answer |= {"stateMachineArn": version.arn, "creationDate": version.creation_date}
                if version.description is not None:
                    answer["description"] = version.description
            elif arn.alias is not None:
                alias = self.find(arn.machine).aliases.get(arn.alias)
                if alias is None:
                    raise state_machine_does_not_exist(arn.full)
                machine, version = self.find_version(parse_state_machine_arn(alias.routes[0].version_arn))
                answer = self._render(machine, version.revision) | {"stateMachineArn": alias.arn}
            else:
                machine = self.find(arn.machine)
                answer = self._render(machine, machine.revision)
            if arn.label is not None:
                answer |= {"stateMachineArn": arn.full, "label": arn.label}
        if request.get("includedData") == "METADATA_ONLY":
            answer["definition"] = "{}"
            answer.pop("variableReferences", None)
        return answer

    @staticmethod
    def _render(machine: MachineRecord, revision: Revision) -> dict[str, Any]:
        return {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "status": "ACTIVE",
            "definition": revision.definition,
            "roleArn": revision.role_arn,
            "type": machine.type,
            "creationDate": machine.creation_date,
            **revision.render(),
        }

    def list_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListStateMachines, in the order of creation.

        Raises:
            ServiceError: InvalidToken.
        """
        with self.lock:
            machines = list(self._machines.values())
        found, token = page(machines, request, lambda machine: machine.sequence, "state-machines")
        answer: dict[str, Any] = {
            "stateMachines": [
                {
                    "stateMachineArn": machine.arn,
                    "name": machine.name,
                    "type": machine.type,
                    "creationDate": machine.creation_date,
                }
                for machine in found
            ]
        }
        if token:
            answer["nextToken"] = token
        return answer

    @staticmethod
    def _check_version_description(request: dict[str, Any]) -> None:
        if request.get("versionDescription") is not None and not request.get("publish"):
            raise validation_exception("Version description can only be set when publish is true")
