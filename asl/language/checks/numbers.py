"""The ranges of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView, advice
from asl.language.jsonata import expression_text
from asl.language.values import is_number

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

RANGE = Check("number-range", "A number must be within the field's range.", source=DEVELOPER_GUIDE + "state-task.html")
TYPE = Check("number-type", "A field for a number must contain a number.", source=DEVELOPER_GUIDE + "state-task.html")
HEARTBEAT = advice(
    "heartbeat-too-long", "HeartbeatSeconds must be less than TimeoutSeconds.", DEVELOPER_GUIDE + "state-task.html"
)

MAX_SECONDS = 99_999_999
# The minimum and maximum of each field, inclusive. A field allows fractions if its minimum is a float.
_STATE = {
    "TimeoutSeconds": (1, MAX_SECONDS),
    "HeartbeatSeconds": (1, MAX_SECONDS),
    "Seconds": (0, MAX_SECONDS),
    "MaxConcurrency": (0, None),
    "ToleratedFailureCount": (0, None),
    "ToleratedFailurePercentage": (0.0, 100.0),
}
_RETRIER = {
    "IntervalSeconds": (0, MAX_SECONDS),
    "MaxAttempts": (0, MAX_SECONDS),
    "BackoffRate": (1.0, None),
    "MaxDelaySeconds": (1, 31_622_400),
}
_BATCHER = {"MaxItemsPerBatch": (0, None), "MaxInputBytesPerBatch": (0, 262_144)}
_READER = {"MaxItems": (0, 100_000_000)}


def check_state(state: StateView, report: Report) -> None:
    """Check the numbers of one state and of the objects inside it."""
    fields = state.fields
    _check(fields, state.pointer, _STATE, state.jsonata, report)
    if "HeartbeatSeconds" in fields and "TimeoutSeconds" in fields:
        heartbeat, timeout = fields["HeartbeatSeconds"], fields["TimeoutSeconds"]
        if is_number(heartbeat) and is_number(timeout) and heartbeat >= timeout:
            message = f"HeartbeatSeconds ({heartbeat}) must be less than TimeoutSeconds ({timeout}) to have an effect"
            report.add(HEARTBEAT, message, state.at("HeartbeatSeconds"))
    if "Retry" in fields:
        for retrier, pointer in state.entries("Retry"):
            _check(retrier, pointer, _RETRIER, False, report)
    if "ItemBatcher" in fields:
        _check(fields["ItemBatcher"], state.at("ItemBatcher"), _BATCHER, state.jsonata, report)
    reader = fields.get("ItemReader")
    if isinstance(reader, dict):
        _check(reader.get("ReaderConfig"), state.at("ItemReader") + "/ReaderConfig", _READER, state.jsonata, report)


def _check(values: Any, pointer: str, limits: dict[str, tuple[Any, Any]], jsonata: bool, report: Report) -> None:
    if not isinstance(values, dict):
        return
    for name, (least, most) in limits.items():
        if name not in values:
            continue
        value = values[name]
        if jsonata and expression_text(value) is not None:
            continue
        fractions = isinstance(least, float)
        if not is_number(value) or (isinstance(value, float) and not fractions and not value.is_integer()):
            report.add(TYPE, f"Expected value of type {'Float' if fractions else 'Integer'}", f"{pointer}/{name}")
        elif value < least:
            report.add(RANGE, f"Minimum value is {least}", f"{pointer}/{name}")
        elif most is not None and value > most:
            report.add(RANGE, f"Maximum value is {most}", f"{pointer}/{name}")


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import Example, one, task

    return {
        "number-range": Example(
            one({"Type": "Wait", "Seconds": -1}),
            "/States/A/Seconds",
            "/States/A/Seconds",
            one({"Type": "Wait", "Seconds": 1}),
        ),
        "number-type": Example(
            task(TimeoutSeconds="60"), "/States/A/TimeoutSeconds", "/States/A/TimeoutSeconds", task(TimeoutSeconds=60)
        ),
        "heartbeat-too-long": Example(
            task(TimeoutSeconds=60, HeartbeatSeconds=60),
            "/States/A/HeartbeatSeconds",
            "/States/A/HeartbeatSeconds",
            task(TimeoutSeconds=60, HeartbeatSeconds=20),
        ),
    }


RULES = Rules(
    order=40,
    checks=(RANGE, TYPE, HEARTBEAT),
    state=check_state,
    examples=_examples,
)
