"""The command line: its commands by name, and how it ends."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence

import click

from sdw_client import __version__
from sdw_client.cli import failures
from sdw_client.cli.context import Context, OutputClosed
from sdw_client.cli.failures import ExitCode
from sdw_client.errors import SdwError

COMMANDS = {
    "login": ("accounts", "Sign in, and keep the login."),
    "logout": ("accounts", "End a login."),
    "whoami": ("accounts", "Show who is signed in, and where."),
    "usage": ("accounts", "Show how often the API was called, by month."),
    "flows": ("starting", "List the flows."),
    "functions": ("starting", "List the functions."),
    "run": ("starting", "Start a flow."),
    "call": ("starting", "Call a function."),
    "runs": ("following", "List runs, newest first."),
    "show": ("following", "Show a run and its states."),
    "logs": ("following", "Show what a run's functions printed and logged."),
    "open": ("following", "Open a run in the web console."),
    "stop": ("repeating", "Stop a run."),
    "rerun": ("repeating", "Start a run again, or all that filters find."),
    "redrive": ("repeating", "Continue a failed run, or all that filters find."),
    "completion": ("completion", "Write the script that completes commands in a shell."),
}
"""The module of each command, imported when it is called, and its line in `sdw --help`."""


class Commands(click.Group):
    """The commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which a beginner needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"sdw_client.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", metavar="URL", help="The API's address. Default: SDW_URL, the session file, the last login.")
@click.option("--stage", metavar="NAME", help="The login to use (see `sdw login`). Default: SDW_STAGE.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.version_option(__version__, prog_name="sdw")
@click.pass_obj
def sdw(context: Context, url: str | None, stage: str | None, as_json: bool) -> None:
    """Run flows and call functions of a Serverless Dynamic Workflows project.

    A RUN is FLOW/ID, an id, an address of the web console, or `last`.

    Exit codes: 0 success; 1 a run or a function failed; 2 wrong usage or input; 3 not signed in, or not allowed; 4 not
    found; 5 the service is unavailable; 6 the run's state does not allow it; 7 the run has not ended in time.
    """
    context.url, context.stage, context.as_json = url, stage, as_json


def run(arguments: Sequence[str]) -> int:
    """Run a command line.

    Returns:
        The exit code.
    """
    context = Context()
    _write_what_the_locale_has()
    try:
        found = sdw.main(list(arguments), prog_name="sdw", obj=context, standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return int(found) if isinstance(found, int) else ExitCode.OK
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return ExitCode.INTERRUPTED
    except SdwError as error:
        click.echo(failures.document(error) if context.as_json else f"Error: {failures.message(error)}", err=True)
        return failures.exit_code(error)
    except (OutputClosed, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except OSError as error:  # a full disk, a file that must not be written
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"Error: {where}{error.strerror or error}", err=True)
        return ExitCode.FAILED
    finally:
        context.close()


def _write_what_the_locale_has() -> None:
    """Let the output have a question mark where the locale's encoding lacks a character, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
