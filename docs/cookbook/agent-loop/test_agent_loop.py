"""agentLoop: with a model that is a server on this machine and follows a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from asl.testing.plugin import Flows

QUESTION = {"question": "Where is my order A-1001?"}


@dataclass
class Model:
    """Answers with the messages, or fails with the statuses, of its script; the last one is repeated."""

    script: list[Any] = field(default_factory=list)
    seen: list[list[dict[str, Any]]] = field(default_factory=list)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    model = Model()

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            model.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"])
            step = model.script.pop(0) if len(model.script) > 1 else model.script[0]
            self.send_response(step if isinstance(step, int) else 200)
            self.end_headers()
            self.wfile.write(json.dumps({"choices": [{"message": step}]}).encode())

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("MODEL_URL", f"http://127.0.0.1:{server.server_port}/v1/chat/completions")
    monkeypatch.setenv("MODEL_KEY", "the-key")
    yield model
    server.shutdown()
    server.server_close()


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def wants(*calls: tuple[str, str]) -> dict[str, Any]:
    listed = [
        {"id": f"call-{n}", "function": {"name": name, "arguments": text}} for n, (name, text) in enumerate(calls)
    ]
    return {"role": "assistant", "content": None, "tool_calls": listed}


def test_the_model_uses_a_tool_and_answers(flows: Flows, model: Model) -> None:
    model.script = [wants(("order_status", '{"order_id": "A-1001"}')), says("It was shipped yesterday.")]
    run = flows.load("agentLoop").run(QUESTION)
    run.assert_succeeded(output={"answer": "It was shipped yesterday.", "turns": 2})
    last = model.seen[-1]
    assert [message["role"] for message in last] == ["system", "user", "assistant", "tool"]
    assert last[-1] == {"role": "tool", "tool_call_id": "call-0", "content": "A-1001 was shipped yesterday"}


def test_wrong_calls_are_explained_to_the_model(flows: Flows, model: Model) -> None:
    calls = [("delete_everything", "{}"), ("order_status", "{}"), ("order_status", "not JSON")]
    model.script = [wants(*calls), says("I don't know.")]
    flows.load("agentLoop").run(QUESTION).assert_succeeded()
    results = [message["content"] for message in model.seen[-1] if message["role"] == "tool"]
    assert results[0] == "error: there is no tool 'delete_everything'"
    assert all(result.startswith("error: ") for result in results)


def test_a_model_that_never_answers_is_stopped(flows: Flows, model: Model) -> None:
    model.script = [wants(("order_status", '{"order_id": "A-1001"}'))]
    flows.load("agentLoop").run(QUESTION).assert_failed("TooManyTurns")
    assert len(model.seen) == 8


def test_a_busy_model_is_asked_again(flows: Flows, model: Model) -> None:
    model.script = [429, 503, says("Hello.")]
    run = flows.load("agentLoop").run(QUESTION).assert_succeeded(output={"answer": "Hello.", "turns": 1})
    assert run.retries("AskModel") == 2


def test_a_refused_request_is_not_repeated(flows: Flows, model: Model) -> None:
    model.script = [401]
    flows.load("agentLoop").run(QUESTION).assert_failed("ModelRefused")
    assert len(model.seen) == 1
