"""TestState: reads the request, has the engine test the state, and writes the answer.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl import Engine
from asl.engine.jsontext import dumps
from asl.engine.state_probe import Configuration, Mock, Outcome, probe_state
from asl.engine.state_probe_definition import STATE_NAME, find_state
from asl.language.model import DefinitionError
from asl.language.scope import MISSING
from asl.language.values import read_json
from stepfunctions.arns import check_role_arn
from stepfunctions.definitions import check_definition
from stepfunctions.errors import ServiceError, validation_exception
from stepfunctions.json_strings import check_json
from stepfunctions.mock_validation import check_mocked_result

_MOCKABLE = frozenset({"Map", "Parallel", "Task"})
_ONLY_MOCKED = frozenset({"Map", "Parallel"})
_ONLY_MOCKED_PATTERNS = (".sync", ".sync:2", ".waitForTaskToken")
# In the answer these are numbers and objects; all other values of the inspection are JSON strings.
_PLAIN = frozenset({"errorDetails", "maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"})


class StateTests:
    """The operation TestState."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def test(self, request: dict[str, Any]) -> dict[str, Any]:
        """TestState.

        Raises:
            ServiceError: InvalidDefinition, InvalidExecutionInput, InvalidArn or ValidationException.
        """
        definition = _read_definition(request)
        state_name = request.get("stateName")
        try:
            state = definition if state_name is None else find_state(definition, state_name)
        except LookupError:
            raise validation_exception("State not found in definition") from None
        mock = _read_mock(request, state)
        state_input = request.get("input") or "{}"
        check_json(state_input, "InvalidExecutionInput", "Invalid State Machine Execution Input")
        if request.get("roleArn") is not None:
            check_role_arn(request["roleArn"])
        try:
            outcome = probe_state(
                self._engine,
                definition,
                state_input,
                state_name=state_name,
                variables=_read_object(request, "variables"),
                context=_read_object(request, "context"),
                role_arn=request.get("roleArn"),
                mock=mock,
                configuration=_read_configuration(request, state, mock),
            )
        except DefinitionError as error:
            raise ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{error}'") from None
        return _render(outcome, request.get("inspectionLevel", "INFO"))


def _read_definition(request: dict[str, Any]) -> dict[str, Any]:
    """Return the definition. A single state is checked as the only state of a state machine.

    Raises:
        ServiceError: InvalidDefinition.
    """
    written = request["definition"]
    try:
        definition = read_json(written)
    except (ValueError, RecursionError):
        definition = None
    if not isinstance(definition, dict) or request.get("stateName") is not None:
        check_definition(written, "STANDARD")
    else:
        following = {name: {"Type": "Succeed"} for name in _following(definition)}
        machine = {"StartAt": STATE_NAME, "States": following | {STATE_NAME: definition}}
        check_definition(dumps(machine), "STANDARD", root=f"/States/{STATE_NAME}")
    assert isinstance(definition, dict)
    return definition


def _following(state: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the states that a state leads to."""
    rules = [*_objects(state.get("Choices")), *_objects(state.get("Catch"))]
    for name in (state.get("Next"), state.get("Default"), *(rule.get("Next") for rule in rules)):
        if isinstance(name, str):
            yield name


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _read_mock(request: dict[str, Any], state: dict[str, Any]) -> Mock | None:
    """Return the mock, if there is one.

    Raises:
        ServiceError: ValidationException, if the state needs a mock, can't have one, or has an invalid one.
    """
    given, kind, resource = request.get("mock"), state.get("Type"), str(state.get("Resource", ""))
    if given is None:
        _check_testable_without_mock(request, kind, resource)
        return None
    if kind not in _MOCKABLE:
        raise validation_exception(f"State type '{kind}' is not supported when a mock is specified")
    if (given.get("result") is None) == (given.get("errorOutput") is None):
        raise validation_exception("A test mock should have only one of the following fields: [result, errorOutput].")
    error_output = given.get("errorOutput")
    if error_output is None:
        return Mock(result=_read_mocked_result(given, state))
    if not error_output.get("error"):
        raise validation_exception("The field error is required in mock.errorOutput")
    return Mock(error=error_output["error"], cause=error_output.get("cause"))


def _check_testable_without_mock(request: dict[str, Any], kind: Any, resource: str) -> None:
    if request.get("context") is not None:
        raise validation_exception("The context can only be specified together with a mock")
    if request.get("roleArn") is None and kind == "Task":
        raise validation_exception("A roleArn is required to test a Task state without a mock")
    if kind in _ONLY_MOCKED:
        raise validation_exception(f"State type '{kind}' can only be tested when a mock is specified")
    if resource.endswith(_ONLY_MOCKED_PATTERNS) or ":activity:" in resource:
        raise validation_exception(f"The resource '{resource}' can only be tested when a mock is specified")


def _read_mocked_result(mock: dict[str, Any], state: dict[str, Any]) -> Any:
    kind = state["Type"]
    try:
        result = read_json(mock["result"])
    except (ValueError, RecursionError):
        raise validation_exception("The mock.result must be valid JSON") from None
    if kind in _ONLY_MOCKED and not isinstance(result, list):
        if kind == "Parallel" or "ResultWriter" not in state:
            raise validation_exception("Mocked result must be an array.")
    elif kind == "Parallel" and len(result) != len(branches := _objects(state.get("Branches"))):
        raise validation_exception(
            f"Mocked result must have one element for each branch: {len(branches)}, not {len(result)}."
        )
    elif kind == "Task":
        check_mocked_result(str(state.get("Resource", "")), result, mock.get("fieldValidationMode", "STRICT"))
    return result


def _read_configuration(request: dict[str, Any], state: dict[str, Any], mock: Mock | None) -> Configuration:
    given = request.get("stateConfiguration") or {}
    causes_error = mock is not None and mock.error is not None
    if given.get("errorCausedByState") is not None:
        if state.get("Type") not in _ONLY_MOCKED or not causes_error:
            raise validation_exception(
                "errorCausedByState can only be specified for a Map or Parallel state with a mocked error"
            )
        _check_inner_state(state, given["errorCausedByState"])
    if given.get("mapIterationFailureCount") is not None and state.get("Type") != "Map":
        raise validation_exception("mapIterationFailureCount can only be specified for a Map state")
    if given.get("mapItemReaderData") is not None and "ItemReader" not in state:
        raise validation_exception("mapItemReaderData can only be specified for a Map state with an ItemReader")
    if given.get("mapItemReaderData") is None and "ItemReader" in state:
        raise validation_exception("mapItemReaderData is required for a Map state with an ItemReader")
    return Configuration(
        retrier_retry_count=given.get("retrierRetryCount", 0),
        map_iteration_failure_count=given.get("mapIterationFailureCount", 0),
        map_item_reader_data=given.get("mapItemReaderData"),
    )


def _check_inner_state(state: dict[str, Any], name: str) -> None:
    inner = [*_objects(state.get("Branches")), state.get("ItemProcessor"), state.get("Iterator")]
    for flow in inner:
        try:
            find_state(flow if isinstance(flow, dict) else {}, name)
        except LookupError:
            continue
        return
    raise validation_exception(f"The state '{name}' of errorCausedByState is not inside the tested state")


def _read_object(request: dict[str, Any], name: str) -> dict[str, Any] | None:
    written = request.get(name)
    if written is None:
        return None
    try:
        value = read_json(written)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise validation_exception(f"The {name} must be a JSON object")
    return value


def _render(outcome: Outcome, level: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": outcome.status}
    if outcome.output is not MISSING:
        answer["output"] = dumps(outcome.output)
    for name, value in (("error", outcome.error), ("cause", outcome.cause), ("nextState", outcome.next_state)):
        if value is not None:
            answer[name] = value
    if level != "INFO":
        answer["inspectionData"] = {
            name: value if name in _PLAIN else dumps(value) for name, value in outcome.inspection.items()
        }
    return answer
