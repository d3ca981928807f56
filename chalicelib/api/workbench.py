"""`/run/{flow_name}/{execution_id}/definition` and `.../states/test`: a run's definition, and its states one by one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from chalicelib.api import access
from chalicelib.api.http import Answer, Call
from chalicelib.api.runs import find_run
from chalicelib.errors import BadRequest, Forbidden, Invalid
from chalicelib.flows.catalog import catalog
from chalicelib.flows.placeholders import Comparison, compared, unknown_in
from chalicelib.runs import Run
from chalicelib.runs.definitions import recorded
from chalicelib.runs.state_tests import Trial, state_at, test_state
from chalicelib.settings import settings

MAX_BODY = 2_000_000
"""Bytes of a body. Step Functions allows 1 MB of definition, and 256 KiB of input."""
_KEYS = {"path", "definition", "input", "variables", "mock"}
_MOCKS = ({"result"}, {"error"}, {"error", "cause"})

_log = logging.getLogger(__name__)


def run_definition(call: Call) -> Answer:
    """Answer with the definition that a run was started with; with its graph if the flow's has changed since."""
    run = find_run(call)
    definition = recorded(run).definition
    written = _written(run)
    has_changed = written is None or not compared(written, definition).is_same
    body = {
        "definition": definition if has_changed else written,
        "changed": has_changed,
        "testable": access.may_test_states(call.user),
    }
    if has_changed:
        from chalicelib.graphs.coordinates import picture_of

        body["graph"] = picture_of(definition, run.flow)
    return Answer(body)


def test_run_state(call: Call) -> Answer:
    """Run one state alone, with the role of the run's flow, and answer with what it did. Nothing is saved."""
    if not access.may_test_states(call.user):
        raise Forbidden(_not_allowed())
    run = find_run(call)
    flow = catalog().flows.get(run.flow)
    if flow is not None:
        access.check(call.user, flow)
    trial = _trial(call.json_object(limit=MAX_BODY))
    found = recorded(run)
    if trial.definition is not None:
        written = _written(run)
        names = Comparison() if written is None else compared(written, found.definition)
        trial = trial._replace(definition=_filled_in(trial.definition, names))
    is_changed = trial.definition not in (None, state_at(found.definition, trial.path))
    _log.info(
        "The user %s tests the state %s of the run %s of the flow %s%s.",
        call.user.id,
        trial.path,
        run.execution_id,
        run.flow,
        " with another definition" if is_changed else "",
    )
    return Answer(test_state(found, trial))


def _written(run: Run) -> Mapping[str, Any] | None:
    """Return today's definition of the run's flow, None if there is no such flow."""
    flow = catalog().flows.get(run.flow)
    return None if flow is None else flow.definition


def _filled_in(definition: Mapping[str, Any], names: Comparison) -> Mapping[str, Any]:
    filled: Mapping[str, Any] = names.filled_in(definition)
    unknown = unknown_in(filled)
    if unknown is not None:
        known = ", ".join(f"${{{name}}}" for name in sorted(names.values)) or "none"
        raise Invalid(f"The run's definition doesn't have {unknown}. It has: {known}. Use an ARN for anything else.")
    return filled


def _trial(body: dict[str, Any]) -> Trial:
    unknown = sorted(body.keys() - _KEYS)
    if unknown:
        raise BadRequest(f"The body has the unknown key {unknown[0]!r}. It may have: {', '.join(sorted(_KEYS))}.")
    path, variables, mock = body.get("path"), body.get("variables", {}), body.get("mock")
    definition = body.get("definition")
    if not isinstance(path, str):
        raise BadRequest("The key 'path' must be the JSON pointer of a state, such as '/States/Charge'.")
    for key, value in (("definition", definition), ("variables", variables), ("mock", mock)):
        if not isinstance(value, dict | None):
            raise BadRequest(f"The key {key!r} must be an object.")
    if mock is not None and mock.keys() not in _MOCKS:
        raise BadRequest("The key 'mock' must have 'result', or 'error' and perhaps 'cause'.")
    if mock is not None and "result" not in mock and not all(isinstance(text, str) for text in mock.values()):
        raise BadRequest("The keys 'error' and 'cause' of 'mock' must be strings.")
    return Trial(path, definition, body.get("input", {}), variables or {}, mock)


def _not_allowed() -> str:
    groups = settings.workbench_groups
    if not groups:
        return "Testing states is switched off in this stage: see `workbench` in infrastructure/stages.py."
    return f"States may only be tested by members of: {', '.join(groups)}."
