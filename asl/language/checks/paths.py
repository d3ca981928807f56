"""The syntax of fields that hold paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView
from asl.language.errors import SyntaxProblem
from asl.language.intrinsics import parse_intrinsic
from asl.language.jsonpath import parse_path
from asl.language.jsonpath.syntax import Root

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "amazon-states-language-paths.html"
JSONPATH = Check("jsonpath-syntax", "A path must be a valid JSONPath.", source=_PAGE)
REFERENCE = Check("reference-path", "A reference path must identify a single node.", source=_PAGE)

_PATHS = ("InputPath", "OutputPath")
_NUMBER_PATHS = ("MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath")
_REFERENCES = ("ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath")
_TEXT_PATHS = ("ErrorPath", "CausePath")
_ALL = frozenset({*_PATHS, *_NUMBER_PATHS, *_REFERENCES, *_TEXT_PATHS, "ResultPath"})


def check_state(state: StateView, report: Report) -> None:
    """Check the paths of one state. Other modules check those of choice rules and templates."""
    if state.jsonata:
        return
    fields = state.fields
    if not _ALL.isdisjoint(fields):
        _check_fields(state, report)
    if "Catch" in fields:
        for catcher, pointer in state.entries("Catch"):
            _check_result_path(catcher, pointer, report)
    if "ItemBatcher" in fields:
        batcher = fields["ItemBatcher"]
        for name in ("MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"):
            if isinstance(batcher, dict) and name in batcher:
                check_reference(batcher[name], f"{state.at('ItemBatcher')}/{name}", report, context=False)
    if "ItemReader" in fields:
        reader = fields["ItemReader"]
        config = reader.get("ReaderConfig") if isinstance(reader, dict) else None
        if isinstance(config, dict) and "MaxItemsPath" in config:
            pointer = f"{state.at('ItemReader')}/ReaderConfig/MaxItemsPath"
            check_reference(config["MaxItemsPath"], pointer, report, context=False)


def _check_fields(state: StateView, report: Report) -> None:
    fields = state.fields
    for name in _PATHS:
        path = fields.get(name)
        if path is not None:
            check_path(path, state.at(name), report)
    _check_result_path(fields, state.pointer, report)
    for name in _REFERENCES:
        if name in fields:
            check_reference(fields[name], state.at(name), report)
    for name in _NUMBER_PATHS:
        if name in fields:
            check_reference(fields[name], state.at(name), report, context=False)
    for name in _TEXT_PATHS:
        if name in fields and not is_intrinsic(fields[name]):
            check_path(fields[name], state.at(name), report)


def _check_result_path(values: dict[str, Any], pointer: str, report: Report) -> None:
    path = values.get("ResultPath")
    if path is None:
        return
    if check_reference(path, f"{pointer}/ResultPath", report, context=False) and parse_path(path).root is not Root.DATA:
        report.add(REFERENCE, "Value is not a Reference Path", f"{pointer}/ResultPath")


def is_intrinsic(value: Any) -> bool:
    """Return whether a value is a valid call of an intrinsic function."""
    if not isinstance(value, str):
        return False
    try:
        parse_intrinsic(value)
    except SyntaxProblem:
        return False
    return True


def check_path(path: Any, pointer: str, report: Report) -> bool:
    """Return whether a value is a path, and report it otherwise."""
    if not isinstance(path, str):
        report.add(JSONPATH, "Expected value of type [STRING]", pointer)
        return False
    try:
        parse_path(path)
    except SyntaxProblem:
        report.add(JSONPATH, "Value must be a valid JSONPath.", pointer)
        return False
    return True


def check_reference(path: Any, pointer: str, report: Report, *, context: bool = True, started: bool = False) -> bool:
    """Return whether a value is a reference path, and report it otherwise.

    Args:
        path: The value.
        pointer: Its JSON pointer.
        report: Where the diagnosis is added.
        context: Whether the path may start at the context object.
        started: Whether AWS explains that the path must start with `$`.
    """
    if started and isinstance(path, str) and not path.startswith("$"):
        report.add(REFERENCE, "Value is not a Reference Path: Reference path didn't start with '$'", pointer)
        return False
    if not check_path(path, pointer, report):
        return False
    parsed = parse_path(path)
    if parsed.keys is None or (not context and parsed.root is Root.CONTEXT):
        report.add(REFERENCE, "Value is not a Reference Path", pointer)
        return False
    return True


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import Example, pass_state

    return {
        "jsonpath-syntax": Example(
            pass_state(InputPath="order.id"),
            "/States/A/InputPath",
            "/States/A/InputPath",
            pass_state(InputPath="$.order.id"),
        ),
        "reference-path": Example(
            pass_state(ResultPath="$.items[*]"),
            "/States/A/ResultPath",
            "/States/A/ResultPath",
            pass_state(ResultPath="$.items[0]"),
        ),
    }


RULES = Rules(
    order=60,
    checks=(JSONPATH, REFERENCE),
    state=check_state,
    examples=_examples,
)
