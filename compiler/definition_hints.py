"""How to fix what `asl.language` finds in a definition."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from asl.language.checks.fields import FIELDS, STATE_TYPES
from asl.language.choice import OPERATORS
from asl.language.diagnosis import Diagnosis
from asl.language.errors import SyntaxProblem
from chalicelib.flows.suggestions import suggestion
from chalicelib.pointers import split
from compiler.consequences import UNKNOWN_FIELD
from compiler.yaml_errors import ODD_SPACES

_MACHINE_FIELDS = ("Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version")
_HANDLER_FIELDS = (
    "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Next",
    "ResultPath", "Assign", "Output",
)  # fmt: skip
_OTHER_LANGUAGE = {
    "Parameters": "use Arguments",
    "Arguments": "use Parameters",
    "Items": "use ItemsPath",
    "ItemsPath": "use Items",
    "ResultPath": "use Output or Assign",
    "ResultSelector": "use Output or Assign",
    "OutputPath": "use Output",
    "InputPath": "use $states.input in an expression",
    "Output": "use OutputPath, ResultSelector or ResultPath",
}
QUOTE = "put it in quotes: "
_ODD_SPACES = re.compile(f"[{ODD_SPACES}]+")
_NO_LINE_BREAK = "use `>-`, which leaves out the line break at the end"


def hint_of(item: Diagnosis, definition: Any) -> str:
    """Return how to fix a finding about `definition`, a JSON value; empty if its message says it all."""
    tokens = split(item.pointer)
    chain = list(_values(definition, tokens))
    value, last = chain[-1], tokens[-1] if tokens else ""
    unknown = UNKNOWN_FIELD.fullmatch(item.message)
    if unknown:
        return suggestion(unknown[1], _known_fields(item, chain))
    match item.check:
        case "dangling-target":
            return _target_hint(value, last, chain)
        case "state-type":
            return suggestion(str(value), STATE_TYPES)
        case "query-language-field":
            return _OTHER_LANGUAGE.get(last, "")
        case "jsonata-delimiters":
            ends_late = isinstance(value, str) and value.strip().endswith("%}") and value.startswith("{%")
            return _NO_LINE_BREAK if ends_late else ""
        case "template-expression":
            return _template_hint(value)
        case "jsonpath-syntax" | "reference-path":
            return _path_hint(value)
        case "resource-pattern":
            return _resource_hint(str(value))
    return _type_hint(item.message, value)


def _resource_hint(resource: str) -> str:
    from compiler.aws_services import actions, services
    from compiler.permissions.integrations import INTEGRATIONS

    name = resource.removeprefix("arn:aws:states:::").partition(".")[0]
    if name in INTEGRATIONS:
        return ""
    service, _, action = name.partition(":")
    if service in services() and action in actions(service):
        return f"use arn:aws:states:::aws-sdk:{name}"
    return suggestion(name, INTEGRATIONS) or "use arn:aws:states:::aws-sdk:SERVICE:ACTION to call any action"


def _type_hint(message: str, value: Any) -> str:
    if message == "Expected value of type [STRING]" and isinstance(value, bool | int | float):
        return f'{QUOTE}"{json.dumps(value)}"'
    if message == "Expected value of type [BOOLEAN]" and isinstance(value, str):
        return "use true or false"
    return ""


def _target_hint(target: Any, field: str, chain: list[Any]) -> str:
    machine = next((part for part in reversed(chain) if isinstance(part, dict) and "States" in part), {})
    states = machine.get("States")
    spaces = _ODD_SPACES.sub("", str(target))
    if isinstance(states, dict) and spaces != target and spaces in states:
        odd = next(_ODD_SPACES.finditer(str(target))).group()[0]
        return f"remove U+{ord(odd):04X} from {spaces!r}, which looks like a space but isn't one"
    found = suggestion(str(target), states) if isinstance(states, dict) else ""
    return found or f"{field} must name a state of the same machine, branch or processor"


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
    """Yield the value, and those inside it along a pointer; None for what does not exist."""
    yield value
    for token in tokens:
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            value = None
        yield value


def _template_hint(value: Any) -> str:
    from asl.language.intrinsics.functions import FUNCTIONS

    if not isinstance(value, str):
        return "drop the .$ if the value is not a path"
    name = value.strip().partition("(")[0]
    if value.strip().startswith("States.") and name not in FUNCTIONS:
        return suggestion(name, FUNCTIONS)
    if not value.startswith("$") and not value.strip().startswith("States."):
        return "a path starts with `$`; drop the .$ if the value is not a path"
    return _syntax_problem(value)


def _path_hint(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if not value.startswith("$"):
        return suggestion(f"$.{value}", [f"$.{value}"]) if value.isidentifier() else "a path starts with `$`"
    return _syntax_problem(value) or "it must refer to a single value: no `*`, `..`, filters or ranges"


def _syntax_problem(expression: str) -> str:
    from asl.language.templates import compile_template_expression

    try:
        compile_template_expression(expression, "")
    except SyntaxProblem as problem:
        return str(problem)
    return ""
