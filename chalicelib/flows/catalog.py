"""What the API needs to know about flows at run time.

On Lambda this is one JSON file, `chalicelib/catalog.json`, written when the project is packaged: the deployed code
parses no YAML. Where a folder `flows/` lies beside `app.py`, on a developer's machine, the flows are compiled instead,
and again whenever a file changed.

Importing this module imports neither YAML nor the compiler.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.names import Names
from chalicelib.settings import PROJECT

if TYPE_CHECKING:
    from chalicelib.flows.compiled import Project

CATALOG_FILE = Path("chalicelib", "catalog.json")
FORMAT = 1
_CHEAP_SCAN = 0.002  # seconds; a look for changes that takes no longer is taken at every call
_SCAN_SHARE = 20  # a longer one at most this share of the time: 1/20


@dataclass(frozen=True, slots=True)
class CatalogFlow:
    """A flow as the API describes and starts it. `schedule` is `{expression, timezone, enabled}` or None."""

    name: str
    description: str
    type: str
    schedule: Mapping[str, Any] | None
    input: Any
    input_schema: Mapping[str, Any] | None
    access_groups: tuple[str, ...]
    definition: Mapping[str, Any]
    references: tuple[str, ...]
    functions: tuple[str, ...]
    plugin: str | None = None

    def state_machine_arn(self, names: Names) -> str:
        """The ARN of its state machine in one stage."""
        return names.state_machine_arn(self.name)


@dataclass(frozen=True, slots=True)
class CatalogFunction:
    """A library function that flows call, with its settings: `timeout` in seconds, `memory` in MB."""

    name: str
    timeout: int
    memory: int


@dataclass(frozen=True, slots=True)
class Catalog:
    """All flows by name. `broken` tells of each flow that cannot run why, one line a finding."""

    flows: Mapping[str, CatalogFlow]
    broken: Mapping[str, tuple[str, ...]]
    functions: Mapping[str, CatalogFunction]


def catalog(root: Path = PROJECT) -> Catalog:
    """The catalog of the project at `root`: compiled when its files changed, or read once from `catalog.json`.

    Safe to call for every request and from several threads.
    """
    with _lock:
        keeper = _keepers.get(root)
        if keeper is None:
            keeper = _keepers[root] = _Compiled(root) if (root / "flows").is_dir() else _Written(root)
    return keeper.get()


def write_catalog(root: Path = PROJECT) -> Path:
    """Compile the project and write its catalog for packaging; the same flows give the same bytes.

    Raises ValueError naming every error when a flow is broken: such a project must not be deployed.
    """
    from chalicelib.flows.compiler import compile_project

    project = compile_project(root)
    if project.errors:
        raise ValueError("Flows are broken:\n" + "\n".join(map(str, project.errors)))
    target = root / CATALOG_FILE
    content = json.dumps(_to_json(catalog_of(project)), ensure_ascii=False, separators=(",", ":"), sort_keys=False)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text(content + "\n", encoding="utf-8")
    temporary.replace(target)
    return target


def catalog_of(project: Project) -> Catalog:
    """The catalog of a compiled project."""
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
            )
            for name, flow in project.flows.items()
        },
        broken={name: tuple(map(str, found)) for name, found in sorted(project.broken.items())},
        functions={
            name: CatalogFunction(name, use.timeout, use.memory) for name, use in sorted(project.settings.items())
        },
    )


def _to_json(value: Catalog) -> dict[str, Any]:
    flows = [
        {field: getattr(flow, field) for field in CatalogFlow.__slots__ if getattr(flow, field) not in (None, ())}
        for flow in value.flows.values()
    ]
    return {"format": FORMAT, "flows": flows, "functions": [asdict(item) for item in value.functions.values()]}


def _from_json(value: dict[str, Any]) -> Catalog:
    flows = {}
    for item in value["flows"]:
        missing = dict.fromkeys(CatalogFlow.__slots__)
        lists = {name: tuple(item.get(name, ())) for name in ("access_groups", "references", "functions")}
        flows[item["name"]] = CatalogFlow(**{**missing, **item, **lists})
    functions = {item["name"]: CatalogFunction(**item) for item in value["functions"]}
    return Catalog(flows, {}, functions)


class _Written:
    """The catalog of a package, read at the first call."""

    def __init__(self, root: Path) -> None:
        self.file = root / CATALOG_FILE
        self.value: Catalog | None = None

    def get(self) -> Catalog:
        if self.value is None:
            try:
                content = json.loads(self.file.read_bytes())
            except FileNotFoundError:
                raise FileNotFoundError(
                    f"{self.file} is missing: package with `python -m chalicelib.flows catalog` first"
                ) from None
            self.value = _from_json(content)
        return self.value


class _Compiled:
    """The catalog of a project at work, compiled again when a flow or a function's file changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = threading.Lock()
        self.value: Catalog | None = None
        self.stamp: object = None
        self.next_look = 0.0

    def get(self) -> Catalog:
        value = self.value
        if value is not None and time.monotonic() < self.next_look:
            return value
        with self.lock:
            began = time.thread_time()  # its own time: a busy machine makes no look dearer
            stamp = _stamp(self.root)
            cost = time.thread_time() - began
            # The more files, the longer a look takes and the longer the answer is kept.
            self.next_look = time.monotonic() + cost * _SCAN_SHARE if cost > _CHEAP_SCAN else 0.0
            if self.value is None or stamp != self.stamp:
                from chalicelib.flows.compiler import compile_project

                self.value = catalog_of(compile_project(self.root))
                self.stamp = stamp
            return self.value


def _stamp(root: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes when a flow or a function's file is added, edited or removed."""
    from chalicelib import plugins

    found: list[tuple[str, int, int]] = []
    libraries = [root / "chalicelib" / "lib"]
    folders = [root / "flows"]
    for plugin in plugins.installed(root):
        libraries.append(plugin.functions)
        folders.append(plugin.flows)
    for folder in folders:
        _stamp_files(folder, found)
    for library in libraries:
        for entry in _entries(library):
            handler = os.path.join(entry.path, "handler.py")  # noqa: PTH118  (a Path would cost more than the look)
            try:
                status = os.stat(handler)  # noqa: PTH116
            except OSError:
                continue
            found.append((handler, status.st_mtime_ns, status.st_size))
    return tuple(found)


def _stamp_files(folder: Path | str, found: list[tuple[str, int, int]]) -> None:
    for entry in _entries(folder):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            _stamp_files(entry.path, found)
        elif entry.name.endswith((".yml", ".yaml")):
            try:
                status = entry.stat()
            except OSError:
                continue
            found.append((entry.path, status.st_mtime_ns, status.st_size))


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


_keepers: dict[Path, _Compiled | _Written] = {}
_lock = threading.Lock()
