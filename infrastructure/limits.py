"""Compares a stage with quotas of AWS, before anything is changed.

Names are checked in `synthesis`, the sizes of policies in `policies`, and the nested stacks in `nested_stacks`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chalicelib import APP_NAME
from chalicelib.names import Names
from compiler import CompiledFlow, Project
from compiler.scheduled_start import scheduled_start
from infrastructure.errors import LimitError
from infrastructure.nested_stacks import MAX_RESOURCES, MAX_TEMPLATE
from infrastructure.tokens import longest

MAX_DEFINITION = 1_048_576
"""Bytes of a definition: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
MAX_SCHEDULE_INPUT = 262_144
"""Bytes of a schedule's target input: https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html"""
MAX_ENVIRONMENT = 4_096
"""Bytes of a function's variables: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
MAX_API_RESOURCES = 300
"""Paths of a REST API, with the paths above them: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""
MAX_OUTPUTS = MAX_PARAMETERS = 200
"""Of a template: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
MAX_OPERATION = 2_500
"""Resources that one operation may create, update or delete over nested stacks (same page)."""


def check_flows(flows: Project, names: Names) -> None:
    """Check what can be counted of each flow.

    Args:
        flows: The compiled flows.
        names: The stage's names; `template_names` counts as the longest names there are.

    Raises:
        LimitError: Something is too large, with a line for each flow.
    """
    found = [problem for flow in flows.flows.values() for problem in _problems(flow, names)]
    if found:
        raise LimitError("\n".join(found))


def _problems(flow: CompiledFlow, names: Names) -> Iterator[str]:
    definition = len(longest(flow.render(names)).encode())
    if definition > MAX_DEFINITION:
        yield (
            f"flow {flow.name}: its definition has {definition:,} bytes with the names of functions filled in, but "
            f"Step Functions allows {MAX_DEFINITION:,}; move a part of it to a flow of its own"
        )
    if flow.schedule is not None:
        request = len(longest(scheduled_start(flow, names)["Input"]).encode())
        if request > MAX_SCHEDULE_INPUT:
            yield (
                f"flow {flow.name}: the input of its schedule has {request:,} bytes, but EventBridge Scheduler allows "
                f"{MAX_SCHEDULE_INPUT:,}; store it in S3 and let the flow read it"
            )


def check_assembly(folder: Path) -> None:
    """Check the templates of a synthesised stage.

    Args:
        folder: The cloud assembly.

    Raises:
        LimitError: A template exceeds a quota of CloudFormation, with a line for each quota.
    """
    found = [problem for file in sorted(folder.glob("*.template.json")) for problem in _template_problems(file)]
    if found:
        raise LimitError("\n".join(found))


def _template_problems(file: Path) -> Iterator[str]:
    text = file.read_bytes()
    template = json.loads(text)
    name = file.name.split(".")[0]
    way_out = (
        "raise flow_stacks (for functions: function_stacks) in infrastructure/stages.py"
        if ".nested." in file.name
        else "remove some of what infrastructure/stack.py adds"
    )
    if len(text) > MAX_TEMPLATE:
        have = f"its template has {len(text):,} bytes"
        yield f"stack {name}: {have}, but CloudFormation allows {MAX_TEMPLATE:,}; {way_out}"
    limits = {"Resources": MAX_RESOURCES, "Outputs": MAX_OUTPUTS, "Parameters": MAX_PARAMETERS}
    for section, limit in limits.items():
        count = len(template.get(section, {}))
        if count > limit:
            yield f"stack {name}: it has {count} {section.lower()}, but CloudFormation allows {limit}; {way_out}"
    for key, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        yield from _environment_problems(key, properties)
        if isinstance(properties.get("DefinitionBody"), dict):
            yield from _api_problems(properties["DefinitionBody"].get("paths", {}))


def _environment_problems(key: str, properties: Mapping[str, Any]) -> Iterator[str]:
    environment = properties.get("Environment")
    variables = environment.get("Variables", {}) if isinstance(environment, dict) else {}
    used = len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())
    if used > MAX_ENVIRONMENT:
        name = properties.get("FunctionName", key)
        shown = name.removeprefix(f"{APP_NAME}-") if isinstance(name, str) else key
        yield (
            f"function {shown}: its environment variables have {used:,} bytes, but Lambda allows {MAX_ENVIRONMENT:,}; "
            "shorten environment_variables in .chalice/config.json, or cors_origins in infrastructure/stages.py"
        )


def _api_problems(paths: Iterable[str]) -> Iterator[str]:
    resources = {"/".join(parts[: n + 1]) for path in paths for parts in [path.split("/")] for n in range(len(parts))}
    if len(resources) > MAX_API_RESOURCES:
        yield (
            f"API: it has {len(resources)} paths, but API Gateway allows {MAX_API_RESOURCES}; let plugins use one "
            "route with a path parameter instead of several routes"
        )
