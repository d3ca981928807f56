"""What `asl.language` says about a definition, at the lines of the flow's file and with a hint.

Step Functions' own words stay as they are: they can be searched for. What they leave out is added as a hint
(`compiler.definition_hints`), and what only follows from another mistake is left out (`compiler.consequences`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asl.language.checks.documents import MAX_BYTES
from asl.language.diagnosis import ADVICE, Diagnosis, diagnose
from asl.language.diagnosis import Severity as DefinitionSeverity
from chalicelib.pointers import split
from compiler.consequences import without_consequences
from compiler.definition_hints import QUOTE, hint_of
from compiler.diagnostic import Diagnostic, Severity
from compiler.locating import origin
from compiler.placeholders import PLACEHOLDER
from compiler.source import Source

_PROBE = "arn:aws:lambda:us-east-1:123456789012:function:name"
_MACHINE_PROBE = "arn:aws:states:us-east-1:123456789012:stateMachine:name"
# Findings about a member's name, not its value.
_ABOUT_KEYS = frozenset(
    {"unknown-field", "query-language-field", "template-no-dollar", "variable-name", "variable-reserved"}
)


@dataclass(frozen=True, slots=True)
class WrittenDefinition:
    """A definition as a JSON value and as JSON text, with its `${...}`.

    `machine_type` is STANDARD or EXPRESS; `origins` maps pointers into an expanded definition to its short form.
    """

    value: Any
    text: str
    machine_type: str
    origins: Mapping[str, str]


def definition_diagnostics(source: Source, definition: WrittenDefinition) -> list[Diagnostic]:
    """Return the findings about the definition of the flow in `source`."""
    text = definition.text
    probed = json.loads(PLACEHOLDER.sub(_probe, text)) if "${" in text else definition.value
    result: list[Diagnostic] = []
    for item in without_consequences(diagnose(probed, machine_type=definition.machine_type)):
        pointer = origin("/definition" + item.pointer, definition.origins)
        position = source.position(pointer, key=_is_about_key(item))
        hint = _as_written(hint_of(item, probed), source.written(position))
        found = Diagnostic(item.check, _severity(item), item.message, source.path, position, pointer, hint)
        if not any(_same(found, known) for known in result):
            result.append(found)
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        message = f"Definition must not be longer than {MAX_BYTES} bytes"
        position = source.position("/definition", key=True)
        hint = "move data to S3 or to a table"
        result.append(Diagnostic("definition-size", Severity.ERROR, message, source.path, position, hint=hint))
    return result


def _as_written(hint: str, written: str) -> str:
    """Return a hint to quote a number with the number as it is written: `"007"` and `"1e3"`, as keys are read."""
    return f'{QUOTE}"{written}"' if hint.startswith(QUOTE) and re.fullmatch(r"[-+.\w]+", written) else hint


def _probe(match: re.Match[str]) -> str:
    """Stand in for a name while only the definition is judged: the linker judges what the name means."""
    return _MACHINE_PROBE if "StateMachine" in match[1] else _PROBE


def _same(first: Diagnostic, second: Diagnostic) -> bool:
    """Return whether two findings are one: an alias repeats the value of its anchor."""
    return (first.position, first.check, first.message) == (second.position, second.check, second.message)


def _severity(item: Diagnosis) -> Severity:
    if item.severity is DefinitionSeverity.ERROR:
        return Severity.ERROR
    return Severity.ADVICE if item.code == ADVICE else Severity.WARNING


def _is_about_key(item: Diagnosis) -> bool:
    tokens = split(item.pointer)
    return item.check in _ABOUT_KEYS or "Field '" in item.message or (len(tokens) > 1 and tokens[-2] == "States")
