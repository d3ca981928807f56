"""Waits for a run and shows how it gets on: a tree that changes in place, or lines where nothing can change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sdw_client.cli import rendering
from sdw_client.cli.context import Context, terminal, write_json
from sdw_client.cli.failures import ExitCode
from sdw_client.errors import WaitTimeout
from sdw_client.models import Progress, RunDetails

if TYPE_CHECKING:
    from sdw_client.runs import Run


def follow(context: Context, run: Run, timeout: float | None) -> int:
    """Wait for a run, show its states on the standard error output, and write its output on the standard output.

    Returns:
        The exit code: 0 if it succeeded, otherwise 1.
    """
    console = terminal(stderr=True)
    try:
        if context.as_json:
            details = run.wait(timeout)
        elif console.is_terminal:
            details = _live(run, timeout, console)
        else:
            details = run.wait(timeout, progress=_tell)
    except KeyboardInterrupt:
        click.echo(f"\nThe run is still running. {_next_steps(run)}", err=True)
        raise
    except WaitTimeout as error:
        raise WaitTimeout(f"{error} {_next_steps(run)}") from None
    _finish(context, details)
    return ExitCode.OK if details.status == "SUCCEEDED" else ExitCode.FAILED


def _next_steps(run: Run) -> str:
    return f"Use `sdw show {run.reference}` to see its states, or `sdw stop {run.reference}` to stop it."


def _live(run: Run, timeout: float | None, console: Any) -> RunDetails:
    from rich.live import Live

    latest = [Progress(run.details, (), ())]

    def show(progress: Progress) -> None:
        latest[0] = progress

    def tree() -> Any:
        return rendering.run_tree(latest[0].run, latest[0].states)

    with Live(get_renderable=tree, console=console, refresh_per_second=8):
        return run.wait(timeout, progress=show)


def _tell(progress: Progress) -> None:
    for state in progress.changed:
        click.echo(rendering.state_text(state), err=True)


def _finish(context: Context, details: RunDetails) -> None:
    if context.as_json:
        write_json(details.raw)
    elif details.status == "SUCCEEDED":
        write_json(details.output)
    else:
        reason = ": ".join(text for text in (details.error, details.cause) if text)
        click.echo(f"{details.flow}/{details.id} {details.status} {reason}".rstrip(), err=True)
