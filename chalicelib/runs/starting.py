"""Starts a run: the record first, then the execution, whose name is the run's id."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from typing import Any

from chalicelib import aws, times
from chalicelib.errors import BadRequest, TooLarge, Unavailable, error_code, is_unanswered
from chalicelib.flows.catalog import CatalogFlow
from chalicelib.names import USER_KEY
from chalicelib.runs import idempotency, records
from chalicelib.runs.ids import new_id
from chalicelib.runs.records import RUNNING, Run
from chalicelib.settings import settings

_log = logging.getLogger(__name__)

MAX_INPUT = 262_144
"""Bytes of an execution's input (Step Functions' quota)."""


def start(flow: CatalogFlow, user_id: str, body: dict[str, Any], idempotency_key: str | None = None) -> Run:
    """Start `flow` for a user, with `body` and the user's id as its input.

    A STANDARD run is on its way when this returns. An EXPRESS run has ended: Step Functions tells what became of an
    EXPRESS execution to the one who waits for it, and to nobody later.

    Raises `TooLarge`, `BadRequest`, `Conflict` (an idempotency key with another body) and `Unavailable`.
    """
    body = {key: value for key, value in body.items() if key != USER_KEY}
    text = input_text({**body, USER_KEY: user_id})
    sha = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    if idempotency_key is None:
        return _start_new(flow, _new_run(flow, user_id, new_id(), sha), text, None)
    execution_id, new = idempotency.claim(user_id, flow.name, idempotency_key, sha)
    known = None if new else records.get(user_id, execution_id)
    if known is None:
        return _start_new(flow, _new_run(flow, user_id, execution_id, sha), text, idempotency_key)
    if known.status == RUNNING and flow.type != "EXPRESS":
        # Perhaps a crash came between record and execution. The same name and input start nothing twice.
        _start_standard(flow, known, text)
    return known


def input_text(value: dict[str, Any]) -> str:
    """The input as JSON text. Raises `TooLarge` beyond Step Functions' quota and `BadRequest` for what JSON has not."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadRequest("The body has a text with half of a surrogate pair, which is no Unicode.") from None
    except ValueError:
        raise BadRequest("The body has a number that is too large for JSON.") from None
    if size > MAX_INPUT:
        raise TooLarge(f"The input has {size} bytes with the user's id; Step Functions takes {MAX_INPUT}.")
    return text


def _new_run(flow: CatalogFlow, user_id: str, execution_id: str, sha: str) -> Run:
    names = settings.names
    express = flow.type == "EXPRESS"
    return Run(
        user_id=user_id,
        execution_id=execution_id,
        execution_arn=(
            names.express_arn(flow.name, execution_id, execution_id)  # until Step Functions has told the real one
            if express
            else names.execution_arn(flow.name, execution_id)
        ),
        flow=flow.name,
        status=RUNNING,
        start_date=times.now(),
        input_sha=sha,
    )


def _start_new(flow: CatalogFlow, run: Run, text: str, key: str | None) -> Run:
    created = records.create(run)
    if not created and flow.type == "EXPRESS":  # a request with the same idempotency key was faster, and runs it
        return records.get(run.user_id, run.execution_id) or run
    try:
        if flow.type == "EXPRESS":
            return _run_express(flow, run, text)
        _start_standard(flow, run, text)
    except Exception as error:
        if not is_unanswered(error):  # refused for certain; otherwise it may run
            _withdraw(run, key)
        raise _explained(error, flow) from error
    return run


def _start_standard(flow: CatalogFlow, run: Run, text: str) -> None:
    try:
        aws.stepfunctions().start_execution(
            stateMachineArn=flow.state_machine_arn(settings.names), name=run.execution_id, input=text
        )
    except Exception as error:
        if error_code(error) != "ExecutionAlreadyExists":  # a request with the same idempotency key was faster
            raise


def _run_express(flow: CatalogFlow, run: Run, text: str) -> Run:
    try:
        found = aws.stepfunctions_sync().start_sync_execution(
            stateMachineArn=flow.state_machine_arn(settings.names), name=run.execution_id, input=text
        )
    except Exception as error:
        if type(error).__name__ != "ReadTimeoutError":
            raise
        seconds = int(aws.SYNC_EXECUTION_TIMEOUT)
        cause = f"The flow did not end within the {seconds} s that the API waits for an EXPRESS flow; make it STANDARD."
        ended = replace(run, status="TIMED_OUT", error="States.Timeout", cause=cause, stop_date=times.now())
    else:
        ended = replace(
            run,
            execution_arn=found["executionArn"],
            status=found["status"],
            start_date=times.iso(found["startDate"]),
            stop_date=times.iso(found["stopDate"]),
            output=found.get("output"),
            error=found.get("error"),
            cause=found.get("cause"),
        )
    records.put(ended)
    return ended


def _withdraw(run: Run, key: str | None) -> None:
    """Leave no trace of a run that did not start. Failing at that is no reason to hide the first failure."""
    try:
        records.delete(run.user_id, run.execution_id)
        if key is not None:
            idempotency.release(run.user_id, run.flow, key)
    except Exception:
        _log.exception("the record of %s, which did not start, is still there", run.execution_arn)


def _explained(error: Exception, flow: CatalogFlow) -> Exception:
    if error_code(error) in {"StateMachineDoesNotExist", "StateMachineDeleting"}:
        return Unavailable(f"The flow {flow.name!r} is not deployed in the stage {settings.stage!r}. Deploy it first.")
    return error
