"""The catalog of a compiled project: what the deployed API knows about its flows."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chalicelib.flows.catalog import CATALOG_FILE, DETAILS_FILE, FORMAT, Catalog, CatalogFlow, CatalogFunction
from chalicelib.settings import PROJECT
from compiler.compiled import Project
from compiler.flow_details import FlowDetails
from compiler.project import compile_project


def write_catalog(root: Path = PROJECT) -> Path:
    """Compile the project and write its catalog for packaging; the same flows give the same bytes.

    Args:
        root: The project's folder.

    Returns:
        The file that was written; the details of flows are in another one beside it.

    Raises:
        ValueError: A flow is broken; names every error. Such a project must not be deployed.
    """
    project = compile_project(root)
    if project.errors:
        raise ValueError("Flows are broken:\n" + "\n".join(map(str, project.errors)))
    known = catalog_of(project)
    _write({name: known.details(name) for name in known.flows}, root / DETAILS_FILE)
    return write_catalog_file(known, root / CATALOG_FILE)


def write_catalog_file(catalog: Catalog, target: Path) -> Path:
    """Write a catalog, without what is broken; readers see the old file or the new one."""
    return _write(_to_json(catalog), target)


def _write(value: Any, target: Path) -> Path:
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=False)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text(content + "\n", encoding="utf-8")
    temporary.replace(target)
    return target


def catalog_of(project: Project) -> Catalog:
    """Return the catalog of a compiled project."""
    return Catalog(
        flows={
            name: CatalogFlow(
                name=name,
                description=flow.description,
                type=flow.type,
                schedule=asdict(flow.schedule) if flow.schedule else None,
                input=flow.input,
                input_schema=flow.input_schema,
                access_groups=flow.access_groups,
                definition=flow.definition,
                references=flow.references,
                functions=tuple(dict.fromkeys(use.function for use in flow.functions)),
                plugin=flow.plugin,
                labels=flow.labels,
                mcp=flow.mcp,
                notify=tuple(asdict(entry) for entry in flow.notify),
            )
            for name, flow in project.flows.items()
        },
        broken={name: tuple(map(str, found)) for name, found in sorted(project.broken.items())},
        functions={
            name: CatalogFunction(name, use.timeout, use.memory) for name, use in sorted(project.settings.items())
        },
        details=FlowDetails(project),
    )


def _to_json(value: Catalog) -> dict[str, Any]:
    flows = [
        {field: getattr(flow, field) for field in CatalogFlow.__slots__ if getattr(flow, field) not in (None, (), {})}
        for flow in value.flows.values()
    ]
    return {"format": FORMAT, "flows": flows, "functions": [asdict(item) for item in value.functions.values()]}
