from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

from compiler.cli.terminal import Style
from compiler.diagnostic import Diagnostic, Severity
from compiler.reports.machine import render_sarif
from compiler.reports.text import render_text, summary

from .conftest import Workspace


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colours_and_a_caret_under_the_fault(workspace: Workspace) -> None:
    workspace.flow("name: x\nschedule: cron(0 25 * * ? *)\nsteps: [hello_world]\n")
    found = workspace.compile().diagnostics
    first, line, caret = list(render_text(found, workspace.root, Style(Terminal())))[:3]
    assert first.startswith(
        "\x1b[1mflows/flow.yml:2:18\x1b[0m: \x1b[31merror\x1b[0m: hours: expected a number from 0 to 23; got 25."
    )
    assert line.endswith("schedule: cron(0 25 * * ? *)")
    plain = caret.replace("\x1b[2m", "").replace("\x1b[0m", "").replace("\x1b[31m", "")
    assert plain.index("^") - len("      | ") == 17


def test_a_file_that_is_gone_has_no_excerpt(workspace: Workspace) -> None:
    file = workspace.flow("name: x\n")
    found = workspace.compile().diagnostics
    file.unlink()
    assert all("|" not in line for line in render_text(found, workspace.root, Style(io.StringIO())))


def test_the_summary_counts(workspace: Workspace) -> None:
    workspace.flow("name: x\ninput: {}\nsteps: [nobody, nothing]\n")
    assert summary(workspace.compile().diagnostics, 1) == "1 flow: 2 errors, 1 advice"
    assert summary([], 3) == "3 flows: nothing wrong"


def test_the_caret_stands_under_the_fault_behind_wide_characters(workspace: Workspace) -> None:
    workspace.flow("name: x\ninputSchema: {title: 名前, type: objct}\nsteps: [hello_world]\n")
    first, line, caret, _ = render_text(workspace.compile().diagnostics, workspace.root, Style(io.StringIO()))
    assert first.startswith("flows/flow.yml:2:32: error")
    assert caret.index("^") == line.index("objct") + 2  # each of the two characters takes two columns
    assert caret.count("^") == len("objct")


def test_sarif_names_files_by_uri(tmp_path: Path) -> None:
    outside = Diagnostic("yaml-tab", Severity.ERROR, "No.", (tmp_path / "a b.yml").as_posix(), hint="yes")
    inside = replace(outside, file="flows/a b.yml", hint="")
    results = json.loads(render_sarif([outside, inside]))["runs"][0]["results"]
    uris = [item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for item in results]
    assert uris == [(tmp_path / "a b.yml").as_uri(), "flows/a%20b.yml"]
    assert [item["message"]["text"] for item in results] == ["No. (yes)", "No."]
