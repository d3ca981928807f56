"""Nothing that a flow contains ends the thread that writes executions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.store import Store, StoreUnavailable
from tests.stepfunctions.kept_service import PASSING, TASK, KeptService


@pytest.fixture
def process(tmp_path: Path) -> Iterator[KeptService]:
    process = KeptService(tmp_path / "stepfunctions.db")
    yield process
    process.close()


SURROGATES = {
    "of-an-input": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
    "of-a-definition": {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": "\ud800", "End": True}}},
    "of-an-intrinsic-function": {
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "Parameters": {"x.$": r"""States.StringToJson('"\\ud800"')"""}, "End": True}},
    },
    "of-jsonata": {
        "QueryLanguage": "JSONata",
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "Output": "{% $states.input & '.' %}", "End": True}},
    },
    "of-a-function": TASK,
}


@pytest.mark.parametrize("name", SURROGATES)
def test_half_of_a_surrogate_pair_does_not_stop_the_store(process: KeptService, name: str) -> None:
    process.work.do = lambda event: {"half": "\ud800"}
    found = process.ended(process.start(process.create(name, SURROGATES[name]), "\udfff"))
    assert found["status"] == "SUCCEEDED"
    json.dumps(found, ensure_ascii=False).encode()
    assert process.ended(process.start(process.create("next", PASSING)))["status"] == "SUCCEEDED"
    assert process.ended(found["executionArn"]) == found


def test_values_that_cannot_be_written_are_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    store.begin(tuple, lambda: None)
    store.submit(lambda: [("INSERT INTO settings VALUES (?, ?)", ("a", "\ud800"))]).result(10)
    assert store.query("SELECT value FROM settings") == [("\ufffd",)]
    store.close()


def test_a_mistake_in_what_is_written_fails_whoever_waits_for_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path / "store.db")
    store.begin(tuple, lambda: None)

    def mistaken() -> list[Any]:
        raise KeyError("a mistake")

    with pytest.raises(StoreUnavailable, match="a mistake"):
        store.submit(mistaken).result(10)
    store.submit(lambda: [("INSERT INTO settings VALUES (?, ?)", ("a", 1))]).result(10)
    assert "Traceback" in caplog.text
    store.close()
