"""A function, and the result of an invocation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024  # of a request and of a response
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Lambda's Invoke refuses a function: the name of its error and its message.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
    """

    error: str
    message: str


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A Lambda function: where its code is and how it runs.

    `code` is a folder, `handler` is `module.function` in it, `timeout` is in seconds, `memory` in MB. Apart from what
    Lambda itself sets, the function sees only `environment`. With a `refusal`, every invocation fails.
    """

    arn: str
    name: str
    code: Path
    handler: str
    environment: Mapping[str, str]
    timeout: float
    memory: int
    refusal: Refusal | None = None
    sandbox: str = field(init=False, compare=False, repr=False)
    """What invocations that share a worker must agree in. A string, whose hash is computed once."""

    def __post_init__(self) -> None:
        agreed = (self.arn, str(self.code), self.handler, self.memory, sorted(self.environment.items()))
        object.__setattr__(self, "sandbox", repr(agreed))


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """How an invocation ended.

    `error` is None, or what Lambda sends as `X-Amz-Function-Error`; then `payload` is the JSON document
    `{errorType, errorMessage, ...}`. `log` is what the function printed during the invocation (the last 4 KB).
    """

    payload: bytes
    error: str | None
    request_id: str = ""
    log: str = ""
