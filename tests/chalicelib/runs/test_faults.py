"""What becomes of a start, a stop and a redrive when AWS fails: each operation, each moment, each kind of fault.

`EXPECTED` is the table: how the call that meets the fault is answered, what has happened at Step Functions by then, and
how the repeat is answered once AWS works again. Nothing else tells the application of an execution: no events come.
"""

from __future__ import annotations

import time
import types
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from chalicelib import aws
from chalicelib.runs import belief, starting

from ..conftest import Api, LocalCloud, MakeApi, Reply, UseFlows, flow
from ..faulty_aws import FAULTS, Fault, FaultyAws

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
FLOWS = (flow("faultPass", PASS), flow("faultWait", WAIT), flow("faultExpress", PASS, type="EXPRESS"))
PATIENCE, IMPATIENCE = 5.0, 0.25  # seconds for an answer: where all calls get one, and where one gets none
LATE = tuple(kind for kind in FAULTS if kind.startswith("late"))
NOT_DONE = tuple(kind for kind in FAULTS if kind not in LATE)


class Cell(NamedTuple):
    """What is expected: the answer's status, whether the work is done, the repeat's status and the run's in the end."""

    answer: int
    done: bool
    repeat: int
    end: str


class Moment(NamedTuple):
    """Which call of AWS meets the fault."""

    operation: str
    about: str = ""


KEY, INDEXES, RECORD = Moment("PutItem", "key#"), Moment("BatchWriteItem"), Moment("PutItem", "run#")
START, START_SYNC = Moment("StartExecution"), Moment("StartSyncExecution")
FIND, CHANGE = Moment("GetItem", "run#"), Moment("UpdateItem", "run#")
STOP, REDRIVE, DESCRIBE = Moment("StopExecution"), Moment("RedriveExecution"), Moment("DescribeExecution")

BEGINS = Cell(503, False, 202, "SUCCEEDED")
HAS_BEGUN = Cell(503, True, 202, "SUCCEEDED")
EXPECTED: dict[tuple[str, Moment, str], Cell] = {
    # A start with an Idempotency-Key: the repeat finds the run, and starts it if it has not begun.
    **{("start with key", KEY, kind): BEGINS for kind in FAULTS},
    **{("start with key", INDEXES, kind): BEGINS for kind in FAULTS},
    **{("start with key", RECORD, kind): BEGINS for kind in FAULTS},
    **{("start with key", START, kind): BEGINS for kind in NOT_DONE},
    **{("start with key", START, kind): HAS_BEGUN for kind in LATE},
    **{("start with key", FIND, kind): Cell(202, True, 202, "SUCCEEDED") for kind in FAULTS},  # while it waits
    # Without a key the repeat is a run of its own. The first one is in the list if it may have begun.
    **{("start", INDEXES, kind): Cell(503, False, 202, "none") for kind in FAULTS},
    **{("start", RECORD, kind): Cell(503, False, 202, "none") for kind in NOT_DONE},
    **{("start", RECORD, kind): Cell(503, False, 202, "FAILED") for kind in LATE},
    **{("start", START, kind): Cell(503, False, 202, "FAILED") for kind in NOT_DONE},
    ("start", START, "throttle"): Cell(503, False, 202, "none"),
    **{("start", START, kind): HAS_BEGUN for kind in LATE},
    **{("start", FIND, kind): Cell(202, True, 202, "SUCCEEDED") for kind in FAULTS},
    # A run of an EXPRESS flow is never repeated if it may have run: nobody could tell.
    **{("start express", KEY, kind): Cell(503, False, 202, "SUCCEEDED") for kind in FAULTS},
    **{("start express", RECORD, kind): Cell(503, False, 202, "RUNNING") for kind in LATE},
    **{("start express", RECORD, kind): Cell(503, False, 202, "SUCCEEDED") for kind in NOT_DONE},
    **{("start express", START_SYNC, kind): Cell(503, False, 202, "RUNNING") for kind in NOT_DONE},
    ("start express", START_SYNC, "throttle"): Cell(503, False, 202, "SUCCEEDED"),
    ("start express", START_SYNC, "hang"): Cell(202, False, 202, "TIMED_OUT"),
    **{("start express", START_SYNC, kind): Cell(503, True, 202, "RUNNING") for kind in LATE},
    ("start express", START_SYNC, "late hang"): Cell(202, True, 202, "TIMED_OUT"),
    # A stop
    **{("stop", FIND, kind): Cell(503, False, 200, "ABORTED") for kind in FAULTS},
    **{("stop", STOP, kind): Cell(503, False, 200, "ABORTED") for kind in NOT_DONE},
    **{("stop", STOP, kind): Cell(200, True, 200, "ABORTED") for kind in LATE},
    **{("stop", DESCRIBE, kind): Cell(503, True, 200, "ABORTED") for kind in FAULTS},
    **{("stop", CHANGE, kind): Cell(503, True, 200, "ABORTED") for kind in FAULTS},
    # A redrive
    **{("redrive", FIND, kind): Cell(503, False, 202, "RUNNING") for kind in FAULTS},
    **{("redrive", REDRIVE, kind): Cell(503, False, 202, "RUNNING") for kind in NOT_DONE},
    **{("redrive", REDRIVE, kind): Cell(202, True, 409, "RUNNING") for kind in LATE},
    **{("redrive", CHANGE, kind): Cell(503, True, 202, "RUNNING") for kind in NOT_DONE},
    **{("redrive", CHANGE, kind): Cell(503, True, 409, "RUNNING") for kind in LATE},
}
ACCEPTED = {202: (200, 202)}  # a start that waits says 200 if the run has ended by then
DONE_BY = {
    **dict.fromkeys(("start", "start with key"), "StartExecution"),
    "start express": "StartSyncExecution",
    "stop": "StopExecution",
    "redrive": "RedriveExecution",
}


@pytest.fixture(scope="module", autouse=True)
def machines(_cloud: LocalCloud) -> None:
    for one in FLOWS:
        _cloud.create(one.name, dict(one.definition), one.type)


@pytest.fixture
def proxy(cloud: LocalCloud, clean: pytest.MonkeyPatch, use_flows: UseFlows) -> Iterator[FaultyAws]:
    """The way to the cloud, which pauses are cut for. No events come."""
    use_flows(*FLOWS)
    cloud.events.clear()
    be_patient(clean, PATIENCE)
    clean.setattr(starting, "MAX_PAUSE", 0.0)
    clean.setattr("chalicelib.usage._increment", lambda *_: None)
    clean.setattr("botocore.endpoint.time", types.SimpleNamespace(sleep=lambda seconds: None))  # between attempts
    way = FaultyAws(cloud.cloud.endpoint)
    clean.setenv("AWS_ENDPOINT_URL", way.url)
    yield way
    way.close()


@pytest.fixture
def user(proxy: FaultyAws, cloud_make_api: MakeApi, clean: pytest.MonkeyPatch) -> Api:
    api = cloud_make_api()
    clean.setenv("AWS_ENDPOINT_URL", proxy.url)  # which the fixtures of the cloud have set to the cloud's own
    return api


def be_patient(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the application wait so long for an answer of AWS."""
    monkeypatch.setattr(aws, "READ_TIMEOUT", seconds)
    monkeypatch.setattr(aws, "SYNC_EXECUTION_TIMEOUT", seconds)
    monkeypatch.setattr(belief, "CHECK_TIMEOUT", seconds)


def request(api: Api, operation: str, execution: str) -> Reply:
    match operation:
        case "start":
            return api.post("/run/faultPass?wait=0.1", {"a": 1})
        case "start with key":
            return api.post("/run/faultPass?wait=0.1", {"a": 1}, headers={"Idempotency-Key": "k"})
        case "start express":
            return api.post("/run/faultExpress", {"a": 1}, headers={"Idempotency-Key": "k"})
        case "stop":
            return api.call("DELETE", f"/run/faultWait/{execution}")
    return api.post(f"/run/faultWait/{execution}/redrive")


def prepared(api: Api, operation: str) -> str:
    """The run that a stop or a redrive is about."""
    if operation.startswith("start"):
        return ""
    execution: str = api.post("/run/faultWait").json()["executionId"]
    if operation == "redrive":
        assert api.call("DELETE", f"/run/faultWait/{execution}").status == 200
    return execution


def listed(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The status of each run, oldest first, after everything that can be known is."""
    with monkeypatch.context() as later:
        later.setattr(belief, "FIRST_DOUBT", 0.0)
        later.setattr(belief, "MAY_BEGIN", 0.0)
        return [run["status"] for run in api.get("/runs").json()["executions"]][::-1]


@pytest.mark.parametrize(
    ("operation", "moment", "kind"), EXPECTED, ids=["-".join([o, m.operation, m.about, k]) for o, m, k in EXPECTED]
)
def test_a_fault(
    user: Api, proxy: FaultyAws, monkeypatch: pytest.MonkeyPatch, operation: str, moment: Moment, kind: str
) -> None:
    expected = EXPECTED[operation, moment, kind]
    execution = prepared(user, operation)
    proxy.forwarded.clear()
    proxy.faults.append(Fault(moment.operation, kind, moment.about))

    with monkeypatch.context() as meanwhile:
        if kind.endswith("hang"):
            be_patient(meanwhile, IMPATIENCE)
        reply = request(user, operation, execution)
    assert reply.status == expected.answer, reply.text
    if reply.status == 503:
        reply.problem(503)
        assert int(reply.headers["Retry-After"]) >= 1
    assert bool(proxy.count(DONE_BY[operation])) == expected.done

    proxy.faults.clear()
    repeat = request(user, operation, execution)
    assert repeat.status in ACCEPTED.get(expected.repeat, (expected.repeat,)), repeat.text

    if operation != "start":
        statuses = [expected.end]
    elif expected.end == "none":
        statuses = ["SUCCEEDED"]
    else:
        statuses = [expected.end, "SUCCEEDED"]
    deadline = time.monotonic() + 10
    while (found := listed(user, monkeypatch)) != statuses and time.monotonic() < deadline:
        time.sleep(0.1)  # the run of the repeat may still be running
    assert found == statuses


def test_one_fault_is_absorbed(user: Api, proxy: FaultyAws) -> None:
    for operation in ("PutItem", "StartExecution", "GetItem"):
        for kind in ("reset", "500", "late 500"):
            proxy.faults.append(Fault(operation, kind, times=1))
            reply = user.post("/run/faultPass?wait=0.1", {}, headers={"Idempotency-Key": f"{operation} {kind}"})
            assert reply.status == 202, reply.text
    assert user.get("/runs").json()["count"] == 9


def test_a_throttled_try_does_not_hide_one_without_an_answer(user: Api, proxy: FaultyAws) -> None:
    proxy.faults += [Fault("StartExecution", "late reset", times=1), Fault("StartExecution", "throttle", times=1)]
    assert "may have begun" in user.post("/run/faultPass").problem(503)["detail"]
    assert proxy.count("StartExecution") == 1
    assert user.get("/runs").json()["count"] == 1


def test_a_poll_does_not_end_a_run_that_may_still_begin(
    user: Api, proxy: FaultyAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.faults.append(Fault("StartExecution", "reset"))
    key = {"Idempotency-Key": "k"}
    user.post("/run/faultPass", headers=key).problem(503)
    (run,) = user.get("/runs").json()["executions"]
    path = f"/run/faultPass/{run['executionId']}"
    monkeypatch.setattr(belief, "FIRST_DOUBT", 0.0)
    assert user.get(path).json()["status"] == "RUNNING"
    assert proxy.count("DescribeExecution") == 1

    monkeypatch.setattr(belief, "MAY_BEGIN", 0.0)
    monkeypatch.setattr(belief, "LONGEST_TRUST", 0.0)  # of the first check
    ended = user.get(path).json()
    assert (ended["status"], ended["error"]) == ("FAILED", "ExecutionDoesNotExist")

    proxy.faults.clear()
    again = user.post("/run/faultPass", headers=key).json()
    assert (again["executionId"], again["runStatus"]) == (run["executionId"], "RUNNING")
    assert user.get(f"{path}?wait=20").json()["status"] == "SUCCEEDED"


def test_a_run_that_never_began_can_be_stopped_when_it_may_not_begin_any_more(
    user: Api, proxy: FaultyAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.faults.append(Fault("StartExecution", "hang"))
    with monkeypatch.context() as meanwhile:
        be_patient(meanwhile, IMPATIENCE)
        user.post("/run/faultPass", headers={"Idempotency-Key": "k"}).problem(503)
    proxy.faults.clear()
    path = f"/run/faultPass/{user.get('/runs').json()['executions'][0]['executionId']}"
    assert "not begun yet" in user.call("DELETE", path).problem(503)["detail"]
    monkeypatch.setattr(belief, "MAY_BEGIN", 0.0)
    assert user.call("DELETE", path).json()["status"] == "ABORTED"
    again = user.post("/run/faultPass", headers={"Idempotency-Key": "k"}).json()
    assert again["runStatus"] == "ABORTED"
    assert proxy.count("StartExecution") == 0


def test_of_requests_with_one_key_a_throttled_one_takes_no_run_away(user: Api, proxy: FaultyAws) -> None:
    proxy.faults.append(Fault("StartExecution", "throttle", times=6))

    def one(_: int) -> int:
        return user.post("/run/faultPass", headers={"Idempotency-Key": "k"}).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(one, range(16)))
    assert set(statuses) <= {202, 503} and 202 in statuses
    assert user.get("/runs").json()["count"] == 1
    assert one(0) == 202
    assert user.get("/runs").json()["count"] == 1
