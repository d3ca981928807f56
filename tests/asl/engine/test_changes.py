"""What AWS has changed: executions of today behave as the service does today, those of a time before as it did then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from asl import Engine, Execution, SkippingClock
from asl.engine.outcome import outcome
from tests.asl.engine.conftest import Lab, flow, output
from tests.asl.engine.test_distributed import PASS, Bucket, distributed, reader

JSON = reader({"InputType": "JSON"})
DATA = '{"a": 1, "b": {"c": 2}}'


class OldLab(Lab):
    """A lab in 2023."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SkippingClock(datetime(2023, 9, 21, tzinfo=UTC))
        self.engine.close()
        self.engine = Engine(self.functions, clock=self.clock)


@pytest.fixture
def old_lab() -> Iterator[OldLab]:
    lab = OldLab()
    yield lab
    lab.engine.close()


def exit_follows(execution: Execution) -> str:
    events: list[dict[str, Any]] = execution.history.events()
    last = next(event for event in events if event["type"] == "MapStateExited")
    return str(events[last["previousEventId"] - 1]["type"])


def test_the_members_of_an_object_are_items(lab: Lab, old_lab: OldLab) -> None:
    Bucket(lab, k=DATA)
    assert output(lab.run(distributed(("P", PASS), **JSON))) == [
        {"Key": "a", "Value": 1},
        {"Key": "b", "Value": {"c": 2}},
    ]
    selector = {"k.$": "$$.Map.Item.Key", "v.$": "$$.Map.Item.Value", "s.$": "$$.Map.Item.Source"}
    assert output(lab.run(distributed(("P", PASS), **JSON, ItemSelector=selector))) == [
        {"k": "a", "v": 1, "s": "S3://b/k"},
        {"k": "b", "v": {"c": 2}, "s": "S3://b/k"},
    ]
    Bucket(old_lab, k=DATA)
    execution = old_lab.run(distributed(("P", PASS), **JSON))
    assert (execution.error, execution.cause) == (
        "States.ItemReaderFailed",
        "Attempting to map over non-iterable node.",
    )


@pytest.mark.parametrize("data", ["1", '"text"', "null", "true"])
def test_what_is_neither_a_list_nor_an_object_has_no_items(lab: Lab, data: str) -> None:
    Bucket(lab, k=data)
    assert lab.run(distributed(("P", PASS), **JSON)).cause == "Attempting to map over non-iterable node."


def test_the_exit_of_a_distributed_map_follows_the_start_of_its_run(lab: Lab, old_lab: OldLab) -> None:
    first = distributed(("P", PASS))
    second = flow(("Before", {"Type": "Pass"}), ("M", first["States"]["M"]))
    for definition in (first, second):
        assert exit_follows(lab.run(definition, [1])) == "MapRunStarted"
        assert exit_follows(old_lab.run(definition, [1])) == "MapRunSucceeded"


def test_the_answer_of_a_nested_execution_tells_of_redrives(lab: Lab, old_lab: OldLab) -> None:
    redrive = {"redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE"}
    for each, told in ((lab, True), (old_lab, False)):
        described = outcome(each.run(flow(("P", PASS))), parsed=False, redrive=redrive)
        assert ("RedriveStatus" in described) is told
