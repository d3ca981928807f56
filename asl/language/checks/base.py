"""What checks are made of: their descriptions, the views of a definition they look at, the report they write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from asl.language.diagnosis import ADVICE, Diagnosis, Severity
from asl.language.model import QueryLanguage, escape_pointer

SPECIFICATION = "https://states-language.net/spec.html"
DEVELOPER_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/"
SCHEMA = "SCHEMA_VALIDATION_FAILED"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: its name, what it says, how much its breach weighs, AWS's code for it and the page that states it."""

    id: str
    description: str
    severity: Severity = Severity.ERROR
    code: str = SCHEMA
    source: str = SPECIFICATION


def advice(id: str, description: str, source: str = SPECIFICATION) -> Check:
    """A rule whose breach AWS accepts without a word."""
    return Check(id, description, Severity.WARNING, ADVICE, source)


class StateView:
    """A state as written. `language` is the effective one; `downgraded` says that AWS refuses the one it declares."""

    __slots__ = ("downgraded", "fields", "flow", "jsonata", "name", "pointer", "type")

    def __init__(self, name: str, fields: dict[str, Any], pointer: str, flow: FlowView, machine_jsonata: bool) -> None:
        self.name = name
        self.fields = fields
        self.pointer = pointer
        self.flow = flow
        self.type: Any = fields.get("Type")
        declared = fields.get("QueryLanguage")
        self.downgraded = machine_jsonata and declared == QueryLanguage.JSONPATH
        # AWS reads any other value as JSONata, besides refusing it.
        self.jsonata = machine_jsonata if declared is None else declared != QueryLanguage.JSONPATH

    def at(self, field: str) -> str:
        """The pointer of a field."""
        return f"{self.pointer}/{escape_pointer(field)}"

    def entries(self, field: str) -> Iterator[tuple[dict[str, Any], str]]:
        """The objects in a field's list, each with its pointer."""
        items = self.fields.get(field)
        if isinstance(items, list):
            for index, item in enumerate(items):
                if isinstance(item, dict):
                    yield item, f"{self.pointer}/{field}/{index}"


class FlowView:
    """States and where they start, as written. `parent` is the state that holds the flow, None for the machine's."""

    __slots__ = ("fields", "parent", "pointer", "start_at", "states")

    def __init__(self, fields: dict[str, Any], pointer: str, parent: StateView | None, machine_jsonata: bool) -> None:
        self.fields = fields
        self.pointer = pointer
        self.parent = parent
        self.start_at = fields.get("StartAt")
        states = fields.get("States")
        self.states: dict[str, StateView] = {
            name: StateView(name, state, f"{pointer}/States/{escape_pointer(name)}", self, machine_jsonata)
            for name, state in (states.items() if isinstance(states, dict) else ())
            if isinstance(state, dict)
        }


class Report:
    """Collects diagnoses."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.diagnoses: list[Diagnosis] = []

    def add(self, check: Check, message: str, pointer: str, *, at: str | None = None, code: str | None = None) -> None:
        """Report a breach. `at` is the pointer of the place AWS names, if it is not that of the value itself."""
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
        """A pointer as AWS writes places: `/States/A/Choices[0]/Next`."""
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
