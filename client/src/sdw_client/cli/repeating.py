"""`sdw stop`, `rerun`, `redrive`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from sdw_client.cli import arguments, filters
from sdw_client.cli.context import Context, common
from sdw_client.models import BulkResult
from sdw_client.runs import Run, Runs

_WAIT = click.option("--wait", is_flag=True, help="Show the states until the end, then write the output.")
_TIMEOUT = click.option("--timeout", type=click.FloatRange(min=0), help="With --wait: seconds to wait at most.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="With filters: only show what would be done.")
_YES = click.option("--yes", is_flag=True, help="With filters: don't ask.")


@click.command("stop")
@click.argument("run")
@common
def stop_command(context: Context, run: str) -> None:
    """Stop RUN."""
    found = arguments.find_run(context.client(), run)
    details = found.stop()
    context.show(details.raw, lambda: f"{found.reference} {details.status}")


@click.command("rerun")
@click.argument("run", required=False)
@click.option("-i", "--input", "text", metavar="JSON", help="Another input: JSON, @FILE, or - for stdin.")
@_WAIT
@_TIMEOUT
@filters.filtered
@_DRY_RUN
@_YES
@common
def rerun_command(context: Context, run: str | None, text: str | None, dry_run: bool, yes: bool, **options: Any) -> int:
    """Start RUN again, with its former input or another one. Or, with filters instead of RUN, all runs they find."""
    wait, timeout = options.pop("wait"), options.pop("timeout")
    chosen = _chosen(context, run, options)
    if isinstance(chosen, Runs):
        if text is not None or wait:
            raise click.UsageError("--input and --wait need a RUN.")
        return _many(context, chosen, "rerun", dry_run=dry_run, yes=yes)
    new = chosen.rerun(None if text is None else arguments.input_document(text))
    return _one(context, new, wait, timeout)


@click.command("redrive")
@click.argument("run", required=False)
@_WAIT
@_TIMEOUT
@filters.filtered
@_DRY_RUN
@_YES
@common
def redrive_command(context: Context, run: str | None, dry_run: bool, yes: bool, **options: Any) -> int:
    """Continue RUN where it failed. Or, with filters instead of RUN, all failed runs that they find."""
    wait, timeout = options.pop("wait"), options.pop("timeout")
    chosen = _chosen(context, run, options)
    if isinstance(chosen, Runs):
        if wait:
            raise click.UsageError("--wait needs a RUN.")
        return _many(context, chosen, "redrive", dry_run=dry_run, yes=yes)
    chosen.redrive()
    return _one(context, chosen, wait, timeout)


def _chosen(context: Context, run: str | None, options: dict[str, Any]) -> Run | Runs:
    """Return the run that is named, or those that the filters find."""
    wanted = filters.read(options)
    if (run is None) == (not wanted):
        raise click.UsageError("Name a RUN, or filters such as --flow and --status, but not both.")
    if run is not None:
        return arguments.find_run(context.client(), run)
    return context.client().runs(**wanted)


def _one(context: Context, run: Run, wait: bool, timeout: float | None) -> int:
    if wait:
        from sdw_client.cli.live import follow

        return follow(context, run, timeout)
    context.show(run.details.raw, lambda: run.reference)
    return 0


def _many(context: Context, runs: Runs, verb: str, *, dry_run: bool, yes: bool) -> int:
    """Do something to all runs that filters find, after showing how many they are."""
    act = runs.rerun if verb == "rerun" else runs.redrive
    if dry_run or not yes:
        planned = act(dry_run=True)
        if dry_run:
            return _report(context, planned)
        count = sum(one.result != "refused" for one in planned)
        if count:
            click.confirm(f"{verb.capitalize()} {count} runs?", abort=True, err=True)
    return _report(context, act())


def _report(context: Context, results: Sequence[BulkResult]) -> int:
    def text() -> str:
        lines = [
            f"{one.flow}/{one.id} {one.result}"
            + (f" {one.flow}/{one.started_id}" if one.started_id else "")
            + (f" ({one.detail})" if one.detail else "")
            for one in results
        ]
        return "\n".join(lines) or "No run matches."

    context.show([one.raw for one in results], text)
    return 1 if any(one.result == "refused" for one in results) else 0
