"""The compiler of flows: from a YAML file to a state machine, every mistake with its line.

    from compiler import check_paths, compile_project

    project = compile_project()                      # every flow of this project
    project.flows["orderFlow"].render(names)         # its definition for one stage
    for diagnostic in check_paths(["flows"]):        # what is wrong, as an editor or a hook needs it
        print(diagnostic)

Never deployed: the API reads the catalog that this package writes (`chalicelib.flows.catalog`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.compiled import CompiledFlow, FunctionUse, Project
    from compiler.diagnostic import Diagnostic, Position, Severity
    from compiler.model import Schedule
    from compiler.project import check_paths, compile_project

__all__ = [
    "CompiledFlow",
    "Diagnostic",
    "FunctionUse",
    "Position",
    "Project",
    "Schedule",
    "Severity",
    "check_paths",
    "compile_project",
]

_MODULES = {
    "CompiledFlow": "compiled",
    "Diagnostic": "diagnostic",
    "FunctionUse": "compiled",
    "Position": "diagnostic",
    "Project": "compiled",
    "Schedule": "model",
    "Severity": "diagnostic",
    "check_paths": "project",
    "compile_project": "project",
}


def __getattr__(name: str) -> object:
    """Import what is asked for: `python -m compiler` starts without the project's dependencies to say how to get them.

    Raises:
        AttributeError: The package has no such name.
    """
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
