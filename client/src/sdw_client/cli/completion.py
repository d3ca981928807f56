"""`sdw completion`, and the names that a shell may complete."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

from sdw_client.errors import SdwError

SHELLS = ("bash", "zsh", "fish")
SECONDS = 3.0
"""How long to wait for names while somebody types."""


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def completion_command(shell: str) -> None:
    """Write the script that completes commands, options and flows in SHELL.

    For bash: eval "$(sdw completion bash)" in ~/.bashrc.
    """
    from sdw_client.cli.app import sdw

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(sdw, {}, "sdw", "_SDW_COMPLETE").source())


def flow_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the flows whose names begin with what was typed."""
    return _names(ctx, "flows", incomplete)


def function_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the functions whose names begin with what was typed."""
    return _names(ctx, "functions", incomplete)


def _names(ctx: click.Context, kind: str, incomplete: str) -> list[CompletionItem]:
    from sdw_client.client import Client, Options
    from sdw_client.retry import Retry

    given = {**(ctx.parent.params if ctx.parent is not None else {}), **ctx.params}
    options: Options = {"retry": Retry(attempts=1), "timeout": SECONDS}
    if given.get("stage"):
        options["stage"] = given["stage"]
    try:
        with Client(given.get("url"), **options) as client:
            found = client.flows() if kind == "flows" else client.functions()
            return [CompletionItem(one.name, help=one.description) for one in found if one.name.startswith(incomplete)]
    except SdwError:  # an error message in the middle of a command line helps nobody
        return []
