"""The names of integrations in the ARNs of Task states."""

from __future__ import annotations

import re

# The partition, region and account of an integration's ARN don't matter: `arn:aws:states:eu-west-1:123456789012:...` is
# the same integration as `arn:aws:states:::...`.
_INTEGRATION = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:(?!activity:|stateMachine:|execution:|express:)(?P<name>.+)")


def integration_name(resource: str) -> str | None:
    """Return `aws-sdk:sqs:sendMessage.waitForTaskToken` for the ARN of an integration, and None for any other ARN."""
    match = _INTEGRATION.fullmatch(resource)
    return match["name"] if match else None
