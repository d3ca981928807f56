"""The compiler of flows: from a YAML file to a state machine, every mistake with its line.

    from compiler import check_paths, compile_project

    project = compile_project()                      # every flow of this project
    project.flows["orderFlow"].render(names)         # its definition for one stage
    for diagnostic in check_paths(["flows"]):        # what is wrong, as an editor or a hook needs it
        print(diagnostic)

Never deployed: the API reads the catalog that this package writes (`chalicelib.flows.catalog`).
"""

from compiler.compiled import CompiledFlow, FunctionUse, Project
from compiler.diagnostic import Diagnostic, Position, Severity
from compiler.model import Schedule
from compiler.project import check_paths, compile_project
from compiler.schedule import ScheduleError, parse_schedule

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
