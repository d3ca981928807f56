"""Counting calls: exactly, once each, and never at the expense of the call."""

from __future__ import annotations

import itertools
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from chalicelib import aws, usage
from chalicelib.settings import PROJECT, settings
from chalicelib.usage import RETENTION_SECONDS, track_usage_middleware

from .conftest import Api, LocalCloud, MakeApi, serve
from .faulty_aws import FAULTS, Fault, FaultyAws

MAX_EXTRA_SECONDS = 1.0  # promised, however slow the database


def calls(user: str) -> int:
    return sum(month.api_calls for month in usage.monthly(user))


@pytest.fixture
def silent_server(clean: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS endpoint that accepts connections and never answers; the delay is cut, to leave a busy machine time."""
    assert usage.MAX_DELAY < MAX_EXTRA_SECONDS
    clean.setattr(usage, "MAX_DELAY", 0.1)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        clean.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield


def test_an_item_has_month_count_and_end(cloud: LocalCloud) -> None:
    with usage.call("ada") as call:
        call.count()
    counted("ada", 1)
    month = datetime.now(UTC).strftime("%Y-%m")
    key = {"userId": {"S": "ada"}, "yearMonth": {"S": month}}
    item = aws.dynamodb().get_item(TableName=settings.names.usage_table, Key=key)["Item"]
    assert item["apiCalls"] == {"N": "1"}
    assert abs(int(item["ttl"]["N"]) - time.time() - RETENTION_SECONDS) < 60


def test_counting_twice_in_one_call_counts_once(cloud: LocalCloud) -> None:
    @track_usage_middleware
    def inner(event: Any, context: Any) -> str:
        return "inner"

    @track_usage_middleware
    def outer(event: Any, context: Any) -> str:
        return inner(event, context)

    assert outer({"__user_id": "grace"}, None) == "inner"
    assert calls("grace") == 1
    with usage.call("grace") as call:
        call.count()
        outer({"__user_id": "grace"}, None)
    assert calls("grace") == 2


@pytest.mark.parametrize(
    "event",
    [
        {"__user_id": "linus"},
        {"requestContext": {"authorizer": {"claims": {"sub": "linus"}}}, "__user_id": "spoofed"},
    ],
)
def test_the_user_is_the_one_of_the_event(cloud: LocalCloud, event: dict[str, Any]) -> None:
    before = calls("linus")
    track_usage_middleware(lambda event, context: None)(event, None)
    assert calls("linus") == before + 1
    assert calls("spoofed") == 0


@pytest.mark.parametrize("event", [None, [], {}, {"__user_id": 3}, {"requestContext": None}, {"requestContext": {}}])
def test_without_a_user_nothing_is_counted(event: Any, clean: pytest.MonkeyPatch) -> None:
    clean.setattr(usage, "_increment", lambda user: pytest.fail(f"counted for {user!r}"))
    assert track_usage_middleware(lambda event, context: "done")(event, None) == "done"


def test_typed_functions_are_counted_for_the_flows_user(cloud: LocalCloud) -> None:
    @track_usage_middleware
    def handler(amount: int) -> int:
        return amount * 2

    with usage.call("typed"):
        assert handler(amount=2) == 4
    assert calls("typed") == 1


def test_the_decorator_keeps_the_signature() -> None:
    from chalicelib.functions.signature import Signature

    @track_usage_middleware
    def handler(amount: int) -> int:
        """Doubles."""
        return amount * 2

    assert Signature(handler).typed
    assert handler.__doc__ == "Doubles."
    assert Signature(handler).call_with_input({"amount": "3"}) == 6


def test_an_error_of_the_function_is_counted_and_raised(cloud: LocalCloud) -> None:
    @track_usage_middleware
    def handler(event: Any, context: Any) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        handler({"__user_id": "broken"}, None)
    assert calls("broken") == 1


def test_concurrent_calls_are_all_counted(cloud: LocalCloud) -> None:
    def one(_: int) -> None:
        with usage.call("crowd") as call:
            call.count()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(40)))
    assert calls("crowd") == 40


def test_a_slow_database_delays_a_call_by_less_than_a_second(silent_server: None) -> None:
    aws.dynamodb_for_usage()  # making the first client is no delay of the database's
    began = time.monotonic()
    with usage.call("ada") as call:
        call.count()
    assert time.monotonic() - began < MAX_EXTRA_SECONDS


def test_many_calls_at_once_wait_no_longer(silent_server: None) -> None:
    aws.dynamodb_for_usage()
    took: list[float] = []

    def one() -> None:
        began = time.monotonic()
        with usage.call("ada") as call:
            call.count()
        took.append(time.monotonic() - began)

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(took) < MAX_EXTRA_SECONDS


def counted(user: str, number: int) -> None:
    """Wait until a user has so many calls, and see that there are not more."""
    deadline = time.monotonic() + 20
    while calls(user) < number:
        assert time.monotonic() < deadline, f"{calls(user)} of {number} calls were counted"
        time.sleep(0.05)
    time.sleep(0.2)
    assert calls(user) == number


@pytest.fixture
def proxy(cloud: LocalCloud, clean: pytest.MonkeyPatch) -> Iterator[FaultyAws]:
    """The way to the table. A call does not wait long for its count."""
    clean.setattr(aws, "USAGE_TIMEOUT", 0.3)
    clean.setattr(usage, "MAX_DELAY", 0.05)
    way = FaultyAws(cloud.cloud.endpoint)
    clean.setenv("AWS_ENDPOINT_URL", way.url)
    yield way
    way.close()


@pytest.mark.parametrize("kind", FAULTS)
def test_a_late_count_is_written_once(proxy: FaultyAws, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    user = f"late-{kind}"
    proxy.faults.append(Fault("UpdateItem", kind, times=3))
    for _ in range(10):
        with usage.call(user) as call:
            call.count()
    counted(user, 10)
    assert lost(capsys) == 0


def test_calls_are_written_in_batches(proxy: FaultyAws) -> None:
    proxy.delay = 0.1
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(one_call, ["batched"] * 200))
    counted("batched", 200)
    assert proxy.count("UpdateItem") < 50


def one_call(user: str) -> None:
    with usage.call(user) as call:
        call.count()


@pytest.mark.thorough
def test_a_load_on_a_table_that_is_slow_and_fails_at_times_is_counted_exactly(
    proxy: FaultyAws, cloud_make_api: MakeApi, clean: pytest.MonkeyPatch
) -> None:
    """500 calls by 20 threads, over HTTP."""
    api = cloud_make_api()
    clean.setenv("AWS_ENDPOINT_URL", proxy.url)
    done = threading.Event()

    def disturb() -> None:
        kinds = itertools.cycle(FAULTS)
        while not done.wait(0.1):
            proxy.delay = random.choice([0.0, 0.0, 0.2])
            proxy.faults.append(Fault("UpdateItem", next(kinds), times=1))

    disturber = threading.Thread(target=disturb)
    disturber.start()
    with serve(api.application) as url, ThreadPoolExecutor(20) as pool:
        headers = {"Authorization": f"Bearer {api.token}"}
        statuses = list(pool.map(lambda _: requests.get(f"{url}/lib", headers=headers).status_code, range(500)))
        done.set()
        disturber.join()
    proxy.faults.clear()
    proxy.delay = 0.0
    assert statuses == [200] * 500
    counted(api.user, 500)


ENDING = """
from chalicelib import aws, usage
aws.dynamodb_for_usage()
usage.MAX_DELAY = 0
usage.FLUSH_SECONDS = {seconds}
for _ in range(7):
    with usage.call("ending") as call:
        call.count()
"""


def ending(seconds: float) -> str:
    """What a process writes that ends right after it has counted seven calls."""
    code = ENDING.format(seconds=seconds)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, check=True, timeout=300, capture_output=True, text=True
    )
    return done.stdout


def test_the_end_of_the_process_writes_what_is_left(cloud: LocalCloud) -> None:
    assert "UsageLost" not in ending(20)
    assert calls("ending") == 7


def test_what_the_end_of_the_process_cannot_write_is_reported(silent_server: None) -> None:
    assert '"UsageLost": 7' in ending(0)


def test_on_lambda_the_next_call_waits_for_late_counts(
    proxy: FaultyAws, clean: pytest.MonkeyPatch, cloud: LocalCloud
) -> None:
    proxy.faults.append(Fault("UpdateItem", "500", times=1))
    one_call("late-on-lambda")
    clean.setattr(usage, "MAX_DELAY", 5.0)
    clean.setenv("AWS_LAMBDA_FUNCTION_NAME", "api")
    one_call("another")
    assert calls("late-on-lambda") == calls("another") == 1


def test_processes_that_are_gone_leave_nothing_behind(cloud: LocalCloud, clean: pytest.MonkeyPatch) -> None:
    clean.setattr(usage, "MANY_WRITERS", 3)
    month = datetime.now(UTC).strftime("%Y-%m")
    old = {f"writer_{n}": {"N": "1700000000000"} for n in range(4)}
    recent = {"writer_recent": {"N": str(int(time.time() * 1000))}}
    key = {"userId": {"S": "much"}, "yearMonth": {"S": month}}
    table = settings.names.usage_table
    aws.dynamodb().put_item(TableName=table, Item={**key, **old, **recent, "apiCalls": {"N": "4"}})
    one_call("much")
    counted("much", 5)
    item = aws.dynamodb().get_item(TableName=table, Key=key)["Item"]
    writers = {name for name in item if name.startswith("writer_")}
    assert len(writers) == 2 and "writer_recent" in writers


def test_what_the_table_refuses_is_logged_as_a_metric(cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    cloud_table = settings.names.usage_table
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAGE", "test")
        assert settings.names.usage_table != cloud_table
        with usage.call("ada") as call:
            call.count()
        record = next(json.loads(line) for line in capsys.readouterr().out.splitlines() if "UsageLost" in line)
    directive = record["_aws"]["CloudWatchMetrics"][0]
    assert directive["Metrics"] == [{"Name": "UsageLost", "Unit": "Count"}]
    assert directive["Dimensions"] == [["Stage"]]
    assert record["UsageLost"] == 1 and record["Stage"] == "test"
    assert abs(record["_aws"]["Timestamp"] / 1000 - time.time()) < 60
    assert "ada" not in json.dumps(record)


def lost(capsys: pytest.CaptureFixture[str]) -> int:
    return sum("UsageLost" in line for line in capsys.readouterr().out.splitlines())


class TestHttp:
    def test_every_authenticated_call_is_counted_and_no_other(self, cloud_make_api: MakeApi) -> None:
        api = cloud_make_api()
        for path in ("/auth/verify", "/lib", "/flows/none", "/runs?limit=x"):
            api.get(path)
        for path in ("/health", "/auth/config", "/openapi.json"):
            assert api.get(path).status == 200
        api.call("OPTIONS", "/runs")
        api.call("DELETE", "/runs")
        token, api.token = api.token, "wrong"
        api.get("/usage").problem(401)
        api.token = token
        answer = api.get("/usage").json()
        month = datetime.now(UTC).strftime("%Y-%m")
        assert answer == {"userId": api.user, "usage": [{"yearMonth": month, "apiCalls": 5}]}

    def test_a_function_with_the_decorator_is_counted_once(
        self, cloud_make_api: MakeApi, function_project: Any
    ) -> None:
        decorated = "from chalicelib.usage import track_usage_middleware\n@track_usage_middleware\n"
        function_project(
            plain=decorated + "def handler(event, context): return 1", typed=decorated + "def handler(a: int): return a"
        )
        api = cloud_make_api()
        assert api.post("/lib/plain").json() == 1
        assert api.post("/lib/typed", {"a": 2}).json() == 2
        assert api.get("/usage").json()["usage"][0]["apiCalls"] == 3

    def test_months(self, cloud_make_api: MakeApi) -> None:
        api = cloud_make_api()
        for month, count in (("2025-12", 3), ("2026-01", 4), ("2026-02", 5)):
            item = {"userId": {"S": api.user}, "yearMonth": {"S": month}, "apiCalls": {"N": str(count)}}
            aws.dynamodb().put_item(TableName=settings.names.usage_table, Item=item)

        def months(query: str) -> list[str]:
            return [entry["yearMonth"] for entry in api.get(f"/usage{query}").json()["usage"]]

        assert months("?startDate=2026-01&endDate=2026-01") == ["2026-01"]
        assert months("?endDate=2026-01") == ["2025-12", "2026-01"]
        assert months("?startDate=2026-02")[0] == "2026-02"

    @pytest.mark.parametrize(
        "query", ["startDate=2026", "endDate=2026-13", "startDate=2026-02&endDate=2026-01", "endDate="]
    )
    def test_wrong_months(self, api: Api, query: str) -> None:
        api.get(f"/usage?{query}").problem(400)

    def test_anothers_usage_is_for_admins(self, cloud_make_api: MakeApi) -> None:
        user, stranger, admin = cloud_make_api(), cloud_make_api(), cloud_make_api(["admin"])
        user.get("/auth/verify")
        assert user.get(f"/usage/{user.user}").json()["usage"][0]["apiCalls"] == 2
        stranger.get(f"/usage/{user.user}").problem(403)
        assert admin.get(f"/usage/{user.user}").json()["usage"][0]["apiCalls"] == 2

    def test_the_api_answers_without_its_database(self, api: Api, clean: pytest.MonkeyPatch) -> None:
        clean.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        assert api.get("/auth/verify").status == 200
        assert api.get("/usage").problem(503)["detail"].startswith("An AWS service")
