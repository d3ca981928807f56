"""EventBridge delivers what its rules match to functions, state machines, queues and topics."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from localcloud.cloud import Cloud
from localcloud.events import target_input
from tests.localcloud.conftest import client_of
from tests.localcloud.test_endpoint import create_function, wait_for

EVENT = {
    "version": "0",
    "id": "1",
    "source": "shop",
    "detail-type": "Order",
    "account": "123456789012",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {"id": 7, "lines": [{"sku": "a"}]},
}


def put_rule(cloud: Cloud, name: str, pattern: dict[str, Any], *targets: dict[str, Any]) -> None:
    events = client_of(cloud, "events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": str(number), **target} for number, target in enumerate(targets)])


def put_event(cloud: Cloud, source: str, detail: Any) -> None:
    entry = {"Source": source, "DetailType": "Order", "Detail": json.dumps(detail)}
    assert client_of(cloud, "events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def make_queue(cloud: Cloud, name: str) -> tuple[str, str]:
    sqs = client_of(cloud, "sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def receive(cloud: Cloud, url: str, seconds: int = 5) -> list[Any]:
    messages = client_of(cloud, "sqs").receive_message(QueueUrl=url, WaitTimeSeconds=seconds, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in messages.get("Messages", [])]


def test_events_reach_queues_and_topics(cloud: Cloud) -> None:
    url, arn = make_queue(cloud, "events-direct")
    topic_url, topic_queue = make_queue(cloud, "events-by-topic")
    sns = client_of(cloud, "sns")
    topic = sns.create_topic(Name="events")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=topic_queue, Attributes={"RawMessageDelivery": "true"})
    put_rule(
        cloud, "to-queues", {"source": ["shop"], "detail": {"n": [{"numeric": [">", 5]}]}}, {"Arn": arn}, {"Arn": topic}
    )
    put_event(cloud, "shop", {"n": 7})
    put_event(cloud, "shop", {"n": 3})
    put_event(cloud, "elsewhere", {"n": 9})
    for queue in (url, topic_url):
        (event,) = receive(cloud, queue)
        assert (event["source"], event["detail"]) == ("shop", {"n": 7})
        assert event["time"].endswith("Z")
        assert set(event) == {
            *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
        }
        assert receive(cloud, queue, 0) == []


def test_events_reach_functions_and_state_machines(cloud: Cloud) -> None:
    marker = cloud.settings.state_folder / "event"
    source = f"import json\ndef handler(event, context): json.dump(event, open({str(marker)!r}, 'w'))"
    function = create_function(cloud, "on-event", source)
    machine = cloud.names.state_machine_arn("greetFlow")
    put_rule(
        cloud,
        "to-code",
        {"source": ["code"]},
        {"Arn": function},
        {"Arn": machine, "InputPath": "$.detail", "RoleArn": "arn:aws:iam::123456789012:role/x"},
    )
    put_event(cloud, "code", {"name": "event"})

    def arrived() -> Any:
        try:
            return json.loads(marker.read_text())
        except (OSError, ValueError):
            return None

    assert wait_for(arrived)["detail"] == {"name": "event"}
    states = client_of(cloud, "stepfunctions")

    def inputs() -> list[str]:
        found = states.list_executions(stateMachineArn=machine)["executions"]
        return [states.describe_execution(executionArn=item["executionArn"])["input"] for item in found]

    wait_for(lambda: '{"name":"event"}' in inputs())


def test_disabled_rules_deliver_nothing(cloud: Cloud) -> None:
    url, arn = make_queue(cloud, "disabled")
    put_rule(cloud, "off", {"source": ["off"]}, {"Arn": arn})
    client_of(cloud, "events").disable_rule(Name="off")
    put_event(cloud, "off", {})
    assert receive(cloud, url, 0) == []


def test_scheduled_rules_match_no_event(cloud: Cloud) -> None:
    url, arn = make_queue(cloud, "not-for-events")
    events = client_of(cloud, "events")
    events.put_rule(Name="yearly", ScheduleExpression="rate(365 days)")
    events.put_targets(Rule="yearly", Targets=[{"Id": "1", "Arn": arn}])
    put_event(cloud, "anything", {})
    assert receive(cloud, url, 0) == []


def test_unknown_targets_are_logged(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    put_rule(cloud, "nowhere", {"source": ["nowhere"]}, {"Arn": cloud.names.function_arn("missing")})
    put_event(cloud, "nowhere", {})
    assert "[nowhere] not delivered: there is no function" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, EVENT),
        ({"Input": '{"fixed": 1}'}, {"fixed": 1}),
        ({"InputPath": "$.detail"}, EVENT["detail"]),
        ({"InputPath": "$.detail.lines[0].sku"}, "a"),
        (
            {"InputTransformer": {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"order": <id>}'}},
            {"order": 7},
        ),
    ],
)
def test_target_input(target: dict[str, Any], expected: Any) -> None:
    assert json.loads(target_input(target, dict(EVENT))) == expected


def test_status_changes_reach_queues(cloud: Cloud) -> None:
    url, arn = make_queue(cloud, "status-changes")
    machine = cloud.names.state_machine_arn("greetFlow")
    pattern = {"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"], "stateMachineArn": [machine]}}
    put_rule(cloud, "ended", pattern, {"Arn": arn, "InputPath": "$.detail.executionArn"})
    states = client_of(cloud, "stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    deadline = time.monotonic() + 20
    received: list[Any] = []
    while execution not in received and time.monotonic() < deadline:
        received += receive(cloud, url, 1)
    assert execution in received
    client_of(cloud, "events").remove_targets(Rule="ended", Ids=["0"])
