"""What EXPRESS state machines cannot do."""

from __future__ import annotations

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, StateView
from asl.language.checks.resources import ACTIVITY

_PAGE = DEVELOPER_GUIDE + "choosing-workflow-type.html"
ACTIVITIES = Check("express-activity", "An EXPRESS state machine has no activities.", source=_PAGE)
PATTERN = Check("express-pattern", "An EXPRESS state machine waits for no job and no callback.", source=_PAGE)
DISTRIBUTED = Check("express-distributed-map", "An EXPRESS state machine has no distributed Map.", source=_PAGE)

CHECKS = (ACTIVITIES, PATTERN, DISTRIBUTED)


def check_state(state: StateView, report: Report) -> None:
    """What one state of an EXPRESS state machine asks for."""
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
