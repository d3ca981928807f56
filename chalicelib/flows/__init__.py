"""The compiler of flows: from a YAML file to a state machine, every mistake with its line.

    from chalicelib.flows import check_paths, compile_project

    project = compile_project()                      # every flow of this project
    project.flows["orderFlow"].render(names)         # its definition for one stage
    for diagnostic in check_paths(["flows"]):        # what is wrong, as an editor or a hook needs it
        print(diagnostic)

Importing this package reads nothing and imports neither YAML nor the States Language: names load when first used. The
deployed API uses `chalicelib.flows.catalog` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.flows.compiled import CompiledFlow, FunctionUse, Project
    from chalicelib.flows.compiler import check_paths, compile_project
    from chalicelib.flows.diagnostic import Diagnostic, Position, Severity
    from chalicelib.flows.model import Schedule
    from chalicelib.flows.schedule import ScheduleError, parse_schedule

_HOMES = {
    "CompiledFlow": "compiled",
    "Diagnostic": "diagnostic",
    "FunctionUse": "compiled",
    "Position": "diagnostic",
    "Project": "compiled",
    "Schedule": "model",
    "ScheduleError": "schedule",
    "Severity": "diagnostic",
    "check_paths": "compiler",
    "compile_project": "compiler",
    "parse_schedule": "schedule",
}

__all__ = [
    "CompiledFlow",
    "Diagnostic",
    "FunctionUse",
    "Position",
    "Project",
    "Schedule",
    "ScheduleError",
    "Severity",
    "check_paths",
    "compile_project",
    "parse_schedule",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
