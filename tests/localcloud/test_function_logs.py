"""The logs of functions, kept within bounds, and what CloudWatch Logs answers about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.function_logs import store as store_module
from localcloud.function_logs.api import LogsApi
from localcloud.function_logs.store import LogStore
from localcloud.http_messages import Request, Response
from localcloud.workers import FunctionLine, FunctionSpec, ReportKind, Source, WorkerReport
from localcloud.workers.lines import InvocationEnd
from localcloud.workers.tracing import Trace

GROUP = "/aws/lambda/f"
QUIET = "/aws/lambda/quiet"
RUN = Source(run="arn:run", path="/States/T", attempt=1)
TRACE = Trace("1-5e1b4151-5ac6c58f5b5daa6532e3a4a9", "54e3b9d5a1c2f0aa", sampled=True)


def line(request_id: str, text: str, time: float = 1.0, source: Source = RUN) -> FunctionLine:
    return FunctionLine(time, "f", text, request_id, source)


def end(request_id: str, time: float = 2.0) -> InvocationEnd:
    return InvocationEnd(1.0, time, "f", 128, request_id, TRACE)


def messages(store: LogStore, group: str = GROUP) -> list[str]:
    return [found.message for found in store.lines(group)]


@pytest.fixture
def store() -> Iterator[LogStore]:
    store = LogStore(None, max_run=2_000, max_total=10_000)
    yield store
    store.close()


class TestStore:
    def test_an_invocation_as_lambda_writes_it(self, store: LogStore) -> None:
        store.take(line("r1", "hello"))
        store.take(end("r1"))
        start, hello, finish, report = messages(store)
        assert start == "START RequestId: r1 Version: $LATEST\n"
        assert hello == "hello\n"
        assert finish == "END RequestId: r1\n"
        assert report.startswith("REPORT RequestId: r1\tDuration: 1000.00 ms\t")
        assert f"XRAY TraceId: {TRACE.root}\tSegmentId: {TRACE.segment}\tSampled: true" in report

    def test_invocations_side_by_side_have_streams_of_their_own(self, store: LogStore) -> None:
        for request_id in ("r1", "r2"):
            store.take(line(request_id, request_id))
        store.take(end("r1"))
        store.take(line("r3", "r3", time=3.0))
        streams = {found.message: found.stream for found in store.lines(GROUP)}
        assert streams["r1\n"] != streams["r2\n"]
        assert streams["r3\n"] == streams["r1\n"]

    def test_what_the_pool_reports(self, store: LogStore) -> None:
        text = "Task timed out after 1.00 seconds"
        store.take(WorkerReport(1.0, ReportKind.TIMEOUT, text, "f", "r1", RUN))
        store.take(WorkerReport(1.0, ReportKind.EXIT, "Runtime exited", "f", "r2", RUN))
        store.take(WorkerReport(1.0, ReportKind.START_FAILURE, "no process"))
        found = messages(store)
        assert f"1970-01-01T00:00:01.000Z r1 {text}\n" in found
        assert "RequestId: r2 Error: Runtime exited\n" in found
        assert len(found) == 4

    @pytest.mark.parametrize("known", [1, 1000])
    def test_a_run_that_says_too_much_loses_its_oldest_lines(
        self, known: int, store: LogStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_module, "_KNOWN_SIZES", known)
        store.take(line("other", "untouched", source=Source(run="arn:other")))
        for number in range(100):
            store.take(line("r1", f"line {number:03} " + "x" * 50))
            messages(store)  # one at a time
            if number % 10 == 0:
                store.take(line(f"other {number}", "x", source=Source(run=f"arn:{number}")))
        assert len(store._sizes) <= known
        found = messages(store)
        mine = [text for text in found if text.startswith("line")]
        assert sum(map(len, mine)) <= 2_000
        assert mine[-1].startswith("line 099")
        assert mine == sorted(mine)
        note = next(text for text in found if text.startswith("[localcloud]"))
        assert "this run's log exceeded" in note
        assert found.index(note) < found.index(mine[0])
        assert "untouched\n" in found

    def test_all_together_are_bounded(self, store: LogStore) -> None:
        for number in range(400):
            store.take(line(f"r{number}", "x" * 50, source=Source(run=f"arn:{number}")))
            store.take(end(f"r{number}"))
            if number % 20 == 0:
                messages(store)
        found = messages(store)
        assert sum(map(len, found)) <= 10_000
        assert any("the logs of all runs exceeded" in text for text in found)
        assert found[-1].startswith("REPORT RequestId: r399")

    def test_they_outlive_the_process(self, tmp_path: Path) -> None:
        file = tmp_path / "logs.db"
        for text in ("one", "two"):
            store = LogStore(file)
            store.take(line(text, text))
            store.take(end(text))
            store.close()
        store = LogStore(file)
        assert [text for text in messages(store) if len(text) == 4] == ["one\n", "two\n"]
        assert file.stat().st_mode & 0o777 == 0o600
        store.close()

    def test_a_damaged_file_is_replaced(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "logs.db"
        file.write_bytes(b"not a database" * 1000)
        store = LogStore(file)
        store.take(line("r1", "hello"))
        assert "hello\n" in messages(store)
        assert "is damaged" in capsys.readouterr().err
        store.close()


class Moto:
    """Knows two groups, a page each."""

    def respond(self, request: Request) -> Response:
        second = "nextToken" in json.loads(request.body)
        groups = [{"logGroupName": "/second" if second else "/moto"}]
        return Response(
            200, [], json.dumps({"logGroups": groups, "moto": True, "nextToken": None if second else "x"}).encode()
        )


class Functions:
    """Knows `f`, and `quiet`, which has not run."""

    names = ("f", "quiet")

    def all(self) -> list[FunctionSpec]:
        return [FunctionSpec(f"arn:{name}", name, Path(), "app.f", {}, 1, 128) for name in self.names]

    def find(self, full_name: str) -> FunctionSpec | None:
        return next((spec for spec in self.all() if spec.name == full_name), None)


Call = Callable[..., Any]


@pytest.fixture
def call(store: LogStore) -> Call:
    api = LogsApi(store, Functions(), "us-east-1", "123456789012", Moto())

    def make(operation: str, status: int = 200, **body: Any) -> Any:
        headers = {"x-amz-target": f"Logs_20140328.{operation}"}
        request = Request("POST", "/", "HTTP/1.1", headers, list(headers.items()), json.dumps(body).encode())
        answer = api.respond(request)
        assert answer.status == status, answer.body
        return json.loads(answer.body)

    for number in range(5):
        store.take(line(f"r{number}", f"line {number}", time=float(number)))
        store.take(end(f"r{number}", time=number + 0.5))
    return make


class TestApi:
    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({}, [GROUP, QUIET, "/moto", "/second"]),
            ({"logGroupNamePrefix": "/aws/lambda/q"}, [QUIET]),
            ({"logGroupNamePattern": "mo"}, ["/moto"]),
            ({"logGroupIdentifiers": [GROUP, "/second"]}, [GROUP, "/second"]),
        ],
    )
    def test_groups_of_functions_and_motos(self, call: Call, asked: dict[str, Any], found: list[str]) -> None:
        assert [group["logGroupName"] for group in call("DescribeLogGroups", **asked)["logGroups"]] == found

    def test_groups_in_pages(self, call: Call) -> None:
        first = call("DescribeLogGroups", limit=3)
        second = call("DescribeLogGroups", limit=3, nextToken=first["nextToken"])
        names = [group["logGroupName"] for page in (first, second) for group in page["logGroups"]]
        assert names == [GROUP, QUIET, "/moto", "/second"]
        assert "nextToken" not in second

    def test_a_function_that_has_not_run_has_an_empty_group(self, call: Call) -> None:
        assert call("DescribeLogStreams", logGroupName=QUIET) == {"logStreams": []}
        assert call("FilterLogEvents", logGroupName=QUIET)["events"] == []

    def test_a_group_that_was_created_keeps_its_settings(self, store: LogStore) -> None:
        class Created:
            def respond(self, request: Request) -> Response:
                group = {"logGroupName": GROUP, "retentionInDays": 14, "storedBytes": 0}
                return Response(200, [], json.dumps({"logGroups": [group]}).encode())

        store.take(line("r1", "hello"))
        headers = {"x-amz-target": "Logs_20140328.DescribeLogGroups"}
        request = Request("POST", "/", "HTTP/1.1", headers, list(headers.items()), b"{}")
        answer = LogsApi(store, Functions(), "us-east-1", "123456789012", Created()).respond(request)
        (group,) = (found for found in json.loads(answer.body)["logGroups"] if found["logGroupName"] == GROUP)
        assert (group["logGroupName"], group["retentionInDays"]) == (GROUP, 14)
        assert group["storedBytes"] > 0

    def test_a_group_that_was_deleted_is_empty_until_a_function_writes_again(self, call: Call, store: LogStore) -> None:
        def size() -> int:
            groups = {group["logGroupName"]: group for group in call("DescribeLogGroups")["logGroups"]}
            return int(groups[GROUP]["storedBytes"]) if GROUP in groups else 0

        assert size() > 0
        call("DeleteLogGroup", logGroupName=GROUP)
        assert size() == 0
        store.take(line("r9", "again"))
        assert size() > 0

    def test_other_groups_are_motos(self, call: Call) -> None:
        assert call("FilterLogEvents", logGroupName="/moto")["moto"]
        assert call("CreateLogGroup", logGroupName=GROUP)["moto"]

    def test_filtering_in_pages(self, call: Call) -> None:
        query = {"logGroupName": GROUP, "filterPattern": '"line"', "limit": 2}
        found, page = [], call("FilterLogEvents", **query)
        while True:
            found += [event["message"] for event in page["events"]]
            if "nextToken" not in page:
                break
            page = call("FilterLogEvents", **query, nextToken=page["nextToken"])
        assert found == [f"line {number}\n" for number in range(5)]

    def test_times_and_streams(self, call: Call) -> None:
        found = call("FilterLogEvents", logGroupName=GROUP, startTime=2_000, endTime=2_999, filterPattern="line")
        assert [event["message"] for event in found["events"]] == ["line 2\n"]
        inclusive = call("FilterLogEvents", logGroupName=GROUP, startTime=2_000, endTime=3_000, filterPattern="line")
        assert len(inclusive["events"]) == 2  # unlike the end of GetLogEvents
        stream = found["events"][0]["logStreamName"]
        assert call("FilterLogEvents", logGroupName=GROUP, logStreamNames=[stream])["events"]
        assert not call("FilterLogEvents", logGroupName=GROUP, logStreamNames=["another"])["events"]

    @pytest.mark.parametrize(
        ("pattern", "count"),
        [("line 3", 1), ('"line 3"', 1), ("?3 ?4 -REPORT -END -START", 2), ("-RequestId", 5), ("nothing", 0), ("", 20)],
    )
    def test_patterns(self, call: Call, pattern: str, count: int) -> None:
        assert len(call("FilterLogEvents", logGroupName=GROUP, filterPattern=pattern)["events"]) == count

    @pytest.mark.parametrize("body", [{"filterPattern": "{ $.a = 1 }"}, {"filterPattern": '"open'}, {"nextToken": "x"}])
    def test_what_is_not_understood(self, call: Call, body: dict[str, str]) -> None:
        assert call("FilterLogEvents", 400, logGroupName=GROUP, **body)["__type"] == "InvalidParameterException"

    def test_a_stream_forwards_and_backwards(self, call: Call) -> None:
        (stream,) = call("DescribeLogStreams", logGroupName=GROUP)["logStreams"]
        query = {"logGroupName": GROUP, "logStreamName": stream["logStreamName"], "limit": 8}
        first = call("GetLogEvents", **query, startFromHead=True)
        second = call("GetLogEvents", **query, nextToken=first["nextForwardToken"])
        assert first["events"][0]["message"].startswith("START RequestId: r0")
        assert second["events"][0]["message"].startswith("START RequestId: r2")
        assert call("GetLogEvents", **query, nextToken=second["nextBackwardToken"])["events"] == first["events"]
        latest = call("GetLogEvents", **query)
        assert latest["events"][-1]["message"].startswith("REPORT RequestId: r4")
        done = call("GetLogEvents", **query, nextToken=latest["nextForwardToken"])
        assert (done["events"], done["nextForwardToken"]) == ([], latest["nextForwardToken"])
        missing = {**query, "logStreamName": "missing"}
        assert call("GetLogEvents", 400, **missing)["__type"] == "ResourceNotFoundException"
