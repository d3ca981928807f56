"""The ARN in a Task state's `Resource`, taken apart.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_INTEGRATION = re.compile(
    r"arn:[^:]*:states:[^:]*:[^:]*:(?P<sdk>aws-sdk:)?(?P<service>[a-zA-Z0-9-]+):(?P<action>[a-zA-Z0-9]+)"
    r"(?:\.(?P<pattern>sync:2|sync|waitForTaskToken))?"
)
_CACHED = 4096
SYNC_PATTERNS = frozenset({"sync", "sync:2"})


@dataclass(frozen=True, slots=True)
class Resource:
    """The ARN of a service integration: `arn:aws:states:::[aws-sdk:]SERVICE:ACTION[.PATTERN]`.

    `pattern` is empty for the integration pattern Request Response, `sync` or `sync:2` for Run a Job, and
    `waitForTaskToken` for Wait for Callback. `is_sdk` distinguishes AWS SDK integrations from optimized ones.
    """

    service: str
    action: str
    pattern: str
    is_sdk: bool

    @property
    def name(self) -> str:
        """The ARN's last part without its pattern: `aws-sdk:sqs:sendMessage`."""
        return f"{'aws-sdk:' if self.is_sdk else ''}{self.service}:{self.action}"


@lru_cache(_CACHED)
def parse_resource(arn: str) -> Resource | None:
    """Take the ARN of a service integration apart; None for the ARN of a Lambda function."""
    match = _INTEGRATION.fullmatch(arn)
    if match is None:
        return None
    return Resource(match["service"], match["action"], match["pattern"] or "", match["sdk"] is not None)


@lru_cache(_CACHED)
def registry_names(arn: str) -> tuple[str, ...]:
    """Return the names under which the integration of a resource may be registered, the most specific first.

    An action's entry also serves its `.waitForTaskToken`. The pattern `.sync` needs an entry of its own.
    """
    if ":activity:" in arn:
        return ("activity",)
    resource = parse_resource(arn)
    if resource is None:
        return ("function",)
    if resource.pattern in SYNC_PATTERNS:
        return (f"{resource.name}.{resource.pattern}", "*.sync")
    if resource.is_sdk:
        return (resource.name, f"aws-sdk:{resource.service}:*", "aws-sdk:*")
    return (resource.name, f"{resource.service}:*", "*")
