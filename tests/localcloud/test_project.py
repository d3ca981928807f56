"""The cloud follows the project's files: what is saved is what the next call runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from tests.localcloud.conftest import client_of
from tests.localcloud.test_endpoint import invoke, wait_for
from tests.localcloud.test_schedules import in_a_moment


def write_flow(cloud: Cloud, name: str, result: Any, extra: str = "") -> Path:
    file = cloud.settings.root / "flows" / f"{name}.yml"
    state = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": result, "End": True}}}
    file.write_text(f"name: {name}\n{extra}definition: {json.dumps(state)}\n")
    return file


def run(cloud: Cloud, name: str) -> Any:
    states = client_of(cloud, "stepfunctions")
    execution = states.start_execution(stateMachineArn=cloud.names.state_machine_arn(name))["executionArn"]
    ended = wait_for(
        lambda: (found := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and found
    )
    return json.loads(ended["output"])


def test_flows_are_served_as_they_are_on_disk(cloud: Cloud) -> None:
    for number in range(3):
        write_flow(cloud, "newFlow", number)
        assert run(cloud, "newFlow") == number


def test_removed_flows_are_gone(cloud: Cloud) -> None:
    file = write_flow(cloud, "shortLived", 1, "schedule: rate(1 day)\n")
    assert run(cloud, "shortLived") == 1
    key = f"schedule default/{cloud.names.resource('shortLived')}"
    assert key in cloud.schedules.upcoming()
    file.unlink()
    states = client_of(cloud, "stepfunctions")
    with pytest.raises(states.exceptions.StateMachineDoesNotExist):
        states.start_execution(stateMachineArn=cloud.names.state_machine_arn("shortLived"))
    assert key not in cloud.schedules.upcoming()


def test_a_new_schedule_counts_though_nobody_calls(cloud: Cloud) -> None:
    key = f"schedule default/{cloud.names.resource('unasked')}"
    file = write_flow(cloud, "unasked", 1, "schedule: rate(1 day)\n")
    wait_for(lambda: key in cloud.schedules.upcoming())
    file.unlink()
    wait_for(lambda: key not in cloud.schedules.upcoming())


def test_a_flow_may_change_its_type(cloud: Cloud) -> None:
    write_flow(cloud, "changing", 1)
    assert run(cloud, "changing") == 1
    write_flow(cloud, "changing", 2, "type: EXPRESS\n")
    states = client_of(cloud, "stepfunctions")
    answer = states.start_sync_execution(stateMachineArn=cloud.names.state_machine_arn("changing"))
    assert answer["output"] == "2"


def test_schedules_follow(cloud: Cloud) -> None:
    key = f"schedule default/{cloud.names.resource('timed')}"
    write_flow(cloud, "timed", 1, "schedule: {expression: cron(0 9 * * ? *), timezone: Asia/Tokyo}\n")
    run(cloud, "timed")
    assert cloud.schedules.upcoming()[key].hour == 0
    write_flow(cloud, "timed", 1, "schedule: {expression: cron(0 9 * * ? *), enabled: false}\n")
    run(cloud, "timed")
    assert key not in cloud.schedules.upcoming()


def test_broken_flows_do_not_stop_the_others(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    states = client_of(cloud, "stepfunctions")
    names = {machine["name"] for machine in states.list_state_machines()["stateMachines"]}
    assert cloud.names.resource("greetFlow") in names
    assert cloud.names.resource("brokenFlow") not in names
    (cloud.settings.root / "flows" / "worse.yml").write_text("name: worseFlow\ndefinition: {States: {}}\n")
    run(cloud, "greetFlow")
    assert "flow worseFlow is broken:" in (log := capsys.readouterr().err)
    assert "flows/worse.yml:2" in log


def refused(cloud: Cloud, flow: str) -> str:
    """The message with which a start of the flow is refused."""
    with pytest.raises(ClientError) as caught:
        run(cloud, flow)
    assert caught.value.response["Error"]["Code"] == "InvalidDefinition"
    return str(caught.value)


def test_nobody_starts_a_flow_that_is_broken(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """The API refuses it by the same finding: tests/end_to_end/test_flows.py."""
    file = write_flow(cloud, "sound", 1, "schedule: rate(1 day)\n")
    (cloud.settings.root / "flows" / "outer.yml").write_text(
        "name: outer\ndefinition:\n  StartAt: A\n  States:\n    A:\n      Type: Task\n"
        "      Resource: arn:aws:states:::states:startExecution.sync:2\n"
        "      Parameters: {StateMachineArn: '${soundStateMachine}'}\n"
        "      Catch: [{ErrorEquals: [States.ALL], Next: B}]\n      End: true\n    B: {Type: Pass, End: true}\n"
    )
    assert run(cloud, "sound") == 1
    for text in ("name: sound\ndefinition: {StartAt: Nowhere, States: {}}\n", "name: sound\ndefinition: [\n"):
        file.write_text(text)
        assert "flow 'sound' is broken and cannot run. flows/sound.yml:" in refused(cloud, "sound")
        caught = run(cloud, "outer")
        assert caught["Error"].startswith("StepFunctions.InvalidDefinition")
        assert "flows/sound.yml:" in caught["Cause"]
    scheduler = client_of(cloud, "scheduler")
    target = scheduler.get_schedule(Name=cloud.names.resource("sound"))["Target"]
    capsys.readouterr()
    scheduler.create_schedule(
        Name="now",
        ScheduleExpression=in_a_moment(),
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    told: list[str] = []
    wait_for(lambda: told.append(capsys.readouterr().err) or "not delivered" in "".join(told))
    assert "[schedule default/now] not delivered: InvalidDefinition: The flow 'sound' is broken" in "".join(told)
    write_flow(cloud, "sound", 2)
    assert run(cloud, "sound") == 2


def test_a_run_goes_on_while_its_flow_is_broken(cloud: Cloud) -> None:
    """Even if the file no longer says which flow is in it."""
    file = cloud.settings.root / "flows" / "half-saved.yml"
    sound = (
        "name: goesOn\ndefinition:\n  StartAt: A\n  States:\n    A:\n      Type: Task\n"
        "      Resource: arn:aws:states:::lambda:invoke.waitForTaskToken\n"
        "      Parameters: {FunctionName: '${GreetArn}', Payload: {name.$: $$.Task.Token}}\n      End: true\n"
    )
    file.write_text(sound)
    states = client_of(cloud, "stepfunctions")
    arn = states.start_execution(stateMachineArn=cloud.names.state_machine_arn("goesOn"))["executionArn"]
    file.write_text("na")
    assert "flow 'goesOn' is broken and cannot run. flows/half-saved.yml:1" in refused(cloud, "goesOn")
    assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
    file.unlink()
    with pytest.raises(states.exceptions.StateMachineDoesNotExist):
        run(cloud, "goesOn")


def test_settings_of_functions_follow(cloud: Cloud) -> None:
    flow = cloud.settings.root / "flows" / "greetFlow.yml"
    flow.write_text(flow.read_text().replace("timeout: 7", "timeout: 9"))
    run(cloud, "greetFlow")
    spec = cloud.registry.resolve(cloud.names.function_arn("greet"))
    assert spec is not None
    assert spec.timeout == 9
    flow.write_text(flow.read_text().replace("timeout: 9", "timeout: 7"))
    run(cloud, "greetFlow")


def test_code_of_functions_follows(cloud: Cloud) -> None:
    app = cloud.settings.root / "app.py"
    original = app.read_text()
    for number in range(3):
        app.write_text(f"{original}\ndef greet(event, context): return {number}\n")
        assert json.load(invoke(cloud, cloud.names.resource("greet"), {})["Payload"]) == number
    app.write_text(original)


def test_removed_functions_are_not_found(cloud: Cloud) -> None:
    assert cloud.registry.resolve(cloud.names.function_arn("no-such-function")) is None
    assert cloud.registry.resolve("another-app-local-greet") is None
    assert cloud.registry.resolve("arn:aws:lambda:eu-west-1:123456789012:function:greet") is None
    assert cloud.registry.resolve("not an arn:::") is None


def test_a_flow_whose_file_cannot_be_read_is_broken(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_flow(cloud, "lost", 1)
    assert run(cloud, "lost") == 1
    file.unlink()
    file.symlink_to(file.name)
    assert "flow 'lost' is broken and cannot run. flows/lost.yml" in refused(cloud, "lost")
    assert capsys.readouterr().err.count("flows/lost.yml") == 1
    file.unlink()
    write_flow(cloud, "lost", 2)
    assert run(cloud, "lost") == 2
