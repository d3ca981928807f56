"""Lines of functions as CloudWatch Logs has them: which invocation wrote them, for which attempt, and what they say."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest

from chalicelib.runs.ids import lowest_id, new_id
from chalicelib.runs.logs import messages
from chalicelib.runs.logs.attribution import attribute
from chalicelib.runs.logs.requests import Invocation, LogEvent, invocation_of, lines_by_request
from chalicelib.runs.states.fold import Fold, Wanted
from chalicelib.runs.states.outline import Outline
from chalicelib.runs.trace import execution_id_of, root_of, segment_id, trace_header, trace_id

A, B = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
C = "cccccccc-0000-4000-8000-000000000003"
ARN = "arn:aws:states:us-east-1:123456789012:execution:m:x"
DEFINITION = {
    "StartAt": "Items",
    "States": {
        "Items": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": "f", "End": True}}},
            "End": True,
        }
    },
}


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("plain words\n", "INFO", "plain words"),
        (f"[WARNING]\t2026-11-27T01:02:03.004Z\t{A}\tcareful\n", "WARNING", "careful"),
        (f"[ERROR]\t2026-11-27T01:02:03.004Z\t{A}\tbad\nTraceback\n  File", "ERROR", "bad\nTraceback\n  File"),
        ("[INFO]\t2026-11-27T01:02:03.004Z\t\twhile it is imported", "INFO", "while it is imported"),
        ("[ERROR] ValueError: no\nTraceback:", "ERROR", "ValueError: no\nTraceback:"),
        ("[note] not a level", "INFO", "[note] not a level"),
        (f"2026-11-27T01:02:03.004Z {A} Task timed out after 3.00 s\n\n", "ERROR", "Task timed out after 3.00 s"),
        (f"RequestId: {A} Error: Runtime exited", "ERROR", "Error: Runtime exited"),
        ('{"level":"DEBUG","location":"handler:3","message":"Powertools"}', "DEBUG", "Powertools"),
        ('{"level":"ERROR","message":"failed","exception":"Trace\\nValueError"}', "ERROR", "failed\nTrace\nValueError"),
        ('{"timestamp":"x","level":"INFO","message":{"a":1},"requestId":"y"}', "INFO", '{"a": 1}'),
        ('{"level":"loud","message":"?"}', "INFO", "?"),
        ('{"order":1}', "INFO", '{"order":1}'),
        ("{not json", "INFO", "{not json"),
    ],
)
def test_what_a_line_says(line: str, level: str, text: str) -> None:
    assert messages.read(line) == (level, text)


def events(*texts: str, stream: str = "s") -> list[LogEvent]:
    return [LogEvent(stream, 1_000 + number, text) for number, text in enumerate(texts)]


class TestInvocations:
    def test_a_report(self) -> None:
        report = (
            f"REPORT RequestId: {A}\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t"
            "Max Memory Used: 44 MB\t\nXRAY TraceId: 1-5e1b4151-5ac6c58f5b5daa6532e3a4a9\tSegmentId: 54e3b9d5a1c2f0aa\t"
            "Sampled: true\t\n"
        )
        assert invocation_of("f", LogEvent("s", 5_000, report)) == Invocation(
            A, "f", "s", 4_987, 5_000, "54e3b9d5a1c2f0aa"
        )
        assert invocation_of("f", LogEvent("s", 1, f"START RequestId: {A} Version: $LATEST")) is None
        assert invocation_of("f", LogEvent("s", 1, "REPORT of the month")) is None

    def test_a_report_in_json(self) -> None:
        document: dict[str, Any] = {
            "time": "2026-11-27T01:02:03.004Z",
            "type": "platform.report",
            "record": {"requestId": A, "metrics": {"durationMs": 100.2}, "tracing": {"value": "Root=1-5e1b4151-x"}},
        }
        assert invocation_of("f", LogEvent("s", 5_000, json.dumps(document))) == Invocation(
            A, "f", "s", 4_899, 5_000, None
        )

    def test_lines_belong_to_what_runs_in_their_stream(self) -> None:
        one = events(
            "INIT_START Runtime Version: python:3.13\n",
            "imported",
            f"START RequestId: {A} Version: $LATEST\n",
            "first",
            f"END RequestId: {A}\n",
            f"REPORT RequestId: {A}\tDuration: 1 ms\n",
            f"2026-11-27T01:02:03.004Z {A} Task timed out after 1.00 seconds\n",
            f"START RequestId: {B} Version: $LATEST\n",
            "second",
        )
        other = events("REPORT RequestId: " + "c" * 8, "from elsewhere", stream="t")
        mixed = sorted(one + other, key=lambda event: event.time)
        found = lines_by_request(mixed)
        assert [event.message for event in found[A]] == [
            "imported",
            "first",
            f"2026-11-27T01:02:03.004Z {A} Task timed out after 1.00 seconds\n",
        ]
        assert [event.message for event in found[B]] == ["second"]
        assert set(found) == {A, B}


def history(*tasks: tuple[float, float, str | None]) -> Fold:
    """Iterations whose tasks began and ended at these times, perhaps with a cause of failure."""
    found: list[dict[str, Any]] = [
        {"type": "ExecutionStarted", "previousEventId": 0, "timestamp": 0.0},
        {"type": "MapStateEntered", "previousEventId": 0, "stateEnteredEventDetails": {"name": "Items"}},
        {"type": "MapStateStarted", "previousEventId": 2, "mapStateStartedEventDetails": {"length": len(tasks)}},
    ]
    for index, (began, ended, cause) in enumerate(tasks):
        place = len(found)
        resource = {"resource": "arn:aws:lambda:us-east-1:1:function:app-dev-f"}
        failed = {"type": "LambdaFunctionFailed", "lambdaFunctionFailedEventDetails": {"error": "E", "cause": cause}}
        end = {"type": "LambdaFunctionSucceeded"} if cause is None else failed
        found += [
            {
                "type": "MapIterationStarted",
                "previousEventId": 3,
                "mapIterationStartedEventDetails": {"name": "Items", "index": index},
            },
            {
                "type": "TaskStateEntered",
                "previousEventId": place + 1,
                "stateEnteredEventDetails": {"name": "Work"},
                "timestamp": began,
            },
            {
                "type": "LambdaFunctionScheduled",
                "previousEventId": place + 2,
                "lambdaFunctionScheduledEventDetails": resource,
                "timestamp": began,
            },
            {**end, "previousEventId": place + 3, "timestamp": ended},
        ]
    fold = Fold(Wanted((), "", functions=True))
    fold.add([{"timestamp": 0.0, **event, "id": number} for number, event in enumerate(found, start=1)])
    return fold


def invocation(request_id: str, began: float, ended: float, segment: str | None = None) -> Invocation:
    return Invocation(request_id, "app-dev-f", "s", int(began * 1000), int(ended * 1000), segment)


class TestAttribution:
    outline = Outline(DEFINITION)

    def indexes(self, fold: Fold, *invocations: Invocation) -> dict[str, tuple[tuple[int, ...], bool]]:
        found = attribute(ARN, self.outline, fold.attempts, invocations)
        return {key: (match.indexes, match.estimated) for key, match in found.items()}

    def test_by_the_segment(self) -> None:
        fold = history((10, 20, None), (10, 20, None))
        segments = [segment_id(ARN, "/States/Items/ItemProcessor/States/Work", (index,), 1) for index in (0, 1)]
        found = self.indexes(fold, invocation(A, 11, 12, segments[1]), invocation(B, 11, 12, segments[0]))
        assert found == {A: ((1,), False), B: ((0,), False)}

    def test_without_a_trace_the_nearest_invocation_is_an_estimate(self) -> None:
        fold = history((10, 20, None), (15, 25, None))
        unrelated, own = invocation(A, 10, 11), invocation(B, 15, 25)
        found = attribute(ARN, self.outline, fold.attempts, [unrelated, invocation(C, 10, 20), own], traced=False)
        assert {key: match.indexes for key, match in found.items()} == {C: (0,), B: (1,)}
        assert all(match.estimated for match in found.values())

    def test_by_the_request_id_of_a_failure(self) -> None:
        document = json.dumps({"errorMessage": "no", "errorType": "E", "requestId": A, "stackTrace": []})
        fold = history((10, 20, None), (10, 20, document))
        found = self.indexes(fold, invocation(A, 11, 12, "0123456789abcdef"), invocation(B, 11, 12))
        assert found == {A: ((1,), False), B: ((0,), False)}

    def test_by_the_time(self) -> None:
        fold = history((10, 20, None), (30, 40, None), (31, 41, None))
        found = self.indexes(fold, invocation(A, 32, 38), invocation(B, 12, 13))
        assert found == {A: ((1,), True), B: ((0,), False)}

    def test_another_executions(self) -> None:
        assert self.indexes(history((10, 20, None)), invocation(A, 50, 51)) == {}


class TestTrace:
    def test_it_is_derived_from_the_executions_id(self) -> None:
        execution = new_id()
        assert trace_id(execution) == trace_id(execution) == root_of(trace_header(execution))
        assert trace_id(execution) != trace_id(new_id())

    def test_it_leads_back_to_the_execution(self) -> None:
        for execution in (new_id(), lowest_id(0.999), lowest_id(4_000_000_000.5)):
            trace = trace_id(execution)
            assert trace is not None
            assert re.fullmatch("1-[0-9a-f]{8}-[0-9a-f]{24}", trace)
            assert execution_id_of(trace) == execution
        assert execution_id_of("1-67891233-abcdef012345678912345678") is None
        assert execution_id_of(f"1-67891233-{'f' * 24}") is None

    def test_ids_of_others_have_none(self) -> None:
        assert trace_id(str(uuid.uuid4())) is None

    @pytest.mark.parametrize("header", [None, "", "Self=1", "Root=1-2-3"])
    def test_headers_without_a_root(self, header: str | None) -> None:
        assert root_of(header) is None

    def test_a_header_with_more(self) -> None:
        header = "Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678;Sampled=1"
        assert root_of(header) == "1-67891233-abcdef012345678912345678"
