"""Nested stacks: which one a flow or function belongs to, and their templates.

CloudFormation allows 500 resources per stack, and a named resource cannot move to another stack, which would create it
while the old stack still has it. So the name of a flow determines its stack, and the number of stacks is chosen in
advance (`StageSettings.flow_stacks`). Adding a flow moves no other flow. Stacks without members are not created.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infrastructure.errors import LimitError
from infrastructure.flow_resources import PARAMETERS as FLOW_PARAMETERS
from infrastructure.flow_resources import DefinitionFile, FlowResources
from infrastructure.resources import Resource

MAX_RESOURCES = 500
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
MAX_TEMPLATE = 1_000_000
"""The maximum size of a template in S3, in bytes (same page). Definitions that do not fit are uploaded as files."""

ASSET_BUCKET = "AssetBucket"
_REFERENCE = re.compile(r'\{"Ref":"(\w+)"\}')


class StackFullError(LimitError):
    """A nested stack would have more resources than CloudFormation allows."""


@dataclass(frozen=True)
class NestedTemplate:
    """The template of one nested stack; `parameters` are those that it uses."""

    name: str
    text: str
    parameters: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of the template, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


Upload = Callable[[DefinitionFile], str]
"""Uploads a definition to the bucket in the parameter `AssetBucket`, and returns its key."""


def stack_index(name: str, stacks: int) -> int:
    """Return the index of the nested stack, out of `stacks`, that the flow or function `name` belongs to."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % stacks


def flow_templates(flows: Iterable[FlowResources], stacks: int, upload: Upload) -> list[NestedTemplate]:
    """Write the templates of the nested stacks of flows.

    Args:
        flows: The resources of each flow.
        stacks: The number of nested stacks.
        upload: Uploads a definition that does not fit.

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
    """Write a template.

    Args:
        name: The name of the nested stack.
        description: What it consists of.
        resources: Its resources by logical id.
        parameters: The descriptions of parameters by name; only those that the resources use are declared.

    Raises:
        StackFullError: It would have more resources than a stack may have.
    """
    if len(resources) > MAX_RESOURCES:
        raise StackFullError(
            f"the nested stack {name} would have {len(resources)} resources, but CloudFormation allows "
            f"{MAX_RESOURCES}: raise flow_stacks (for functions: function_stacks) in infrastructure/stages.py"
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
        if size <= MAX_TEMPLATE - 10_000:  # leave room for the rest of the template
            break
        file, resources = item.detach()
        machine = resources[item.prefix + "StateMachine"]["Properties"]
        machine["DefinitionS3Location"] = {"Bucket": {"Ref": ASSET_BUCKET}, "Key": upload(file)}
        size += len(_dump(resources).encode()) - len(_dump(parts[item.flow.name]).encode())
        parts[item.flow.name] = resources
    resources = {key: value for part in parts.values() for key, value in part.items()}
    parameters = {**FLOW_PARAMETERS, ASSET_BUCKET: "The bucket of definitions that are too large for this template."}
    return template(f"Flows{index}", "State machines of flows", resources, parameters)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
