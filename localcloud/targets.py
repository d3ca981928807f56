"""Delivers payloads to what an ARN names: the targets of EventBridge's rules and schedules."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from chalicelib import strict_json
from localcloud.functions import FunctionRegistry
from localcloud.lambda_api import LambdaApi
from localcloud.notices import notice
from localcloud.step_functions import StepFunctionsService
from stepfunctions.errors import ServiceError

Changing = Callable[[], AbstractContextManager[None]]
"""Surrounds what changes a service of moto without a request."""


class UnknownTarget(Exception):
    """The ARN doesn't name anything that a payload can be delivered to."""


class Targets:
    """Lambda functions, state machines, SQS queues and SNS topics. What happens inside `changing` is kept."""

    def __init__(
        self, service: StepFunctionsService, registry: FunctionRegistry, functions: LambdaApi, changing: Changing
    ) -> None:
        self._service = service
        self._registry = registry
        self._functions = functions
        self._changing = changing

    def deliver(self, arn: str, payload: str, *, group_id: str | None = None) -> None:
        """Deliver to a target; other failures than those below go to the log.

        Args:
            arn: The target's ARN.
            payload: What it receives, as JSON.
            group_id: The message group of a FIFO queue.

        Raises:
            UnknownTarget: The ARN doesn't name anything that a payload can be delivered to.
        """
        parts = arn.split(":")
        service = parts[2] if len(parts) > 5 else ""
        if service == "lambda":
            spec = self._registry.resolve(arn)
            if spec is None:
                raise UnknownTarget(f"there is no function {arn}")
            self._functions.run_async(spec, payload.encode())
        elif service == "states":
            self._start_execution(arn, payload)
        elif service == "scheduler" and arn.endswith(":aws-sdk:sfn:startExecution"):
            self._start_execution(*_start_request(payload))
        elif service == "sqs":
            self._send_message(parts[3], parts[4], parts[5], payload, group_id)
        elif service == "sns":
            self._publish(parts[3], parts[4], arn, payload)
        else:
            raise UnknownTarget(f"deliveries to {arn} are not supported on this machine")

    def _start_execution(self, arn: str, payload: str, name: str | None = None) -> None:
        request = {"stateMachineArn": arn, "input": payload, "name": name or str(uuid.uuid4())}
        try:
            self._service.handle("StartExecution", request)
        except ServiceError as error:
            raise UnknownTarget(str(error)) from error

    def _send_message(self, region: str, account: str, queue: str, payload: str, group_id: str | None) -> None:
        from moto.core.exceptions import ServiceException
        from moto.sqs.models import sqs_backends

        try:
            with self._changing():
                sqs_backends[account][region].send_message(queue_name=queue, message_body=payload, group_id=group_id)
        except ServiceException as error:
            raise UnknownTarget(f"the queue {queue} takes no message: {error.message}") from error

    def _publish(self, region: str, account: str, arn: str, payload: str) -> None:
        from moto.core.exceptions import ServiceException
        from moto.sns.models import sns_backends

        try:
            with self._changing():
                sns_backends[account][region].publish(message=payload, arn=arn)
        except ServiceException as error:
            raise UnknownTarget(f"the topic {arn} takes no message: {error.message}") from error


def _start_request(payload: str) -> tuple[str, str, str | None]:
    """Return state machine, input and name of a schedule's StartExecution. Raises UnknownTarget."""
    try:
        wanted = strict_json.loads(payload.encode())
    except ValueError as error:
        raise UnknownTarget(f"its Input can't be read: {error}") from None
    if not isinstance(wanted, dict) or not isinstance(wanted.get("StateMachineArn"), str):
        raise UnknownTarget("its Input must be a JSON object with a StateMachineArn")
    return wanted["StateMachineArn"], wanted.get("Input", "{}"), wanted.get("Name")


def log_failed_delivery(source: str, error: object) -> None:
    """Log that an event or schedule has not reached its target: nobody waits for an answer."""
    notice(f"[{source}] not delivered: {error}")


def text_of(value: Any) -> str:
    """Return a JSON value as a compact string."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
