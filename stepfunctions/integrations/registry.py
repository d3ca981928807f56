"""The table of integrations."""

from __future__ import annotations

from stepfunctions.activities import Activities
from stepfunctions.integrations.activity_tasks import ActivityTasks
from stepfunctions.integrations.calls import Calls
from stepfunctions.integrations.clients import AwsClients
from stepfunctions.integrations.http_calls import ApiGatewayInvoke, HttpInvoke
from stepfunctions.integrations.integration import Integration, Unsupported
from stepfunctions.integrations.jobs import JOBS, RunJob
from stepfunctions.integrations.lambda_functions import LambdaFunction, LambdaFunctions, LambdaInvoke
from stepfunctions.integrations.names import OPTIMIZED
from stepfunctions.integrations.sdk import OptimizedIntegration, PutEvents, SdkIntegration
from stepfunctions.integrations.step_functions import Operations, StartExecution, StepFunctionsSdk


def integrations(
    functions: LambdaFunctions, activities: Activities, operations: Operations, clients: AwsClients, calls: Calls
) -> dict[str, Integration]:
    """Return every integration by the name that `resources.registry_names` gives its resources.

    Args:
        functions: The functions that Lambda tasks invoke.
        activities: The activities whose workers take tasks.
        operations: The Step Functions service that runs the tasks.
        clients: The clients of every other service.
        calls: The threads that calls of other services run on.
    """
    start_execution = StartExecution(operations)
    optimized = OptimizedIntegration(clients, calls)
    return {
        "function": LambdaFunction(functions),
        "activity": ActivityTasks(activities),
        "lambda:invoke": LambdaInvoke(functions),
        "states:startExecution": start_execution,
        "states:startExecution.sync": start_execution,
        "states:startExecution.sync:2": start_execution,
        "http:invoke": HttpInvoke(clients, calls),
        "apigateway:invoke": ApiGatewayInvoke(clients, calls),
        "events:putEvents": PutEvents(clients, calls),
        **{f"{name}.sync": RunJob(name, job, clients, calls) for name, job in JOBS.items()},
        **{f"{service}:*": optimized for service in OPTIMIZED},
        "aws-sdk:sfn:*": StepFunctionsSdk(operations, calls),
        "aws-sdk:*": SdkIntegration(clients, calls),
        "*.sync": Unsupported("The pattern .sync of {resource} is not supported on this machine."),
        "*": Unsupported("The resource {resource} is not supported."),
    }
