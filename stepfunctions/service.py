"""The Step Functions API over the engine: every operation, with boto3's arguments and answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from asl import Clock, Engine, Execution, Observer, RealClock
from asl.engine.failures import EngineError
from stepfunctions.activities import POLL_SECONDS, Activities
from stepfunctions.aliases import Aliases
from stepfunctions.api_model import validate_request
from stepfunctions.definitions import validate_state_machine_definition
from stepfunctions.errors import ServiceError, internal_failure
from stepfunctions.execution_control import ExecutionControl
from stepfunctions.execution_index import CLOSED_KEPT, ExecutionIndex, ExecutionRecord
from stepfunctions.execution_starts import ExecutionStarts
from stepfunctions.executions import Executions
from stepfunctions.integrations.authorization import Authorize
from stepfunctions.integrations.calls import Calls
from stepfunctions.integrations.clients import AwsClients
from stepfunctions.integrations.lambda_functions import FunctionInvoker, LambdaFunctions
from stepfunctions.integrations.registry import integrations
from stepfunctions.integrations.step_functions import Operations
from stepfunctions.kept_state import KeptState
from stepfunctions.map_runs import MapRuns
from stepfunctions.redrive import redrive_details
from stepfunctions.runner import Runner
from stepfunctions.state_machines import StateMachines
from stepfunctions.state_probe import StateTests
from stepfunctions.status_events import StatusCallback, status_change_event
from stepfunctions.store import StoreUnavailable
from stepfunctions.tags import Tags
from stepfunctions.task_tokens import TaskTokens
from stepfunctions.versions import Versions

Operation = Callable[[dict[str, Any]], dict[str, Any]]


class Service:
    """Step Functions of one account and region. Safe to use from many threads.

    Args:
        invoker: Invokes Lambda functions.
        endpoint: URL of the endpoint that serves all other services; None for AWS itself, as boto3 is configured.
        on_status_change: Called with EventBridge's event whenever a STANDARD execution starts, ends or is redriven. It
            runs on the thread that caused the change, mostly the engine's, and so must be quick.
        region: The region in ARNs.
        account: The account in ARNs.
        clock: The engine's clock; None for a `RealClock`.
        poll_seconds: How long GetActivityTask waits for a task.
        closed_kept: How many closed executions are kept; the oldest are dropped. None for 10,000 in memory, or 100,000
            in a store. AWS keeps each for 90 days, as a store does.
        observer: Is told on the engine's thread what happens to executions (`asl.engine.observing`), and must return at
            once. None to tell nobody.
        start_refusal: Says by a state machine's ARN why no execution of it may start now; None if one may. A start is
            then refused with InvalidDefinition and that message.
        store: The file of the database in which state machines, activities and executions outlive the process. None to
            keep them in memory. `recover` lets executions continue.
        authorize: Says which tasks may not make their calls; they fail as without the permission. None allows all.

    Raises:
        StoreUnavailable: The store cannot be opened or written.
    """

    def __init__(  # noqa: PLR0913  (settings of the service, all but two by keyword)
        self,
        invoker: FunctionInvoker,
        endpoint: str | None,
        *,
        on_status_change: StatusCallback,
        region: str = "us-east-1",
        account: str = "123456789012",
        clock: Clock | None = None,
        poll_seconds: float = POLL_SECONDS,
        closed_kept: int | None = None,
        observer: Observer | None = None,
        start_refusal: Callable[[str], str | None] | None = None,
        store: Path | None = None,
        authorize: Authorize | None = None,
    ) -> None:
        self.region = region
        self.account = account
        self._on_status_change = on_status_change
        kept = None if store is None else KeptState(store, closed_kept)
        self._kept = kept
        self._index: ExecutionIndex = ExecutionIndex(closed_kept or CLOSED_KEPT) if kept is None else kept.executions
        self._activities = Activities(region, account, poll_seconds)
        self._calls = Calls()
        # Tasks can call the service that they run in, which only exists once the engine does.
        operations = Operations(
            self._start_execution, self._wait_again, self._abandon_execution, self._describe_redrive, self.handle
        )
        clients = AwsClients(endpoint, region)
        functions = LambdaFunctions(invoker, region, account)
        runner = Runner(integrations(functions, self._activities, operations, clients, self._calls), authorize)
        self.engine = Engine(
            runner,
            clock=clock or RealClock(),
            region=region,
            account=account,
            journal=None if kept is None else kept.executions,
            token_key=None if kept is None else kept.token_key,
            observer=observer,
        )
        self._index.engine = self.engine
        map_runs = MapRuns(self.engine, self._index)
        self._control = ExecutionControl(self.engine, self._index, map_runs)
        self._machines = StateMachines(region, account, on_delete=self._control.stop_all)
        aliases = Aliases(self._machines)
        self._starts = ExecutionStarts(
            self.engine, self._machines, aliases, self._index, self._status_changed, start_refusal
        )
        self._operations = self._table(aliases, map_runs)
        if kept is not None:
            kept.load(self._machines, self._activities)

    def recover(self) -> None:
        """Let the executions continue that were running when the last process on this store ended."""
        if self._kept is not None:
            self._kept.recover()

    def handle(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer one request.

        Args:
            action: The operation: `CreateStateMachine`.
            body: Its arguments, as boto3 sends them.

        Returns:
            The answer. Dates are in epoch seconds.

        Raises:
            ServiceError: The error that the client is to receive.
        """
        operation = self._operations.get(action)
        if operation is None:
            raise ServiceError("UnknownOperationException", f"Step Functions has no operation {action!r}")
        validate_request(action, body)
        try:
            answer = operation(body)
            if self._kept is not None:
                self._kept.save(action, body, answer)
        except EngineError as error:
            raise ServiceError(error.code, error.message) from error
        except StoreUnavailable as error:
            raise internal_failure(str(error)) from error
        return answer

    def close(self) -> None:
        """End the engine's thread and the waiting requests of activity workers."""
        self._activities.close()
        self._calls.close()
        self.engine.close()
        if self._kept is not None:
            self._kept.close()

    def _table(self, aliases: Aliases, map_runs: MapRuns) -> dict[str, Operation]:
        machines, activities, starts, control = self._machines, self._activities, self._starts, self._control
        executions = Executions(machines, self._index, map_runs)
        versions, tags, tokens = Versions(machines), Tags(self._tags_of), TaskTokens(self.engine)
        return {
            "CreateActivity": activities.create,
            "CreateStateMachine": machines.create,
            "CreateStateMachineAlias": aliases.create,
            "DeleteActivity": activities.delete,
            "DeleteStateMachine": machines.delete,
            "DeleteStateMachineAlias": aliases.delete,
            "DeleteStateMachineVersion": versions.delete,
            "DescribeActivity": activities.describe,
            "DescribeExecution": executions.describe,
            "DescribeMapRun": map_runs.describe,
            "DescribeStateMachine": machines.describe,
            "DescribeStateMachineAlias": aliases.describe,
            "DescribeStateMachineForExecution": executions.describe_state_machine,
            "GetActivityTask": activities.get_task,
            "GetExecutionHistory": executions.history,
            "ListActivities": activities.list_page,
            "ListExecutions": executions.list_page,
            "ListMapRuns": map_runs.list_page,
            "ListStateMachineAliases": aliases.list_page,
            "ListStateMachineVersions": versions.list_page,
            "ListStateMachines": machines.list_page,
            "ListTagsForResource": tags.list_page,
            "PublishStateMachineVersion": versions.publish,
            "RedriveExecution": control.redrive,
            "SendTaskFailure": tokens.fail,
            "SendTaskHeartbeat": tokens.heartbeat,
            "SendTaskSuccess": tokens.succeed,
            "StartExecution": starts.start,
            "StartSyncExecution": starts.start_sync,
            "StopExecution": control.stop,
            "TagResource": tags.tag,
            "TestState": StateTests(self.engine).test,
            "UntagResource": tags.untag,
            "UpdateMapRun": map_runs.update,
            "UpdateStateMachine": machines.update,
            "UpdateStateMachineAlias": aliases.update,
            "ValidateStateMachineDefinition": validate_state_machine_definition,
        }

    def _start_execution(self, body: dict[str, Any], on_end: Callable[[Execution], None] | None) -> dict[str, Any]:
        validate_request("StartExecution", body)
        return self._starts.start(body, on_end)

    def _wait_again(self, execution_arn: str, on_end: Callable[[Execution], None]) -> bool:
        return self._starts.wait_again(execution_arn, on_end)

    def _abandon_execution(self, execution_arn: str) -> None:
        self._control.abandon(execution_arn)

    def _describe_redrive(self, execution_arn: str) -> dict[str, Any]:
        record = self._index.get(execution_arn)
        return redrive_details(record) if record is not None else {}

    def _tags_of(self, arn: str) -> dict[str, str] | None:
        machine = self._machines.get(arn)
        return machine.tags if machine is not None else self._activities.tags_of(arn)

    def _status_changed(self, record: ExecutionRecord) -> None:
        self._on_status_change(status_change_event(record, self.region, self.account))
