"""What people see: tables, trees of states, log lines. rich is imported when something is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sdw_client.models import FlowDetails, FunctionDetails, Iterations, LogLine, RunDetails, State

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

_LOOKS = {
    "RUNNING": ("▶", "cyan"),
    "WAITING": ("◷", "cyan"),
    "RETRYING": ("↻", "yellow"),
    "SUCCEEDED": ("✔", "green"),
    "CAUGHT": ("⚠", "yellow"),
    "FAILED": ("✘", "red"),
    "TIMED_OUT": ("✘", "red"),
    "ABORTED": ("■", "magenta"),
}
_LEVELS = {"ERROR": "red", "CRITICAL": "red", "WARNING": "yellow", "DEBUG": "dim"}
_BAR_WIDTH = 24


def flows_table(flows: Iterable[FlowDetails]) -> Table:
    """Return a table of flows."""
    table = _table("flow", "type", "schedule", "description")
    for flow in flows:
        schedule = flow.schedule or {}
        off = "" if schedule.get("enabled", True) else " (off)"
        table.add_row(flow.name, flow.type, f"{schedule.get('expression', '')}{off}", flow.description)
    return table


def functions_table(functions: Iterable[FunctionDetails]) -> Table:
    """Return a table of functions."""
    table = _table("function", "parameters", "description")
    for function in functions:
        parameters = ", ".join((function.input_schema or {}).get("properties", {}))
        broken = function.error and f"can't be called: {function.error.get('message')}"
        table.add_row(function.name, parameters, broken or _first_line(function.description))
    return table


def runs_table(runs: Iterable[RunDetails]) -> Table:
    """Return a table of runs."""
    table = _table("run", "status", "started", "duration", "labels", "error")
    table.columns[0].no_wrap = True
    table.columns[0].overflow = "fold"
    for run in runs:
        labels = " ".join(f"{name}={value}" for name, value in run.labels.items())
        started = "" if run.started is None else run.started.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(
            f"{run.flow}/{run.id}", _status(run.status), started, _seconds(run.duration), labels, run.error or ""
        )
    return table


def usage_table(months: Iterable[tuple[str, int]]) -> Table:
    """Return a table of calls by month."""
    table = _table("month", "calls")
    for month, calls in months:
        table.add_row(month, str(calls))
    return table


def run_tree(run: RunDetails, states: Sequence[State]) -> Tree:
    """Return a run and its states: those of Parallels below these, and Maps with a bar."""
    from rich.tree import Tree

    tree = Tree(_run_line(run))
    branches: dict[str, Tree] = {}
    for state in states:
        around = state.path.rpartition("/Branches/")[0]
        branches[state.path] = branches.get(around, tree).add(_state_line(state))
    return tree


def state_text(state: State) -> str:
    """Return a state in one line without colours, for terminals that can't change what they have shown."""
    counts = "" if state.iterations is None else f" {_counts(state.iterations)}"
    error = f" {state.error}" if state.error else ""
    return f"{datetime.now().strftime('%H:%M:%S')} {state.status} {state.name}{counts}{error}"


def log_line(line: LogLine) -> Text:
    """Return a log line: time, state, iteration, attempt, message."""
    from rich.text import Text

    where = line.state or line.function
    if line.iteration is not None:
        where += f"[{line.iteration}]"
    if line.attempt is not None and line.attempt > 1:
        where += f" #{line.attempt}"
    text = Text(line.time.astimezone().strftime("%H:%M:%S.%f")[:-3], style="dim")
    text.append(f" {where} ", style="cyan")
    text.append(f"{line.level} " if line.level in _LEVELS else "", style=_LEVELS.get(line.level, ""))
    text.append(line.message.rstrip("\n"))
    return text


def _run_line(run: RunDetails) -> Text:
    from rich.text import Text

    text = Text(f"{run.flow}/{run.id} ", style="bold")
    text.append_text(_status(run.status))
    seconds = run.duration
    if seconds is None and run.started is not None and run.status == "RUNNING":
        seconds = (datetime.now(UTC) - run.started).total_seconds()
    text.append(f" {_seconds(seconds)}", style="dim")
    if run.error:
        text.append(f"\n{run.error}{f': {run.cause}' if run.cause else ''}", style="red")
    return text


def _state_line(state: State) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    mark, colour = _LOOKS.get(state.status, ("?", "white"))
    text = Text(f"{mark} ", style=colour)
    text.append(state.name)
    if state.entered is not None and state.exited is not None:
        text.append(f" {_seconds((state.exited - state.entered).total_seconds())}", style="dim")
    elif state.status in {"RUNNING", "WAITING", "RETRYING"}:
        text.append(f" {state.status.lower()}", style=colour)
    if state.attempts > 1:
        text.append(f" {state.attempts} attempts", style="yellow")
    if state.visits > 1:
        text.append(f" {state.visits} visits", style="dim")
    if state.error:
        text.append(f" {state.error}", style=colour)
        text.append(f" {_first_line(state.cause or '')[:120]}", style="dim")
    if state.iterations is None:
        return text
    line = Table.grid(padding=(0, 1))
    done = state.iterations.succeeded + state.iterations.failed + state.iterations.aborted
    bar = ProgressBar(total=max(1, state.iterations.total), completed=done, width=_BAR_WIDTH)
    line.add_row(text, bar, _counts(state.iterations))
    return line


def _counts(iterations: Iterations) -> str:
    done = iterations.succeeded + iterations.failed + iterations.aborted
    failed = f", {iterations.failed} failed" if iterations.failed else ""
    return f"{done}/{iterations.total}{failed}"


def _status(status: str) -> Text:
    from rich.text import Text

    mark, colour = _LOOKS.get(status, ("?", "white"))
    return Text(f"{mark} {status}", style=colour)


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column)
    return table


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
