"""Runs again: one run with its former or another input, and many runs at once.

A bulk request does a part, as long as its time allows, and tells where to continue. It is repeated with the same
`Idempotency-Key` until nothing is left, whatever became of earlier tries: what it has done to a run is derived from the
run and the key. The first try fixes the moment before which runs are meant, so that no run that the request itself has
started is started again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.errors import Conflict, DomainError
from chalicelib.flows.catalog import CatalogFlow
from chalicelib.runs import control, executions, idempotency, payloads, records
from chalicelib.runs.ids import lowest_id
from chalicelib.runs.listing import list_runs
from chalicelib.runs.records import REDRIVABLE, Run
from chalicelib.runs.searching import Filter
from chalicelib.runs.starting import start

MAX_RUNS = 1_000
SECONDS = 20.0
"""How long a bulk request begins new work; API Gateway gives up after 29 seconds."""
WORKERS = 8
_PAGE = 100

_log = logging.getLogger(__name__)

FindFlow = Callable[[Run, dict[str, Any]], CatalogFlow]
"""Returns the flow of a run, for somebody who may start it with an input, or raises a DomainError."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one run: `started`, `redriven`, `refused`, or what would, `wouldStart` and `wouldRedrive`."""

    run: Run
    result: str
    detail: str | None = None
    started: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What a bulk request has done, and the token with which it continues; None if nothing is left."""

    done: list[Done]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """A bulk request.

    Args:
        caller_id: Who makes it.
        user_id: Whose runs are meant; None for all.
        filter: Which of them.
        key: The value of its `Idempotency-Key`; None for a dry run.
        limit: The most runs that it does something to.
        token: The `next_token` of the part before; None for the first.
    """

    caller_id: str
    user_id: str | None
    filter: Filter
    key: str | None
    limit: int = MAX_RUNS
    token: str | None = None


def rerun(flow: CatalogFlow, user_id: str, run: Run, body: dict[str, Any], idempotency_key: str | None) -> Run:
    """Start a new run of the same flow, whose record names the former one.

    Args:
        flow: The run's flow.
        user_id: Who starts the new run.
        run: The former run.
        body: The input.
        idempotency_key: The value of the header `Idempotency-Key`, if it was sent.

    Raises:
        DomainError: As `starting.start`.
    """
    key = None
    if idempotency_key is not None:
        idempotency.check(idempotency_key)
        key = idempotency.derived(idempotency_key, f"rerun:{run.execution_id}")
    return start(flow, user_id, body, key, repeats=run)


def former_input(run: Run) -> dict[str, Any]:
    """Return the input of a run without the user's id.

    Raises:
        Conflict: It was not recorded, or is no object.
    """
    text = payloads.input_of(run)
    if text is None and not run.is_express:  # a record from before inputs were recorded
        try:
            text = executions.describe(run.execution_arn).input
        except executions.DoesNotExist:
            text = None
    if text is None:
        raise Conflict('The input of this run is not recorded. Send one: {"input": {...}}.')
    value = json.loads(text)
    if not isinstance(value, dict):
        raise Conflict('The input of this run is not an object. Send one: {"input": {...}}.')
    return value


def rerun_many(order: Order, find_flow: FindFlow) -> Part:
    """Start each of the runs anew that an order means. Runs of EXPRESS flows are refused: each is waited for.

    Raises:
        BadRequest: The token or the key is not valid.
        Conflict: The key was sent with another filter before.
    """

    def again(run: Run) -> Done:
        if run.is_express:
            raise Conflict("Runs of EXPRESS flows are started again one by one.")
        body = former_input(run)
        flow = find_flow(run, body)
        if order.key is None:
            return Done(run, "wouldStart")
        return Done(run, "started", started=rerun(flow, order.caller_id, run, body, order.key).execution_id)

    return _each(order, "rerun", again)


def redrive_many(order: Order) -> Part:
    """Redrive each of the runs that an order means. Runs that have not failed are not among them.

    Raises:
        BadRequest: The token or the key is not valid.
        Conflict: The key was sent with another filter before.
    """

    def again(run: Run) -> Done:
        if run.is_express:
            raise Conflict("A run of an EXPRESS flow cannot be redriven.")
        if order.key is None:
            return Done(run, "wouldRedrive")
        key = idempotency.derived(order.key, f"redrive:{run.execution_id}")
        known = idempotency.remember(order.caller_id, key, {"redrives": run.redrive_count})
        if run.redrive_count <= known["redrives"]:
            control.redrive(run, token=hashlib.sha256(key.encode()).hexdigest())
        return Done(run, "redriven")

    return _each(order, "redrive", again, REDRIVABLE)


def _each(order: Order, verb: str, work: Callable[[Run], Done], statuses: frozenset[str] | None = None) -> Part:
    until = time.monotonic() + SECONDS
    before = None if order.key is None else _bound(order, verb, order.key)
    done: list[Done] = []
    token = order.token
    with ThreadPoolExecutor(WORKERS, verb) as threads:
        while True:
            size = min(_PAGE, order.limit - len(done))
            page = list_runs(order.user_id, order.filter, limit=size, token=token, before=before)
            runs = [run for run in page.runs if statuses is None or run.status in statuses]
            done += threads.map(lambda run: _refusable(run, work), runs)
            token = page.next_token
            if token is None or len(done) >= order.limit or time.monotonic() > until:
                return Part(done, token)


def _refusable(run: Run, work: Callable[[Run], Done]) -> Done:
    try:
        return work(records.get(run.user_id, run.execution_id) or run)  # lists know neither inputs nor the latest
    except DomainError as error:
        return Done(run, "refused", error.detail)
    except Exception:
        _log.exception("%s could not be run again", run.execution_arn)
        return Done(run, "refused", "AWS failed or did not answer. Repeat the request with the same Idempotency-Key.")


def _bound(order: Order, verb: str, key: str) -> str:
    """Return the order id before which runs are meant: that of the moment at which the key was first sent."""
    wanted = json.dumps([verb, order.user_id, asdict(order.filter)], sort_keys=True)
    fresh: Mapping[str, Any] = {"before": lowest_id(time.time()), "wanted": wanted}
    known = idempotency.remember(order.caller_id, idempotency.derived(key, "bulk"), fresh)
    if known["wanted"] != wanted:
        raise Conflict("This Idempotency-Key was used with another filter. Use a new key for a new request.")
    return str(known["before"])
