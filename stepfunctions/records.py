"""What the service keeps of a state machine: revisions, versions, aliases, tags."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from asl import StateMachine
from stepfunctions.configurations import Configuration
from stepfunctions.variable_references import variable_references


@dataclass(frozen=True, slots=True)
class Revision:
    """A state machine as one CreateStateMachine or UpdateStateMachine left it. Executions keep the one they began with.

    `id` is None for the first revision: DescribeStateMachine returns no revisionId for it, and
    PublishStateMachineVersion calls it INITIAL. Dates are in epoch seconds.
    """

    id: str | None
    compiled: StateMachine
    definition: str
    role_arn: str
    configuration: Configuration
    date: float

    def render(self) -> dict[str, Any]:
        """Return what DescribeStateMachine and DescribeStateMachineForExecution both say about a revision."""
        rendered = self.configuration.render()
        if self.id is not None:
            rendered["revisionId"] = self.id
        references = variable_references(self.definition)
        if references:
            rendered["variableReferences"] = references
        return rendered


@dataclass(frozen=True, slots=True)
class Version:
    """A published revision, numbered from 1."""

    arn: str
    number: int
    revision: Revision
    description: str | None
    creation_date: float


@dataclass(frozen=True, slots=True)
class Route:
    """The share of an alias's executions that a version gets, in percent."""

    version_arn: str
    weight: int


@dataclass(slots=True)
class Alias:
    """A name for one or two versions."""

    arn: str
    name: str
    description: str | None
    routes: list[Route]
    creation_date: float
    update_date: float
    sequence: int


@dataclass(slots=True)
class MachineRecord:
    """A state machine. `sequence` orders state machines by their creation."""

    arn: str
    name: str
    type: str
    revision: Revision
    creation_date: float
    sequence: int
    tags: dict[str, str] = field(default_factory=dict)
    versions: dict[int, Version] = field(default_factory=dict)
    last_version: int = 0
    aliases: dict[str, Alias] = field(default_factory=dict)

    @property
    def is_express(self) -> bool:
        return self.type == "EXPRESS"

    def publish(self, description: str | None, *, described: bool = False) -> Version:
        """Return the version of the current revision, which is created unless there is one.

        The caller holds the lock of `StateMachines`.

        Args:
            description: The description of a version that is created.
            described: Whether a version with another description is another version, as UpdateStateMachine has it.
        """
        for version in self.versions.values():
            if version.revision is self.revision and not (described and version.description != description):
                return version
        self.last_version += 1
        version = Version(f"{self.arn}:{self.last_version}", self.last_version, self.revision, description, now())
        self.versions[version.number] = version
        return version


def date(seconds: float) -> float:
    """Return a date as the API has it: epoch seconds, to the millisecond."""
    return round(seconds, 3)


def now() -> float:
    """Return the current date as the API has it."""
    return date(time.time())
