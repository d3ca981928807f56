"""The stages, and everything about them that may differ. This is the file to edit."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

DEFAULT_STAGE = "dev"

# The periods that CloudWatch Logs knows, in days.
Retention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


_ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.-]+(:[0-9]+)?")
_TOPIC = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+")


class StageError(ValueError):
    """There is no stage of that name, or its settings are none that AWS takes."""


@dataclass(frozen=True, kw_only=True)
class StageSettings:
    """How one stage is deployed. Times in seconds, sizes in MB unless a name says otherwise."""

    name: str
    """Part of every name on AWS; renaming a stage makes another one."""

    retain_data: bool
    """Keep users and tables when the stack is destroyed, and protect them, and the stack, from deletion."""
    log_retention_days: Retention
    flow_log_level: Literal["OFF", "FATAL", "ERROR", "ALL"] = "ERROR"
    log_execution_data: bool = False
    """Write inputs and outputs of states into the log as well; they may be personal data."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    tracing: bool = True
    """X-Ray in the API, the functions and the state machines."""

    alarms: bool = True
    """Alarms on failed runs (one a flow), throttles, server errors and dead letters."""
    alarm_topic_arn: str | None = None
    """An existing SNS topic that alarms go to. None makes the topic `<app>-<stage>-alarms`, to be subscribed to."""

    cors_origins: tuple[str, ...] = ("*",)
    """Which pages may call the API from a browser: `https://example.org`, or `*` for any."""
    throttle_rate: float = 100.0
    """Requests a second that the API takes on, over all callers."""
    throttle_burst: int = 200
    """Requests at once."""

    architecture: Literal["arm64", "x86_64"] = "arm64"
    api_memory: int = 512
    api_timeout: int = 30
    """API Gateway gives up after 29."""

    flow_stacks: int = 32
    """Over how many nested stacks flows are spread, by their names' hash. 32 hold 1,500 flows.

    Sized ahead on purpose: changing it moves flows to other stacks, which for CloudFormation means deleting and
    creating them.
    """
    function_stacks: int = 8
    """Likewise for the functions that flows call. 8 hold 1,500 functions."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Further tags on every resource; `Application` and `Stage` are always there."""

    def check(self) -> None:
        """Make sure that AWS takes these settings, which it would otherwise refuse amid a deployment.

        Raises:
            StageError: One line for each setting that it does not.
        """
        sound = {
            f"name {self.name!r}: small letters and digits, a letter first, at most 16": (
                re.fullmatch(r"[a-z][a-z0-9]{0,15}", self.name)
            ),
            f"log_retention_days {self.log_retention_days}: CloudWatch Logs knows {', '.join(map(str, _PERIODS))}": (
                self.log_retention_days in _PERIODS
            ),
            f"cors_origins {self.cors_origins!r}: each is '*', or like 'https://example.org', without a path": (
                isinstance(self.cors_origins, tuple) and all(map(_ORIGIN.fullmatch, self.cors_origins))
            ),
            f"alarm_topic_arn {self.alarm_topic_arn!r}: the ARN of an SNS topic": (
                self.alarm_topic_arn is None or _TOPIC.fullmatch(self.alarm_topic_arn)
            ),
            f"throttle_rate {self.throttle_rate}, throttle_burst {self.throttle_burst}: more than 0": (
                min(self.throttle_rate, self.throttle_burst) > 0
            ),
            f"api_memory {self.api_memory}: from 128 to 10240": 128 <= self.api_memory <= 10240,
            f"api_timeout {self.api_timeout}: from 1 to 900": 1 <= self.api_timeout <= 900,
            f"flow_stacks {self.flow_stacks}: from 1 to 200": 1 <= self.flow_stacks <= 200,
            f"function_stacks {self.function_stacks}: from 1 to 200": 1 <= self.function_stacks <= 200,
        }
        broken = [rule for rule, holds in sound.items() if not holds]
        if broken:
            raise StageError("\n".join(f"infrastructure/stages.py: stage {self.name}: {rule}" for rule in broken))


_PERIODS: tuple[int, ...] = get_args(Retention)

DEV = StageSettings(
    name="dev",
    retain_data=False,
    log_retention_days=14,
    flow_log_level="ALL",
    log_execution_data=True,
    log_level="DEBUG",
    alarms=False,
)

PROD = StageSettings(
    name="prod",
    retain_data=True,
    log_retention_days=180,
    throttle_rate=500.0,
    throttle_burst=1000,
)

STAGES: Mapping[str, StageSettings] = {stage.name: stage for stage in (DEV, PROD)}


def stage_settings(name: str) -> StageSettings:
    """The settings of the stage `name`.

    Raises:
        StageError: There is none: what there is, and where to add a stage. Or AWS would not take its settings.
    """
    try:
        stage = STAGES[name]
    except KeyError:
        near = difflib.get_close_matches(name, STAGES, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(STAGES)}."
        raise StageError(f"no stage {name!r}: {hint} Stages are defined in infrastructure/stages.py") from None
    stage.check()
    return stage
