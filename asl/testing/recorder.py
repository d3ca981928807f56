"""Writes a test from a recorded run: the same input, stubs that answer as its tasks did, and what came of it."""

from __future__ import annotations

import json
import pprint
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from asl.replay.recording import RecordedAttempt, RecordedRun
from asl.testing.stubs import LAMBDA_INVOKE

_WIDTH = 100
_INVOKE = LAMBDA_INVOKE.removeprefix("arn:aws:states:::")


def test_source(run: RecordedRun, flow: str) -> str:
    """Return a Python file with one test, which needs the plugin `asl.testing.plugin`.

    Args:
        run: The record. If it has no end, the test says only which states were entered.
        flow: The name by which the test loads the flow.
    """
    name = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", flow)).strip("_").lower()
    lines = [*_body(run, flow)]
    imports = ["from collections import Counter", ""] if any("Counter(" in line for line in lines) else []
    return "\n".join(
        [
            f'"""The flow {flow} as it ran once. Change input, stubs and expectations into what should hold."""',
            "",
            *imports,
            "",
            f"def test_{name}_as_recorded(flows):",
            *(f"    {line}" if line else "" for line in lines),
            "",
        ]
    )


test_source.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


def _body(run: RecordedRun, flow: str) -> Iterator[str]:
    yield f"flow = flows.load({flow!r})"
    by_state: dict[str, list[RecordedAttempt]] = {}
    for attempts in run.attempts.values():
        for attempt in attempts:
            by_state.setdefault(attempt.state, []).append(attempt)
    for state, attempts in by_state.items():
        attempts.sort(key=lambda attempt: attempt.event_id)
        yield from _stub(state, [attempt for attempt in attempts if attempt.outcome is not None])
    yield ""
    yield from _call("run = flow.run(", json.loads(run.input), ")")
    if run.status == "SUCCEEDED":
        yield from _call("run.assert_succeeded(like=", json.loads(run.output or "null"), ")")
    elif run.status in ("FAILED", "TIMED_OUT"):
        yield f"run.assert_failed({run.error!r})" if run.error is not None else "run.assert_failed()"
    entered = [step.state for place in run.lanes.values() for step in place if step.what.startswith("enters ")]
    if list(run.lanes) == [()]:
        yield from _call("run.assert_path(", entered, ")", star=True)
    elif run.status != "RUNNING":
        yield from _call("assert Counter(run.path) == ", dict(sorted(Counter(entered).items())), "")


def _stub(state: str, attempts: list[RecordedAttempt]) -> Iterator[str]:
    """Yield the statement that stubs a task."""
    if not attempts:
        return
    steps = [_step(attempt) for attempt in attempts]
    side_by_side = len({attempt.place for attempt in attempts}) > 1
    successes = all(attempt.outcome is not None and attempt.outcome.kind == "succeeded" for attempt in attempts)
    if side_by_side and successes and len(set(steps)) > 1:
        pairs = [(attempt.parameters, attempt.outcome.output) for attempt in attempts if attempt.outcome is not None]
        yield from _call(f"flow.task({state!r}).answers(", pairs, ")", star=True)
        return
    groups: list[tuple[str, int]] = []
    for step in steps:
        if groups and groups[-1][0] == step:
            groups[-1] = (step, groups[-1][1] + 1)
        else:
            groups.append((step, 1))
    texts = [
        step if place == len(groups) - 1 else f"{step[:-1]}, times={times})".replace("(, times", "(times")
        for place, (step, times) in enumerate(groups)
    ]
    yield from f"flow.task({state!r}).{'.then.'.join(texts)}".split("\n")


def _step(attempt: RecordedAttempt) -> str:
    """Return the call on a stub that does what the task did."""
    outcome = attempt.outcome
    if outcome is None or outcome.kind == "timed_out":
        return "times_out()"
    if outcome.kind != "succeeded":
        cause = outcome.cause or ""
        return f"fails({outcome.error or ''!r}, {cause!r})" if cause else f"fails({outcome.error or ''!r})"
    output = outcome.output
    if attempt.resource == _INVOKE and isinstance(output, dict) and "Payload" in output:
        return "\n".join(_call("returns_payload(", output["Payload"], ")"))
    return "\n".join(_call("returns(", output, ")"))


def _call(before: str, value: Any, after: str, *, star: bool = False) -> Iterator[str]:
    """Yield the lines of a call with a value; `star`: with each item of a list as an argument."""
    if star:
        text = ", ".join(repr(item) for item in value)
        if len(before) + len(text) < _WIDTH or not value:
            yield f"{before}{text}{after}"
            return
        yield before
        for item in value:
            lines = pprint.pformat(item, width=_WIDTH, sort_dicts=False).split("\n")
            yield from (f"    {line}" for line in lines[:-1])
            yield f"    {lines[-1]},"
        yield after
        return
    lines = pprint.pformat(value, width=_WIDTH - len(before), sort_dicts=False).split("\n")
    pad = " " * len(before)
    made = [before + lines[0], *(pad + line for line in lines[1:])]
    made[-1] += after
    yield from made
