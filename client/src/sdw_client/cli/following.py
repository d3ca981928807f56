"""`sdw runs`, `show`, `logs`, `open`."""

from __future__ import annotations

from itertools import islice
from typing import Any

import click

from sdw_client.cli import arguments, filters
from sdw_client.cli.context import Context, common, terminal, write_json
from sdw_client.errors import Conflict, NotFound
from sdw_client.models import State


@click.command("runs")
@filters.filtered
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="The most runs to list.")
@common
def runs_command(context: Context, limit: int, **options: Any) -> None:
    """List your runs of the last 90 days, newest first."""
    from sdw_client.cli import rendering

    runs = [run.details for run in islice(context.client().runs(**filters.read(options)), limit)]
    context.show_all((run.raw for run in runs), lambda: rendering.runs_table(runs))


@click.command("show")
@click.argument("run")
@common
def show_command(context: Context, run: str) -> None:
    """Show RUN: its states, its error, its output. With --json, the states are under the key `states`."""
    from sdw_client.cli import rendering

    found = arguments.find_run(context.client(), run)
    states: list[State] = []
    try:
        states = found.states()
    except (Conflict, NotFound) as error:  # an EXPRESS run has none
        if not context.as_json:
            click.echo(error.detail, err=True)
    details = found.details
    document = {**details.raw, "states": [state.raw for state in states]}
    context.show(document, lambda: rendering.run_tree(details, states))
    if not context.as_json and details.status == "SUCCEEDED":
        write_json(details.output)


@click.command("logs")
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Wait for further lines until the run has ended.")
@common
def logs_command(context: Context, run: str, follow: bool) -> None:
    """Show what the functions of RUN printed and logged. With --json, each line is a JSON object."""
    from sdw_client.cli import rendering

    found = arguments.find_run(context.client(), run)
    console = terminal()
    for line in found.logs(follow=follow):
        if context.as_json:
            write_json(line.raw, indent=None)
        else:
            console.print(rendering.log_line(line), soft_wrap=True)


@click.command("open")
@click.argument("run", required=False)
@click.option("--print", "only_print", is_flag=True, help="Only write the address.")
@common
def open_command(context: Context, run: str | None, only_print: bool) -> None:
    """Open RUN in the web console; without it, the console. Writes the address."""
    client = context.client()
    url = f"{client.url}/console/" if run is None else arguments.find_run(client, run).console_url
    context.show({"url": url}, lambda: url)
    if not only_print and not context.as_json:
        click.launch(url)
