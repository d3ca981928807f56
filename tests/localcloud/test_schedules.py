"""Schedules fire when they say: with a clock that the test moves, and for real."""

from __future__ import annotations

import json
import time
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.cloud import Cloud
from localcloud.schedules import MAX_SLEEP_SECONDS, Firing, ScheduleChanges, ScheduleEntry, Schedules, Unusable
from localcloud.state.marks import MarksInMemory
from localcloud.targets import UnknownTarget
from tests.localcloud.conftest import client_of
from tests.localcloud.test_endpoint import wait_for

START = datetime(2026, 1, 1, 11, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Planner:
    """Schedules, and what they have delivered: (seconds since START, target, input)."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.entries: dict[str, ScheduleEntry] = {}
        self.delivered: list[tuple[float, str, str]] = []
        self.marks = MarksInMemory()
        self.restart()

    def restart(self, **off: float) -> None:
        """Begin again after a while, with what is kept."""
        self.clock.now += timedelta(**off)
        self.schedules = Schedules(self.entries.values, self.deliver, ScheduleChanges(), self.marks, now=self.clock)
        self.schedules.refresh()

    def deliver(self, arn: str, payload: str) -> None:
        self.delivered.append(((self.clock.now - START).total_seconds(), arn, payload))

    def put(self, key: str, expression: str, **settings: Any) -> None:
        values: dict[str, Any] = {"timezone": "UTC", "targets": (Firing(key, lambda due: due.isoformat()),), **settings}
        self.entries[key] = ScheduleEntry(key, (expression, str(settings)), expression, **values)
        self.schedules.refresh()

    def move(self, **delta: float) -> None:
        """Advance as the thread would: sleep until the next is due, fire, and so on."""
        end = self.clock.now + timedelta(**delta)
        while True:
            seconds = self.schedules.fire_due()
            if self.clock.now + timedelta(seconds=seconds) > end:
                break
            self.clock.now += timedelta(seconds=seconds)
        self.clock.now = end

    def times(self, key: str) -> list[float]:
        return [seconds for seconds, arn, _ in self.delivered if arn == key]


@pytest.fixture
def planner() -> Planner:
    return Planner()


def test_rate_counts_from_its_beginning(planner: Planner) -> None:
    planner.put("five", "rate(5 minutes)")
    planner.move(minutes=16)
    assert planner.times("five") == [300, 600, 900]


def test_cron_fires_at_its_minute(planner: Planner) -> None:
    planner.put("noon", "cron(0 12 * * ? *)")
    planner.move(days=2)
    assert planner.times("noon") == [3600, 3600 + 86400]
    assert planner.delivered[0][2] == "2026-01-01T12:00:00+00:00"


def test_time_zone_counts(planner: Planner) -> None:
    planner.put("berlin", "cron(30 12 * * ? *)", timezone="Europe/Berlin")  # 11:30 UTC in winter
    planner.move(hours=2)
    assert planner.times("berlin") == [1800]


def test_at_fires_once(planner: Planner) -> None:
    planner.put("once", "at(2026-01-01T11:10:00)")
    planner.move(days=1)
    assert planner.times("once") == [600]
    assert planner.schedules.upcoming() == {}


def test_at_in_the_past_never_fires_and_is_deleted_if_it_says_so(planner: Planner) -> None:
    deleted: list[bool] = []
    planner.put("past", "at(2025-01-01T00:00:00)", delete=lambda: deleted.append(True))
    planner.move(days=1)
    assert planner.delivered == []
    assert deleted == [True]


def test_removed_schedules_fire_no_more(planner: Planner) -> None:
    planner.put("five", "rate(5 minutes)")
    planner.move(minutes=6)
    del planner.entries["five"]
    planner.schedules.refresh()
    planner.move(minutes=30)
    assert planner.times("five") == [300]


def test_changed_schedules_count_anew(planner: Planner) -> None:
    planner.put("it", "rate(5 minutes)")
    planner.move(minutes=4)
    planner.put("it", "rate(10 minutes)")
    planner.move(minutes=19)
    assert planner.times("it") == [240 + 600]


def test_refreshing_does_not_disturb_the_unchanged(planner: Planner) -> None:
    planner.put("five", "rate(5 minutes)")
    planner.move(minutes=4)
    planner.schedules.refresh()
    planner.move(minutes=2)
    assert planner.times("five") == [300]


def test_what_came_due_while_off_fires_once_at_the_start(planner: Planner) -> None:
    planner.put("minute", "rate(1 minute)")
    planner.put("hourly", "cron(0 * * * ? *)")
    planner.put("once", (START + timedelta(hours=2)).strftime("at(%Y-%m-%dT%H:%M:%S)"))
    planner.restart(hours=3, seconds=30)
    planner.move(seconds=1)
    inputs = {arn: text for _, arn, text in planner.delivered}
    assert sorted(arn for _, arn, _ in planner.delivered) == ["hourly", "minute", "once"]
    assert inputs["once"] == (START + timedelta(hours=2)).isoformat()
    assert inputs["hourly"] == (START + timedelta(hours=3)).isoformat()
    planner.delivered.clear()
    planner.restart(seconds=1)
    planner.move(seconds=27)
    assert planner.delivered == []
    planner.move(seconds=2)  # the rate keeps its beats
    assert [arn for _, arn, _ in planner.delivered] == ["minute"]


def test_a_restart_between_two_firings_fires_neither(planner: Planner) -> None:
    planner.put("five", "rate(5 minutes)")
    for _ in range(4):
        planner.move(minutes=2)
        planner.restart(seconds=15)
    planner.move(minutes=2)
    assert planner.times("five") == [300, 600]


def test_what_is_older_than_the_retry_policy_allows_is_dropped(planner: Planner) -> None:
    deleted: list[bool] = []
    once = (START + timedelta(minutes=5)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    planner.put("once", once, max_age=timedelta(minutes=10), delete=lambda: deleted.append(True))
    planner.put("daily", "rate(1 day)", max_age=timedelta(hours=1))
    planner.restart(hours=26)
    planner.move(minutes=1)
    assert planner.delivered == [] and deleted == [True]
    planner.move(hours=23)
    assert planner.times("daily") == [2 * 86400]


def test_a_schedule_that_changed_or_was_disabled_while_off_catches_nothing_up(planner: Planner) -> None:
    planner.put("changed", "rate(1 minute)")
    planner.put("disabled", "rate(1 minute)")
    disabled = planner.entries.pop("disabled")
    planner.schedules.refresh()
    planner.entries["disabled"] = disabled
    planner.entries["changed"] = replace(planner.entries["changed"], version="new")
    planner.restart(seconds=210)
    planner.move(seconds=59)
    assert planner.delivered == []
    planner.move(seconds=2)
    assert planner.times("disabled") == planner.times("changed") == [270]


def test_what_was_slept_through_fires_once(planner: Planner) -> None:
    planner.put("minute", "rate(1 minute)")
    planner.clock.now += timedelta(hours=3, seconds=30)
    planner.schedules.fire_due()
    assert len(planner.delivered) == 1
    planner.move(seconds=31)
    assert len(planner.delivered) == 2  # at the next full minute of its rate


def test_start_and_end_bound_it(planner: Planner) -> None:
    begin, end = START + timedelta(hours=2), START + timedelta(hours=4, minutes=30)
    planner.put("bounded", "cron(0 * * * ? *)", not_before=begin, not_after=end)
    planner.move(hours=10)
    assert planner.times("bounded") == [3 * 3600, 4 * 3600]


def test_bad_expressions_are_reported_once(planner: Planner, capsys: pytest.CaptureFixture[str]) -> None:
    planner.put("bad", "cron(nonsense)")
    planner.schedules.refresh()
    assert capsys.readouterr().err.count("[bad] not delivered") == 1
    assert planner.schedules.upcoming() == {}


def test_one_failing_target_does_not_stop_the_others(planner: Planner, capsys: pytest.CaptureFixture[str]) -> None:
    def deliver(arn: str, payload: str) -> None:
        if arn == "bad":
            raise UnknownTarget("there is no bad")
        planner.deliver(arn, payload)

    planner.schedules._deliver = deliver
    targets = (Firing("bad", lambda due: "1"), Firing("good", lambda due: "2"))
    planner.put("both", "rate(1 minute)", targets=targets)
    planner.move(minutes=1)
    assert [arn for _, arn, _ in planner.delivered] == ["good"]
    assert "there is no bad" in capsys.readouterr().err


def test_whatever_a_target_does_the_others_are_fired(planner: Planner, capsys: pytest.CaptureFixture[str]) -> None:
    def input_at(due: datetime) -> str:
        raise KeyError("detail")

    planner.put("bad", "rate(1 minute)", targets=(Firing("bad", input_at), Firing("good", lambda due: "2")))
    planner.move(minutes=1)
    assert [arn for _, arn, _ in planner.delivered] == ["good"]
    assert "[bad] not delivered: KeyError: 'detail'" in capsys.readouterr().err


def test_a_schedule_that_cannot_be_planned_is_reported_once(
    planner: Planner, capsys: pytest.CaptureFixture[str]
) -> None:
    class Endless:
        def next_after(self, moment: datetime) -> datetime:
            raise OverflowError("date value out of range")

    planner.put("good", "rate(1 minute)")
    unusable = Unusable("unusable", "KeyError: 'Arn'")
    planner.schedules._entries = lambda: (unusable, *planner.entries.values())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("localcloud.schedules.parse_schedule", lambda *_: Endless())
        planner.put("endless", "rate(2 minutes)")
        planner.schedules.refresh()
    planner.move(minutes=1)
    assert planner.times("good") == [60]
    printed = capsys.readouterr().err
    assert printed.count("[unusable] not delivered: KeyError: 'Arn'") == 1
    assert printed.count("[endless] not delivered: OverflowError") == 1


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ({}, "KeyError"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution", "Input": "not json"}, "its Input can't be read"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution", "Input": "[1]"}, "must be a JSON object"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution", "Input": '{"StateMachineArn": 1}'}, "JSON object"),
        ({"Arn": "x", "Input": "1"}, "not supported"),
    ],
)
def test_targets_that_only_moto_takes_do_not_stop_schedules(
    cloud: Cloud, capfd: pytest.CaptureFixture[str], target: dict[str, str], text: str
) -> None:
    body = {
        "ScheduleExpression": "rate(1 minute)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"RoleArn": "arn:aws:iam::123456789012:role/x", **target},
    }
    scheduler = client_of(cloud, "scheduler")
    scope = "Credential=x/20200101/us-east-1/scheduler/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}", "Content-Type": "application/json"}
    name = f"odd-{zlib.crc32(json.dumps(target).encode())}"
    asked = urllib.request.Request(f"{cloud.endpoint}/schedules/{name}", json.dumps(body).encode(), headers)
    urllib.request.urlopen(asked).close()
    said = ""

    def is_said() -> bool:  # by this thread, or by that of the schedules, which may be faster
        nonlocal said
        said += capfd.readouterr().err
        return text in said

    cloud.schedules._now = lambda: datetime.now(UTC) + timedelta(minutes=2)
    try:
        cloud.schedules.fire_due()
        wait_for(is_said)
    finally:
        cloud.schedules._now = lambda: datetime.now(UTC)
        scheduler.delete_schedule(Name=name)


def test_without_schedules_it_sleeps_long(planner: Planner) -> None:
    assert planner.schedules.fire_due() == MAX_SLEEP_SECONDS


def test_the_projects_flows_are_scheduled(cloud: Cloud) -> None:
    schedule = client_of(cloud, "scheduler").get_schedule(Name=cloud.names.resource("greetFlow"))
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("cron(0 12 * * ? *)", "ENABLED")
    assert schedule["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
    request = json.loads(schedule["Target"]["Input"])
    assert request["StateMachineArn"] == cloud.names.state_machine_arn("greetFlow")
    assert json.loads(request["Input"]) == {"name": "schedule"}
    due = cloud.schedules.upcoming()[f"schedule default/{cloud.names.resource('greetFlow')}"]
    assert (due.hour, due.minute) == (12, 0)


@pytest.fixture
def queue(cloud: Cloud) -> Iterator[tuple[str, str]]:
    sqs = client_of(cloud, "sqs")
    url = sqs.create_queue(QueueName=f"scheduled-{time.monotonic_ns()}")["QueueUrl"]
    yield url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.delete_queue(QueueUrl=url)


def in_a_moment() -> str:
    return (datetime.now(UTC) + timedelta(seconds=1.5)).strftime("at(%Y-%m-%dT%H:%M:%S)")


def test_a_schedule_created_by_the_api_fires(cloud: Cloud, queue: tuple[str, str]) -> None:
    scheduler = client_of(cloud, "scheduler")
    scheduler.create_schedule(
        Name="soon",
        ScheduleExpression=in_a_moment(),
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": queue[1],
            "RoleArn": "arn:aws:iam::123456789012:role/x",
            "Input": '{"n": <aws.scheduler.attempt-number>, "arn": "<aws.scheduler.schedule-arn>"}',
        },
    )
    found = client_of(cloud, "sqs").receive_message(QueueUrl=queue[0], WaitTimeSeconds=10)["Messages"]
    assert json.loads(found[0]["Body"]) == {
        "n": 1,
        "arn": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/soon",
    }
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name="soon")


def test_a_scheduled_rule_starts_executions_until_it_is_disabled(cloud: Cloud) -> None:
    events = client_of(cloud, "events")
    events.put_rule(Name="each-minute", ScheduleExpression="rate(1 minute)")
    target = {"Id": "1", "Arn": cloud.names.state_machine_arn("greetFlow"), "Input": '{"name": "rule"}'}
    events.put_targets(Rule="each-minute", Targets=[{**target, "RoleArn": "arn:aws:iam::123456789012:role/x"}])
    due = cloud.schedules.upcoming()["rule each-minute"]
    assert timedelta(seconds=50) < due - datetime.now(UTC) <= timedelta(minutes=1)
    cloud.schedules._now = lambda: due
    cloud.schedules.fire_due()
    cloud.schedules._now = lambda: datetime.now(UTC)
    events.disable_rule(Name="each-minute")
    assert "rule each-minute" not in cloud.schedules.upcoming()
    states = client_of(cloud, "stepfunctions")

    def inputs() -> list[str]:
        found = states.list_executions(stateMachineArn=cloud.names.state_machine_arn("greetFlow"))["executions"]
        return [states.describe_execution(executionArn=item["executionArn"])["input"] for item in found]

    wait_for(lambda: '{"name": "rule"}' in inputs())


class SetClock:
    """A planner on a machine whose clock is set."""

    def __init__(self) -> None:
        self.planner = Planner()
        self.steady = 0.0
        planner = self.planner
        planner.schedules = Schedules(
            planner.entries.values,
            planner.deliver,
            ScheduleChanges(),
            planner.marks,
            now=planner.clock,
            steady=lambda: self.steady,
        )

    def pass_time(self, minutes: int) -> None:
        for _ in range(minutes):
            self.planner.clock.now += timedelta(minutes=1)
            self.steady += 60
            self.planner.schedules.fire_due()

    def jump(self, hours: float) -> None:
        self.planner.clock.now += timedelta(hours=hours)


def test_a_clock_that_is_set_forward_fires_what_it_passed_over_once() -> None:
    machine = SetClock()
    machine.planner.put("rate", "rate(30 minutes)")
    machine.planner.put("cron", "cron(0 12 * * ? *)")
    machine.planner.put("once", "at(2026-01-01T13:00:00)")
    machine.pass_time(10)
    machine.jump(5)
    machine.pass_time(60)
    names = [name for _, name, _ in machine.planner.delivered]
    assert sorted(names) == ["cron", "once", "rate", "rate", "rate"]


def test_a_clock_that_is_set_back_fires_no_time_twice_and_no_rate_later() -> None:
    machine = SetClock()
    machine.planner.put("rate", "rate(30 minutes)")
    machine.planner.put("cron", "cron(0 12 * * ? *)")
    machine.pass_time(70)  # until 12:10
    machine.jump(-3)
    machine.pass_time(240)  # until 13:10
    names = [name for _, name, _ in machine.planner.delivered]
    assert names.count("cron") == 1
    assert names.count("rate") == 10
