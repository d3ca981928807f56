"""What EXPRESS state machines don't support."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView
from asl.language.checks.resources import ACTIVITY

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "choosing-workflow-type.html"
ACTIVITIES = Check("express-activity", "An EXPRESS state machine can't use activities.", source=_PAGE)
PATTERN = Check("express-pattern", "An EXPRESS state machine can't wait for jobs or callbacks.", source=_PAGE)
DISTRIBUTED = Check("express-distributed-map", "An EXPRESS state machine can't have a distributed Map.", source=_PAGE)


def check_state(state: StateView, report: Report) -> None:
    """Check what one state of an EXPRESS state machine needs."""
    if not state.flow.machine.express:
        return
    resource = state.fields.get("Resource")
    if state.type == "Task" and isinstance(resource, str):
        pointer = state.at("Resource")
        if ACTIVITY.fullmatch(resource):
            report.add(ACTIVITIES, "Express state machine does not support Activity ARN", pointer)
        else:
            for pattern in (".sync", ".waitForTaskToken"):
                if resource.removesuffix(":2").endswith(pattern):
                    # The space at the end is AWS's.
                    message = f"Express state machine does not support '{pattern}' service integration "
                    report.add(PATTERN, message, pointer)
    if state.type == "Map":
        for field in ("ItemProcessor", "Iterator"):
            processor = state.fields.get(field)
            config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
            if isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED":
                report.add(
                    DISTRIBUTED,
                    "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines",
                    f"{state.at(field)}/ProcessorConfig/Mode",
                )


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import ACTIVITY_ARN, DISTRIBUTED_MAP, Example, map_state, task

    return {
        "express-activity": Example(
            task(Resource=ACTIVITY_ARN), "/States/A/Resource", "/States/A/Resource", task(), machine_type="EXPRESS"
        ),
        "express-pattern": Example(
            task(Resource="arn:aws:states:::states:startExecution.sync:2"),
            "/States/A/Resource",
            "/States/A/Resource",
            task(Resource="arn:aws:states:::states:startExecution"),
            machine_type="EXPRESS",
        ),
        "express-distributed-map": Example(
            map_state(DISTRIBUTED_MAP),
            "/States/A/ItemProcessor/ProcessorConfig/Mode",
            "/States/A/ItemProcessor/ProcessorConfig/Mode",
            map_state(),
            machine_type="EXPRESS",
        ),
    }


RULES = Rules(
    order=150,
    checks=(ACTIVITIES, PATTERN, DISTRIBUTED),
    state=check_state,
    examples=_examples,
)
