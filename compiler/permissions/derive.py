"""Derives the statements of a state machine's role from its definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from compiler.model import IamStatement
from compiler.permissions import resources as r
from compiler.permissions.arguments import Arguments
from compiler.permissions.integrations import optimised
from compiler.permissions.names import integration_name
from compiler.permissions.resources import arn
from compiler.permissions.sdk import sdk_call
from compiler.permissions.statement import Statement, merge, subtract
from compiler.states import steps_of


def derive_statements(
    flow_name: str,
    definition: dict[str, Any],
    allow: Sequence[IamStatement] = (),
    deny: Sequence[IamStatement] = (),
) -> tuple[Statement, ...]:
    """Return the statements that the role of a flow needs, and no more.

    Args:
        flow_name: The flow's name.
        definition: Its definition.
        allow: Statements to add.
        deny: Statements whose actions are removed from the others and also denied, so that no other policy allows them.
    """
    needed = [statement for step in steps_of(definition) for statement in statements_of_state(step.state, flow_name)]
    needed = [_with_flow_name(statement, flow_name) for statement in needed]
    denied = [_written(statement) for statement in deny]
    kept = list(subtract(merge(needed), denied))
    return merge([*kept, *map(_written, allow), *denied])


def statements_of_state(state: Mapping[str, Any], flow_name: str) -> Iterator[Statement]:
    """Yield the statements that one state needs, not merged."""
    kind = state.get("Type")
    if kind == "Task" and isinstance(state.get("Resource"), str):
        yield from _of_task(state)
    elif kind == "Map":
        yield from _of_map(state, flow_name)


def _of_task(state: Mapping[str, Any]) -> Iterator[Statement]:
    resource: str = state["Resource"]
    credentials = state.get("Credentials")
    if isinstance(credentials, dict):  # another role does the work: this one only has to assume it
        role = Arguments(credentials).literal("RoleArn")
        note = "" if role else "RoleArn is computed at run time"
        yield Statement("", ("sts:AssumeRole",), (role or "arn:${AWS::Partition}:iam::*:role/*",), note=note)
        return
    integration = integration_name(resource)
    if integration is None:
        if ":activity:" not in resource:  # an activity's worker polls for the task
            yield Statement("", ("lambda:InvokeFunction",), (resource,))
        return
    name, _, pattern = integration.partition(".")
    arguments = Arguments.of(state)
    if name.startswith("aws-sdk:"):
        service, _, action = name.removeprefix("aws-sdk:").partition(":")
        yield from sdk_call(service, action, arguments)
    else:
        yield from optimised(name, pattern, arguments)


def _of_map(state: Mapping[str, Any], flow_name: str) -> Iterator[Statement]:
    """Source: https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html."""
    processor = state.get("ItemProcessor")
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    if not isinstance(config, dict) or config.get("Mode") != "DISTRIBUTED":
        return
    name = "${ResourcePrefix}" + flow_name
    yield Statement("", ("states:StartExecution",), (arn("states", f"stateMachine:{name}"),))
    actions = ("states:DescribeExecution", "states:StopExecution")
    yield Statement("", actions, (arn("states", f"execution:{name}:*"),))
    label = state.get("Label") if isinstance(state.get("Label"), str) else "*"
    yield Statement("", ("states:RedriveExecution",), (arn("states", f"execution:{name}/{label}:*"),))
    reader, writer = state.get("ItemReader"), state.get("ResultWriter")
    if isinstance(reader, dict):
        yield from _reader(reader)
    if isinstance(writer, dict) and (Arguments.of(writer).given("Bucket")):
        found = r.bucket_objects(Arguments.of(writer))
        writing = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")
        yield Statement("", writing, found.arns, note=found.note)


def _reader(reader: dict[str, Any]) -> Iterator[Statement]:
    arguments = Arguments.of(reader)
    if "listObjects" in str(reader.get("Resource", "")):
        found = r.bucket(arguments)
        prefix = arguments.literal("Prefix")
        condition = {"StringLike": {"s3:prefix": [f"{prefix}*"]}} if prefix else None
        yield Statement("", ("s3:ListBucket",), found.arns, condition=condition, note=found.note)
        config = reader.get("ReaderConfig")
        if not isinstance(config, dict) or config.get("Transformation") != "LOAD_AND_FLATTEN":
            return
    objects = r.bucket_objects(arguments)
    of_version = arguments.given("VersionId") and not arguments.computed_as_a_whole
    action = "s3:GetObjectVersion" if of_version else "s3:GetObject"
    yield Statement("", (action,), objects.arns, note=objects.note)
    config = reader.get("ReaderConfig")
    if isinstance(config, dict) and config.get("InputType") == "MANIFEST":
        of = r.bucket(arguments)
        yield Statement("", ("s3:GetObject",), (r.object_arn(of.arns[0], "*"),), note="the manifest names the objects")


def _with_flow_name(statement: Statement, flow_name: str) -> Statement:
    return replace(statement, resources=tuple(text.replace("${FlowName}", flow_name) for text in statement.resources))


def _written(statement: IamStatement) -> Statement:
    return Statement(
        statement.Sid,
        tuple(sorted(statement.Action)),
        statement.Resource,
        statement.Effect,
        statement.Condition,
    )
