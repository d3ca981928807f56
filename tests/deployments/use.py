"""Uses a deployed stage as its callers do: over HTTP, with a token of its user pool."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import requests

from localcloud.deployments import PATH_PREFIX
from tests.deployments.recording import RecordedCloud
from tests.end_to_end.conftest import sign_up

RUN_SECONDS = 30.0


@dataclass(frozen=True)
class StageClient:
    """A user of a deployed stage."""

    url: str
    token: str

    def request(self, method: str, path: str, *, anonymous: bool = False, **options: Any) -> requests.Response:
        """A response of the API."""
        headers = {} if anonymous else {"Authorization": f"Bearer {self.token}"}
        headers |= options.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=40, **options)

    def run(self, flow: str, data: Any) -> dict[str, Any]:
        """Start a flow and poll it to its end."""
        started = self.request("POST", f"/run/{flow}", json=data)
        assert started.status_code == 202, started.text
        execution = started.json()["executionId"]
        deadline = time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            run: dict[str, Any] = self.request("GET", f"/run/{flow}/{execution}").json()
            if run["status"] != "RUNNING":
                return run
            time.sleep(0.1)
        raise TimeoutError(f"{flow} still runs after {RUN_SECONDS} s")

    def calls_counted(self) -> int:
        """The number of this user's calls in the usage table."""
        return sum(month["apiCalls"] for month in self.request("GET", "/usage").json()["usage"])


def sign_in(cloud: RecordedCloud, api_id: str, pool: str, client: str) -> StageClient:
    """A new user of the stage."""
    tokens = sign_up(cloud.client("cognito-idp"), pool, client)
    return StageClient(f"{cloud.endpoint}{PATH_PREFIX}{api_id}/api", tokens["IdToken"])


def outputs(cloud: RecordedCloud, stack: str) -> dict[str, str]:
    """The outputs of a stack."""
    described = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def check_api(user: StageClient) -> None:
    """What API Gateway does in front of the application: routes, tokens, CORS, its own responses."""
    assert user.request("GET", "/health", anonymous=True).json() == {"status": "ok"}
    for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": f"Bearer {user.token[:-4]}AAAA"}):
        refused = user.request("GET", "/auth/verify", anonymous=True, headers=headers)
        assert refused.status_code == 401
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["status"] == 401
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert user.request("GET", "/auth/verify").json()["valid"] is True
    unknown = user.request("GET", "/nothing/here")
    assert (unknown.status_code, unknown.json()["status"]) == (404, 404)
    preflight = user.request(
        "OPTIONS",
        "/run/helloWorldFlow",
        anonymous=True,
        headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"},
    )
    assert preflight.status_code in (200, 204)
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert user.request("POST", "/lib/ping", json={}).text == "I am alive"


def check_runs(user: StageClient) -> None:
    """A flow runs on the engine with tasks from the package; its record is kept; calls are counted."""
    before = user.calls_counted()
    run = user.run("helloWorldFlow", {"message": "hi"})
    assert run["status"] == "SUCCEEDED", json.dumps(run)
    # path parameters arrive encoded, as the ARN of an execution needs
    encoded = run["executionArn"].replace(":", "%3A")
    assert user.request("GET", f"/run/helloWorldFlow/{encoded}").json()["executionId"] == run["executionId"]
    nested = user.run("compositeFlow", {"message": "hi"})
    assert nested["status"] == "SUCCEEDED", json.dumps(nested)
    listed = user.request("GET", "/runs").json()
    assert {entry["executionId"] for entry in listed["executions"]} == {run["executionId"], nested["executionId"]}
    assert user.calls_counted() >= before + 6
