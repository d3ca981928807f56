"""What the API needs to know about flows at run time.

On Lambda this is one JSON file, `chalicelib/catalog.json`, written when the project is packaged: the deployed code
parses no YAML. A process on a developer's machine (the API of `make run`, Chalice's command line) sets another source
with `use_source`, which compiles the flows when their files change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chalicelib.names import Names
from chalicelib.settings import PROJECT, settings

CATALOG_FILE = Path("chalicelib", "catalog.json")
DETAILS_FILE = Path("chalicelib", "catalog_details.json")
"""What only the page of a flow shows, by the flow's name: it is read when it is asked for, which no start needs."""
FORMAT = 1
"""Version of the file's format, to increase when older readers can't read newer files."""


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
    labels: Mapping[str, str] = field(default_factory=dict)
    """Reference paths into the input, by the names of the labels whose values they give."""
    mcp: bool = True
    """Whether it is a tool of `POST /mcp`."""
    notify: tuple[Mapping[str, Any], ...] = ()
    """The calls at the end of a run: `url`, the name of the `secret`, and the statuses `on` which they are sent."""

    def state_machine_arn(self, names: Names) -> str:
        """Return the ARN of its state machine in one stage."""
        return names.state_machine_arn(self.name, self.type)


@dataclass(frozen=True, slots=True)
class CatalogFunction:
    """A library function that flows call, with its settings: `timeout` in seconds, `memory` in MB."""

    name: str
    timeout: int
    memory: int


Details = Callable[[str], Mapping[str, Any] | None]
"""Returns what is known of a flow's file, graph, functions and permissions, as `GET /flows/{name}` answers it."""


def _no_details(name: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Catalog:
    """All flows by name. `broken` has the errors of each flow that can't run, one line each."""

    flows: Mapping[str, CatalogFlow]
    broken: Mapping[str, tuple[str, ...]]
    functions: Mapping[str, CatalogFunction]
    details: Details = field(default=_no_details, compare=False)


Source = Callable[[], Catalog]
"""Returns the current catalog; called for every request, from several threads."""


class PackagedCatalog:
    """The catalog of a package, read from `catalog.json` at the first call, or when the file has changed."""

    def __init__(self, root: Path = PROJECT) -> None:
        self._file = Path(settings.catalog_file) if settings.catalog_file else root / CATALOG_FILE
        self._value: Catalog | None = None
        self._details: dict[str, Any] | None = None
        self._changed: int | None = None

    def __call__(self) -> Catalog:
        """Return the catalog.

        Raises:
            FileNotFoundError: The package was built without a catalog.
        """
        if self._value is None or (settings.catalog_file and self._file.stat().st_mtime_ns != self._changed):
            try:
                self._changed = self._file.stat().st_mtime_ns
                content = json.loads(self._file.read_bytes())
            except FileNotFoundError:
                raise FileNotFoundError(
                    f"{self._file} is missing: run `python -m compiler catalog` before packaging"
                ) from None
            self._value = _from_json(content, self._find_details)
        return self._value

    def _find_details(self, name: str) -> Mapping[str, Any] | None:
        if self._details is None:
            try:
                self._details = json.loads((self._file.parent / DETAILS_FILE.name).read_bytes())
            except FileNotFoundError:
                self._details = {}
        return self._details.get(name)


_source: Source = PackagedCatalog()


def catalog() -> Catalog:
    """Return the current catalog, from the source that this process uses."""
    return _source()


def use_source(source: Source) -> None:
    """Let `catalog` ask `source` from now on."""
    global _source  # noqa: PLW0603  (one application a process, as with Chalice's own)
    _source = source


def _from_json(value: dict[str, Any], details: Details) -> Catalog:
    flows = {}
    for item in value["flows"]:
        missing = dict.fromkeys(CatalogFlow.__slots__)
        lists = {name: tuple(item.get(name, ())) for name in ("access_groups", "references", "functions", "notify")}
        others = {"labels": item.get("labels") or {}, "mcp": item.get("mcp", True)}
        flows[item["name"]] = CatalogFlow(**{**missing, **item, **lists, **others})
    functions = {item["name"]: CatalogFunction(**item) for item in value["functions"]}
    return Catalog(flows, {}, functions, details)
