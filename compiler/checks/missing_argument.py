"""Missing arguments of service integrations."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.base import Check, FileView, Finding
from compiler.diagnostic import Severity
from compiler.permissions.arguments import Arguments
from compiler.permissions.names import integration_name

_NEEDED = {
    "lambda:invoke": ("FunctionName",),
    "states:startExecution": ("StateMachineArn",),
    **{f"dynamodb:{verb}Item": ("TableName",) for verb in ("get", "put", "update", "delete")},
    "sqs:sendMessage": ("QueueUrl", "MessageBody"),
    "sns:publish": ("Message",),
    "events:putEvents": ("Entries",),
    "batch:submitJob": ("JobDefinition", "JobName", "JobQueue"),
    "ecs:runTask": ("TaskDefinition",),
    "glue:startJobRun": ("JobName",),
    "codebuild:startBuild": ("ProjectName",),
    "apigateway:invoke": ("ApiEndpoint", "Method"),
    "http:invoke": ("ApiEndpoint", "Method"),
}


def _file(view: FileView) -> Iterator[Finding]:
    for step in view.steps:
        resource = step.state.get("Resource")
        integration = integration_name(resource) if isinstance(resource, str) else None
        if step.state.get("Type") != "Task" or integration is None:
            continue
        name = integration.partition(".")[0]
        field = "Arguments" if step.query_language == "JSONata" else "Parameters"
        written = step.state.get(field)
        if not isinstance(written, dict):
            continue  # computed as a whole, or the state's input
        arguments = Arguments(written)
        missing = [argument for argument in _NEEDED.get(name, ()) if not arguments.given(argument)]
        if missing:
            message = f"{name} requires {' and '.join(missing)}."
            yield Finding(f"{step.pointer}/{field}", message, f"add it to {field}", at_key=True)


_TASK = (
    "name: keep\ndefinition:\n  StartAt: Keep\n  States:\n    Keep:\n      Type: Task\n"
    "      Resource: arn:aws:states:::sqs:sendMessage\n      Parameters:{mark}\n        QueueUrl: jobs\n{body}"
    "      End: true\n"
)

CHECK = Check(
    id="missing-argument",
    severity=Severity.ERROR,
    summary="A service integration lacks a required argument",
    description="Without it, Step Functions rejects the definition or the task always fails.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html",
    wrong=_TASK.replace("{mark}", "  # <-").replace("{body}", ""),
    right=_TASK.replace("{mark}", "").replace("{body}", "        MessageBody: go\n"),
    file=_file,
)
