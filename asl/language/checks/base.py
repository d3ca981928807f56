"""What rules are made of: descriptions, views of a definition, and the report that diagnoses are added to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from asl.language.diagnosis import ADVICE, Diagnosis, Severity
from asl.language.model import QueryLanguage, escape_pointer

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

SPECIFICATION = "https://states-language.net/spec.html"
DEVELOPER_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/"
SCHEMA = "SCHEMA_VALIDATION_FAILED"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: its id, what it demands, its severity, AWS's code for it and the page that documents it."""

    id: str
    description: str
    severity: Severity = Severity.ERROR
    code: str = SCHEMA
    source: str = SPECIFICATION


def advice(id: str, description: str, source: str = SPECIFICATION) -> Check:
    """Return a rule of our own: AWS accepts definitions that break it without a warning."""
    return Check(id, description, Severity.WARNING, ADVICE, source)


@dataclass(slots=True)
class MachineView:
    """A state machine as written.

    `flows` are the flows visited so far, from the top down; the first is the machine's own.
    `repeated` has the names that the JSON text of an object repeats, by the identity of the object.
    """

    document: dict[str, Any]
    express: bool
    repeated: dict[int, list[str]]
    flows: list[FlowView] = field(default_factory=list)

    @property
    def jsonata(self) -> bool:
        """Whether the expressions are JSONata where a state doesn't say otherwise."""
        return self.document.get("QueryLanguage") not in (None, QueryLanguage.JSONPATH)


class StateView:
    """A state as written.

    `jsonata` is whether its expressions are JSONata; `downgraded` is whether AWS refuses the language that it declares.
    """

    __slots__ = ("downgraded", "fields", "flow", "jsonata", "name", "pointer", "type")

    def __init__(self, name: str, fields: dict[str, Any], pointer: str, flow: FlowView, machine_jsonata: bool) -> None:
        self.name = name
        self.fields = fields
        self.pointer = pointer
        self.flow = flow
        self.type: Any = fields.get("Type")
        declared = fields.get("QueryLanguage")
        self.downgraded = machine_jsonata and declared == QueryLanguage.JSONPATH
        # AWS refuses any other value and reads the state as JSONata.
        self.jsonata = machine_jsonata if declared is None else declared != QueryLanguage.JSONPATH

    def at(self, field: str) -> str:
        """Return the pointer of a field."""
        return f"{self.pointer}/{escape_pointer(field)}"

    def entries(self, field: str) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield the objects in a field's list, each with its pointer."""
        items = self.fields.get(field)
        if isinstance(items, list):
            for index, item in enumerate(items):
                if isinstance(item, dict):
                    yield item, f"{self.pointer}/{field}/{index}"

    def inner_flows(self) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield the branches or the processor of the state, each with its pointer."""
        if self.type == "Parallel":
            yield from self.entries("Branches")
        elif self.type == "Map":
            # A state with both has a diagnosis of its own.
            for name in ("ItemProcessor", "Iterator"):
                processor = self.fields.get(name)
                if isinstance(processor, dict):
                    yield processor, self.at(name)
                    return


class FlowView:
    """A `States` object with its `StartAt`, as written.

    `parent` is the state that contains the flow, None for the machine's own.
    """

    __slots__ = ("fields", "machine", "parent", "pointer", "start_at", "states")

    def __init__(self, fields: dict[str, Any], pointer: str, parent: StateView | None, machine: MachineView) -> None:
        self.fields = fields
        self.pointer = pointer
        self.parent = parent
        self.machine = machine
        self.start_at = fields.get("StartAt")
        states, jsonata = fields.get("States"), machine.jsonata
        self.states: dict[str, StateView] = {
            name: StateView(name, state, f"{pointer}/States/{escape_pointer(name)}", self, jsonata)
            for name, state in (states.items() if isinstance(states, dict) else ())
            if isinstance(state, dict)
        }


class Report:
    """Collects the diagnoses of a definition."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.diagnoses: list[Diagnosis] = []

    def add(self, check: Check, message: str, pointer: str, *, at: str | None = None, code: str | None = None) -> None:
        """Add the diagnosis of a broken rule.

        Args:
            check: The rule.
            message: What is wrong.
            pointer: The JSON pointer of the value that is wrong.
            at: The JSON pointer of the place that AWS names, if it isn't the value itself.
            code: AWS's code, if it isn't the rule's.
        """
        self.diagnoses.append(
            Diagnosis(
                check.severity,
                code or check.code,
                message,
                pointer,
                check.id,
                self.location(pointer if at is None else at),
            )
        )

    def location(self, pointer: str) -> str:
        """Return a pointer in AWS's notation: `/States/A/Choices[0]/Next`."""
        node: Any = self.document
        parts: list[str] = []
        for token in pointer.split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            if isinstance(node, list):
                parts.append(f"[{name}]")
                index = int(name)
                node = node[index] if index < len(node) else None
            else:
                parts.append(f"/{name}")
                node = node.get(name) if isinstance(node, dict) else None
        return "".join(parts) or "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a module of rules registers, as its `RULES`.

    Attributes:
        order: The modules are applied from the lowest to the highest, and so their diagnoses are listed. AWS's own
            order is kept up to 180; rules that are added come last by default.
        checks: The rules.
        document: Adds the diagnoses of the fields at the top of a definition, before any state is visited.
        flow: Adds those of one flow, before its states are visited.
        state: Adds those of one state.
        machine: Adds those of the whole state machine, after all states have been visited.
        examples: Returns an example for each rule, by the rule's id.
    """

    checks: tuple[Check, ...]
    examples: Callable[[], dict[str, Example]]
    order: int = 1000
    document: Callable[[dict[str, Any], Report], None] | None = None
    flow: Callable[[FlowView, Report], None] | None = None
    state: Callable[[StateView, Report], None] | None = None
    machine: Callable[[MachineView, Report], None] | None = None
