"""The definition as a whole: its syntax, its size and the fields at its top."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from asl.language.checks.base import SCHEMA, Check, Report, Rules
from asl.language.diagnosis import Diagnosis, Severity
from asl.language.model import escape_pointer
from asl.language.values import read_json

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

NOT_JSON = Check("definition-json", "A definition must be valid JSON.", code="INVALID_JSON_DESCRIPTION")
NOT_OBJECT = Check("definition-object", "A definition must be a JSON object.")
TOO_LARGE = Check("definition-size", "A definition may have at most 1,048,576 bytes.")
TOO_DEEP = Check(
    "nesting-depth", "Branches and processors can be nested only to a limited depth.", code="TOO_DEEPLY_NESTED"
)
MACHINE_FIELDS = Check("machine-fields", "A state machine may have only the fields that the language defines.")
VERSION = Check("machine-version", "Version must be 1.0.")

MAX_BYTES = 1_048_576
_FIELDS = frozenset({"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"})
_WORD = re.compile(r"[^\W\d]\w*")
_MAX_QUOTED = 500

# The member names that the JSON text of an object repeats, by the identity of the parsed object.
Repeated = dict[int, list[str]]


def read(definition: Any, report: Report) -> tuple[dict[str, Any] | None, Repeated]:
    """Return the definition as an object, None if it isn't one, and the names that objects in it repeat."""
    repeated: Repeated = {}
    if isinstance(definition, str):
        if len(definition) > MAX_BYTES or len(definition.encode("utf-8", "surrogatepass")) > MAX_BYTES:
            report.add(TOO_LARGE, f"Definition must not be longer than {MAX_BYTES} bytes", "")
        if not definition.strip():
            _add_unplaced(report, NOT_OBJECT, SCHEMA, "Definition must be a valid JSON object")
            return None, repeated
        try:
            definition = _parse(definition, repeated)
        except json.JSONDecodeError as error:
            _report_syntax(definition, error, report)
            return None, repeated
        except (ValueError, RecursionError):
            report.add(TOO_DEEP, "The definition is too deeply nested", "")
            return None, repeated
    if not isinstance(definition, dict):
        _add_unplaced(report, NOT_OBJECT, SCHEMA, "Definition must be a valid JSON object")
        return None, repeated
    return definition, repeated


def check_document(document: dict[str, Any], report: Report) -> None:
    """Check the fields at the top, except those of every flow: `StartAt` and `States` are checked with the flows."""
    for name in document:
        if name not in _FIELDS:
            report.add(MACHINE_FIELDS, f"Field '{name}' is not supported", f"/{escape_pointer(name)}", at="")
    version = document.get("Version", "1.0")
    if version != "1.0":
        report.add(VERSION, "Value should be one of the following: [1.0]", "/Version")
    timeout = document.get("TimeoutSeconds", 1)
    if not isinstance(timeout, int) or isinstance(timeout, bool):
        report.add(MACHINE_FIELDS, "Expected value of type Integer", "/TimeoutSeconds")
    elif timeout < 0:
        report.add(MACHINE_FIELDS, "Minimum value is 0", "/TimeoutSeconds")
    if not isinstance(document.get("Comment", ""), str):
        report.add(MACHINE_FIELDS, "Expected value of type [STRING]", "/Comment")
    language = document.get("QueryLanguage", "JSONPath")
    if not isinstance(language, str):
        report.add(MACHINE_FIELDS, "Expected value of type [STRING]", "/QueryLanguage")
    elif language not in ("JSONPath", "JSONata"):
        report.add(MACHINE_FIELDS, "Value should be one of the following: [JSONPath, JSONata]", "/QueryLanguage")


def _parse(text: str, repeated: Repeated) -> Any:
    kept: list[dict[str, Any]] = []  # so that no identity is used again while parsing

    def make(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            seen: set[str] = set()
            repeated[id(made)] = [name for name, _ in pairs if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
            kept.append(made)
        return made

    return read_json(text, make)


def _add_unplaced(report: Report, check: Check, code: str, message: str, location: str = "") -> None:
    report.diagnoses.append(Diagnosis(Severity.ERROR, code, message, "", check.id, location))


def _report_syntax(text: str, error: json.JSONDecodeError, report: Report) -> None:
    what, location = describe_syntax(text, error)
    _add_unplaced(report, NOT_JSON, NOT_JSON.code, f"{what}\n at {location}", location)


def describe_syntax(text: str, error: json.JSONDecodeError) -> tuple[str, str]:
    """Return the message of AWS's JSON parser, Jackson, for a text that is not JSON, and the location it names."""
    word = _WORD.match(text, error.pos)
    line, column = error.lineno, error.colno
    if word is not None:
        column += len(word.group())
        what = (
            f"Unrecognized token '{word.group()}': was expecting (JSON String, Number, Array, Object or token 'null', "
            "'true' or 'false')"
        )
    elif error.pos >= len(text):
        what = "Unexpected end-of-input"
    else:
        character = text[error.pos]
        what = f"Unexpected character ('{character}' (code {ord(character)})): {error.msg}"
    quoted = text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}[truncated {len(text) - _MAX_QUOTED} chars]"
    return what, f'[Source: (String)"{quoted}"; line: {line}, column: {column}]'


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import Example, one, pass_state

    return {
        "definition-json": Example(
            '{"StartAt": A}', "", '[Source: (String)"{"StartAt": A}"; line: 1, column: 14]', pass_state()
        ),
        "definition-object": Example("[]", "", "", pass_state()),
        "definition-size": Example('{"Comment": "%s"}' % ("x" * 1_048_576), "", "/", pass_state()),
        "nesting-depth": Example('{"States": ' + "[" * 100_000, "", "/", pass_state()),
        "machine-fields": Example(
            one({"Type": "Pass"}, Startat="A"), "/Startat", "/", one({"Type": "Pass"}, Comment="Starts at A")
        ),
        "machine-version": Example(
            one({"Type": "Pass"}, Version="2.0"), "/Version", "/Version", one({"Type": "Pass"}, Version="1.0")
        ),
    }


RULES = Rules(
    order=10,
    checks=(NOT_JSON, NOT_OBJECT, TOO_LARGE, TOO_DEEP, MACHINE_FIELDS, VERSION),
    document=check_document,
    examples=_examples,
)
