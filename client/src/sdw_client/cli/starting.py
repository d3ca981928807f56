"""`sdw flows`, `functions`, `run`, `call`."""

from __future__ import annotations

import sys
from typing import Any

import click

from sdw_client.cli import arguments
from sdw_client.cli.completion import flow_names, function_names
from sdw_client.cli.context import Context, common, write_json


@click.command("flows")
@common
def flows_command(context: Context) -> None:
    """List the flows."""
    from sdw_client.cli import rendering

    flows = list(context.client().flows())
    context.show_all((flow.raw for flow in flows), lambda: rendering.flows_table(flows))


@click.command("functions")
@common
def functions_command(context: Context) -> None:
    """List the functions."""
    from sdw_client.cli import rendering

    functions = list(context.client().functions())
    context.show_all((function.raw for function in functions), lambda: rendering.functions_table(functions))


@click.command("run")
@click.argument("flow", shell_complete=flow_names)
@click.option("-i", "--input", "text", default="{}", metavar="JSON", help="The input: JSON, @FILE, or - for stdin.")
@click.option("--wait", is_flag=True, help="Show the states until the end, then write the output.")
@click.option("--timeout", type=click.FloatRange(min=0), help="With --wait: seconds after which to give up waiting.")
@click.option("--key", help="An Idempotency-Key: for a day, the same key and input are the same run.")
@common
def run_command(context: Context, flow: str, text: str, key: str | None, **waiting: Any) -> int:
    """Start FLOW and write the run's name, FLOW/ID. With --wait, follow it and write its output.

    Progress goes to the standard error output, so that the standard output has only the result.
    """
    value = arguments.input_document(text)
    if key is not None:
        arguments.idempotency_key(key)
    run = context.client().flow(flow).run(value, idempotency_key=key)
    if waiting["wait"]:
        from sdw_client.cli.live import follow

        return follow(context, run, waiting["timeout"])
    context.show(run.details.raw, lambda: run.reference)
    return 0


@click.command("call")
@click.argument("function", shell_complete=function_names)
@click.option("-i", "--input", "text", default="{}", metavar="JSON", help="The body: JSON, @FILE, or - for stdin.")
@common
def call_command(context: Context, function: str, text: str) -> None:
    """Call FUNCTION and write what it returned."""
    found: Any = context.client().function(function)(arguments.document(text))
    if isinstance(found, bytes):
        sys.stdout.buffer.write(found)
    elif isinstance(found, str) and not context.as_json:
        click.echo(found)
    else:
        write_json(found)
