"""The command line `python -m compiler`, for a developer's machine. Lambda uses none of it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from chalicelib.settings import PROJECT
from compiler.cli import commands

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line; that of the process by default.

    Returns:
        The exit code: 0 for success, 1 for errors in flows or a failed run, 2 for a wrong command line.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except commands.CommandError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of the pipe has stopped reading
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m compiler", description="Check, show, draw and run the flows of this project."
    )
    parser.add_argument("--root", type=Path, default=PROJECT, help="project folder (default: this project)")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")

    check = verbs.add_parser("check", help="find every mistake in flows, with file, line and column")
    check.add_argument("paths", nargs="*", type=Path, help="files or folders (default: all flows)")
    check.add_argument("--format", choices=("text", "json", "sarif"), default="text", help="default: text")
    check.add_argument("--no-advice", action="store_true", help="report only errors and warnings")
    check.set_defaults(command=commands.check)

    show = verbs.add_parser("show", help="print a flow's resolved definition, functions, permissions and schedule")
    show.add_argument("flow", help="name of the flow")
    show.add_argument("--stage", default="local", help="stage to resolve names for (default: local)")
    show.add_argument("--region", default="us-east-1", help="AWS region (default: us-east-1)")
    show.add_argument("--account", default="123456789012", help="AWS account id (default: 123456789012)")
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(command=commands.show)

    graph = verbs.add_parser("graph", help="draw a flow or, with --all, which flows start which")
    graph.add_argument("flow", nargs="?", help="name of the flow")
    graph.add_argument("--all", action="store_true", help="draw which flows start which")
    graph.add_argument("--format", choices=("mermaid", "svg", "dot"), default="mermaid", help="default: mermaid")
    graph.set_defaults(command=commands.graph)

    run = verbs.add_parser("run", help="run a flow on this machine with the project's functions")
    run.add_argument("flow", help="name of the flow")
    run.add_argument("--input", metavar="FILE", help="JSON file with the input; `-` for standard input")
    run.add_argument("--skip-time", action="store_true", help="skip Wait states and retry intervals")
    run.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="STATE=JSON",
        help="the result of a task that waits for its token (repeatable; in order, if a state waits more than once)",
    )
    run.set_defaults(command=commands.run)

    replay = verbs.add_parser("replay", help="run today's definition against the recorded history of a run")
    replay.add_argument("run", metavar="RUN", help="id of a run, ARN of an execution, or file with a history")
    replay.add_argument("--flow", help="name of the flow, where the run doesn't tell it, or another one to try")
    replay.add_argument("--json", action="store_true", help="print JSON")
    replay.set_defaults(command=commands.replay)

    record = verbs.add_parser("record", help="print a pytest file that does what a run did, with stubs for its tasks")
    record.add_argument("run", metavar="RUN", help="id of a run, ARN of an execution, or file with a history")
    record.add_argument("--flow", help="name of the flow, where the run doesn't tell it")
    record.set_defaults(command=commands.record)

    new = verbs.add_parser("new", help="create a commented flow to start from")
    new.add_argument("name", help="name of the flow: letters, digits, `_` and `-`, starting with a letter")
    new.set_defaults(command=commands.new)

    explain = verbs.add_parser("explain", help="explain what a check finds and why, with examples")
    explain.add_argument("check", help="id of the check, as listed by `checks`")
    explain.set_defaults(command=commands.explain)

    checks = verbs.add_parser("checks", help="list all checks")
    checks.add_argument("--json", action="store_true", help="print JSON, including descriptions and examples")
    checks.set_defaults(command=commands.checks)

    schema = verbs.add_parser("schema", help="print the JSON Schema of a flow file")
    schema.set_defaults(command=commands.schema)

    catalog = verbs.add_parser("catalog", help="write chalicelib/catalog.json, which the deployed API reads")
    catalog.set_defaults(command=commands.catalog)
    return parser
