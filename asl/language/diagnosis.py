"""What is wrong with a definition, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a diagnosis weighs: an error stops a state machine from being created."""

    ERROR = "ERROR"
    WARNING = "WARNING"


# The code of a warning of ours that AWS does not give.
ADVICE = "ADVICE"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One finding about a definition.

    `code` and `message` are worded as ValidateStateMachineDefinition words them
    (https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html); a warning
    that AWS does not give has the code `ADVICE`. `pointer` is the JSON pointer (RFC 6901) of the value that is wrong,
    `/States/A/Next`; the empty string is the whole definition. `check` names the rule that found it, in kebab-case:
    `dangling-next`. `location` is the place as AWS writes it, `/States/A/Catch[0]/Next`, which may be the object that
    holds the value; it is empty where AWS gives none.
    """

    severity: Severity
    code: str
    message: str
    pointer: str
    check: str
    location: str = ""


def diagnose(definition: str | dict[str, Any], *, machine_type: str = "STANDARD") -> list[Diagnosis]:
    """Return everything that is wrong with a definition. Never raises, whatever the definition is.

    A state machine can be created if no diagnosis is an error.

    Args:
        definition: The definition as JSON text, or the parsed object.
        machine_type: STANDARD or EXPRESS.
    """
    from asl.language.checks.running import run_checks

    return run_checks(definition, machine_type)


def refusal_message(diagnoses: Iterable[Diagnosis], *, root: str = "") -> str | None:
    """Return the message with which CreateStateMachine refuses a definition (InvalidDefinition), None if it doesn't.

    Args:
        diagnoses: The diagnoses of the definition.
        root: The location of the part that the caller wrote, such as `/States/A`; locations are relative to it.
    """
    errors = [diagnosis for diagnosis in diagnoses if diagnosis.severity is Severity.ERROR]
    if not errors:
        return None
    return f"Invalid State Machine Definition: '{', '.join(_sentence(error, root) for error in errors)}'"


def _sentence(error: Diagnosis, root: str) -> str:
    location = error.location.removeprefix(root) or ("/" if root else "")
    return f"{error.code}: {error.message}" + (f" at {location}" if location else "")
