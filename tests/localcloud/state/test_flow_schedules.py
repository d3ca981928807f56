"""Schedules of flows over a restart: as their files say, each once, and gone with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.localcloud.conftest import write_project
from tests.localcloud.state.clouds import CloudProcess

PREFIX = "serverless-dynamic-workflows-local-"


def write_flow(project: Path, name: str, schedule: str) -> Path:
    file = project / "flows" / f"{name}.yml"
    state = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    file.write_text(f"name: {name}\nschedule: {schedule}\ndefinition: {json.dumps(state)}\n")
    return file


def schedules(cloud: CloudProcess) -> dict[str, Any]:
    client = cloud.client("scheduler")
    names = [one["Name"] for one in client.list_schedules()["Schedules"]]
    return {name.removeprefix(PREFIX): client.get_schedule(Name=name) for name in names}


def test_they_follow_the_files_that_changed_while_the_cloud_was_off(tmp_path: Path) -> None:
    write_project(tmp_path)
    files = {name: write_flow(tmp_path, name, "rate(1 day)") for name in ("same", "edited", "gone", "broken2")}
    with CloudProcess(tmp_path) as cloud:
        before = schedules(cloud)
        assert set(before) == {"greetFlow", *files}
        target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/r"}
        cloud.client("scheduler").create_schedule(
            Name=f"{PREFIX}mine",
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
        )
        cloud.stop()
    files["gone"].unlink()
    files["broken2"].write_text("name: broken2\nschedule: rate(1 day)\ndefinition: {}\n")
    write_flow(tmp_path, "edited", "rate(2 days)")
    write_flow(tmp_path, "new", "rate(3 days)")
    with CloudProcess(tmp_path) as cloud:
        after = schedules(cloud)
    assert set(after) == {"greetFlow", "same", "edited", "new", "mine"}
    assert after["same"]["CreationDate"] == before["same"]["CreationDate"]
    assert after["edited"]["ScheduleExpression"] == "rate(2 days)"
