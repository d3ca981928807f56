"""What the page of a flow shows of its file: the text, findings, graph, functions and permissions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chalicelib.files import read_text
from chalicelib.functions import find
from chalicelib.graphs.coordinates import picture_of
from compiler.compiled import CompiledFlow, Project
from compiler.diagnostic import Diagnostic


class FlowDetails:
    """The details of a project's flows, each computed when it is asked for."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[str, dict[str, Any]] = {}

    def __call__(self, name: str) -> dict[str, Any] | None:
        """Return the details of a flow; of a broken one only those of its file. None if there is no such flow."""
        if name not in self._known:
            flow, broken = self._project.flows.get(name), self._project.broken.get(name)
            if flow is not None:
                self._known[name] = {**self._file(flow.path.as_posix()), **_of_flow(flow, self._project.root)}
            elif broken:
                self._known[name] = self._file(broken[0].file)
        return self._known.get(name)

    def _file(self, path: str) -> dict[str, Any]:
        try:
            source = read_text(self._project.root / path)
        except (OSError, ValueError):  # removed meanwhile, or not UTF-8, which is a finding
            source = ""
        findings = [_finding(item) for item in self._project.diagnostics if item.file == path]
        return {"file": path, "source": source, "findings": findings}


def _finding(item: Diagnostic) -> dict[str, Any]:
    return {
        "check": item.check,
        "severity": item.severity.value,
        "message": item.message,
        "hint": item.hint,
        "line": item.line,
        "column": item.column,
    }


def _of_flow(flow: CompiledFlow, root: Path) -> dict[str, Any]:
    uses = [
        {
            "alias": use.alias,
            "function": use.function,
            "file": _code(use.function, root),
            "timeout": use.timeout,
            "memory": use.memory,
        }
        for use in flow.functions
    ]
    permissions = [
        {
            "sid": item.sid,
            "effect": item.effect,
            "actions": list(item.actions),
            "resources": list(item.resources),
            "note": item.note,
        }
        for item in flow.permissions
    ]
    return {
        "uses": uses,
        "references": list(flow.references),
        "accessGroups": list(flow.access_groups),
        "permissions": permissions,
        "graph": picture_of(flow.definition, flow.name),
    }


def _code(function: str, root: Path) -> str:
    """Return where a function's code is, relative to the project."""
    found = find(function, root)
    return "" if found is None else found.path.relative_to(root).as_posix()
