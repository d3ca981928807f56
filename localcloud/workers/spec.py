"""What a function is and what an invocation of it gives."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024  # of a request and of a response
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A Lambda function: where its code lies and how it runs.

    `code` is a folder, `handler` is `module.function` in it, `timeout` is in seconds, `memory` in MB. `environment` is
    all that the function sees besides what Lambda itself sets.
    """

    arn: str
    name: str
    code: Path
    handler: str
    environment: Mapping[str, str]
    timeout: float
    memory: int

    @property
    def sandbox(self) -> Hashable:
        """Invocations whose specifications agree in this may share a worker."""
        return (self.arn, str(self.code), self.handler, self.memory, tuple(sorted(self.environment.items())))


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """How an invocation ended.

    `error` is None, or what Lambda sends as `X-Amz-Function-Error`; then `payload` is the JSON document
    `{errorType, errorMessage, ...}`. `log` is what the function printed meanwhile (its last 4 KB).
    """

    payload: bytes
    error: str | None
    request_id: str = ""
    log: str = ""
