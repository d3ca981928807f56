"""Which deliveries a change of a run's status starts."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.flows import catalog
from chalicelib.flows.catalog import Catalog, CatalogFlow
from chalicelib.runs import on_status_change, records
from chalicelib.settings import settings

from ..conftest import LocalCloud

BOTH = {"url": "https://example.com/a", "on": ("FAILED", "SUCCEEDED"), "secret": "WEBHOOK_SECRET"}
FAILED = {"url": "https://example.com/b", "on": ("FAILED",), "secret": "OTHER"}


@pytest.fixture(autouse=True)
def flows(cloud: LocalCloud) -> Iterator[None]:
    """A flow with two webhooks, and the state machine that delivers: here it only keeps its input."""
    flow = CatalogFlow(
        "billing", "", "STANDARD", None, None, None, (), {}, (), (), labels={"order": "$.order"}, notify=(BOTH, FAILED)
    )
    other = CatalogFlow("quiet", "", "STANDARD", None, None, None, (), {}, (), ())
    source = catalog._source
    catalog.use_source(lambda: Catalog({"billing": flow, "quiet": other}, {}, {}))
    keep = {"StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "End": True}}}
    arn = settings.names.webhooks_arn
    cloud.cloud.service.handle(
        "CreateStateMachine", {"name": settings.names.webhooks, "definition": json.dumps(keep), "roleArn": ROLE}
    )
    yield
    cloud.cloud.service.handle("DeleteStateMachine", {"stateMachineArn": arn})
    catalog.use_source(source)


ROLE = "arn:aws:iam::123456789012:role/role"


@dataclass(frozen=True)
class Execution:
    """A run of its own for each test, and the deliveries that are about it."""

    cloud: LocalCloud
    id: str

    def becomes(self, status: str, flow: str = "billing", **changes: Any) -> None:
        detail = {
            "executionArn": settings.names.execution_arn(flow, self.id),
            "stateMachineArn": settings.names.state_machine_arn(flow),
            "name": self.id,
            "status": status,
            "startDate": 1548148840101,
            "stopDate": None if status == "RUNNING" else 1548148842601,
            "input": json.dumps({"__user_id": "ada", "order": "A-1", "card": "4242"}),
            "inputDetails": {"included": True},
            "output": '{"secret": 1}' if status == "SUCCEEDED" else None,
            "error": "Boom" if status == "FAILED" else None,
            "cause": "because" if status == "FAILED" else None,
        }
        on_status_change({"detail": detail | changes})

    def deliveries(self) -> list[dict[str, Any]]:
        handle, arn = self.cloud.cloud.service.handle, settings.names.webhooks_arn
        found = handle("ListExecutions", {"stateMachineArn": arn})["executions"]
        described = [handle("DescribeExecution", {"executionArn": each["executionArn"]}) for each in found]
        inputs = [json.loads(each["input"]) for each in described]
        return sorted((each for each in inputs if self.id in each["body"]), key=lambda each: str(each["url"]))


@pytest.fixture
def run(cloud: LocalCloud) -> Execution:
    return Execution(cloud, uuid.uuid4().hex)


def test_a_call_for_each_webhook_that_wants_the_status(run: Execution) -> None:
    for _ in range(2):  # events are repeated
        run.becomes("FAILED")
    one, other = run.deliveries()
    assert (one["url"], one["secret"]) == ("https://example.com/a", "WEBHOOK_SECRET")
    assert (other["url"], other["secret"]) == ("https://example.com/b", "OTHER")
    assert one["id"] != other["id"]
    assert json.loads(one["body"]) == {
        "type": "run.failed",
        "timestamp": "2019-01-22T09:20:42.601Z",
        "data": {
            "executionId": run.id,
            "flow": "billing",
            "status": "FAILED",
            "startDate": "2019-01-22T09:20:40.101Z",
            "stopDate": "2019-01-22T09:20:42.601Z",
            "durationSeconds": 2.5,
            "error": "Boom",
            "cause": "because",
            "labels": {"order": "A-1"},
            "redriveCount": 0,
        },
    }


def test_only_at_the_statuses_that_it_names(run: Execution) -> None:
    for status in ("RUNNING", "TIMED_OUT", "ABORTED"):
        run.becomes(status)
    run.becomes("FAILED", "quiet")
    assert run.deliveries() == []
    run.becomes("SUCCEEDED")
    assert [each["url"] for each in run.deliveries()] == ["https://example.com/a"]


def test_a_redriven_run_tells_its_end_again(run: Execution) -> None:
    run.becomes("SUCCEEDED")
    run.becomes("SUCCEEDED", redriveCount=1)
    first, second = run.deliveries()
    assert first["id"] != second["id"]


def test_a_delivery_is_not_a_run(run: Execution) -> None:
    arn = settings.names.execution_arn("-webhooks", run.id)
    run.becomes("FAILED", executionArn=arn, stateMachineArn=settings.names.webhooks_arn)
    assert run.deliveries() == []
    assert records.get(records.nobody("-webhooks", run.id), run.id) is None
