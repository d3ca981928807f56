"""A state machine as the engine runs it."""

from __future__ import annotations

from dataclasses import dataclass

from asl.language import model


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A state machine. The engine compiles its definition; equal definitions are compiled once in a process.

    Attributes:
        arn: The ARN, `arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`.
        name: The name.
        definition: The definition as JSON text.
        type: STANDARD or EXPRESS.
        role_arn: The role that the history and the context object show.
        version_arn: The version that an execution was started with.
        alias_arn: The alias that an execution was started with.
    """

    arn: str
    name: str
    definition: str
    type: str = "STANDARD"
    role_arn: str | None = None
    version_arn: str | None = None
    alias_arn: str | None = None

    @property
    def model(self) -> model.StateMachine:
        """The definition's model.

        Raises:
            asl.language.model.DefinitionError: The definition can't be read.
        """
        return model.parse_definition(self.definition)

    @property
    def is_express(self) -> bool:
        """Whether the type is EXPRESS."""
        return self.type == "EXPRESS"
