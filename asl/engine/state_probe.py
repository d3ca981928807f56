"""TestState: runs a single state of a definition, with a mocked result or error if wanted.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html. What AWS leaves open there was
taken from its answers: causes come without the frame "An error occurred while executing the state ...", and the
context object calls the state `StateName`, whatever its name.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from typing_extensions import override

from asl.engine.branch import Branch, Owner
from asl.engine.engine import Engine
from asl.engine.execution import Execution
from asl.engine.failures import TIMEOUT, StateFailure, in_state, matches
from asl.engine.items import context_item
from asl.engine.jsontext import loads
from asl.engine.machine import StateMachine
from asl.engine.state_probe_definition import STATE_NAME, TestedState, compile_tested
from asl.engine.state_probe_inspection import Inspection, RecordingFields
from asl.engine.state_probe_map import inspect_map
from asl.engine.states.base import State
from asl.engine.states.container import ContainerState
from asl.engine.states.map import Map
from asl.engine.states.retrying import CatchRule, RetryingState, RetryRule
from asl.engine.tasks import Cancel, Completion, TaskRequest, TaskRunner
from asl.language.errors import ExpressionError
from asl.language.model import MapState
from asl.language.scope import MISSING

LONGEST_SECONDS = 300
"""How long the test of a state may take."""

SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
RETRIABLE = "RETRIABLE"
CAUGHT_ERROR = "CAUGHT_ERROR"


@dataclass(frozen=True, slots=True)
class Mock:
    """What the state's work gives: a result, a JSON value, or an error if `error` is set."""

    result: Any = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """The situation that the state is tested in.

    Args:
        retrier_retry_count: How often the retrier that takes the mocked error has retried already.
        map_iteration_failure_count: How many iterations of a Map have failed.
        map_item_reader_data: What the ItemReader of a Map reads, as found in its source.
    """

    retrier_retry_count: int = 0
    map_iteration_failure_count: int = 0
    map_item_reader_data: str | None = None


@dataclass(slots=True)
class Outcome:
    """What became of the state.

    `status` is SUCCEEDED, FAILED, RETRIABLE or CAUGHT_ERROR. `output` is set where there is one, else `MISSING`.
    `inspection` has the values on the way by the names of the API's InspectionData, as JSON values.
    """

    status: str
    output: Any = MISSING
    error: str | None = None
    cause: str | None = None
    next_state: str | None = None
    inspection: dict[str, Any] = field(default_factory=dict)


def probe_state(  # noqa: PLR0913  (the parameters of the API's TestState)
    engine: Engine,
    definition: dict[str, Any],
    input_text: str = "{}",
    *,
    state_name: str | None = None,
    variables: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
    role_arn: str | None = None,
    mock: Mock | None = None,
    configuration: Configuration | None = None,
) -> Outcome:
    """Run one state and wait for its end.

    Args:
        engine: Runs the state; its tasks are asked for the work unless there is a mock.
        definition: A state, or with `state_name` a state machine.
        input_text: The state's input, a JSON text.
        variables: The variables that the state sees.
        context: The context object; a made-up one if None.
        role_arn: The role that the made-up context object shows.

    Raises:
        DefinitionError, SyntaxProblem: The definition cannot be read.
        LookupError: There is no state of that name.
        ValueError: The input is not JSON, or a Parallel or a Map has no mock.
    """
    tested = compile_tested(definition, state_name)
    if mock is None and isinstance(tested.state, ContainerState):
        raise ValueError(f"A {tested.state.kind} state can only be tested with a mock")
    return _Test(engine, tested, mock, configuration or Configuration()).run(
        input_text, variables or {}, context, role_arn
    )


class _TestEngine(Engine):
    """An engine that shares everything with another but the runner of its tasks."""

    def __init__(self, engine: Engine, mock: Mock | None) -> None:
        self.__dict__.update(engine.__dict__)
        self.observer = None
        if mock is not None:
            self.tasks = _MockRunner(mock)
            self._check = None


class _MockRunner(TaskRunner):
    """A `TaskRunner` that has one answer."""

    def __init__(self, mock: Mock) -> None:
        self._mock = mock

    @override
    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        if self._mock.error is not None:
            completion.fail(self._mock.error, self._mock.cause)
        else:
            completion.succeed(self._mock.result)
        return None


class _TestBranch(Branch):
    """A branch that may have been given its context object."""

    __slots__ = ("given_context",)

    given_context: dict[str, Any] | None

    def _make_context(self) -> dict[str, Any]:
        given = self.given_context
        return super()._make_context() if given is None else given


class _Test(Owner):
    """One test; the owner of its branch. Its methods but `run` are called by the scheduler."""

    def __init__(self, engine: Engine, tested: TestedState, mock: Mock | None, configuration: Configuration) -> None:
        self._engine = _TestEngine(engine, mock)
        self._mock = mock
        self._configuration = configuration
        self._model = tested.model
        self._state = tested.state
        self._in_map = tested.in_map
        self._retriers: tuple[RetryRule, ...] = ()
        self._catchers: tuple[CatchRule, ...] = ()
        if isinstance(self._state, RetryingState):
            # Retriers and catchers are looked at here, where no retry is made.
            self._retriers, self._state.retriers = self._state.retriers, ()
            self._catchers, self._state.catchers = self._state.catchers, ()
        self._inspection = Inspection(self._state)
        self._state.fields = RecordingFields(self._state.fields, self._inspection)
        self._outcome = Outcome(FAILED)
        self._done = threading.Event()

    def run(
        self, input_text: str, variables: dict[str, Any], context: dict[str, Any] | None, role_arn: str | None
    ) -> Outcome:
        engine, name = self._engine, str(uuid4())
        arn = f"arn:aws:states:{engine.region}:{engine.account}:stateMachine:{name}"
        machine = StateMachine(arn, name, "", "EXPRESS", role_arn)
        data = loads(input_text)
        execution = Execution(
            engine,
            machine,
            engine.execution_arn(machine, name),
            name,
            input_text=input_text,
            input_value=data,
        )
        branch = _TestBranch(execution, self, self._state, data, len(input_text) * 4)
        branch.variables = variables
        branch.given_context = context
        if self._in_map is not None:  # as if this were the first iteration
            branch.item = context_item(0, data, "STATE_DATA" if self._in_map == "DISTRIBUTED" else None)
        self._inspection.values["input"] = data
        if self._state.kind == "Fail":  # it has no InputPath, and so does not select its input itself
            self._inspection.saw_input(data)
        engine.scheduler.post(self._begin, branch)
        if not self._done.wait(LONGEST_SECONDS):
            engine.scheduler.post(branch.cancel)
            self._outcome = Outcome(FAILED, error=TIMEOUT)
        self._outcome.inspection = self._inspection.values
        return self._outcome

    @override
    def iterations_of(self, branch: Branch) -> tuple[int, ...]:
        return () if self._in_map is None else (0,)

    def _begin(self, branch: Branch) -> None:
        if isinstance(self._state, ContainerState):
            branch.resume(self._run_mocked)
        else:
            branch.resume(_enter, self._state)

    def _run_mocked(self, branch: Branch) -> State | None:
        """The step of a Parallel or Map whose insides are mocked."""
        state, mock = self._state, self._mock
        assert mock is not None
        state.record_entry(branch)
        if isinstance(state, Map) and isinstance(self._model, MapState):
            inspect_map(branch, state, self._model, self._configuration, self._inspection)
        if mock.error is not None:
            raise StateFailure(mock.error, mock.cause)
        return state.leave(branch, mock.result, None)

    @override
    def succeeded(self, branch: Branch) -> None:
        """The branch's state is the marker of the state that would come next."""
        self._outcome = Outcome(SUCCEEDED, branch.data, next_state=branch.state.name or None)
        self._end(branch)

    @override
    def failed(self, branch: Branch, failure: StateFailure) -> None:
        try:
            self._outcome = self._handle(branch, failure)
        except (StateFailure, ExpressionError) as problem:
            self._outcome = self._failure(branch, FAILED, problem)
        self._end(branch)

    def _end(self, branch: Branch) -> None:
        if branch.variables:
            self._inspection.values["variables"] = dict(branch.variables)
        self._done.set()

    def _handle(self, branch: Branch, failure: StateFailure) -> Outcome:
        """What the state's retriers and catchers make of a failure."""
        for number, retrier in enumerate(self._retriers):
            if not matches(failure.error, retrier.errors):
                continue
            done = self._configuration.retrier_retry_count
            if done < retrier.max_attempts:
                interval = retrier.delay(done)
                whole = int(interval) if interval == int(interval) else interval
                self._inspection.values["errorDetails"] = {
                    "retryIndex": number,
                    "retryBackoffIntervalSeconds": whole,
                }
                return self._failure(branch, RETRIABLE, failure)
            self._inspection.values["errorDetails"] = {"retryIndex": number}
            break
        for number, catcher in enumerate(self._catchers):
            if matches(failure.error, catcher.errors):
                return self._caught(branch, failure, number, catcher)
        return self._failure(branch, FAILED, failure)

    def _caught(self, branch: Branch, failure: StateFailure, number: int, catcher: CatchRule) -> Outcome:
        outcome = self._failure(branch, CAUGHT_ERROR, failure)
        caught = StateFailure(outcome.error, outcome.cause)
        branch.forget_context()
        outcome.output, _, assigned = catcher.fields.output(branch, caught.output, None)
        if assigned:
            branch.variables = {**branch.variables, **assigned}
        outcome.next_state = catcher.target
        self._inspection.values["errorDetails"] = {"catchIndex": number}
        return outcome

    def _failure(self, branch: Branch, status: str, problem: StateFailure | ExpressionError) -> Outcome:
        frame = in_state(STATE_NAME, branch.entered_id, "")
        cause = problem.cause.removeprefix(frame) if problem.cause is not None else None
        return Outcome(status, error=problem.error, cause=cause)


def _enter(_: Branch, state: State) -> State:
    return state
