"""The types of values, timestamps and credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.language.checks.base import Check, Report, Rules, StateView
from asl.language.jsonata import expression_text
from asl.language.timestamps import parse_timestamp

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

TYPE = Check("value-type", "The value of a field must have the field's type.")
TIMESTAMP = Check("timestamp", "A timestamp must be in RFC 3339 format with an upper-case T and Z.")
CREDENTIALS = Check("credentials", "Credentials must have a RoleArn.")

_TYPES: dict[str, tuple[type, str]] = {
    "Comment": (str, "STRING"),
    "Next": (str, "STRING"),
    "Default": (str, "STRING"),
    "Resource": (str, "STRING"),
    "Error": (str, "STRING"),
    "Cause": (str, "STRING"),
    "Timestamp": (str, "STRING"),
    "Label": (str, "STRING"),
    "Retry": (list, "ARRAY"),
    "Catch": (list, "ARRAY"),
    "Choices": (list, "ARRAY"),
    "Branches": (list, "ARRAY"),
    "Assign": (dict, "OBJECT"),
    "ItemProcessor": (dict, "OBJECT"),
    "Iterator": (dict, "OBJECT"),
    "ItemReader": (dict, "OBJECT"),
    "ItemBatcher": (dict, "OBJECT"),
    "ResultWriter": (dict, "OBJECT"),
    "Credentials": (dict, "OBJECT"),
}
# The fields of objects inside a state, by the path to the object. What `asl.language.model` reads by type is listed
# here or checked by another module.
_INNER_TYPES: dict[tuple[str, ...], dict[str, tuple[type, str]]] = {
    ("ItemReader", "ReaderConfig"): {
        "CSVDelimiter": (str, "STRING"),
        "ItemsPointer": (str, "STRING"),
        "ManifestType": (str, "STRING"),
        "Transformation": (str, "STRING"),
    },
    ("ResultWriter",): {"Resource": (str, "STRING"), "WriterConfig": (dict, "OBJECT")},
    ("ResultWriter", "WriterConfig"): {"OutputType": (str, "STRING"), "Transformation": (str, "STRING")},
}
_NOT_EMPTY = ("Choices", "Branches")
_ENTRIES = ("Retry", "Catch", "Choices", "Branches")


def check_state(state: StateView, report: Report) -> None:
    """Check the values of one state's fields."""
    for name, value in state.fields.items():
        expected = _TYPES.get(name)
        if expected is not None and not isinstance(value, expected[0]):
            report.add(TYPE, f"Expected value of type [{expected[1]}]", state.at(name))
        elif name in _ENTRIES:
            _check_entries(state, name, value, report)
    if state.type == "Map":
        _check_inner(state, report)
    timestamp = state.fields.get("Timestamp")
    if (
        isinstance(timestamp, str)
        and parse_timestamp(timestamp) is None
        and not (state.jsonata and expression_text(timestamp) is not None)
    ):
        report.add(TIMESTAMP, "String does not match RFC3339 timestamp", state.at("Timestamp"))
    credentials = state.fields.get("Credentials")
    if isinstance(credentials, dict) and "RoleArn" not in credentials and "RoleArn.$" not in credentials:
        report.add(CREDENTIALS, "The field 'RoleArn' is required but was missing", state.at("Credentials"))


def _check_inner(state: StateView, report: Report) -> None:
    for path, types in _INNER_TYPES.items():
        holder: Any = state.fields
        for name in path:
            holder = holder.get(name) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            for name, (expected, shown) in types.items():
                if name in holder and not isinstance(holder[name], expected):
                    pointer = "/".join((state.pointer, *path, name))
                    report.add(TYPE, f"Expected value of type [{shown}]", pointer)


def _check_entries(state: StateView, name: str, items: list[Any], report: Report) -> None:
    if not items and name in _NOT_EMPTY:
        report.add(TYPE, "Value cannot be empty", state.at(name))
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            report.add(TYPE, "Expected value of type [OBJECT]", f"{state.at(name)}/{index}")


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import RETRY, Example, one, task

    return {
        "value-type": Example(task(Retry={}), "/States/A/Retry", "/States/A/Retry", task(Retry=RETRY)),
        "timestamp": Example(
            one({"Type": "Wait", "Timestamp": "2026-01-01 12:00:00Z"}),
            "/States/A/Timestamp",
            "/States/A/Timestamp",
            one({"Type": "Wait", "Timestamp": "2026-01-01T12:00:00Z"}),
        ),
        "credentials": Example(
            task(Credentials={}),
            "/States/A/Credentials",
            "/States/A/Credentials",
            task(Credentials={"RoleArn": "arn:aws:iam::123456789012:role/worker"}),
        ),
    }


RULES = Rules(
    order=30,
    checks=(TYPE, TIMESTAMP, CREDENTIALS),
    state=check_state,
    examples=_examples,
)
