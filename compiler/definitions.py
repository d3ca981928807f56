"""What `asl.language` says about a definition, at the lines of the flow's file and with the way out.

Step Functions' own words stay: they can be searched for. What they leave out is added as a hint, and what only follows
from another mistake (the state that a misspelt `Next` does not reach) is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asl.language.checks.documents import MAX_BYTES
from asl.language.checks.fields import FIELDS, STATE_TYPES
from asl.language.choice import OPERATORS
from asl.language.diagnosis import ADVICE, Diagnosis, diagnose
from asl.language.diagnosis import Severity as DefinitionSeverity
from asl.language.errors import SyntaxProblem
from chalicelib.flows.suggestions import nearest, suggestion
from compiler.diagnostic import Diagnostic, Severity
from compiler.locating import origin
from compiler.placeholders import PLACEHOLDER
from compiler.pointers import join, split
from compiler.source import Source

_PROBE = "arn:aws:lambda:us-east-1:123456789012:function:name"
_MACHINE_PROBE = "arn:aws:states:us-east-1:123456789012:stateMachine:name"
_UNKNOWN_FIELD = re.compile(r"Field '(.*)' is not supported", re.DOTALL)
_NO_OPERATOR = "This object should have a comparison operator"
_REQUIRED = re.compile(r"These fields are required: \[(.*)\]|This object should have only one .*: \[(.*)\]")
# Findings about what a member is called, and not about its value.
_ABOUT_KEYS = frozenset(
    {"unknown-field", "query-language-field", "template-no-dollar", "variable-name", "variable-reserved"}
)
_MACHINE_FIELDS = ("Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version")
_HANDLER_FIELDS = (
    "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Next",
    "ResultPath", "Assign", "Output",
)  # fmt: skip
_OTHER_LANGUAGE = {
    "Parameters": "write Arguments",
    "Arguments": "write Parameters",
    "Items": "write ItemsPath",
    "ItemsPath": "write Items",
    "ResultPath": "write Output or Assign",
    "ResultSelector": "write Output or Assign",
    "OutputPath": "write Output",
    "InputPath": "read $states.input in an expression",
    "Output": "write OutputPath, ResultSelector or ResultPath",
}
_DASH = "write `>-`: the text then ends without a line break"


def definition_diagnostics(
    source: Source, definition: Any, text: str, machine_type: str, origins: Mapping[str, str]
) -> list[Diagnostic]:
    """The findings about a definition, given as an object and as JSON text; `origins` leads to its short form."""
    probed = json.loads(PLACEHOLDER.sub(_probe, text)) if "${" in text else definition
    result: list[Diagnostic] = []
    for item in _without_consequences(diagnose(probed, machine_type=machine_type)):
        pointer = origin("/definition" + item.pointer, origins)
        position = source.position(pointer, key=_is_about_key(item))
        hint = _hint(item, probed)
        found = Diagnostic(item.check, _severity(item), item.message, source.path, position, pointer, hint)
        if not any(_same(found, known) for known in result):
            result.append(found)
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        message = f"Definition must not be longer than {MAX_BYTES} bytes"
        position = source.position("/definition", key=True)
        hint = "keep data in S3 or in an item of a table"
        result.append(Diagnostic("definition-size", Severity.ERROR, message, source.path, position, hint=hint))
    return result


def _probe(match: re.Match[str]) -> str:
    """Stands in for a name while the definition alone is judged: what it means is judged later."""
    return _MACHINE_PROBE if "StateMachine" in match[1] else _PROBE


def _same(first: Diagnostic, second: Diagnostic) -> bool:
    """Whether two findings are one: an alias repeats what it stands for."""
    return (first.position, first.check, first.message) == (second.position, second.check, second.message)


def _severity(item: Diagnosis) -> Severity:
    if item.severity is DefinitionSeverity.ERROR:
        return Severity.ERROR
    return Severity.ADVICE if item.code == ADVICE else Severity.WARNING


def _is_about_key(item: Diagnosis) -> bool:
    tokens = split(item.pointer)
    return item.check in _ABOUT_KEYS or "Field '" in item.message or (len(tokens) > 1 and tokens[-2] == "States")


def _without_consequences(found: list[Diagnosis]) -> Iterator[Diagnosis]:
    """The findings without those that go away with another: a state that nothing reaches since a Next is misspelt."""
    if len(found) < 2:
        yield from found
        return
    dangling = {_flow_of(item.pointer) for item in found if item.check == "dangling-target"}
    shapeless = {_flow_of(item.pointer) for item in found if _breaks_transitions(item)}
    misspelt = [
        (item.pointer.rpartition("/")[0], unknown[1])
        for item in found
        if (unknown := _UNKNOWN_FIELD.fullmatch(item.message))
    ]
    for item in found:
        if item.message.startswith(_NO_OPERATOR) and any(
            at == item.pointer and nearest(name, OPERATORS) for at, name in misspelt
        ):
            continue
        required = _REQUIRED.fullmatch(item.message)
        if required and any(
            at == item.pointer and nearest(name, (required[1] or required[2]).split(", ")) for at, name in misspelt
        ):
            continue
        if item.check == "unreachable-state" and _flow_of(item.pointer) in dangling | shapeless:
            continue
        if item.check in ("no-terminal-state", "endless-loop") and shapeless:
            continue
        if item.check == "dangling-target" and f"{_flow_of(item.pointer)}/States" in {
            other.pointer for other in found if other.check == "flow-shape"
        }:
            continue
        yield item


def _breaks_transitions(item: Diagnosis) -> bool:
    """Whether a finding is that a state says nothing, or nothing legible, about what follows it."""
    return (
        (item.check == "required-field" and "Next, End" in item.message)
        or (item.check == "unknown-field" and bool(suggestion(split(item.pointer)[-1], ("Next", "End", "Default"))))
        or item.check == "state-type"
        or (item.check in ("flow-shape", "value-type") and split(item.pointer)[-1:] != ["StartAt"])
    )


def _flow_of(pointer: str) -> str:
    """The pointer of the machine, branch or processor that holds what `pointer` points to."""
    tokens = split(pointer)
    at = 0
    while tokens[at : at + 1] == ["States"]:
        inner = tokens[at + 2 : at + 3]
        step = {"Branches": 4, "ItemProcessor": 3, "Iterator": 3}.get(inner[0] if inner else "", 0)
        if not step or len(tokens) <= at + step:
            break
        at += step
    return join(*tokens[:at])


def _hint(item: Diagnosis, definition: Any) -> str:
    tokens = split(item.pointer)
    chain = list(_values(definition, tokens))
    value, last = chain[-1], tokens[-1] if tokens else ""
    unknown = _UNKNOWN_FIELD.fullmatch(item.message)
    if unknown:
        return suggestion(unknown[1], _known_fields(item, chain))
    match item.check:
        case "dangling-target":
            flow = next((part for part in reversed(chain) if isinstance(part, dict) and "States" in part), {})
            states = flow.get("States")
            found = suggestion(str(value), states) if isinstance(states, dict) else ""
            what = "StartAt" if last == "StartAt" else last
            return found or f"{what} names a state beside it"
        case "state-type":
            return suggestion(str(value), STATE_TYPES)
        case "query-language-field":
            return _OTHER_LANGUAGE.get(last, "")
        case "jsonata-delimiters":
            return _DASH if isinstance(value, str) and value.strip().endswith("%}") and value.startswith("{%") else ""
        case "template-expression":
            return _what_is_wrong(value)
        case "jsonpath-syntax" | "reference-path":
            return _what_is_wrong_with_path(value)
    if item.message == "Expected value of type [STRING]" and isinstance(value, bool | int | float):
        return f'put it in quotes: "{json.dumps(value)}"'
    if item.message == "Expected value of type [BOOLEAN]" and isinstance(value, str):
        return "write true or false"
    return ""


def _known_fields(item: Diagnosis, chain: list[Any]) -> Iterable[str]:
    holder = chain[-2] if len(chain) > 1 else {}
    if item.check == "machine-fields":
        return _MACHINE_FIELDS
    if item.check == "choice-rule":
        return (*OPERATORS, "Variable", "Next", "And", "Or", "Not", "Condition", "Assign", "Output")
    if item.check == "error-handler":
        return _HANDLER_FIELDS
    kind = holder.get("Type") if isinstance(holder, dict) else None
    return FIELDS.get(kind, _MACHINE_FIELDS) if isinstance(kind, str) else _MACHINE_FIELDS


def _values(value: Any, tokens: list[str]) -> Iterator[Any]:
    """The value, and those inside it on the way that a pointer goes."""
    yield value
    for token in tokens:
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            value = None
        yield value


def _what_is_wrong(value: Any) -> str:
    from asl.language.intrinsics.functions import FUNCTIONS

    if not isinstance(value, str):
        return "drop the .$ where the value is no path"
    name = value.strip().partition("(")[0]
    if value.strip().startswith("States.") and name not in FUNCTIONS:
        return suggestion(name, FUNCTIONS)
    if not value.startswith("$") and not value.strip().startswith("States."):
        return "a path starts with `$`; drop the .$ where the value is no path"
    return _problem(value)


def _what_is_wrong_with_path(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if not value.startswith("$"):
        return suggestion(f"$.{value}", [f"$.{value}"]) if value.isidentifier() else "a path starts with `$`"
    return _problem(value) or "it has to name one place: no `*`, `..`, filters or ranges"


def _problem(text: str) -> str:
    from asl.language.templates import compile_template_expression

    try:
        compile_template_expression(text, "")
    except SyntaxProblem as problem:
        return str(problem)
    return ""
