"""Runs a single state of a definition by itself, with Step Functions' TestState.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib import aws
from chalicelib.errors import DomainError, Forbidden, Invalid, NotFound, error_code, was_not_sent
from chalicelib.pointers import split
from chalicelib.runs.definitions import Recorded

_REFUSED = {"InvalidArn", "InvalidDefinition", "InvalidExecutionInput", "ValidationException"}
_ROLE = re.compile(r"arn:[\w-]*:iam::[^\s'\"]*")
# In the inspection these are numbers and objects; all other values are JSON texts.
_PLAIN = {
    "errorDetails",
    "maxConcurrency",
    "request",
    "response",
    "toleratedFailureCount",
    "toleratedFailurePercentage",
}


class TooLong(DomainError):
    """The state takes longer than a request may."""

    status = 504


class Trial(NamedTuple):
    """What is tried.

    Args:
        path: The JSON pointer of the state in the run's definition.
        definition: What stands in its place; None for what is there.
        input: The state's input.
        variables: The variables that it can read.
        mock: `{"result": ...}` or `{"error": ..., "cause": ...}` in place of its work; None to do the work.
    """

    path: str
    definition: Mapping[str, Any] | None
    input: Any
    variables: Mapping[str, Any]
    mock: Mapping[str, Any] | None


def test_state(recorded: Recorded, trial: Trial) -> dict[str, Any]:
    """Run the state, and return `{status, output?, error?, cause?, nextState?, inspection}`.

    Raises:
        NotFound: The definition has no such state.
        Invalid: Step Functions rejects definition, input or mock, or can't run such a state alone.
        Forbidden: The stage may not test states.
        TooLong: There is no answer in time; the state's work may be done nevertheless.
    """
    state: Any = state_at(recorded.definition, trial.path)
    if trial.definition is not None:
        state = trial.definition
    if "QueryLanguage" in recorded.definition:  # as the state has it in its definition, whose others aren't looked at
        state = _with_language(state, recorded.definition["QueryLanguage"])
    request: dict[str, Any] = {
        "definition": json.dumps(state),
        "roleArn": recorded.role_arn,
        "input": json.dumps(trial.input),
        "inspectionLevel": "DEBUG",
    }
    if trial.variables:
        request["variables"] = json.dumps(trial.variables)
    if trial.mock is not None:
        request["mock"] = _mock(trial.mock)
    try:
        found = aws.stepfunctions_testing().test_state(**request)
    except Exception as error:
        code = error_code(error)
        if code in _REFUSED:
            raise Invalid(_message(error)) from None
        if code.startswith("AccessDenied"):
            raise Forbidden("Step Functions may not test states with the flow's role in this stage.") from None
        if _is_timeout(error):
            raise TooLong(
                f"The state took longer than {aws.TEST_TIMEOUT:.0f} seconds, after which this request gives up. "
                "Step Functions may still finish its work. Mock the result, or start the flow."
            ) from None
        raise
    return _rendered(found)


def state_at(definition: Any, path: str) -> dict[str, Any]:
    """Return a state of a definition.

    Raises:
        NotFound: The definition has no state at the path.
    """
    tokens = split(path)
    found: Any = definition
    try:
        for token in tokens:
            found = found[int(token) if isinstance(found, list) else token]
    except (LookupError, TypeError, ValueError):
        found = None
    if tokens[-2:-1] != ["States"] or not isinstance(found, dict):
        raise NotFound(f"The run's definition has no state at {path!r}. GET .../states has the paths.")
    return found


def _with_language(state: Any, language: str) -> Any:
    """Return a state that has the query language of its definition; so do those inside it."""
    if not isinstance(state, dict):
        return state
    full = {"QueryLanguage": language, **state}
    for key in ("ItemProcessor", "Iterator"):
        if key in full:
            full[key] = _with_inner_language(full[key], language)
    if isinstance(full.get("Branches"), list):
        full["Branches"] = [_with_inner_language(branch, language) for branch in full["Branches"]]
    return full


def _with_inner_language(machine: Any, language: str) -> Any:
    states = machine.get("States") if isinstance(machine, dict) else None
    if not isinstance(states, dict):
        return machine
    return {**machine, "States": {name: _with_language(state, language) for name, state in states.items()}}


def _mock(mock: Mapping[str, Any]) -> dict[str, Any]:
    if "result" in mock:
        return {"result": json.dumps(mock["result"])}
    return {"errorOutput": dict(mock)}


def _message(error: Exception) -> str:
    response: Any = getattr(error, "response", {})
    text = str(response.get("Error", {}).get("Message", ""))
    return f"Step Functions can't test this state: {_ROLE.sub('(the role of the flow)', text)}"


def _is_timeout(error: Exception) -> bool:
    """Whether the service took the request and didn't answer in time; botocore's class is known by name only."""
    if was_not_sent(error):
        return False
    return isinstance(error.__cause__, TimeoutError) or type(error).__name__ == "ReadTimeoutError"


def _rendered(found: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": found["status"]}
    if found.get("output") is not None:
        answer["output"] = _value(found["output"])
    for key in ("error", "cause", "nextState"):
        if found.get(key) is not None:
            answer[key] = found[key]
    inspected = found.get("inspectionData") or {}
    answer["inspection"] = {key: value if key in _PLAIN else _value(value) for key, value in inspected.items()}
    return answer


def _value(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text
