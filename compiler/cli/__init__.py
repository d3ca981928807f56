"""The command line `python -m compiler`. For a developer's machine: nothing of it is used on Lambda."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from chalicelib.settings import PROJECT
from compiler.cli import commands
from compiler.model import FLOW_NAME

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 well, 1 errors in flows or a failed run, 2 a wrong command."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except commands.CommandError as error:
        print(f"flows: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m compiler", description="Check, show, draw and run the flows of this project."
    )
    parser.add_argument("--root", type=Path, default=PROJECT, help="the project's folder (default: this project)")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")

    check = verbs.add_parser("check", help="find every mistake, with file, line and column")
    check.add_argument("paths", nargs="*", type=Path, help="files or folders (default: all flows)")
    check.add_argument("--format", choices=("text", "json", "sarif"), default="text")
    check.add_argument("--no-advice", action="store_true", help="errors and warnings alone")
    check.set_defaults(command=commands.check)

    show = verbs.add_parser("show", help="the resolved definition, functions, permissions and schedule of a flow")
    show.add_argument("flow")
    show.add_argument("--stage", default="local")
    show.add_argument("--region", default="us-east-1")
    show.add_argument("--account", default="123456789012")
    show.add_argument("--json", action="store_true")
    show.set_defaults(command=commands.show)

    graph = verbs.add_parser("graph", help="draw a flow, or with --all which flows start which")
    graph.add_argument("flow", nargs="?")
    graph.add_argument("--all", action="store_true")
    graph.add_argument("--format", choices=("mermaid", "svg", "dot"), default="mermaid")
    graph.set_defaults(command=commands.graph)

    run = verbs.add_parser("run", help="run a flow here, with this project's functions")
    run.add_argument("flow")
    run.add_argument("--input", metavar="FILE", help="JSON file with the input, `-` for standard input")
    run.add_argument("--skip-time", action="store_true", help="do not wait: jump over Wait states and retry intervals")
    run.set_defaults(command=commands.run)

    new = verbs.add_parser("new", help="write a commented flow to start from")
    new.add_argument("name", help=f"its name: {FLOW_NAME}")
    new.set_defaults(command=commands.new)

    explain = verbs.add_parser("explain", help="what a check finds and why, with examples")
    explain.add_argument("check")
    explain.set_defaults(command=commands.explain)

    checks = verbs.add_parser("checks", help="list all checks")
    checks.add_argument("--json", action="store_true")
    checks.set_defaults(command=commands.checks)

    schema = verbs.add_parser("schema", help="the JSON Schema of a flow's file")
    schema.set_defaults(command=commands.schema)

    catalog = verbs.add_parser("catalog", help="write chalicelib/catalog.json, which the deployed API reads")
    catalog.set_defaults(command=commands.catalog)
    return parser
