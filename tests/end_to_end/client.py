"""A user of the API: `requests` and a token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

RUN_SECONDS = 60
PROTECTED = [
    ("GET", "/auth/verify"),
    ("GET", "/flows"),
    ("GET", "/flows/helloWorldFlow"),
    ("POST", "/run/helloWorldFlow"),
    ("GET", "/run/helloWorldFlow/x"),
    ("DELETE", "/run/helloWorldFlow/x"),
    ("GET", "/run/helloWorldFlow/x/history"),
    ("GET", "/run/helloWorldFlow/x/states"),
    ("GET", "/run/helloWorldFlow/x/logs"),
    ("POST", "/run/helloWorldFlow/x/redrive"),
    ("POST", "/run/helloWorldFlow/x/rerun"),
    ("GET", "/runs"),
    ("POST", "/runs/redrive"),
    ("POST", "/runs/rerun"),
    ("GET", "/approvals"),
    ("GET", "/approvals/x"),
    ("POST", "/approvals/x"),
    ("GET", "/usage"),
    ("GET", "/usage/x"),
    ("GET", "/lib"),
    ("POST", "/lib/ping"),
    ("POST", "/mcp"),
]
PUBLIC = ["/auth/config", "/openapi.json", "/health", "/.well-known/oauth-protected-resource"]


@dataclass
class Client:
    """Calls the API as one user, or anonymously without a token."""

    url: str
    token: str | None = None
    http: requests.Session = field(default_factory=requests.Session, repr=False)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **options.pop("headers", {})}
        return self.http.request(method, self.url + path, headers=headers, timeout=RUN_SECONDS, **options)

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.call("GET", path, params=parameters)

    def post(self, path: str, document: Any = None, **options: Any) -> requests.Response:
        return self.call("POST", path, **({} if document is None else {"json": document}), **options)

    def start(self, flow: str, document: Any = None, **options: Any) -> dict[str, Any]:
        """Starts a flow and returns the answer, which must be 202."""
        answer = self.post(f"/run/{flow}", document, **options)
        assert answer.status_code == 202, answer.text
        started: dict[str, Any] = answer.json()
        return started

    def poll(self, flow: str, execution: str) -> dict[str, Any]:
        """Polls a run, by its id or its ARN, until it has ended."""
        deadline = time.monotonic() + RUN_SECONDS
        while True:
            answer = self.get(f"/run/{flow}/{quote(execution, safe='')}")
            assert answer.status_code == 200, answer.text
            run: dict[str, Any] = answer.json()
            if run["status"] != "RUNNING":
                return run
            assert time.monotonic() < deadline, f"{flow} still runs after {RUN_SECONDS} s: {run}"
            time.sleep(0.05)

    def run(self, flow: str, document: Any = None) -> dict[str, Any]:
        """Starts a flow and returns the finished run."""
        return self.poll(flow, self.start(flow, document)["executionId"])

    def pages(self, path: str, key: str, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
        """The pages of a list."""
        while True:
            answer = self.get(path, **parameters)
            assert answer.status_code == 200, answer.text
            document = answer.json()
            yield document[key]
            if "nextToken" not in document:
                return
            parameters["nextToken"] = document["nextToken"]


def problem(answer: requests.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer, which must be one (RFC 9457)."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "requestId"} <= set(document)
    assert document["status"] == status
    assert "Traceback" not in answer.text
    return document


def eventually(check: Any, seconds: float = 60) -> Any:
    """Repeats `check` until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.1)
    return found
