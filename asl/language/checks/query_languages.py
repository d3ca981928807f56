"""The query language of each state, and the fields that only one of the languages has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "transforming-data.html"
LANGUAGE = Check("query-language", "QueryLanguage must be JSONPath or JSONata.", source=_PAGE)
DOWNGRADE = Check("query-language-downgrade", "A JSONata state machine can't have JSONPath states.", source=_PAGE)
FIELD = Check("query-language-field", "A field must belong to the state's query language.", source=_PAGE)

# The fields of states, catchers, choice rules, readers, batchers and writers.
_JSONPATH_ONLY = frozenset(
    {"InputPath", "OutputPath", "Parameters", "Result", "ResultPath", "ResultSelector", "ItemsPath", "Variable"}
    | {"TimeoutSecondsPath", "HeartbeatSecondsPath", "SecondsPath", "TimestampPath", "ErrorPath", "CausePath"}
    | {"MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath"}
    | {"MaxItemsPath", "MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"}
)
_JSONATA_ONLY = frozenset({"Arguments", "Output", "Items", "Condition"})
_LISTS = ("Catch", "Choices")
_OBJECTS = ("ItemReader", "ItemBatcher", "ResultWriter")


def check_state(state: StateView, report: Report) -> None:
    """Check the language that one state declares, and that no field belongs to the other one."""
    fields = state.fields
    declared = fields.get("QueryLanguage")
    if declared is not None:
        if not isinstance(declared, str):
            report.add(LANGUAGE, "Expected value of type [STRING]", state.at("QueryLanguage"))
        elif declared not in ("JSONPath", "JSONata"):
            report.add(LANGUAGE, "Value should be one of the following: [JSONPath, JSONata]", state.at("QueryLanguage"))
        if state.downgraded:
            message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            report.add(DOWNGRADE, message, state.at("QueryLanguage"), at=state.pointer)
            return
    _check(fields, state.pointer, state.jsonata, report)
    for name in _LISTS:
        if name in fields:
            for entry, pointer in state.entries(name):
                _check(entry, pointer, state.jsonata, report)
    for name in _OBJECTS:
        holder = fields.get(name)
        if isinstance(holder, dict):
            _check(holder, state.at(name), state.jsonata, report)
            _check(holder.get("ReaderConfig"), f"{state.at(name)}/ReaderConfig", state.jsonata, report)


def _check(values: Any, pointer: str, jsonata: bool, report: Report) -> None:
    foreign = _JSONPATH_ONLY if jsonata else _JSONATA_ONLY
    if not isinstance(values, dict) or foreign.isdisjoint(values):
        return
    own, other = ("JSONata", "JSONPath") if jsonata else ("JSONPath", "JSONata")
    for name in values:
        if name in foreign:
            message = f"The QueryLanguage is set to '{own}', but field '{name}' is only supported for the '{other}'"
            report.add(FIELD, f"{message} QueryLanguage", f"{pointer}/{name}", at=pointer)


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import Example, jsonata_state, one, pass_state

    return {
        "query-language": Example(
            pass_state(QueryLanguage="jsonata"), "/States/A/QueryLanguage", "/States/A/QueryLanguage", jsonata_state()
        ),
        "query-language-downgrade": Example(
            one({"Type": "Pass", "QueryLanguage": "JSONPath"}, QueryLanguage="JSONata"),
            "/States/A/QueryLanguage",
            "/States/A",
            one({"Type": "Pass"}, QueryLanguage="JSONata"),
        ),
        "query-language-field": Example(
            jsonata_state(InputPath="$.a"),
            "/States/A/InputPath",
            "/States/A",
            jsonata_state(Output="{% $states.input.a %}"),
        ),
    }


RULES = Rules(
    order=50,
    checks=(LANGUAGE, DOWNGRADE, FIELD),
    state=check_state,
    examples=_examples,
)
