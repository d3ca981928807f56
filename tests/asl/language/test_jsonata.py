"""JSONata as Step Functions has it."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl.language.errors import ExpressionError, SyntaxProblem
from asl.language.jsonata import (
    check_jsonata,
    compile_jsonata,
    compile_jsonata_field,
    compile_jsonata_template,
    expression_text,
)
from asl.language.scope import Scope
from tests.asl.language.strategies import documents, names, numbers

DATA = {
    "items": [{"id": 1, "price": 2.5, "tags": ["a"]}, {"id": 2, "price": 4, "tags": []}],
    "order": {"id": "o-1", "note": None, "lines": [[1], [2, 3]]},
    "one": [{"id": 9}],
    "none": None,
    "big": 2**70,
    "nine": 9.0,
}
SCOPE = Scope(DATA, {"Execution": {"Id": "e1"}}, {"n": 4, "list": [1, 2], "nothing": None}, result={"R": 1})


def evaluate(text: str, scope: Scope = SCOPE) -> Any:
    return compile_jsonata(text, "Output")(scope)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$states.input", DATA),
        ("$states.input.order.id", "o-1"),
        ("$states.input.order.note", None),
        ("$states.input.order.lines", [[1], [2, 3]]),
        ("$states.input.none", None),
        ("$states.input.big", 2**70),
        ("$states.input.items.id", [1, 2]),
        ("$states.input.one.id", 9),
        ("$states.input.one", [{"id": 9}]),
        ("$states.context.Execution.Id", "e1"),
        ("$states.result.R", 1),
        ("$states", {"input": DATA, "context": {"Execution": {"Id": "e1"}}, "result": {"R": 1}}),
        ("$n", 4),
        ("$list", [1, 2]),
        ("$nothing", None),
        ("'text'", "text"),
        ('"it\'s"', "it's"),
        ("42", 42),
        ("1.5", 1.5),
        ("2.0", 2),
        ("true", True),
        ("null", None),
        ("$states.input.items[price > 3].id", 2),
        ("$sum($states.input.items.price) + $n", 10.5),
        ("$states.input.items{$string(id): price}", {"1": 2.5, "2": 4}),
        ("$states.input.order.note = null", True),
        ("$exists($states.input.none)", True),
        ("$exists($states.errorOutput)", False),
        ("$count($nothing)", 1),
        ("[$states.input.none, 1]", [None, 1]),
        ("$map($list, function($v, $i){ $v * $i })", [0, 2]),
        ("($x := 2; $x * $n)", 8),
        ("$states.input.big > 0", True),
        ("$partition([1..5], 2)", [[1, 2], [3, 4], [5]]),
        ("$partition($list, 2.9)", [[1, 2]]),
        ("$range(0, 10, 5)", [0, 5, 10]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$range(-1.7, 1, 1)", [-1, 0, 1]),
        ("$range(7, 7, 1)", 7),
        ("$hash('input data', 'MD5')", "812f45842bc6d66ee14572ce20db8e86"),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$random(5) = $random(5)", True),
        ("$random() < 1", True),
        ("1/0", "Infinity"),
        ("[0/0, -1/0]", ["NaN", "-Infinity"]),
        ("  $n + 1  ", 5),
    ],
)
def test_an_expression_answers(text, expected):
    assert evaluate(text) == expected


def test_uuid():
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", evaluate("$uuid()"))


NOTHING = [
    "$states.input.nope",
    "$states.input.order.id.deep",
    "$states.errorOutput",
    "$states.nope",
    "$nope",
    "$nope.deep",
    "$filter($list, function($v){ $v > 9 })",
    "$partition([], 2)",
    "$partition($list, 0)",
    "$range(1, 3, 0)",
    "$range(1, 3)",
    "$hash('a', 'SHA1')",
    "$hash('a')",
]


@pytest.mark.parametrize("text", NOTHING)
def test_an_expression_that_returns_nothing_fails(text):
    with pytest.raises(ExpressionError) as failure:
        evaluate(text)
    assert failure.value.error == "States.QueryEvaluationError"
    assert failure.value.location == "Output"
    assert failure.value.cause == (
        f"The JSONata expression '{text}' specified for the field 'Output' returned nothing (undefined)."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$missing(1)", "T1006: Attempted to invoke a non-function"),
        ("$eval('1')", "T1006: Attempted to invoke a non-function"),
        ("1 + 'a'", 'T2002: The right side of the "+" operator must evaluate to a number'),
        ("1 < 'a'", 'T2009: The values 1 and "a" either side of operator "<" must be of the same data type'),
        ("$error('stop')", "D3137: stop"),
        ("$parse('{')", "D3137: Invalid JSON"),
        ("$sum(['a'])", 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
        ("$abs('x')", 'T0410: Argument 1 of function "abs" does not match function signature'),
        ("$pad(1, 2)", 'T0410: Argument 2 of function "pad" does not match function signature'),
        ("-'a'", 'D1002: Cannot negate a non-numeric value: "a"'),
        ("$sqrt(-1)", "D3060: The sqrt function cannot be applied to a negative number: -1"),
    ],
)
def test_an_expression_that_fails(text, message):
    with pytest.raises(ExpressionError) as failure:
        evaluate(text)
    assert failure.value.cause == (
        f"The JSONata expression '{text}' specified for the field 'Output' threw an error during evaluation. {message}"
    )


MEMORY = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
TIME = "Expression evaluation timeout: Check for infinite loop"
STACK = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive"
RECURSIVE = "($f := function($n){ $n = 0 ? 0 : 1 + $f($n - 1) }; $f(%d))"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$range(1, 1000000, 1)", MEMORY),
        ("[1..873783] ~> $count()", MEMORY),
        ("$sum([1..9999999])", MEMORY),
        ("$reduce([1..9], function($a, $b){ $append($a, $a) }, [1..200000])", f"{MEMORY} or {TIME}"),
        ("$pad('x', 10000000000)", MEMORY),
        ("$length($pad('', -1e300))", MEMORY),
        ("$formatInteger(1e14, 'I')", MEMORY),
        (RECURSIVE % 32, STACK),
        ("+".join("1" * 101), STACK),
        ("($f := function($n){ $f($n + 1) }; $f(1))", TIME),
    ],
)
def test_an_expression_that_needs_too_much_fails(text, message):
    with pytest.raises(ExpressionError) as failure:
        evaluate(text)
    assert failure.value.error == "States.QueryEvaluationError"
    # A busy machine may take a second for what another one refuses sooner.
    assert failure.value.cause.partition(" threw an error during evaluation: ")[2] in message.split(" or ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1..873782] ~> $count()", 873782),
        (RECURSIVE % 31, 31),
        ("+".join("1" * 100), 100),
        ("($f := function($n){ $n = 0 ? 'end' : $f($n - 1) }; $f(9999))", "end"),
    ],
)
def test_what_step_functions_just_allows(text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$pad('a', 4)", "a   "),
        ("$pad('a', -4, '#')", "###a"),
        ("$pad('foo', 8, '-+')", "foo-+-+-"),
        ("$pad('foo', -8, '-+')", "-+-+-foo"),
        ("$pad('long', 2)", "long"),
        ("$pad('😀', 3, '😀')", "😀" * 3),
        ("['a', 'b'].$pad(2)", ["a ", "b "]),
        ("$map(['a', 'b'], $pad(?, 2))", ["a ", "b "]),
        ("$pad('a', 2.5)", "a "),
        ("$exists($pad($nope, 2))", False),
    ],
)
def test_pad_is_as_in_jsonata(text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$map(['1', '[2]'], $parse)", [1, [2]]),
        ("$filter(['true', 'false'], $parse)", "true"),
        ("$count($map([1, 2], $uuid))", 2),
        ("$map([[1, 2, 3]], $partition(?, 2))", [[1, 2], [3]]),
        ("$parse('12345678901234567890')", 12345678901234567890.0),
        ("$range(1e20, 1e20, 1)", 1e20),
        ("$parse('[1e2, -0.5, 7]')", [100, -0.5, 7]),
    ],
)
def test_functions_of_step_functions_are_values_as_well(text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize(
    "text", ["", "  ", "{", '{"a": 1, "a": 2}', "1e400", "NaN", "-Infinity", '{"a": 1} {"b": 2}', "[1] [2]", "'a'"]
)
def test_what_is_no_json_is_not_parsed(text):
    with pytest.raises(ExpressionError, match=r"evaluation\. D3137: Invalid JSON$"):
        evaluate("$parse($text)", Scope({}, {}, {"text": text}))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$now()", "2030-01-02T03:04:05.678Z"),
        ("$millis()", 1893553445678),
        ("$now('[Y]-[M01]', '+0000')", "2030-01"),
        ("$now('[H01]:[m]', '+0130')", "04:34"),
        ("$map([1, 2], function($x) { $now() = $now() and $millis() = $millis() })", [True, True]),
        ("$now() = $fromMillis($millis())", True),
        ("($now := 'later'; $now)", "later"),
    ],
)
def test_the_time_is_the_clock_s(text, value):
    ticks = iter([1893553445.678, 0.0])
    assert evaluate(text, Scope({}, clock=lambda: next(ticks))) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$formatInteger(1999, 'I')", "MCMXCIX"),
        ("$formatInteger(12, 'w')", "twelve"),
        ("$formatInteger(-7, '000')", "-007"),
    ],
)
def test_integers_are_formatted_as_in_jsonata(text, value):
    assert evaluate(text) == value


def test_nothing_is_printed(capsys):
    with pytest.raises(ExpressionError, match="T1006"):
        evaluate("$sum([1]) + $count([1])", Scope({}, {}, {"sum": 5}))
    assert capsys.readouterr() == ("", "")


def test_a_variable_hides_the_function_of_its_name():
    scope = Scope({}, {}, {"uuid": "u1", "range": [1, 2], "pad": "p"})
    assert evaluate("'id-' & $uuid", scope) == "id-u1"
    assert evaluate("$pad & $sum($range)", scope) == "p3"
    assert evaluate("$range(1, 3, 1)") == [1, 2, 3]


@pytest.mark.parametrize("text", ["$f := function($x){$x}", "$sum", "function(){1}"])
def test_a_function_is_no_result(text):
    with pytest.raises(ExpressionError, match=r"returned an unsupported result type\."):
        evaluate(text)


@pytest.mark.parametrize(
    ("text", "expected", "shown"),
    [
        ("1", "array", "'number' for value: 1"),
        ("{'a': 'é'}", "array", '\'object\' for value: {"a":"é"}'),
        ("null", "number", "'null' for value: null"),
        ("true", "string", "'boolean' for value: true"),
        ("[1]", "object", "'array' for value: [1]"),
    ],
)
def test_a_result_of_another_type_fails(text, expected, shown):
    with pytest.raises(ExpressionError) as failure:
        compile_jsonata(text, "Items", expected)(SCOPE)
    assert failure.value.cause == (
        f"The JSONata expression '{text}' specified for the field 'Items' returned an unexpected result type. "
        f"Expected '{expected}', but was {shown}"
    )


@pytest.mark.parametrize("text", ["1 +", "$x :=", "(", "[1,2)", "'a", ""])
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(SyntaxProblem):
        compile_jsonata(text)


def test_a_template_names_the_place_of_each_expression():
    template = {"a": {"b": ["x", "{% $n %}"]}, "c": "{%1+1%}", "d": " {% $n %}", "e": "{% $n"}
    assert compile_jsonata_template(template, "Output")(SCOPE) == {
        "a": {"b": ["x", 4]},
        "c": 2,
        "d": " {% $n %}",
        "e": "{% $n",
    }
    with pytest.raises(ExpressionError) as failure:
        compile_jsonata_template({"a": {"b": ["x", "{% $nope %}"]}}, "Arguments")(SCOPE)
    assert failure.value.location == "Arguments/a/b[1]"


def test_a_field_is_an_expression_or_a_value():
    assert compile_jsonata_field("{% $n %}", "Seconds", "number")(SCOPE) == 4
    assert compile_jsonata_field(7, "Seconds", "number")(SCOPE) == 7
    assert compile_jsonata_field([1, "{% $n %}"], "Items", "array")(SCOPE) == [1, 4]


@pytest.mark.parametrize(
    ("value", "text"),
    [("{% $a %}", "$a"), ("{%1%}", "1"), ("{%%}", ""), ("{%}", None), ("x {% 1 %}", None), ("{% 1", None), (1, None)],
)
def test_only_a_whole_text_is_an_expression(value, text):
    assert expression_text(value) == text


@pytest.mark.parametrize(
    "text",
    [
        "$states.input.a",
        "$states.input.items[value > 3]",
        "$states.input^(>price)",
        "$states.input{name: $}",
        "$map($list, function($v){ $v.price })",
        "$states.input.(a + b)",
        "$x ? 'phone' : {'mail': 1}",
        "/* phone */ $x",
        "$sum([1, 2]) and true or false",
        "$match($x, /phone/)",
    ],
)
def test_what_reads_states_and_variables_is_taken(text):
    assert check_jsonata(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("phone", "phone"),
        ("phone.number", "phone"),
        ("$sum(prices)", "prices"),
        ("{'a': phone}", "phone"),
        ("[phone]", "phone"),
        ("$x & phone", "phone"),
        ("$map($x, function($v){ phone })", "phone"),
        ("$x ? phone : 1", "phone"),
    ],
)
def test_a_name_at_the_top_level_is_refused(text, name):
    message = f"Reference to '{name}' at the top level is not supported."
    assert check_jsonata(text) == ("UNSUPPORTED_JSONATA_EXPRESSION", message)


def test_the_root_is_refused():
    assert check_jsonata("$$.a") == ("UNSUPPORTED_JSONATA_EXPRESSION", "Reference to '$$' is not supported.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a[1,2)", 'Expected "]", got ","'),
        ('"unterminated', "String literal must be terminated by a matching quote"),
        ("1 +", "Unexpected end of expression"),
        ('{"a":}', 'The symbol "}" cannot be used as a unary operator'),
        ('$match("a", /abc', "No terminating / in regular expression"),
    ],
)
def test_a_syntax_error_is_worded_as_by_jsonata_java(text, message):
    assert check_jsonata(text) == ("INVALID_JSONATA_EXPRESSION", message)


@given(documents, st.lists(names, min_size=1, max_size=3))
def test_a_plain_path_answers_as_the_library_does(document, path):
    plain = ".".join(["$states.input", *path])
    # Brackets make the same expression one for the library.
    whole = f"({plain})"
    answers = []
    for text in (plain, whole):
        try:
            answers.append(evaluate(text, Scope(document)))
        except ExpressionError as failure:
            answers.append(failure.cause.replace(text, "..."))
    assert answers[0] == answers[1]


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=9), st.integers(1, 4))
def test_partitions_join_to_the_whole(items, size):
    chunks = evaluate(f"$partition($items, {size})", Scope({}, {}, {"items": items}))
    assert [item for chunk in chunks for item in chunk] == items


@given(numbers, numbers, st.sampled_from(["+", "-", "*", "<", "<=", "=", "!="]))
def test_arithmetic(left, right, operator):
    expected = eval(
        f"{left!r} {operator.replace('!=', '~').replace('=', '==').replace('<==', '<=').replace('~', '!=')} {right!r}"
    )
    actual = evaluate(f"$a {operator} $b", Scope({}, {}, {"a": left, "b": right}))
    assert actual == pytest.approx(expected)


@given(st.text(alphabet="$states.input[]{}()?:=&|+-*/'\"1a ,;~>^@#%", max_size=25))
def test_any_text_is_read_or_refused(text):
    finding = check_jsonata(text.strip())
    try:
        compiled = compile_jsonata(text, "Output")
    except SyntaxProblem:
        assert finding is not None and finding[0] == "INVALID_JSONATA_EXPRESSION"
        return
    try:
        compiled(SCOPE)
    except ExpressionError as failure:
        assert failure.error == "States.QueryEvaluationError"


def test_plain_expressions_load_no_library():
    code = (
        "import sys, asl.language.choice, asl.language.templates\n"
        "from asl.language.jsonata import compile_jsonata, check_jsonata\n"
        "from asl.language.scope import Scope\n"
        "assert compile_jsonata('$states.input.a')(Scope({'a': 1})) == 1\n"
        "assert check_jsonata('$states.input.a') is None\n"
        "assert not [name for name in sys.modules if name in ('jsonata', 'jsonatapy')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_the_library_changes_nothing_in_the_process():
    code = (
        "import sys\n"
        "limit = sys.getrecursionlimit()\n"
        "from asl.language.jsonata import reference\n"
        "assert reference.parse_tree('a.b') is not None and sys.getrecursionlimit() == limit\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
