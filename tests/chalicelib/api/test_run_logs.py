"""Log lines of runs where there are none, and what callers see while Step Functions or CloudWatch Logs fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.runs.states import reading

from ..conftest import Api, LocalCloud, MakeApi, UseFlows, flow
from ..faulty_aws import Fault, FaultyAws

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


@pytest.fixture(scope="module", autouse=True)
def _machines(_cloud: LocalCloud) -> None:
    for name, type_ in (("logless", "STANDARD"), ("loglessExpress", "EXPRESS")):
        _cloud.create(name, PASS, type_)


@pytest.fixture(autouse=True)
def _flows(cloud: LocalCloud, use_flows: UseFlows) -> None:
    reading.forget()
    use_flows(
        flow("logless", PASS, functions=("unwritten",)),
        flow("loglessExpress", PASS, type="EXPRESS", functions=("unwritten",), references=("logless", "gone")),
    )


@pytest.fixture
def faulty(cloud: LocalCloud, clean: pytest.MonkeyPatch) -> Iterator[FaultyAws]:
    proxy = FaultyAws(cloud.environment["AWS_ENDPOINT_URL"])
    clean.setenv("AWS_ENDPOINT_URL", proxy.url)
    yield proxy
    proxy.close()


@pytest.fixture
def user(cloud_make_api: MakeApi) -> Api:
    return cloud_make_api()


def path_of(user: Api, name: str) -> str:
    execution = user.post(f"/run/{name}?wait=10", {}).json()["executionId"]
    return f"/run/{name}/{execution}"


@pytest.mark.parametrize("name", ["logless", "loglessExpress"])
def test_functions_that_never_wrote(user: Api, name: str) -> None:
    assert user.get(f"{path_of(user, name)}/logs").json() == {"lines": []}


def test_a_run_without_a_trace(cloud: LocalCloud, cloud_make_api: MakeApi) -> None:
    from chalicelib.settings import settings

    names = settings.names
    request = {"stateMachineArn": names.state_machine_arn("logless"), "name": "by-hand", "input": "{}"}
    cloud.cloud.service.handle("StartExecution", request)
    admin = cloud_make_api(["admin"])
    assert admin.get("/run/logless/by-hand?wait=20").json()["status"] == "SUCCEEDED"
    assert admin.get("/run/logless/by-hand/logs").json() == {"lines": []}


@pytest.mark.parametrize(
    ("operation", "page"),
    [("GetExecutionHistory", "states"), ("GetExecutionHistory", "logs"), ("FilterLogEvents", "logs")],
)
@pytest.mark.parametrize("kind", ["throttle", "500", "reset"])
def test_a_service_that_fails(user: Api, faulty: FaultyAws, operation: str, page: str, kind: str) -> None:
    path = path_of(user, "logless")
    faulty.faults.append(Fault(operation, kind))
    reply = user.get(f"{path}/{page}")
    reply.problem(503)
    assert reply.headers["Retry-After"] == "1"
    faulty.faults.clear()
    assert user.get(f"{path}/{page}").status == 200
