"""The engine: starts executions, and takes what the outside world has to say about them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from asl.engine.clock import Clock, RealClock
from asl.engine.compiler import Program, compile_definition
from asl.engine.execution import RUNNING, Execution, OnChange
from asl.engine.failures import ExecutionNotRedrivable, InvalidExecutionInput, InvalidOutput
from asl.engine.history import EVENT_LIMIT
from asl.engine.journal import Journal, RecordedExecution
from asl.engine.jsontext import PAYLOAD_LIMIT, dumps, loads
from asl.engine.machine import StateMachine
from asl.engine.names import new_name
from asl.engine.observing import Observer
from asl.engine.patience import Patience
from asl.engine.recovery import recovered, resume
from asl.engine.scheduler import Scheduler
from asl.engine.tasks import TaskRequest, TaskRunner
from asl.engine.tokens import Tokens

if TYPE_CHECKING:
    from asl.engine.map_run import MapRun
    from asl.engine.states.base import State


class Engine:
    """Runs any number of executions in one process.

    Args:
        tasks: Does the work of Task states.
        clock: `RealClock()`, or `SkippingClock()` so that nobody waits.
        region, account: The region and account in the ARNs of executions.
        seed: The seed of the random numbers for retries with jitter.
        journal: Writes executions down, so that `recover` can continue them in another process; None: nobody does.
        token_key: What the seals of task tokens are made with, 32 bytes; None: a new one.
        observer: Is told on the engine's thread what happens to executions, and must return at once; None: nobody.

    All methods may be called from any thread and return at once, but for `run`.
    """

    is_replay = False

    def __init__(  # noqa: PLR0913  (settings of the engine, all but the first with defaults)
        self,
        tasks: TaskRunner,
        clock: Clock | None = None,
        region: str = "us-east-1",
        account: str = "123456789012",
        seed: int | None = None,
        *,
        journal: Journal | None = None,
        token_key: bytes | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.tasks = tasks
        self.clock = clock if clock is not None else RealClock()
        self.region = region
        self.account = account
        self.random = random.Random(seed)  # noqa: S311 - jitter keeps no secret
        self.scheduler = Scheduler(self.clock)
        self.patience = Patience(self.scheduler)
        self.tokens = Tokens(token_key)
        self.journal = journal
        self.observer = observer
        self.map_runs: WeakValueDictionary[str, MapRun] = WeakValueDictionary()
        self.now = self.clock.now
        self._check = getattr(tasks, "check", None)

    def start(
        self,
        machine: StateMachine,
        input_text: str = "{}",
        *,
        name: str | None = None,
        trace_header: str | None = None,
        on_change: OnChange | None = None,
    ) -> Execution:
        """Start an execution.

        Args:
            machine: What to run.
            input_text: The input, a JSON text.
            name: The execution's name; a new one if None.
            trace_header: Kept for whoever asks for it.
            on_change: Called with the execution when its status changes, by the engine's thread: it must be quick.

        Raises:
            InvalidExecutionInput: The input is not JSON, or larger than 262,144 bytes.
            InvalidDefinition: The definition cannot be run.
        """
        execution = self._make(machine, input_text, name, trace_header, on_change)
        self.scheduler.post(self._begin, execution)
        return execution

    def run(  # noqa: PLR0913  (a public call: `start` with a time limit)
        self,
        machine: StateMachine,
        input_text: str = "{}",
        *,
        name: str | None = None,
        trace_header: str | None = None,
        on_change: OnChange | None = None,
        timeout: float | None = None,
    ) -> Execution:
        """Start an execution and wait until it ends; TimeoutError if that takes longer than `timeout` real seconds.

        The other parameters are those of `start`.
        """
        execution = self._make(machine, input_text, name, trace_header, on_change)
        self.scheduler.post_quietly(self._begin, execution)
        if not execution.wait(timeout):
            raise TimeoutError(f"{execution.arn} is still running after {timeout} seconds")
        return execution

    def recover(
        self, machine: StateMachine, recorded: RecordedExecution, *, on_change: OnChange | None = None
    ) -> Execution:
        """An execution of an earlier process, from what was written down.

        One that was running waits for `resume`, one that ended without success can be redriven.

        Args:
            machine: what it was started with.
            recorded: the record.
            on_change: as for `start`; it hears only of what happens from now on.

        Raises:
            ValueError: the input or the output is not JSON.
        """
        return recovered(self, machine, recorded, on_change)

    def resume(self, execution: Execution) -> None:
        """Let a recovered execution that was running continue from its last recorded event.

        If its record does not let it continue, it fails with States.Runtime, and a line is logged.
        """
        self.scheduler.post(self.scheduler.soon_in, execution.lane, resume, execution)

    def _make(
        self,
        machine: StateMachine,
        input_text: str,
        name: str | None,
        trace_header: str | None,
        on_change: OnChange | None,
    ) -> Execution:
        self.program_of(machine)  # refuses what can't be run
        if len(input_text) > PAYLOAD_LIMIT // 4 and len(input_text.encode()) > PAYLOAD_LIMIT:
            raise InvalidExecutionInput(
                f"Invalid State Machine Execution Input: 'input exceeds the maximum length of {PAYLOAD_LIMIT} bytes'"
            )
        try:
            value = loads(input_text)
        except ValueError as problem:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{problem}'") from None
        if name is None:
            name = new_name()
        arn = self.execution_arn(machine, name)
        return Execution(
            self,
            machine,
            arn,
            name,
            input_text=input_text,
            input_value=value,
            trace_header=trace_header,
            on_change=on_change,
        )

    def execution_arn(self, machine: StateMachine, name: str) -> str:
        """The ARN of an execution. That of an EXPRESS execution is new with every call."""
        if machine.is_express:
            return f"arn:aws:states:{self.region}:{self.account}:express:{machine.name}:{name}:{new_name()}"
        return f"arn:aws:states:{self.region}:{self.account}:execution:{machine.name}:{name}"

    def _begin(self, execution: Execution) -> None:
        program = self.program_of(execution.machine)
        execution.begin(program.start, len(execution.input) * 4, program.timeout_seconds)

    def program_of(self, machine: StateMachine) -> Program:
        """Return what a state machine runs; equal definitions are compiled once in a process.

        Raises:
            InvalidDefinition: The definition can't be run.
        """
        return compile_definition(machine.definition)

    def start_child(self, run: MapRun, value: Any) -> Execution:
        """Start a child execution of a Map Run. To be called by the scheduler.

        Args:
            run: The Map Run.
            value: The child's input, a JSON value.
        """
        name = new_name()
        arn = self.execution_arn(run.machine, name)
        text = dumps(value)
        child = Execution(self, run.machine, arn, name, input_text=text, input_value=value, map_run=run)
        self.scheduler.soon_in(child.lane, _begin_child, child, run.state.start, len(text) * 4)
        return child

    def stop(self, execution: Execution, error: str | None = None, cause: str | None = None) -> None:
        """Abort an execution; nothing happens if it has ended."""
        self.scheduler.post(execution.abort, error, cause)

    def redrive(self, execution: Execution) -> None:
        """Let an execution that failed, timed out or was aborted go on with what has not succeeded.

        It is RUNNING when this returns.

        Raises `ExecutionNotRedrivable` if it runs, has succeeded, is EXPRESS or its history is full.
        """
        if len(execution.history) >= EVENT_LIMIT - 1:
            raise ExecutionNotRedrivable("Execution event history limit exceeded")
        if not execution.reopen():
            raise ExecutionNotRedrivable(f"Execution is {execution.status} and cannot be redriven")
        self.scheduler.post(execution.go_on)

    def map_run(self, arn: str) -> MapRun | None:
        """A Map Run by its ARN, as long as its execution is kept by somebody."""
        return self.map_runs.get(arn)

    def update_map_run(
        self,
        map_run: MapRun,
        max_concurrency: int | None = None,
        tolerated_failure_count: float | None = None,
        tolerated_failure_percentage: float | None = None,
    ) -> None:
        """Change the limits of a Map Run; those that are None stay as they are."""
        if max_concurrency is not None:
            map_run.max_concurrency = max_concurrency
        if tolerated_failure_count is not None:
            map_run.tolerated_failure_count = tolerated_failure_count
        if tolerated_failure_percentage is not None:
            map_run.tolerated_failure_percentage = tolerated_failure_percentage
        self.scheduler.post(map_run.update)

    def send_task_success(self, token: str, output_text: str) -> None:
        """End the task of a token with its output, a JSON text.

        Raises `InvalidToken`, `TaskTimedOut` if the task is over, `InvalidOutput`.
        """
        attempt = self.tokens.find(token)
        if len(output_text.encode()) > PAYLOAD_LIMIT:
            raise InvalidOutput(f"Invalid Output: 'output exceeds the maximum length of {PAYLOAD_LIMIT} bytes'")
        try:
            output = loads(output_text)
        except ValueError as problem:
            raise InvalidOutput(f"Invalid Output: '{problem}'") from None
        attempt.succeed_by_token(output)

    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """Fail the task of a token. Raises `InvalidToken`, or `TaskTimedOut` if the task is over."""
        self.tokens.find(token).fail_by_token(error, cause)

    def send_task_heartbeat(self, token: str) -> None:
        """Say that whoever has the token is alive. Raises `InvalidToken`, or `TaskTimedOut` if the task is over."""
        self.tokens.find(token).heartbeat()

    def begin_map_run(self, run: MapRun) -> None:
        """Let a Map Run find its items and begin."""
        run.start()

    def restart_map_run(self, run: MapRun) -> None:
        """Let a Map Run continue with what has not succeeded."""
        run.restart()

    def check_task(self, request: TaskRequest) -> None:
        """Let the runner refuse a task before the history says anything of it."""
        if self._check is not None:
            self._check(request)

    def close(self) -> None:
        """End the engine's thread. Executions that are open stay as they are."""
        self.scheduler.close()


def _begin_child(child: Execution, start: State, size: int) -> None:
    if child.status == RUNNING:
        child.begin(start, size, None)
