"""A state machine as the engine runs it."""

from __future__ import annotations

from dataclasses import dataclass

from asl.engine.compiler import Program, compile_definition
from asl.language import model


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A state machine.

    Parameters:
        arn: its ARN, `arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`.
        name: its name.
        definition: the JSON text of its definition.
        type: STANDARD or EXPRESS.
        role_arn: what the history and the context object show as its role.
        version_arn, alias_arn: the version or alias that an execution was started by.

    Equal definitions are compiled once in a process.
    """

    arn: str
    name: str
    definition: str
    type: str = "STANDARD"
    role_arn: str | None = None
    version_arn: str | None = None
    alias_arn: str | None = None

    @property
    def program(self) -> Program:
        """The compiled definition. Raises `InvalidDefinition` if it cannot be run."""
        return compile_definition(self.definition)

    @property
    def model(self) -> model.StateMachine:
        """The definition's model. Raises `asl.language.model.DefinitionError` if it cannot be read."""
        return model.parse_definition(self.definition)

    @property
    def is_express(self) -> bool:
        """Whether the type is EXPRESS."""
        return self.type == "EXPRESS"
