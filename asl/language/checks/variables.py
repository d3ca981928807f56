"""Variables: their names, and that they are assigned before they are read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, FlowView, MachineView, Report, Rules, StateView, advice
from asl.language.checks.transitions import following_states
from asl.language.jsonata import expression_text
from asl.language.model import escape_pointer

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "workflow-variables.html"
NAME = Check(
    "variable-name",
    "A variable's name must be an identifier of at most 80 characters.",
    code="INVALID_VARIABLE_NAME",
    source=_PAGE,
)
RESERVED = Check("variable-reserved", "$states can't be assigned.", code="RESERVED_VARIABLE_NAME", source=_PAGE)
UNASSIGNED = advice("variable-unassigned", "A variable must be assigned before it is read.", _PAGE)
FUNCTION = advice(
    "jsonata-function", "A function that an expression calls must be built in or defined in the expression.", _PAGE
)

MAX_LENGTH = 80

_JSONPATH_ROOT = re.compile(r"(?<![\w$.\]'])\$([^\W\d]\w*)")
_JSONATA_VARIABLE = re.compile(r"\$([^\W\d]\w*)(?!\w)(?!\s*(?:\(|:=))")
_JSONATA_CALL = re.compile(r"\$([^\W\d]\w*)\s*\(")
_JSONATA_LOCAL = re.compile(r"\$([^\W\d]\w*)\s*:=|(?:function|λ)\s*\(([^)]*)\)|[@#]\$([^\W\d]\w*)")
_TEXTS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|/\*.*?\*/", re.DOTALL)
_BUILT_IN = frozenset(
    """
    abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl decodeUrlComponent
    distinct each encodeUrl encodeUrlComponent error eval exists filter floor formatBase formatInteger formatNumber
    fromMillis hash join keys length lookup lowercase map match max merge millis min not now number pad parse
    parseInteger partition power random range reduce replace reverse round shuffle sift single sort split spread sqrt
    states string substring substringAfter substringBefore sum toMillis trim type uppercase uuid zip
    """.split()  # noqa: SIM905 - a hundred quoted names are harder to read
)
# Fields without expressions of the state itself.
_SKIPPED = frozenset(
    {"Branches", "ItemProcessor", "Iterator", "Comment", "Result", "Next", "Default", "Resource", "Type"}
)
MAX_DEPTH = 200


def check_machine(machine: MachineView, report: Report) -> None:
    """Check the variables of all flows."""
    flows = machine.flows
    assigned: dict[str, list[str]] = {}
    for flow in flows:
        for state in flow.states.values():
            names = list(_assigned(state, report))
            if names:
                assigned[state.pointer] = names
    before: dict[str, set[str]] = {}
    for flow in flows:
        outer = before.get(flow.parent.pointer, set()) if flow.parent is not None else set()
        _follow(flow, assigned, outer, before)
        for state in flow.states.values():
            _check_reads(state, before.get(state.pointer), report)


def _assigned(state: StateView, report: Report) -> Iterator[str]:
    """Yield the variables that a state may assign, after checking their names."""
    fields = state.fields
    if "Assign" in fields:
        yield from _names(fields["Assign"], state.at("Assign"), state.jsonata, report)
    for field in ("Choices", "Catch"):
        if field in fields:
            for entry, pointer in state.entries(field):
                if "Assign" in entry:
                    yield from _names(entry["Assign"], f"{pointer}/Assign", state.jsonata, report)


def _names(assign: Any, pointer: str, jsonata: bool, report: Report) -> Iterator[str]:
    if not isinstance(assign, dict):
        return
    for key in assign:
        name = key if jsonata else key.removesuffix(".$")
        place = f"{pointer}/{escape_pointer(key)}"
        if name == "states":
            report.add(RESERVED, "Cannot assign to reserved variable '$states'.", place)
        elif not name.isidentifier():
            message = f"Invalid variable name '{name}': the variable name contains invalid characters."
            report.add(NAME, message, place)
        elif len(name) > MAX_LENGTH:
            report.add(NAME, f"Invalid variable name '{name}': it has more than {MAX_LENGTH} characters.", place)
        yield name


def _follow(flow: FlowView, assigned: dict[str, list[str]], outer: set[str], before: dict[str, set[str]]) -> None:
    """Find the variables of each state that are assigned on some path to it."""
    if not isinstance(flow.start_at, str) or flow.start_at not in flow.states:
        return
    start = flow.states[flow.start_at]
    before[start.pointer] = set(outer)
    waiting = [start]
    while waiting:
        state = waiting.pop()
        known = before[state.pointer]
        after = known.union(assigned[state.pointer]) if state.pointer in assigned else known
        for name in following_states(state):
            target = flow.states.get(name)
            if target is None:
                continue
            if target.pointer not in before:
                before[target.pointer] = set(after)
                waiting.append(target)
            elif not after <= before[target.pointer]:
                before[target.pointer] |= after
                waiting.append(target)


def _check_reads(state: StateView, known: set[str] | None, report: Report) -> None:
    if known is None:
        return
    for name, value in state.fields.items():
        if name not in _SKIPPED and isinstance(value, (str, dict, list)):
            for text, pointer in _expressions(name, value, state.at(name), state.jsonata, 0):
                for variable in _reads(text, state.jsonata):
                    if variable not in known:
                        message = f"Variable ${variable} is not assigned in any earlier state"
                        report.add(UNASSIGNED, message, pointer)
                if state.jsonata and "(" in text:
                    for function in _calls(text):
                        report.add(FUNCTION, f"Unknown JSONata function ${function}", pointer)


def _expressions(name: str, value: Any, pointer: str, jsonata: bool, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the strings in the value of a member `name` that can be expressions, each with its pointer."""
    if isinstance(value, str):
        if "$" in value and (jsonata or name == "Variable" or name.endswith((".$", "Path"))):
            yield value, pointer
    elif depth > MAX_DEPTH:
        return
    elif isinstance(value, dict):
        for inner, item in value.items():
            if isinstance(item, (str, dict, list)):
                yield from _expressions(inner, item, f"{pointer}/{escape_pointer(inner)}", jsonata, depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expressions(name, item, f"{pointer}/{index}", jsonata, depth + 1)


def _reads(text: str, jsonata: bool) -> list[str]:
    if not jsonata:
        if not text.startswith(("$", "States.")) or text.startswith(("$.", "$$", "$[")):
            return []
        return list(dict.fromkeys(_JSONPATH_ROOT.findall(_TEXTS.sub("''", text))))
    expression = expression_text(text)
    if expression is None:
        return []
    return _free(_JSONATA_VARIABLE, _TEXTS.sub("''", expression))


def _calls(text: str) -> list[str]:
    """Return the functions that a JSONata expression calls but that are neither built in nor defined in it."""
    expression = expression_text(text)
    return [] if expression is None else _free(_JSONATA_CALL, _TEXTS.sub("''", expression))


def _free(pattern: re.Pattern[str], expression: str) -> list[str]:
    """Return the names in an expression that are neither built in nor bound in the expression."""
    names = dict.fromkeys(name for name in pattern.findall(expression) if name not in _BUILT_IN)
    if names:
        for bound, parameters, focus in _JSONATA_LOCAL.findall(expression):
            for local in (bound, focus, *(part.strip().lstrip("$") for part in parameters.split(","))):
                names.pop(local, None)
    return list(names)


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import Example, jsonata_state, pass_state

    return {
        "variable-name": Example(
            pass_state(Assign={"order-id": 1}),
            "/States/A/Assign/order-id",
            "/States/A/Assign/order-id",
            pass_state(Assign={"id": 1}),
        ),
        "variable-reserved": Example(
            pass_state(Assign={"states": 1}),
            "/States/A/Assign/states",
            "/States/A/Assign/states",
            pass_state(Assign={"status": 1}),
        ),
        "variable-unassigned": Example(
            jsonata_state(Output="{% $total * 2 %}"),
            "/States/A/Output",
            "/States/A/Output",
            {
                "StartAt": "A",
                "QueryLanguage": "JSONata",
                "States": {
                    "A": {"Type": "Pass", "Assign": {"total": 4}, "Next": "B"},
                    "B": {"Type": "Pass", "Output": "{% $total * 2 %}", "End": True},
                },
            },
        ),
        "jsonata-function": Example(
            jsonata_state(Output="{% $summe($states.input.prices) %}"),
            "/States/A/Output",
            "/States/A/Output",
            jsonata_state(Output="{% $sum($states.input.prices) %}"),
        ),
    }


RULES = Rules(
    order=180,
    checks=(NAME, RESERVED, UNASSIGNED, FUNCTION),
    machine=check_machine,
    examples=_examples,
)
