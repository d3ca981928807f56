"""The state machine that delivers webhooks: it calls the function `webhooks` until that succeeds.

Step Functions waits for hours without cost, repeats a call that failed in whatever way, and starts an execution with a
given name only once. Lambda itself repeats an asynchronous call twice, EventBridge nothing that Lambda has accepted,
and a queue costs as much when it is idle as when it isn't.
"""

from __future__ import annotations

from typing import Any

from chalicelib.names import Names

FUNCTION = "webhooks"
"""The framework's own function that sends a call (`app.webhooks`)."""
FIRST_PAUSE, RATE, RETRIES = 1, 4, 9
"""After a failure the call is repeated after 1, 4, 16, 64 seconds and so on: ten attempts within a day."""
CALL_SECONDS = 60
_REFUSED = "WebhookRefused"


def delivery_definition(names: Names, queue_url: Any) -> dict[str, Any]:
    """Return the definition. What it can't deliver goes to a queue, as the dead letters of schedules do.

    Args:
        names: The stage's names.
        queue_url: The URL of the queue, or an expression for it.
    """
    cause = "$states.input.failure.Cause"  # empty after a timeout; an attribute of a message must not be empty
    attributes = {
        "ERROR_CODE": "{% $states.input.failure.Error %}",
        "ERROR_MESSAGE": f"{{% {cause} ? $substring({cause}, 0, 1000) : 'No cause was given.' %}}",
    }
    return {
        "Comment": "Delivers the webhooks of flows",
        "QueryLanguage": "JSONata",
        "StartAt": "Deliver",
        "States": {
            "Deliver": {
                "Type": "Task",
                "Resource": f"arn:{names.partition}:states:::lambda:invoke",
                "Arguments": {"FunctionName": names.function_arn(FUNCTION), "Payload": "{% $states.input %}"},
                "Output": "{% $states.result.Payload %}",
                "TimeoutSeconds": CALL_SECONDS,
                "Retry": [
                    {"ErrorEquals": [_REFUSED], "MaxAttempts": 0},
                    {
                        "ErrorEquals": ["States.ALL"],
                        "IntervalSeconds": FIRST_PAUSE,
                        "BackoffRate": RATE,
                        "MaxAttempts": RETRIES,
                    },
                ],
                "Catch": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Output": "{% {'delivery': $states.input, 'failure': $states.errorOutput} %}",
                        "Next": "Dead letter",
                    }
                ],
                "End": True,
            },
            "Dead letter": {
                "Type": "Task",
                "Resource": f"arn:{names.partition}:states:::sqs:sendMessage",
                "Arguments": {
                    "QueueUrl": queue_url,
                    "MessageBody": {
                        "StateMachineArn": names.webhooks_arn,
                        "Name": "{% $states.input.delivery.id & '-' & $uuid() %}",  # the former one is taken
                        "Input": "{% $string($states.input.delivery) %}",
                    },
                    "MessageAttributes": {
                        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                    },
                },
                "Output": "{% $states.input %}",
                "TimeoutSeconds": CALL_SECONDS,
                "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "BackoffRate": 3, "MaxAttempts": 6}],
                "Next": "Not delivered",
            },
            "Not delivered": {
                "Type": "Fail",
                "Error": "{% $states.input.failure.Error %}",
                "Cause": "{% $states.input.failure.Cause %}",
            },
        },
    }
