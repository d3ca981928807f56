"""The Step Functions API over the engine: every operation as boto3 speaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl import Clock, Engine, RealClock
from asl.engine.failures import EngineError
from stepfunctions.activities import POLL_SECONDS, Activities
from stepfunctions.aliases import Aliases
from stepfunctions.api_model import validate_request
from stepfunctions.definitions import validate_state_machine_definition
from stepfunctions.errors import ServiceError
from stepfunctions.execution_index import CLOSED_KEPT, ExecutionIndex, ExecutionRecord
from stepfunctions.executions import Executions
from stepfunctions.integrations.clients import AwsClients
from stepfunctions.integrations.lambda_functions import FunctionInvoker, LambdaTasks
from stepfunctions.integrations.step_functions import StepFunctionsTasks
from stepfunctions.map_runs import MapRuns
from stepfunctions.redrive import redrive_details
from stepfunctions.runner import Runner
from stepfunctions.state_machines import StateMachines
from stepfunctions.state_probe import StateTests
from stepfunctions.status_events import status_change_event
from stepfunctions.tags import Tags
from stepfunctions.task_tokens import TaskTokens
from stepfunctions.versions import Versions

Operation = Callable[[dict[str, Any]], dict[str, Any]]
StatusCallback = Callable[[dict[str, Any]], None]


class Service:
    """Step Functions of one account and region. Safe to use from many threads.

    Parameters:
        invoker: invokes Lambda functions, `PoolInvoker(registry, pool)` for instance.
        endpoint: URL of the other services; None: as boto3 is configured.
        region, account: for ARNs.
        clock: the engine's clock.
        poll_seconds: how long GetActivityTask waits for a task.
        closed_kept: how many closed executions are remembered, the latest; AWS keeps each for 90 days.
    """

    def __init__(
        self,
        invoker: FunctionInvoker,
        endpoint: str | None,
        *,
        region: str = "us-east-1",
        account: str = "123456789012",
        clock: Clock | None = None,
        poll_seconds: float = POLL_SECONDS,
        closed_kept: int = CLOSED_KEPT,
    ) -> None:
        self.region = region
        self.account = account
        self._callbacks: list[StatusCallback] = []
        self._machines = StateMachines(region, account)
        self._activities = Activities(region, account, poll_seconds)
        clients = AwsClients(endpoint, region)
        self.runner = Runner(
            LambdaTasks(invoker, region, account),
            self._activities,
            StepFunctionsTasks(self._start_execution, self._give_up, self.handle, self._redrive_details),
            clients,
        )
        self.engine = Engine(self.runner, clock=clock or RealClock(), region=region, account=account)
        self._index = ExecutionIndex(closed_kept)
        aliases = Aliases(self._machines)
        map_runs = MapRuns(self.engine, self._index)
        self._executions = Executions(
            self.engine,
            machines=self._machines,
            aliases=aliases,
            index=self._index,
            map_runs=map_runs,
            on_status_change=self._tell_status_change,
        )
        self._operations = self._table(aliases, map_runs)

    def handle(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer one request: `CreateStateMachine` and its arguments. Dates in the answer are epoch seconds.

        Raises:
            ServiceError: the refusal that the client is to see.
        """
        operation = self._operations.get(action)
        if operation is None:
            raise ServiceError("UnknownOperationException", f"Step Functions has no operation {action!r}")
        validate_request(action, body)
        try:
            return operation(body)
        except EngineError as error:
            raise ServiceError(error.code, error.message) from error

    def on_status_change(self, callback: StatusCallback) -> None:
        """Call back with EventBridge's event whenever a STANDARD execution starts, ends or is redriven.

        The callback runs on the thread that brought the change about, mostly the engine's, and must be quick.
        """
        self._callbacks.append(callback)

    def close(self) -> None:
        """End the engine's thread and the waiting requests of activity workers."""
        self._activities.close()
        self.runner.close()
        self.engine.close()

    def _table(self, aliases: Aliases, map_runs: MapRuns) -> dict[str, Operation]:
        machines, executions, activities = self._machines, self._executions, self._activities
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
            "RedriveExecution": executions.redrive,
            "SendTaskFailure": tokens.fail,
            "SendTaskHeartbeat": tokens.heartbeat,
            "SendTaskSuccess": tokens.succeed,
            "StartExecution": executions.start,
            "StartSyncExecution": executions.start_sync,
            "StopExecution": executions.stop,
            "TagResource": tags.tag,
            "TestState": StateTests(self.engine).test,
            "UntagResource": tags.untag,
            "UpdateMapRun": map_runs.update,
            "UpdateStateMachine": machines.update,
            "UpdateStateMachineAlias": aliases.update,
            "ValidateStateMachineDefinition": validate_state_machine_definition,
        }

    def _start_execution(self, body: dict[str, Any], on_end: Any) -> dict[str, Any]:
        validate_request("StartExecution", body)
        return self._executions.start(body, on_end)

    def _give_up(self, execution_arn: str) -> None:
        self._executions.give_up(execution_arn)

    def _redrive_details(self, execution_arn: str) -> dict[str, Any]:
        record = self._index.get(execution_arn)
        return redrive_details(record) if record is not None else {}

    def _tags_of(self, arn: str) -> dict[str, str] | None:
        machine = self._machines.get(arn)
        return machine.tags if machine is not None else self._activities.tags_of(arn)

    def _tell_status_change(self, record: ExecutionRecord) -> None:
        if self._callbacks:
            event = status_change_event(record, self.region, self.account)
            for callback in self._callbacks:
                callback(event)
