"""The Step Functions API over `asl`, as boto3 speaks it, and the service integrations of Task states.

    service = Service(invoker, endpoint, on_status_change=bus.publish, region="us-east-1", account="123456789012")
    service.handle("StartExecution", {"stateMachineArn": arn, "input": "{}"})   # -> the answer; raises ServiceError

- `Service` answers the requests of one account and region. `api_model` first refuses what violates the API's model.
  Each operation is a method of the class of its subject: `state_machines`, `versions`, `aliases`, `execution_starts`,
  `execution_control`, `executions`, `map_runs`, `activities`, `task_tokens`, `tags`, `state_probe`, `definitions`.
  `Service.engine` is the `asl.Engine` that runs the executions.
- `ServiceError` has `code`, `message`, `http_status` and `reason`; `body()` is what goes over HTTP.
- `on_status_change(event)` receives EventBridge's "Step Functions Execution Status Change" (`status_events`) whenever a
  STANDARD execution starts, ends or is redriven. `ignore_status_changes` is for callers that don't need it.
- `invoker` invokes Lambda functions: `invoke(function, payload, on_done)` returns at once, and `on_done(Invocation)`
  follows from any thread. The local cloud has a pool of workers, a test may have a table of behaviours.
- `authorize(task)` says which tasks may not make their calls, and why: they fail as without the permission on AWS. The
  service itself knows no policies, and allows all by default.
- `endpoint` is the URL of an endpoint that serves all other services, which tasks reach by boto3.

`runner.Runner` is the `asl.TaskRunner` that does the work of tasks. It looks their resource up in a table,
`integrations.registry.integrations`; adding an integration means adding one entry to that table.
"""

from stepfunctions.errors import ServiceError
from stepfunctions.integrations.authorization import Authorize, Denial
from stepfunctions.integrations.lambda_functions import FunctionInvoker, Invocation
from stepfunctions.service import Service
from stepfunctions.status_events import StatusCallback, ignore_status_changes

__all__ = [
    "Authorize",
    "Denial",
    "FunctionInvoker",
    "Invocation",
    "Service",
    "ServiceError",
    "StatusCallback",
    "ignore_status_changes",
]
