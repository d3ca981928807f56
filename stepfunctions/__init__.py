"""The Step Functions API over `asl`, as boto3 speaks it, and the service integrations of Task states.

`Service` answers requests: a module a subject (`state_machines`, `versions`, `aliases`, `executions`, `activities`,
`map_runs`, `tags`, `task_tokens`, `state_probe`, `definitions`). `api_model` refuses what breaks the API's model.
`runner` does the work of tasks through `integrations`.
"""

from stepfunctions.errors import ServiceError
from stepfunctions.integrations.lambda_functions import FunctionInvoker, Invocation
from stepfunctions.service import Service

__all__ = ["FunctionInvoker", "Invocation", "Service", "ServiceError"]
