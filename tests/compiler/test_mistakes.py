"""What is found in wrong flows, all of it and nothing else; and that valid expressions cause no finding."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compiler import Severity, check_paths
from compiler.project import files_of
from compiler.unit import compile_unit

from .conftest import Workspace

_PARTS = re.split(r"^=== (.*)\n", (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8"), flags=re.M)
MISTAKES = dict(zip(_PARTS[1::2], _PARTS[2::2], strict=True))
LEFT_OUT = ("task-without-retry", "missing-timeout")


@pytest.fixture
def project(workspace: Workspace) -> Workspace:
    workspace.function("other-fn")
    workspace.flow("name: helper\nsteps: [hello_world]\n", "helper.yml")
    return workspace


def found_in(project: Workspace, text: str) -> list[str]:
    file = project.flow(text, "f.yml")
    found = check_paths([file], project.root)
    return [f"{item.line}:{item.column} {item.check}" for item in found if item.check not in LEFT_OUT]


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_found_once_and_nothing_else(project: Workspace, name: str) -> None:
    text, _, expected = MISTAKES[name].partition("--- found\n")
    assert found_in(project, text) == [line for line in expected.split("\n") if line]


WRONG = "name: f\ndefinition:\n  StartAt: A\n  States:\n    A: {Type: Pas, End: true}\n"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + WRONG.encode(),
        WRONG.replace("\n", "\r\n").encode(),
        WRONG.replace("\n", "\r").encode(),
    ],
    ids=["BOM", "CRLF", "CR"],
)
def test_places_do_not_depend_on_how_lines_end(project: Workspace, content: bytes) -> None:
    project.flow("", "f.yml").write_bytes(content)
    found = check_paths([project.root / "flows" / "f.yml"], project.root)
    assert [(item.line, item.column, item.check) for item in found] == [(5, 15, "state-type")]


def test_a_byte_that_is_not_utf_8_has_its_place(project: Workspace) -> None:
    project.flow("", "f.yml").write_bytes("name: f\ndescription: é\n".encode("latin-1"))
    (found,) = check_paths([project.root / "flows" / "f.yml"], project.root)
    assert found.message == "Not valid UTF-8: unexpected byte 0xe9."
    assert (found.line, found.column, found.check, found.hint) == (2, 14, "unreadable-file", "save the file as UTF-8")


def test_a_definition_of_more_than_a_megabyte_is_refused(project: Workspace) -> None:
    text = "name: f\ndefinition:\n  StartAt: A\n  States:\n    A: {Type: Pass, End: true, Result: %s}\n"
    assert found_in(project, text % ("x" * 1_050_000)) == ["2:1 definition-size"]
    assert found_in(project, text % ("x" * 1_000_000)) == []


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("Output: {% $states.input %}", "put the expression in quotes: '{% ... %}'"),
        ("Comment: a: b", "put a string that contains `: ` in quotes, and indent all keys of a mapping equally"),
        ("Comment: @home", "put a string that starts with '@' in quotes"),
    ],
)
def test_yaml_errors_say_how_to_fix_them(line: str, hint: str) -> None:
    text = f"name: f\ndefinition:\n  StartAt: A\n  States:\n    A:\n      Type: Pass\n      {line}\n      End: true\n"
    (found,) = compile_unit("f.yml", text).diagnostics
    assert (found.line, found.check) == (7, "yaml-syntax")
    assert found.hint.startswith(hint)


def test_folders_and_files_are_taken_as_they_are(project: Workspace) -> None:
    inside = project.flow(WRONG, "deeper/f.yaml")
    assert files_of([project.root / "flows", inside]) == {inside, project.root / "flows" / "helper.yml"}
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        files_of([project.root / "nowhere"])


EXPRESSIONS = """\
$sum($states.input.(price * quantity))
$states.input.items[qty > 3 and name = 'x'].name
$map($states.input.items, function($v, $i) { $v.a + $i })
($f := function($x) { $x < 2 ? 1 : $x * $f($x - 1) }; $f(5))
$states.input.items^(>price)[0]
$states.input.items{type: $sum(qty)}
$states.input.a ~> $uppercase() ~> $trim
{'a': [1..5], 'b': null}
/* why */ 1
$states.input.items@$i#$n.{'x': $i.a, 'n': $n}
$match('abc', /a(b)c/i).groups
$states.input.`odd name`
$states.input.**.id
$filter($states.input.l, function($v) { $contains($v, '$nobody(') })
$partition([1, 2, 3], 2)
$hash('a', 'SHA-256')
$states.input ~> |items|{'x': 1}, ['y']|
$states.input.items[[0..2]]
($g := function($n)<n:n> { $n }; $g(1))
$states.context.Execution.Id & '-' & $uuid()
$replace('a', /a/, function($m) { 'b' })
λ($x) { $x }(3)
"""


@pytest.mark.parametrize("expression", EXPRESSIONS.splitlines())
def test_valid_jsonata_raises_no_alarm(expression: str) -> None:
    text = (
        "name: f\ndefinition:\n  QueryLanguage: JSONata\n  StartAt: A\n  States:\n    A:\n      Type: Pass\n"
        f"      Output: |-\n        {{% {expression} %}}\n      End: true\n"
    )
    assert compile_unit("f.yml", text).diagnostics == ()


INTRINSICS = """\
States.Format('Hello {}, {}', $.name, States.ArrayGetItem(States.StringSplit($.x, ','), 0))
States.JsonMerge($.a, $.b, false)
States.MathAdd(States.ArrayLength($.l), -1)
States.Base64Encode(States.JsonToString($))
States.ArrayContains($.a, $$.Execution.Name)
States.Format('it\\'s \\{\\} {}', $.x)
States.Array($.a, null, true, 1.5, 'x')
States.MathRandom(1, 10, $.seed)
States.UUID()
$.a[?(@.x > 3 && @.y == 'z')].b
$..book[0:2]
$['a b']['c']
$.items.length()
$$
"""


@pytest.mark.parametrize("expression", INTRINSICS.splitlines())
def test_valid_intrinsic_functions_and_paths_cause_no_finding(expression: str) -> None:
    text = (
        "name: f\ndefinition:\n  StartAt: A\n  States:\n    A:\n      Type: Pass\n      Parameters:\n"
        f"        value.$: |-\n          {expression}\n      End: true\n"
    )
    assert [item for item in compile_unit("f.yml", text).diagnostics if item.severity is Severity.ERROR] == []


def test_examples_that_are_no_list_are_a_fault_of_the_schema(project: Workspace) -> None:
    text = "name: f\ninputSchema: {type: object, examples: 1.5}\nsteps: [hello_world]\n"
    assert found_in(project, text) == ["2:39 input-schema"]
