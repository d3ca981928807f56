"""Starts a run: the record first, then the execution, whose name is the run's id."""

from __future__ import annotations

import hashlib
import json
import logging
import random
import secrets
import time
from dataclasses import replace
from typing import Any

from chalicelib import aws, times
from chalicelib.errors import (
    BadRequest,
    TooLarge,
    Unavailable,
    error_code,
    is_throttling,
    is_unanswered,
    was_not_sent,
)
from chalicelib.flows import labels
from chalicelib.flows.catalog import CatalogFlow
from chalicelib.names import STARTED_BY_KEY, USER_KEY
from chalicelib.runs import idempotency, indexes, records
from chalicelib.runs.ids import new_id
from chalicelib.runs.records import NEVER_BEGAN, RUN, RUNNING, USER, Outcome, Run
from chalicelib.runs.trace import trace_header
from chalicelib.settings import settings

_log = logging.getLogger(__name__)

MAX_INPUT = 262_144
"""Bytes of an execution's input (Step Functions' quota)."""
ATTEMPTS, MAX_PAUSE = 2, 0.5
"""How often StartExecution is tried, and how many seconds pass in between at most."""


def start(
    flow: CatalogFlow,
    user_id: str,
    body: dict[str, Any],
    idempotency_key: str | None = None,
    *,
    repeats: Run | None = None,
) -> Run:
    """Start `flow` for a user, with `body` and the user's id as its input.

    A STANDARD run has started when this returns. An EXPRESS run has ended: Step Functions reports the outcome of an
    EXPRESS execution only to a caller that waits for it.

    Args:
        flow: The flow.
        user_id: Who starts it.
        body: The input, without the user's id.
        idempotency_key: The value of the header `Idempotency-Key`, if it was sent.
        repeats: The run that this one repeats, if it does.

    Returns:
        The run, or the one that the same key started before.

    Raises:
        TooLarge: The input exceeds Step Functions' quota.
        BadRequest: The input or the key is not valid.
        Conflict: The key was sent with another body before.
        Unavailable: The flow is not deployed, or AWS does not answer.
    """
    body = {key: value for key, value in body.items() if key not in (USER_KEY, STARTED_BY_KEY)}
    text = input_text({**body, USER_KEY: user_id})
    sha = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    known = None
    if idempotency_key is None:
        execution_id = new_id()
    else:
        execution_id, new = idempotency.claim(user_id, flow.name, idempotency_key, sha)
        known = None if new else records.get(user_id, execution_id)
    if known is None or idempotency_key is None:
        run = replace(
            _new_run(flow, user_id, execution_id, sha),
            input=_json(body),
            labels=labels.of_input(flow.labels, body),
            started_by=USER if repeats is None else RUN,
            parent=None if repeats is None else repeats.execution_arn,
        )
        return _start_new(flow, run, text, idempotency_key)
    return _repeated(flow, known, text, idempotency_key)


def input_text(value: dict[str, Any]) -> str:
    """Write the input as JSON.

    Raises:
        TooLarge: It exceeds Step Functions' quota.
        BadRequest: It has a number or a string that JSON cannot express.
    """
    try:
        text = _json(value)
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadRequest("The body has a string with an unpaired surrogate, which is not valid Unicode.") from None
    except ValueError:
        raise BadRequest("The body has a number that is too large.") from None
    if size > MAX_INPUT:
        raise TooLarge(f"The input has {size} bytes with the user's id; Step Functions accepts {MAX_INPUT}.")
    return text


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _new_run(flow: CatalogFlow, user_id: str, execution_id: str, sha: str) -> Run:
    names = settings.names
    express = flow.type == "EXPRESS"
    return Run(
        user_id=user_id,
        execution_id=execution_id,
        execution_arn=(
            names.express_arn(flow.name, execution_id, execution_id)  # until Step Functions reports the real one
            if express
            else names.execution_arn(flow.name, execution_id)
        ),
        flow=flow.name,
        status=RUNNING,
        start_date=times.now(),
        input_sha=sha,
        creator=secrets.token_hex(8) if express else None,
    )


def _start_new(flow: CatalogFlow, run: Run, text: str, key: str | None) -> Run:
    indexes.write(indexes.items_of(run))
    if not records.create(run):
        # Written by a request with the same key that was faster, or by this one, whose first try got no answer.
        known = records.get(run.user_id, run.execution_id)
        if known is not None and (run.creator is None or known.creator != run.creator):
            return _repeated(flow, known, text, key)
    return _execute(flow, run, text, key)


def _repeated(flow: CatalogFlow, known: Run, text: str, key: str | None) -> Run:
    """Start an execution that may not have begun; the same name and input start nothing twice.

    A run of an EXPRESS flow is repeated only if it certainly did not begin.
    """
    never_began = known.inferred and known.error == NEVER_BEGAN
    if known.redrive_count or (not never_began and (known.ended or known.is_express)):
        return known
    if not records.restart(known, times.now()):  # meanwhile it has ended, or the request that wrote it took it back
        found = records.get(known.user_id, known.execution_id)
        return _start_new(flow, known, text, key) if found is None else found
    return _execute(flow, records.get(known.user_id, known.execution_id) or known, text, key)


def _execute(flow: CatalogFlow, run: Run, text: str, key: str | None) -> Run:
    began = time.time()
    try:
        if flow.type == "EXPRESS":
            run = _run_express(flow, run, text)
        else:
            _start_standard(flow, run, text)
    except Unavailable:  # it may have begun: record and key stay
        raise
    except Exception as error:
        _take_back(run, key, error)
        raise _explained(error, flow) from error
    _observe(flow, run, began)
    return run


def _trace_header(run: Run) -> str:
    parent = None
    if settings.xray_daemon is not None:
        from chalicelib.telemetry.xray import request_segment

        parent = request_segment(run.execution_id)
    return trace_header(run.execution_id, parent)


def _observe(flow: CatalogFlow, run: Run, began: float) -> None:
    """Say in the log and in X-Ray which request has started the run."""
    if settings.on_lambda:  # Lambda adds the request's id to the line
        _log.info("the flow %s started", flow.name, extra={"startedRunId": run.execution_id})
    if settings.xray_daemon is not None:
        from chalicelib.telemetry.xray import send_request

        send_request(run.execution_id, flow.name, began, time.time())


def _start_standard(flow: CatalogFlow, run: Run, text: str) -> None:
    """Start the execution.

    Raises:
        Unavailable: A try got no answer, so that the execution may have begun.
        Exception: Step Functions refused; the execution certainly did not begin.
    """
    unanswered = False
    for attempt in range(1, ATTEMPTS + 1):
        try:
            aws.stepfunctions_starting().start_execution(
                stateMachineArn=flow.state_machine_arn(settings.names),
                name=run.execution_id,
                input=text,
                traceHeader=_trace_header(run),
            )
            return
        except Exception as error:
            if error_code(error) == "ExecutionAlreadyExists":  # a try without an answer, or a request with the same key
                return
            unanswered = unanswered or is_unanswered(error)
            if not (is_unanswered(error) or is_throttling(error)) or attempt == ATTEMPTS:
                if unanswered:
                    raise _may_have_begun(run) from error
                raise
        time.sleep(random.uniform(0, MAX_PAUSE))  # noqa: S311 - spreads retries, keeps no secret


def _may_have_begun(run: Run) -> Unavailable:
    return Unavailable(
        f"Step Functions did not answer. The run {run.execution_id} may have begun: GET /runs lists it. "
        "Repeating the request with the same Idempotency-Key finds or starts it."
    )


def _run_express(flow: CatalogFlow, run: Run, text: str) -> Run:
    try:
        found = aws.stepfunctions_sync().start_sync_execution(
            stateMachineArn=flow.state_machine_arn(settings.names),
            name=run.execution_id,
            input=text,
            traceHeader=_trace_header(run),
        )
    except Exception as error:
        if type(error).__name__ != "ReadTimeoutError":
            if is_unanswered(error) and not was_not_sent(error):
                raise _may_have_run(run) from error
            raise
        seconds = int(aws.SYNC_EXECUTION_TIMEOUT)
        cause = f"The flow did not end within the {seconds} s that the API waits for an EXPRESS flow. Make it STANDARD."
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
    try:
        records.put(ended)
    except Exception:
        # The caller is the only one who can still be told; a failure would make it run the flow again.
        _log.exception("the result of %s could not be recorded", ended.execution_arn)
    return ended


def _may_have_run(run: Run) -> Unavailable:
    return Unavailable(
        f"Step Functions did not answer. The run {run.execution_id} of the EXPRESS flow may have begun, and nobody can "
        "tell what became of it: repeating the request with the same Idempotency-Key does not run the flow again."
    )


def _take_back(run: Run, key: str | None, error: Exception) -> None:
    """Leave no trace of a run that did not begin. Failing at that is no reason to hide the first failure.

    A throttled start with a key is repeated, by clients that are waiting for the run's record perhaps: it stays.
    """
    try:
        if key is not None and (is_throttling(error) or was_not_sent(error)):
            if run.is_express:
                records.infer(run, Outcome("FAILED", times.now(), error=NEVER_BEGAN, cause="It was not started."))
        elif records.delete(run) and key is not None:
            idempotency.release(run.user_id, run.flow, key, run.execution_id)
    except Exception:
        _log.exception("The record of %s, which did not start, could not be removed", run.execution_arn)


def _explained(error: Exception, flow: CatalogFlow) -> Exception:
    if error_code(error) in {"StateMachineDoesNotExist", "StateMachineDeleting"}:
        return Unavailable(f"The flow {flow.name!r} is not deployed in the stage {settings.stage!r}. Deploy it first.")
    return error
