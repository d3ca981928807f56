"""Nested stacks: which one a flow or function belongs to, and their templates.

CloudFormation takes 500 resources a stack, and named resources cannot move from one stack to another: the new stack
would create what the old one still has. So the stack of a flow follows from its name alone, and the number of stacks is
sized ahead (`StageSettings.flow_stacks`). Adding a flow moves no other; stacks without members are not made.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infrastructure.flow_resources import PARAMETERS as FLOW_PARAMETERS
from infrastructure.flow_resources import DefinitionFile, FlowResources
from infrastructure.resources import Resource

MAX_RESOURCES = 500
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
MAX_TEMPLATE = 1_000_000
"""Bytes of a template that is read from S3, same page; definitions that do not fit are uploaded by themselves."""
MAX_PARAMETERS = 200

ASSET_BUCKET = "AssetBucket"
_REFERENCE = re.compile(r'\{"Ref":"(\w+)"\}')


class StackFullError(ValueError):
    """More flows or functions fall to one nested stack than CloudFormation takes."""


@dataclass(frozen=True)
class NestedTemplate:
    """The template of one nested stack; `parameters` are those that it uses."""

    name: str
    text: str
    parameters: tuple[str, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


Upload = Callable[[DefinitionFile], str]
"""Uploads a definition into the bucket that the parameter `AssetBucket` names, and returns its key there."""


def stack_index(name: str, stacks: int) -> int:
    """Which of `stacks` nested stacks the flow or function `name` belongs to."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % stacks


def flow_templates(flows: Iterable[FlowResources], stacks: int, upload: Upload) -> list[NestedTemplate]:
    """The templates of the nested stacks that hold the flows.

    Raises:
        StackFullError: `stacks` is too small.
    """
    members: dict[int, list[FlowResources]] = {}
    for flow in flows:
        members.setdefault(stack_index(flow.flow.name, stacks), []).append(flow)
    return [_flow_template(index, members[index], upload) for index in sorted(members)]


def template(
    name: str, description: str, resources: Mapping[str, Resource], parameters: Mapping[str, str]
) -> NestedTemplate:
    """A template with those of `parameters` that its resources use.

    Raises:
        StackFullError: It has more resources than a stack may have.
    """
    if len(resources) > MAX_RESOURCES:
        raise StackFullError(
            f"the nested stack {name} would have {len(resources)} resources, and CloudFormation takes {MAX_RESOURCES}: "
            "raise flow_stacks (function_stacks for functions) in infrastructure/stages.py"
        )
    body = _dump(resources)
    used = tuple(key for key in parameters if key in set(_REFERENCE.findall(body)))
    whole = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        "Parameters": {key: {"Type": "String", "Description": parameters[key]} for key in used},
        "Resources": resources,
    }
    if not used:
        del whole["Parameters"]
    return NestedTemplate(name, _dump(whole), used)


def _flow_template(index: int, flows: Sequence[FlowResources], upload: Upload) -> NestedTemplate:
    ordered = sorted(flows, key=lambda item: item.flow.name)
    parts = {item.flow.name: dict(item.resources) for item in ordered}
    size = sum(len(_dump(part).encode()) for part in parts.values())
    for item in sorted(ordered, key=lambda item: (-len(item.definition), item.flow.name)):
        if size <= MAX_TEMPLATE - 10_000:  # what is around the resources
            break
        file, resources = item.detach()
        machine = resources[item.prefix + "StateMachine"]["Properties"]
        machine["DefinitionS3Location"] = {"Bucket": {"Ref": ASSET_BUCKET}, "Key": upload(file)}
        size += len(_dump(resources).encode()) - len(_dump(parts[item.flow.name]).encode())
        parts[item.flow.name] = resources
    resources = {key: value for part in parts.values() for key, value in part.items()}
    parameters = {**FLOW_PARAMETERS, ASSET_BUCKET: "Where definitions are that are too large for this template."}
    return template(f"Flows{index}", "State machines of flows", resources, parameters)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
