"""What the service remembers of a state machine: revisions, versions, aliases, tags."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from asl import StateMachine


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a state machine's configuration. An execution keeps the revision that it was started with.

    `id` is None for the first: DescribeStateMachine gives it no revisionId, PublishStateMachineVersion calls it
    INITIAL. Dates are in epoch seconds.
    """

    id: str | None
    compiled: StateMachine
    definition: str
    role_arn: str
    logging: dict[str, Any]
    tracing: dict[str, Any]
    encryption: dict[str, Any]
    date: float


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
    """How many percent of an alias's executions a version gets."""

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
    """A state machine. `sequence` orders machines by their creation."""

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


def date(seconds: float) -> float:
    """A date as the API gives it: epoch seconds, to the millisecond."""
    return round(seconds, 3)


def now() -> float:
    """The present date."""
    return date(time.time())
