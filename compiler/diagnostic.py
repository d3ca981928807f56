"""What is wrong with a flow, and where: the form in which all findings are reported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """The severity of a finding. An error breaks its flow; the others do not."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Position:
    """A range in a file. Lines and columns count from 1; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


START = Position(1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about a flow's file.

    `check` is the id of the rule (see `python -m compiler explain CHECK`), `file` is relative to the project, `pointer`
    is the JSON pointer of the value in the flow's file, and `hint` says how to fix it, if that is known.
    """

    check: str
    severity: Severity
    message: str
    file: str
    position: Position = START
    pointer: str = ""
    hint: str = ""

    @property
    def line(self) -> int:
        return self.position.line

    @property
    def column(self) -> int:
        return self.position.column

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message}{hint} [{self.check}]"

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        return (self.file, self.line, self.column, self.check, self.message)
