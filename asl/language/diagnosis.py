"""What is wrong with a definition, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a diagnosis weighs: an error stops a state machine from being created."""

    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One finding about a definition.

    `code` and `message` are worded as ValidateStateMachineDefinition words them
    (https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html).
    `pointer` is the JSON pointer (RFC 6901) of the value that is wrong: `/States/A/Next`; the empty text is the
    whole definition. `check` names the rule that found it, in kebab-case: `dangling-next`.
    """

    severity: Severity
    code: str
    message: str
    pointer: str
    check: str

    @property
    def location(self) -> str:
        """The pointer as AWS writes a location, `/States/A/Next`."""
        return self.pointer
