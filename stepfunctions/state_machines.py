"""State machines: create, update, delete, describe, list."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

from asl import StateMachine
from stepfunctions.arns import StateMachineArn, parse_arn, parse_state_machine_arn, refuse_label
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
from stepfunctions.variable_references import variable_references

_NO_LOGGING = {"level": "OFF", "includeExecutionData": False}
_NO_TRACING = {"enabled": False}
_AWS_KEY = {"type": "AWS_OWNED_KEY"}
_LOG_GROUP = re.compile(r"arn:[\w-]+:logs:[\w-]*:\d*:log-group:[^:]+:\*")
_UPDATABLE = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")


class StateMachines:
    """The state machines of one account and region. `lock` guards them and everything that hangs on them."""

    def __init__(self, region: str, account: str) -> None:
        self.region = region
        self.account = account
        self.lock = threading.RLock()
        self._machines: dict[str, MachineRecord] = {}
        self._sequence = 0
        self.on_delete: Callable[[MachineRecord], None] = lambda machine: None

    # -- finding ------------------------------------------------------------------------------------------------

    def find(self, machine_arn: str) -> MachineRecord:
        """The machine with an unqualified ARN.

        Raises:
            ServiceError: StateMachineDoesNotExist.
        """
        machine = self._machines.get(machine_arn)
        if machine is None:
            raise state_machine_does_not_exist(machine_arn)
        return machine

    def get(self, machine_arn: str) -> MachineRecord | None:
        return self._machines.get(machine_arn)

    def find_version(self, arn: StateMachineArn) -> tuple[MachineRecord, Version]:
        """The version that a version's ARN names.

        Raises:
            ServiceError: StateMachineDoesNotExist.
        """
        machine = self._machines.get(arn.machine)
        version = machine.versions.get(arn.version or 0) if machine else None
        if machine is None or version is None:
            raise state_machine_does_not_exist(arn.text)
        return machine, version

    # -- operations ---------------------------------------------------------------------------------------------

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateStateMachine. Repeating a request gives the same machine; role and tags are not compared."""
        name, machine_type = request["name"], request.get("type", "STANDARD")
        check_name(name)
        self._check_version_description(request)
        parse_role_arn(request["roleArn"])
        check_definition(request["definition"], machine_type)
        arn = f"arn:aws:states:{self.region}:{self.account}:stateMachine:{name}"
        configuration = _configuration(request)
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
                answer["stateMachineVersionArn"] = publish(known, request.get("versionDescription")).arn
            return answer

    def _add(
        self, arn: str, machine_type: str, request: dict[str, Any], configuration: dict[str, dict[str, Any]]
    ) -> MachineRecord:
        name, date = request["name"], now()
        compiled = StateMachine(
            arn=arn, name=name, definition=request["definition"], type=machine_type, role_arn=request["roleArn"]
        )
        revision = Revision(
            id=None,
            compiled=compiled,
            definition=request["definition"],
            role_arn=request["roleArn"],
            date=date,
            **configuration,
        )
        self._sequence += 1
        machine = MachineRecord(arn, name, machine_type, revision, date, self._sequence)
        self._machines[arn] = machine
        return machine

    @staticmethod
    def _is_same(
        known: MachineRecord, machine_type: str, request: dict[str, Any], configuration: dict[str, dict[str, Any]]
    ) -> bool:
        current = known.revision
        if (known.type, current.definition) != (machine_type, request["definition"]):
            return False
        if (current.logging, current.tracing, current.encryption) != tuple(configuration.values()):
            return False
        if not request.get("publish"):
            return True
        first = known.versions.get(1)
        return first is not None and first.description == request.get("versionDescription")

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateStateMachine. Running executions keep the revision they were started with."""
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
            parse_role_arn(request["roleArn"])
        with self.lock:
            machine = self.find(arn.text)
            if request.get("definition") is not None:
                check_definition(request["definition"], machine.type)
            self._revise(machine, request)
            answer: dict[str, Any] = {"updateDate": machine.revision.date}
            if machine.revision.id is not None:
                answer["revisionId"] = machine.revision.id
            if request.get("publish"):
                answer["stateMachineVersionArn"] = publish(machine, request.get("versionDescription")).arn
            return answer

    @staticmethod
    def _revise(machine: MachineRecord, request: dict[str, Any]) -> None:
        old = machine.revision
        definition = request["definition"] if request.get("definition") is not None else old.definition
        role_arn = request["roleArn"] if request.get("roleArn") is not None else old.role_arn
        configuration = _configuration(request, old)
        unchanged = (old.definition, old.role_arn, old.logging, old.tracing, old.encryption)
        if unchanged == (definition, role_arn, *configuration.values()):
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
            date=now(),
            **configuration,
        )

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteStateMachine: with its versions and aliases. An unknown machine is deleted already."""
        arn = parse_state_machine_arn(request["stateMachineArn"])
        refuse_label(arn)
        if arn.is_qualified:
            raise invalid_arn(arn.text)
        with self.lock:
            machine = self._machines.pop(arn.text, None)
        if machine is not None:
            self.on_delete(machine)
        return {}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeStateMachine, by the ARN of a machine, a version, an alias or a Distributed Map."""
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
                    raise state_machine_does_not_exist(arn.text)
                machine, version = self.find_version(parse_state_machine_arn(alias.routes[0].version_arn))
                answer = self._render(machine, version.revision) | {"stateMachineArn": alias.arn}
            else:
                machine = self.find(arn.machine)
                answer = self._render(machine, machine.revision)
            if arn.label is not None:
                answer |= {"stateMachineArn": arn.text, "label": arn.label}
        if request.get("includedData") == "METADATA_ONLY":
            answer["definition"] = "{}"
            answer.pop("variableReferences", None)
        return answer

    @staticmethod
    def _render(machine: MachineRecord, revision: Revision) -> dict[str, Any]:
        rendered: dict[str, Any] = {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "status": "ACTIVE",
            "definition": revision.definition,
            "roleArn": revision.role_arn,
            "type": machine.type,
            "creationDate": machine.creation_date,
            **render_configuration(revision),
        }
        return rendered

    def list_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListStateMachines, in the order of creation."""
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


def render_configuration(revision: Revision) -> dict[str, Any]:
    """What DescribeStateMachine and DescribeStateMachineForExecution both say of a revision."""
    rendered: dict[str, Any] = {
        "loggingConfiguration": revision.logging,
        "tracingConfiguration": revision.tracing,
        "encryptionConfiguration": revision.encryption,
    }
    if revision.id is not None:
        rendered["revisionId"] = revision.id
    references = variable_references(revision.definition)
    if references:
        rendered["variableReferences"] = references
    return rendered


def publish(machine: MachineRecord, description: str | None) -> Version:
    """The version of the current revision: a new one, or the one that it has already. The caller holds the lock."""
    for version in machine.versions.values():
        if version.revision is machine.revision:
            return version
    machine.last_version += 1
    number = machine.last_version
    version = Version(f"{machine.arn}:{number}", number, machine.revision, description, now())
    machine.versions[number] = version
    return version


def parse_role_arn(text: str) -> None:
    """Check the shape of an execution role's ARN; roles themselves are not looked up.

    Raises:
        ServiceError: InvalidArn.
    """
    if not text.startswith("arn:"):
        raise invalid_arn(f"Invalid ARN prefix: {text}")
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        raise ServiceError("InvalidArn", f"Invalid Role Arn: '{text}'")


def _configuration(request: dict[str, Any], old: Revision | None = None) -> dict[str, dict[str, Any]]:
    logging, tracing, encryption = (
        (old.logging, old.tracing, old.encryption) if old else (_NO_LOGGING, _NO_TRACING, _AWS_KEY)
    )
    if request.get("loggingConfiguration") is not None:
        logging = _read_logging(request["loggingConfiguration"])
    if request.get("tracingConfiguration") is not None:
        tracing = _NO_TRACING | request["tracingConfiguration"]
    if request.get("encryptionConfiguration") is not None:
        encryption = _read_encryption(request["encryptionConfiguration"])
    return {"logging": logging, "tracing": tracing, "encryption": encryption}


def _read_logging(given: dict[str, Any]) -> dict[str, Any]:
    logging = _NO_LOGGING | given
    destinations = given.get("destinations") or []
    if len(destinations) > 1 or (logging["level"] != "OFF" and not destinations):
        raise ServiceError(
            "InvalidLoggingConfiguration", "Invalid Logging Configuration: Must specify exactly one Log Destination."
        )
    for destination in destinations:
        arn = (destination.get("cloudWatchLogsLogGroup") or {}).get("logGroupArn")
        if not isinstance(arn, str) or not _LOG_GROUP.fullmatch(arn):
            raise ServiceError(
                "InvalidLoggingConfiguration",
                "Invalid Logging Configuration: The Log Destination must be the ARN of a log group, ending with :*",
            )
    return logging


def _read_encryption(given: dict[str, Any]) -> dict[str, Any]:
    if given["type"] == "CUSTOMER_MANAGED_KMS_KEY" and not given.get("kmsKeyId"):
        raise ServiceError(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: kmsKeyId is required for the type CUSTOMER_MANAGED_KMS_KEY",
        )
    if given["type"] == "AWS_OWNED_KEY" and given.get("kmsKeyId"):
        raise ServiceError(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: kmsKeyId cannot be specified for the type AWS_OWNED_KEY",
        )
    return dict(given)


def machine_arn_of_execution(execution_arn: str) -> str:
    """The unqualified ARN of the machine that an execution's ARN names."""
    arn = parse_arn(execution_arn)
    name = arn.rest.split(":", 1)[0].split("/", 1)[0]
    return f"arn:{arn.partition}:states:{arn.region}:{arn.account}:stateMachine:{name}"
