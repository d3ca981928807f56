"""Shows a run in the terminal, state by state, while it is in progress."""

from __future__ import annotations

import threading
from typing import Any, TextIO

from asl import Execution
from compiler.cli.terminal import Style

_INTERVAL = 0.05  # seconds between two looks at the histories
_ENDED = {"SUCCEEDED": ("✔", "32"), "FAILED": ("✘", "31"), "TIMED_OUT": ("✘", "31"), "ABORTED": ("✘", "31")}


class Progress:
    """Writes a line for each event of executions."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.style = Style(stream)
        self._executions: list[Execution] = []
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, execution: Execution) -> None:
        """Follow another execution, from any thread."""
        with self._lock:
            self._executions.append(execution)

    def watch(self, execution: Execution) -> None:
        """Write the events until `execution` has ended; blocks until then."""
        while not execution.wait(_INTERVAL):
            self._write_news(execution)
        self._write_news(execution)
        sign, colour = _ENDED.get(execution.status, ("?", "33"))
        seconds = (execution.stop_date or execution.start_date) - execution.start_date
        end = self.style.paint(f"{sign} {execution.status}", colour)
        self._line(execution, execution.start_date + seconds, execution, end)
        if execution.error is not None:
            self.stream.write(f"{self.style.paint(execution.error, '31')}: {_short(execution.cause)}\n")
        self.stream.write(self.style.faint(f"{len(execution.history)} events, {seconds:.2f} s\n"))
        self.stream.flush()

    def _write_news(self, root: Execution) -> None:
        with self._lock:
            executions = list(self._executions)
        news: list[tuple[float, int, Execution, dict[str, Any]]] = []
        for order, execution in enumerate(executions):
            seen = self._seen.get(execution.arn, 0)
            events = execution.history.events(start=seen)
            self._seen[execution.arn] = seen + len(events)
            news.extend((event["timestamp"], order, execution, event) for event in events)
        for timestamp, _, execution, event in sorted(news, key=lambda item: (item[0], item[1], item[3]["id"])):
            text = self._text(execution, event)
            if text:
                self._line(root, timestamp, execution, text)
        if news:
            self.stream.flush()

    def _line(self, root: Execution, timestamp: float, execution: Execution, text: str) -> None:
        elapsed = self.style.faint(f"{timestamp - root.start_date:8.2f} s")
        owner = "" if execution is root else self.style.faint(f"{execution.machine.name.split('-')[-1]} › ")
        self.stream.write(f"{elapsed}  {owner}{text}\n")

    def _text(self, execution: Execution, event: dict[str, Any]) -> str:
        kind: str = event["type"]
        if kind.endswith("StateEntered"):
            return f"▶ {event['stateEnteredEventDetails']['name']}"
        if kind.endswith("StateExited"):
            return self.style.paint(f"✔ {event['stateExitedEventDetails']['name']}", "32")
        if kind == "MapStateStarted":
            return self.style.faint(f"  {event['mapStateStartedEventDetails']['length']} items")
        details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
        if kind.endswith(("Failed", "TimedOut")) and not kind.startswith("Execution") and "error" in details:
            message = f"✘ {details['error']}: {_short(details.get('cause'))}"
            return self.style.paint(message, "31")
        return ""


def _short(cause: str | None) -> str:
    """Return the message in a Lambda cause, or else the start of the cause."""
    import json

    try:
        parsed = json.loads(cause or "")
    except ValueError:
        parsed = None
    text = parsed["errorMessage"] if isinstance(parsed, dict) and "errorMessage" in parsed else cause or ""
    return str(text) if len(str(text)) <= 200 else str(text)[:199] + "…"
