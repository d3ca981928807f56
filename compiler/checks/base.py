"""What a check is, and what it sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from compiler.diagnostic import Severity
from compiler.states import Step, steps_of

if TYPE_CHECKING:
    from chalicelib.functions import Function
    from compiler.linked import Linked
    from compiler.model import Flow


@dataclass(frozen=True, slots=True)
class Finding:
    """Where and what a check found. `pointer` is that of a value in the flow's file.

    The position is that of the value, of its key (`at_key`), or of character `offset` of the string. A pointer into the
    definition starts with `/definition`, whichever form the file has.
    """

    pointer: str
    message: str
    hint: str = ""
    at_key: bool = False
    offset: int | None = None
    severity: Severity | None = None
    """If it differs from the check's own."""


@dataclass(frozen=True)
class FileView:
    """What a check of one file sees: the flow, and the names in its `${...}`.

    `complete` is false if parts of the flow are missing because the file is malformed.
    """

    flow: Flow
    placeholders: tuple[str, ...]
    short_form: bool = False
    complete: bool = True

    @cached_property
    def steps(self) -> list[Step]:
        """Every state of the definition, wherever it is nested."""
        return list(steps_of(self.flow.definition, "/definition"))


@dataclass(frozen=True)
class ProjectView:
    """What a check that looks beyond one file sees: all functions, all flows, and the names of those broken so far."""

    functions: Mapping[str, Function]
    flows: Mapping[str, Linked]
    broken: frozenset[str] = frozenset()

    @cached_property
    def settings(self) -> Mapping[str, dict[str, tuple[int, str]]]:
        """The largest timeout and memory that any flow requests for each function, and the file that requests it."""
        largest: dict[str, dict[str, tuple[int, str]]] = {}
        for linked in self.flows.values():
            for entry in linked.flow.functions:
                function = linked.aliases.get(entry.name)
                for setting, value in (("timeout", entry.timeout), ("memory", entry.memory)):
                    if function is not None and value is not None:
                        known = largest.setdefault(function, {})
                        if value > known.get(setting, (0, ""))[0]:
                            known[setting] = (value, linked.unit.path)
        return largest

    @cached_property
    def cyclic(self) -> Mapping[str, tuple[str, ...]]:
        """Each flow that starts itself, directly or through others, with the flows in between."""
        return {name: path for name in self.flows if (path := self._way_back(name)) is not None}

    def _way_back(self, name: str) -> tuple[str, ...] | None:
        seen: set[str] = set()
        pending: list[tuple[str, tuple[str, ...]]] = [(item, ()) for item in reversed(self.flows[name].references)]
        while pending:
            current, between = pending.pop()
            if current == name:
                return between
            if current in seen or current not in self.flows:
                continue
            seen.add(current)
            pending.extend((reference, (*between, current)) for reference in self.flows[current].references)
        return None


FileCheck = Callable[[FileView], Iterable[Finding]]
ProjectCheck = Callable[["Linked", ProjectView], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A rule: what it finds and why, with a flow that breaks it and one that does not.

    `file` looks at a file on its own, `project` at a flow among the others; a check without either is reported by the
    stage that reads files. `source` is where the rule is documented. In `wrong`, `# <-` ends the line that is found.
    Warnings and advice can be silenced on a line; an error only if `silenceable`, since most stop the deployment.
    """

    id: str
    severity: Severity
    summary: str
    description: str
    source: str
    wrong: str
    right: str
    file: FileCheck | None = None
    project: ProjectCheck | None = None
    silenceable: bool = False
    library: Mapping[str, str] = field(default_factory=dict)
    """Functions that the wrong example needs in addition to `hello_world`: name and source of the handler."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Other flows that the wrong example needs: name and content of the file."""


def flow(head: str = "", *, task: str = "", definition: str = "", tail: str = "") -> str:
    """Return an example: a flow named `greet` with one task, and with the given lines inserted.

    Args:
        head: Lines before the functions; may replace the name or the functions.
        task: Lines of the task state.
        definition: Lines that replace the definition.
        tail: Lines at the end.
    """
    body = definition or (
        "definition:\n  StartAt: Greet\n  States:\n    Greet:\n      Type: Task\n"
        f"      Resource: ${{HelloArn}}\n{task}      End: true\n"
    )
    functions = (
        "" if "functions:" in head + tail else "functions:\n  - {name: Hello, handler: hello_world, timeout: 30}\n"
    )
    name = "" if head.startswith("name:") else "name: greet\n"
    return name + head + functions + body + tail
