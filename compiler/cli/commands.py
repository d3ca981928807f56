"""What each command does. Modules that only one command needs are imported there, so that `check` starts quickly."""

from __future__ import annotations

import json
import re
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from asl.language.values import read_json
from chalicelib.flows.suggestions import suggestion
from compiler.cli.terminal import SEVERITY_COLOURS, Style
from compiler.compiled import CompiledFlow, Project
from compiler.diagnostic import Severity
from compiler.project import check_paths, compile_project


class CommandError(Exception):
    """The command can't be run as given; the message says why and what to do."""


def check(options: Namespace) -> int:
    """Run `check`; returns 1 if there is an error.

    Raises:
        CommandError: A path does not exist.
    """
    from compiler.project import files_of, flow_files

    try:
        found = check_paths(options.paths, options.root)
    except FileNotFoundError as error:
        raise CommandError(str(error)) from None
    if options.no_advice:
        found = tuple(item for item in found if item.severity is not Severity.ADVICE)
    if options.format == "json":
        from compiler.reports.machine import render_json

        print(render_json(found))
    elif options.format == "sarif":
        from compiler.reports.machine import render_sarif

        print(render_sarif(found))
    else:
        from compiler.reports.text import render_text, summary

        for line in render_text(found, Path(options.root).resolve(), Style(sys.stdout)):
            print(line)
        files = files_of(options.paths) if options.paths else flow_files(options.root)
        print(summary(found, len(files)))
    return 1 if any(item.severity is Severity.ERROR for item in found) else 0


def show(options: Namespace) -> int:
    """Run `show FLOW`.

    Raises:
        CommandError: There is no such flow, or it is broken.
    """
    from chalicelib.names import Names
    from compiler.cli.show import show_json, show_text

    flow = _flow(compile_project(options.root), options.flow)
    names = Names(options.stage, options.region, options.account)
    if options.json:
        print(show_json(flow, names))
    else:
        print("\n".join(show_text(flow, names, Style(sys.stdout))))
    return 0


def graph(options: Namespace) -> int:
    """Run `graph FLOW` or `graph --all`.

    Raises:
        CommandError: There is no such flow, it is broken, or it was given together with `--all`.
    """
    from compiler.graphs.projects import graph_of_flow, graph_of_project
    from compiler.graphs.svg import render_svg
    from compiler.graphs.text import render_dot, render_mermaid

    if (options.flow is None) != options.all:
        raise CommandError("give either the name of a flow or --all")
    project = compile_project(options.root)
    picture = graph_of_project(project) if options.all else graph_of_flow(_flow(project, options.flow))
    render = {"mermaid": render_mermaid, "svg": render_svg, "dot": render_dot}[options.format]
    print(render(picture), end="")
    return 0


def run(options: Namespace) -> int:
    """Run `run FLOW`; returns 1 if the run does not succeed.

    Raises:
        CommandError: There is no such flow, it is broken, or the input can't be used.
    """
    from compiler.cli.progress import Progress
    from compiler.cli.runner import FlowRunner

    project = compile_project(options.root)
    flow = _flow(project, options.flow)
    text = _input(options.input, flow)
    answers = _answers(options.answer, flow)
    progress = Progress(sys.stderr)
    runner = FlowRunner(project, skip_time=options.skip_time, started=progress.add, answers=answers)
    execution = runner.run(flow, text)
    progress.watch(execution)
    if execution.output is not None:
        print(json.dumps(json.loads(execution.output), indent=2, ensure_ascii=False))
    return 0 if execution.status == "SUCCEEDED" else 1


def replay(options: Namespace) -> int:
    """Run `replay RUN`; returns 1 if today's definition does something else than the record.

    Raises:
        CommandError: There is no such history or flow, the flow is broken, or the replay takes too long.
    """
    from asl.replay import NotAHistory
    from asl.replay import replay as replay_history
    from compiler.cli.replaying import NoHistory, find_history, report_lines

    try:
        history = find_history(options.run, Path(options.root), options.flow)
        name = options.flow or history.flow
        if name is None:
            raise CommandError(f"{options.run} doesn't say which flow it is of: add --flow NAME")
        flow = _flow(compile_project(options.root), name)
        report = replay_history(
            flow.render(history.names), history.events, execution_arn=history.execution_arn, type=flow.type
        )
    except (NoHistory, NotAHistory, TimeoutError) as error:
        raise CommandError(str(error)) from None
    if options.json:
        found = {"fits": report.fits, "departures": [asdict(each) for each in report.departures], "notes": report.notes}
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        print("\n".join(report_lines(report, flow.name, Style(sys.stdout))))
    return 0 if report.fits else 1


def record(options: Namespace) -> int:
    """Run `record RUN`.

    Raises:
        CommandError: There is no such history, or it doesn't say which flow it is of.
    """
    from asl.replay import NotAHistory, read_history
    from asl.testing.recorder import test_source
    from compiler.cli.replaying import NoHistory, find_history

    try:
        history = find_history(options.run, Path(options.root), options.flow)
        if history.flow is None:
            raise CommandError(f"{options.run} doesn't say which flow it is of: add --flow NAME")
        print(test_source(read_history(history.events), history.flow), end="")
    except (NoHistory, NotAHistory) as error:
        raise CommandError(str(error)) from None
    return 0


def new(options: Namespace) -> int:
    """Run `new NAME`.

    Raises:
        CommandError: The name is invalid or in use.
    """
    from compiler.checks.name_length import FLOW_LETTERS, STAGE
    from compiler.cli.new import template
    from compiler.model import FLOW_NAME

    if not re.fullmatch(FLOW_NAME, options.name):
        raise CommandError(
            f"invalid flow name {options.name!r}: use letters, digits, `_` and `-`, starting with a letter"
        )
    if len(options.name) >= FLOW_LETTERS:
        raise CommandError(f"invalid flow name {options.name!r}: use at most {FLOW_LETTERS - STAGE} characters")
    project = compile_project(options.root)
    if options.name in project.flows or options.name in project.broken:
        raise CommandError(f"the flow {options.name!r} already exists")
    file = Path(options.root) / "flows" / f"{options.name}.yml"
    if file.exists():
        raise CommandError(f"{file} already exists")
    file.parent.mkdir(exist_ok=True)
    file.write_text(template(options.name), encoding="utf-8")
    print(file)
    return 0


def explain(options: Namespace) -> int:
    """Run `explain CHECK`.

    Raises:
        CommandError: There is no such check.
    """
    from compiler.checks.listing import all_checks

    entries = {entry.id: entry for entry in all_checks(options.root)}
    entry = entries.get(options.check)
    if entry is None:
        hint = suggestion(options.check, entries) or "run `python -m compiler checks` to list them"
        raise CommandError(f"there is no check {options.check!r}; {hint}")
    style = Style(sys.stdout)
    print(f"{style.bold(entry.id)}  {style.paint(entry.severity, SEVERITY_COLOURS[entry.severity])}")
    what = (
        entry.description if entry.description.startswith(entry.summary) else f"{entry.summary}.\n\n{entry.description}"
    )
    print(f"{what}\n\nSource: {entry.source}")
    for title, example in (("Wrong", entry.wrong), ("Right", entry.right)):
        if example:
            print(f"\n{style.bold(title)}\n" + "".join(f"    {line}\n" for line in example.splitlines()), end="")
    return 0


def checks(options: Namespace) -> int:
    """Run `checks`."""
    from compiler.checks.listing import all_checks

    entries = all_checks(options.root)
    if options.json:
        print(json.dumps([asdict(entry) for entry in entries], indent=2, ensure_ascii=False))
        return 0
    style = Style(sys.stdout)
    width = max(len(entry.id) for entry in entries)
    for entry in entries:
        severity = style.paint(f"{entry.severity:<8}", SEVERITY_COLOURS[entry.severity])
        print(f"{entry.id:<{width}}  {severity} {entry.summary}")
    return 0


def schema(options: Namespace) -> int:
    """Run `schema`."""
    from compiler.extensions import extensions_of
    from compiler.file_schema import flow_schema

    schema = flow_schema()
    for name in extensions_of(options.root).shorthands:
        schema["$defs"]["Step"]["properties"][name] = {"description": "A plugin's step."}
    print(json.dumps(schema, indent=2, ensure_ascii=False))
    return 0


def catalog(options: Namespace) -> int:
    """Run `catalog`; returns 1 if a flow is broken."""
    from compiler.catalog import write_catalog

    try:
        print(write_catalog(Path(options.root)))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _flow(project: Project, name: str) -> CompiledFlow:
    if name in project.flows:
        return project.flows[name]
    if name in project.broken:
        found = "\n".join(f"  {item}" for item in project.broken[name])
        raise CommandError(f"the flow {name!r} is broken:\n{found}")
    hint = suggestion(name, project.flows) or "the flows are " + ", ".join(project.flows)
    raise CommandError(f"there is no flow {name!r}; {hint}")


def _answers(given: list[str], flow: CompiledFlow) -> dict[str, list[object]]:
    """Return the results of `--answer`, by state."""
    answers: dict[str, list[object]] = {}
    for text in given:
        state, sign, result = text.partition("=")
        try:
            value = json.loads(result)
        except ValueError:
            sign = ""
        if not sign:
            raise CommandError(
                f"can't read --answer {text!r}: write STATE=JSON, such as --answer 'Ask={{\"yes\": true}}'"
            )
        answers.setdefault(state, []).append(value)
    return answers


def _input(given: str | None, flow: CompiledFlow) -> str:
    """Return the input of a run, from a file or the schedule, `{}` by default. It is validated as by POST /run."""
    try:
        if given is None:
            text = json.dumps(flow.input if flow.input is not None else {})
        else:
            text = sys.stdin.read() if given == "-" else Path(given).read_text(encoding="utf-8")
            text = text.removeprefix("\ufeff")  # a byte order mark, which some editors write
        value = read_json(text)
    except (OSError, ValueError) as error:
        raise CommandError(f"can't read the input: {error}") from None
    if not isinstance(value, dict):
        raise CommandError("the input must be a JSON object")
    if flow.input_schema is not None:
        from compiler.input_schemas import value_faults

        faults = [f"  {pointer or '/'}: {message}" for pointer, message in value_faults(value, flow.input_schema)]
        if faults:
            raise CommandError("the input does not match the inputSchema:\n" + "\n".join(faults))
    return text
