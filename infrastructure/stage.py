"""What a stage consists of, and which values AWS accepts. The stages themselves are in `stages.py`."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

# The retention periods that CloudWatch Logs supports, in days.
Retention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
_PERIODS: tuple[int, ...] = get_args(Retention)

_ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.-]+(:[0-9]+)?")
_TOPIC = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+")
_POOL = re.compile(r"[a-z0-9-]+_[A-Za-z0-9]+")
_POLICY = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_MFA = ("off", "optional", "admins", "required")
_GROUP = re.compile(r"(?!\*$)[^\s,]{1,128}")
_TAG_KEY = re.compile(r"(?!aws:)[\w +\-=.:/@]{1,128}", re.IGNORECASE)
_TAG_VALUE = re.compile(r"[\w +\-=.:/@]{0,256}")
_MAX_TAGS = 40
"""AWS allows 50 on most resources. CloudFormation adds some, and `Application` and `Stage` are the project's."""


class StageError(ValueError):
    """The stage does not exist, or AWS would reject its settings."""


@dataclass(frozen=True, kw_only=True)
class StageSettings:
    """How one stage is deployed. Times are in seconds and sizes in MB unless the name says otherwise."""

    name: str
    """Part of every name on AWS. Renaming a stage creates a new one."""

    retain_data: bool
    """Keep users and tables when the stack is destroyed; protect them and the stack from deletion."""
    user_pool_id: str | None = None
    """The user pool to create the stage with, if several were left. Otherwise a deployment finds it by its name."""
    mfa: Literal["off", "optional", "admins", "required"] = "off"
    """Authenticator apps as a second factor. `optional`: users may add one. `admins`: the group `admin` has no rights
    without one. `required`: nobody signs in without one."""
    permissions_boundary: str | None = None
    """The name of a managed policy that bounds every role of the stage, such as the one that `make bootstrap` creates.
    """
    log_retention_days: Retention
    flow_log_level: Literal["OFF", "FATAL", "ERROR", "ALL"] = "ERROR"
    log_execution_data: bool = False
    """Also log inputs and outputs of states, which may be personal data."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    tracing: bool = True
    """Use X-Ray in the API, the functions and the state machines."""

    alarms: bool = True
    """Create alarms for failed runs, throttling, server errors and dead letters."""
    alarm_topic_arn: str | None = None
    """An existing SNS topic for alarms. None creates the topic `<app>-<stage>-alarms`, to which you subscribe."""

    cors_origins: tuple[str, ...] = ("*",)
    """Which pages may call the API from a browser: `https://example.org`, or `*` for any."""
    workbench: tuple[str, ...] = ()
    """Groups of the user pool whose members may test states of runs in the console, with any definition of them; none
    switches it off. They can then do whatever the roles of flows allow: see docs/security.md.
    """
    throttle_rate: float = 100.0
    """Requests per second that each method of the API accepts from all callers together."""
    throttle_burst: int = 200
    """Requests that each method of the API accepts at once."""
    limited_rate: float = 50.0
    """The same for methods that may take long, such as `POST /run/{flow_name}`, and those that need no token."""
    limited_burst: int = 100
    waiting_per_user: int = 10
    """Requests of a user that may wait for runs (`?wait=`) at the same time; more are answered at once. 0: no limit."""
    api_concurrency: int | None = None
    """Requests that the API's function works on at the same time, which are reserved for it. None: as many as Lambda
    allows the whole account, so that the API can leave nothing for the functions of flows."""

    webhook_networks: tuple[str, ...] = ()
    """Networks of yours that webhooks may go to, `10.1.0.0/16`; all others must be public. Functions reach a network
    of yours only if `.chalice/config.json` puts them into its VPC."""

    method_metrics: bool = False
    """Also measure each path and method of the API: custom metrics, up to some $49 a month."""

    access_log: bool = False
    """Log each request to the API: who called what, from where, with which result, and the id of its trace.

    API Gateway writes it with a role that is set once for each account and region; preflight says how if there is none.
    """

    architecture: Literal["arm64", "x86_64"] = "arm64"
    api_memory: int = 512
    api_timeout: int = 30
    """API Gateway stops waiting after 29."""

    flow_stacks: int = 32
    """The number of nested stacks for flows, which are distributed by the hash of their names. 32 fit 1,500 flows.

    Choose it before the first deployment: changing it moves flows to other stacks, so CloudFormation deletes and
    recreates them.
    """
    function_stacks: int = 8
    """The same for the functions that flows call. 8 fit 1,500 functions."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags for every resource, in addition to `Application` and `Stage`."""

    def check(self) -> None:
        """Check that AWS accepts these settings, which it would otherwise reject in the middle of a deployment.

        Raises:
            StageError: It does not; the message has a line for each setting.
        """
        sound = {
            f"name {self.name!r}: use a lower-case letter, then lower-case letters and digits; at most 16": (
                re.fullmatch(r"[a-z][a-z0-9]{0,15}", self.name)
            ),
            f"log_retention_days {self.log_retention_days}: must be one of {', '.join(map(str, _PERIODS))}": (
                self.log_retention_days in _PERIODS
            ),
            f"cors_origins {self.cors_origins!r}: each must be '*' or like 'https://example.org', without a path": (
                isinstance(self.cors_origins, tuple) and all(map(_ORIGIN.fullmatch, self.cors_origins))
            ),
            f"workbench {self.workbench!r}: must be a tuple of names of groups, without spaces and commas": (
                isinstance(self.workbench, tuple) and all(map(_GROUP.fullmatch, self.workbench))
            ),
            f"alarm_topic_arn {self.alarm_topic_arn!r}: must be the ARN of an SNS topic": (
                self.alarm_topic_arn is None or _TOPIC.fullmatch(self.alarm_topic_arn)
            ),
            f"user_pool_id {self.user_pool_id!r}: must be the id of a user pool, such as 'eu-west-1_Ab1Cd2Ef3'": (
                self.user_pool_id is None or _POOL.fullmatch(self.user_pool_id)
            ),
            f"permissions_boundary {self.permissions_boundary!r}: must be the name of a managed policy": (
                self.permissions_boundary is None or _POLICY.fullmatch(self.permissions_boundary)
            ),
            f"mfa {self.mfa!r}: must be one of {', '.join(_MFA)}": self.mfa in _MFA,
            f"throttle_rate {self.throttle_rate}, throttle_burst {self.throttle_burst}, limited_rate "
            f"{self.limited_rate}, limited_burst {self.limited_burst}: must be greater than 0": (
                min(self.throttle_rate, self.throttle_burst, self.limited_rate, self.limited_burst) > 0
            ),
            f"waiting_per_user {self.waiting_per_user}: must be from 0 to 1000": 0 <= self.waiting_per_user <= 1000,
            f"api_concurrency {self.api_concurrency}: must be None, or at least 1": (
                self.api_concurrency is None or self.api_concurrency >= 1
            ),
            f"webhook_networks {self.webhook_networks!r}: each must be a network such as '10.1.0.0/16'": (
                isinstance(self.webhook_networks, tuple) and all(map(_is_network, self.webhook_networks))
            ),
            f"api_memory {self.api_memory}: must be from 128 to 10240": 128 <= self.api_memory <= 10240,
            f"api_timeout {self.api_timeout}: must be from 1 to 900": 1 <= self.api_timeout <= 900,
            f"tags: at most {_MAX_TAGS}, with keys of 1 to 128 and values of up to 256 letters, digits, spaces and "
            "+ - = . _ : / @, and keys that do not begin with 'aws:'": (
                len(self.tags) <= _MAX_TAGS
                and all(_TAG_KEY.fullmatch(key) and _TAG_VALUE.fullmatch(value) for key, value in self.tags.items())
            ),
            f"flow_stacks {self.flow_stacks}: must be from 1 to 200": 1 <= self.flow_stacks <= 200,
            f"function_stacks {self.function_stacks}: must be from 1 to 200": 1 <= self.function_stacks <= 200,
        }
        broken = [rule for rule, holds in sound.items() if not holds]
        if broken:
            raise StageError("\n".join(f"infrastructure/stages.py: stage {self.name}: {rule}" for rule in broken))


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def stage_settings(name: str) -> StageSettings:
    """Return the settings of the stage `name`.

    Raises:
        StageError: The stage does not exist, or AWS would reject its settings.
    """
    from infrastructure.stages import STAGES  # the user's file, which imports this module

    try:
        stage = STAGES[name]
    except KeyError:
        near = difflib.get_close_matches(name, STAGES, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"available: {', '.join(STAGES)}."
        raise StageError(f"no stage {name!r}: {hint} Stages are defined in infrastructure/stages.py") from None
    stage.check()
    return stage
