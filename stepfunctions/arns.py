"""ARNs of Step Functions resources: parses them, and refuses invalid ones."""

from __future__ import annotations

from dataclasses import dataclass

from stepfunctions.errors import ServiceError, invalid_arn, validation_exception, wrong_resource_type


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:<partition>:states:<region>:<account>:<resource_type>:<rest>`."""

    full: str
    partition: str
    region: str
    account: str
    resource_type: str
    rest: str


def parse_arn(full: str) -> Arn:
    """Parse an ARN of Step Functions.

    Raises:
        ServiceError: InvalidArn.
    """
    if not full.startswith("arn:"):
        raise invalid_arn(f"Invalid ARN prefix: {full}")
    parts = full.split(":", 6)
    if len(parts) < 7 or not parts[6]:
        raise invalid_arn(full)
    _, partition, service, region, account, resource_type, rest = parts
    if service != "states":
        raise invalid_arn(f"Invalid service name in ARN: {service}")
    if not region or not account:
        raise invalid_arn(full)
    return Arn(full, partition, region, account, resource_type, rest)


@dataclass(frozen=True, slots=True)
class StateMachineArn:
    """A state machine's ARN with its qualifier: a version's number, an alias, or a Distributed Map's label.

    `full` is the whole ARN, `machine` the unqualified one.
    """

    full: str
    machine: str
    name: str
    version: int | None = None
    alias: str | None = None
    label: str | None = None

    @property
    def is_qualified(self) -> bool:
        return self.machine != self.full


def parse_state_machine_arn(full: str) -> StateMachineArn:
    """Parse a state machine's ARN.

    Raises:
        ServiceError: InvalidArn.
    """
    arn = parse_arn(full)
    if arn.resource_type != "stateMachine":
        raise wrong_resource_type(arn.resource_type)
    name, *qualifiers = arn.rest.split(":")
    if len(qualifiers) > 1 or "" in (name, *qualifiers):
        raise invalid_arn(full)
    machine = full[: len(full) - len(qualifiers[0]) - 1] if qualifiers else full
    label: str | None = None
    if "/" in name:
        name, label = name.split("/", 1)
        machine = machine[: -len(label) - 1]
    if not qualifiers:
        return StateMachineArn(full, machine, name, label=label)
    if qualifiers[0].isdigit():
        return StateMachineArn(full, machine, name, version=int(qualifiers[0]), label=label)
    return StateMachineArn(full, machine, name, alias=qualifiers[0], label=label)


def refuse_label(arn: StateMachineArn) -> None:
    """Refuse the ARN of a Distributed Map state, which most operations don't accept.

    Raises:
        ServiceError: ValidationException, if the ARN has a label.
    """
    if arn.label is not None:
        raise validation_exception(
            "This operation does not support Map Run labels", reason="API_DOES_NOT_SUPPORT_LABELED_ARNS"
        )


def parse_execution_arn(full: str) -> Arn:
    """Parse the ARN of a STANDARD execution or of one that a Distributed Map started.

    Raises:
        ServiceError: InvalidArn. Most operations don't accept executions of EXPRESS machines.
    """
    arn = parse_arn(full)
    if arn.resource_type != "execution":
        raise wrong_resource_type(arn.resource_type)
    if arn.rest.count(":") < 1:
        raise invalid_arn(full)
    return arn


def machine_arn_of_execution(execution_arn: str) -> str:
    """Return the unqualified ARN of the machine that an execution's ARN names."""
    arn = parse_arn(execution_arn)
    name = arn.rest.split(":", 1)[0].split("/", 1)[0]
    return f"arn:{arn.partition}:states:{arn.region}:{arn.account}:stateMachine:{name}"


def check_role_arn(arn: str) -> None:
    """Check the format of an execution role's ARN; the role need not exist.

    Raises:
        ServiceError: InvalidArn.
    """
    if not arn.startswith("arn:"):
        raise invalid_arn(f"Invalid ARN prefix: {arn}")
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        raise ServiceError("InvalidArn", f"Invalid Role Arn: '{arn}'")
