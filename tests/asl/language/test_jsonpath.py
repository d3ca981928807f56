"""JSONPath in the Jayway dialect."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl.language.errors import ExpressionError, SyntaxProblem
from asl.language.jsonpath import compile_lookup, compile_path, parse_path
from asl.language.jsonpath.syntax import Root
from asl.language.scope import MISSING, Scope
from asl.language.values import json_equal
from tests.asl.language.strategies import documents, json_values, names

STORE = {
    "book": [
        {"title": "Sayings", "price": 8.95, "tags": ["old"], "stock": 0},
        {"title": "Sword", "price": 12.99, "tags": ["war", "new"]},
        {"title": "Moby Dick", "price": 8.99, "isbn": "0-553", "stock": None},
    ],
    "bicycle": {"color": "red", "price": 19.95},
    "limit": 10,
    "a b": {"it's": 1, 'say "x"': 2, "back\\slash": 3},
    "empty": [],
}
SCOPE = Scope(
    STORE, {"Execution": {"Id": "e1"}, "Map": {"Item": {"Index": 0}}}, {"order": {"lines": [1, 2]}, "n": None}
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", STORE),
        ("$.limit", 10),
        ("  $.limit ", 10),
        ("$['limit']", 10),
        ('$["limit"]', 10),
        ("$.['limit']", 10),
        ("$.bicycle.color", "red"),
        ("$.book[0].title", "Sayings"),
        ("$.book[-1].title", "Moby Dick"),
        ("$['a b']['it\\'s']", 1),
        ("$['a b'][\"it's\"]", 1),
        ("$['a b']['say \"x\"']", 2),
        ("$['a b']['back\\\\slash']", 3),
        ("$.book[2].stock", None),
        ("$.book[*].title", ["Sayings", "Sword", "Moby Dick"]),
        ("$.book[0:2].title", ["Sayings", "Sword"]),
        ("$.book[:1].price", [8.95]),
        ("$.book[-2:].title", ["Sword", "Moby Dick"]),
        ("$.book[0,2].title", ["Sayings", "Moby Dick"]),
        ("$.book[0, 9].title", ["Sayings"]),
        ("$.bicycle['color','price','size']", {"color": "red", "price": 19.95}),
        ("$.bicycle.*", ["red", 19.95]),
        ("$..price", [8.95, 12.99, 8.99, 19.95]),
        ("$..book[0].title", ["Sayings"]),
        ("$.book..tags[0]", ["old", "war"]),
        ("$..[?(@.isbn)].title", ["Moby Dick"]),
        ("$.book.length()", 3),
        ("$.bicycle.length()", 2),
        ("$$.Execution.Id", "e1"),
        ("$$['Map'].Item.Index", 0),
        ("$$", SCOPE.context),
        ("$order", {"lines": [1, 2]}),
        ("$order.lines[1]", 2),
        ("$order.lines[*]", [1, 2]),
        ("$n", None),
    ],
)
def test_a_path_finds(path, expected):
    assert compile_path(path)(SCOPE) == expected


@pytest.mark.parametrize(
    ("condition", "titles"),
    [
        ("@.price < 10", ["Sayings", "Moby Dick"]),
        ("@.price<10&&@.isbn", ["Moby Dick"]),
        ("@.price >= 12.99 || @.title == 'Sayings'", ["Sayings", "Sword"]),
        ("!(@.price < 10)", ["Sword"]),
        ("!@.isbn", ["Sayings", "Sword"]),
        ("@.stock", ["Sayings", "Moby Dick"]),
        ("@.stock == null", ["Moby Dick"]),
        ("@.stock != null", ["Sayings", "Sword"]),
        ("@.stock == 0", ["Sayings"]),
        ("@.stock == false", []),
        ('@.title == "Sword"', ["Sword"]),
        ("@['title'] == 'Sword'", ["Sword"]),
        ("@.title =~ /S.*/", ["Sayings", "Sword"]),
        ("@.title =~ /s.*/i", ["Sayings", "Sword"]),
        ("@.title =~ /S/", []),
        ("@.title in ['Sword', 'X']", ["Sword"]),
        ("@.title nin ['Sword', 'X']", ["Sayings", "Moby Dick"]),
        ("@.tags contains 'new'", ["Sword"]),
        ("@.title contains 'ord'", ["Sword"]),
        ("@.tags size 2", ["Sword"]),
        ("@.tags empty false", ["Sayings", "Sword"]),
        ("@.tags anyof ['old', 'x']", ["Sayings"]),
        ("@.tags noneof ['old', 'x']", ["Sword", "Moby Dick"]),
        ("@.tags subsetof ['old', 'x']", ["Sayings"]),
        ("@.tags all ['war', 'new']", ["Sword"]),
        ("@.price < $.limit", ["Sayings", "Moby Dick"]),
        ("@.price > '9'", []),
        ("@.price == '8.95'", ["Sayings"]),
        ("@.price === '8.95'", []),
        ("@.tags[0] == 'war'", ["Sword"]),
        ("@.tags[?(@ == 'war')] empty false", ["Sword"]),
        ("@.title == 'S\\u0077ord'", ["Sword"]),
        ("@.title != 'it\\'s' && @.isbn", ["Moby Dick"]),
        ("10 > @.price", ["Sayings", "Moby Dick"]),
    ],
)
def test_a_filter_keeps(condition, titles):
    assert compile_path(f"$.book[?({condition})].title")(SCOPE) == titles


def test_a_filter_takes_a_string_without_quotes_on_the_right_of_an_operator() -> None:
    texts = [{"lang": "en", "text": "a"}, {"lang": "es", "text": "b"}, {"lang": "true", "text": "c"}]
    for condition in ("@.lang==es", "@.lang == es", "(@.lang==es)", "@.lang==es||@.lang==x-1"):
        assert compile_path(f"$[?({condition})].text")(Scope(texts)) == ["b"]
    assert compile_path("$[?(@.lang!=es)].text")(Scope(texts)) == ["a", "c"]


def test_a_filter_on_an_object_asks_about_the_object_itself():
    assert compile_path("$.bicycle[?(@.color == 'red')].price")(SCOPE) == [19.95]
    assert compile_path("$.bicycle[?(@.color == 'blue')]")(SCOPE) == []


@pytest.mark.parametrize(
    "path",
    ["$.nope", "$.book.title", "$.book[3]", "$.limit[0]", "$.bicycle.color[0]", "$.nope.deep", "$$.State", "$nope"],
)
def test_a_definite_path_that_finds_nothing_fails(path):
    with pytest.raises(ExpressionError) as failure:
        compile_path(path, "id.$")(Scope({"x": "é"}))
    assert failure.value.error == "States.Runtime"
    assert failure.value.cause == (
        f"The JSONPath '{path}' specified for the field 'id.$' could not be found in the input '{{\"x\":\"é\"}}'"
    )
    assert compile_lookup(path)(SCOPE) is MISSING


@pytest.mark.parametrize("path", ["$.nope[*]", "$.nope[1:]", "$.a.b[*].c", "$..nope", "$.limit[?(@.x)]", "$.nope.*"])
def test_an_indefinite_path_that_finds_nothing_answers_an_empty_list(path):
    assert compile_path(path)(SCOPE) == []


def test_functions_other_than_length_find_nothing():
    with pytest.raises(ExpressionError, match="could not be found"):
        compile_path("$.book.sum()")(SCOPE)


def test_several_names_only_end_a_path():
    with pytest.raises(ExpressionError, match="Multi properties can only be used as path leafs"):
        compile_path("$['book','bicycle'].price")(SCOPE)


NO_PATHS = """
a $. $.. $.a. $.a[ $.a[] $.a[' $.a['x' $.a[x] $.f( $.f().g $[?] $[?()] $[?(@.a==)] $[?(@.a] $[?(@.a&&)] $[?('a')]
$[?(@.a=~x)] $[?(@.a=~/[/)] $[?(@.a=~/a/q)] $[?(@.a==[@.b])]
"""


@pytest.mark.parametrize("text", ["", "$.a b", "$a b", "$[" + "?(@[" * 200, *NO_PATHS.split()])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(SyntaxProblem):
        parse_path(text)


@given(st.text(alphabet="$.@[]()?*:,'\"ab1 &|!=<>~/\\-", max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        lookup = compile_lookup("$" + text)
    except SyntaxProblem:
        return
    try:
        lookup(SCOPE)
    except ExpressionError as failure:
        assert "Multi properties" in failure.cause


# An evaluator that takes nothing but plain steps, one after another, as the oracle of the compiled one.

steps = (
    names.map(lambda name: ("member", name))
    | st.integers(-3, 3).map(lambda index: ("item", index))
    | st.just(("any", None))
    | st.tuples(st.integers(-3, 3) | st.none(), st.integers(-3, 3) | st.none()).map(lambda ends: ("slice", ends))
    | names.map(lambda name: ("below", name))
)


def write(path: list[tuple[str, Any]]) -> str:
    texts = {
        "member": lambda name: f".{name}",
        "item": lambda index: f"[{index}]",
        "any": lambda _: "[*]",
        "slice": lambda ends: "[" + ":".join("" if end is None else str(end) for end in ends) + "]",
        "below": lambda name: f"..{name}",
    }
    return "$" + "".join(texts[kind](argument) for kind, argument in path)


def naive(path: list[tuple[str, Any]], node: Any) -> list[Any]:
    if not path:
        return [node]
    (kind, argument), rest = path[0], path[1:]
    if kind == "member":
        found = [node[argument]] if isinstance(node, dict) and argument in node else []
    elif kind == "item":
        found = [node[argument]] if isinstance(node, list) and -len(node) <= argument < len(node) else []
    elif kind == "any":
        found = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    elif kind == "slice":
        found = node[slice(*argument)] if isinstance(node, list) else []
    else:
        found = naive([("member", argument)], node)
        for child in naive([("any", None)], node):
            found = found + naive([(kind, argument)], child)
    return [result for item in found for result in naive(rest, item)]


@given(documents, st.lists(steps, max_size=4))
def test_a_path_answers_as_a_naive_evaluator_does(document, path):
    expected = naive(path, document)
    actual = compile_lookup(write(path))(Scope(document))
    if all(kind in ("member", "item") for kind, _ in path):
        expected = expected[0] if expected else MISSING
    assert actual is expected or actual == expected


@given(documents, json_values)
def test_a_filter_for_equality_keeps_what_is_equal(document, value):
    items = [*document.values(), value]
    found = compile_path(f"$.items[?(@.v == {json.dumps(value)})]")(Scope({"items": [{"v": item} for item in items]}))
    assert {"v": value} in found
    for item in items:
        if json_equal(item, value):
            assert {"v": item} in found


def test_a_path_knows_its_root():
    assert parse_path("$.a").root is Root.DATA
    assert parse_path("$$.a").root is Root.CONTEXT
    assert (parse_path("$a1.b").root, parse_path("$a1.b").variable) == (Root.VARIABLE, "a1")
    assert parse_path("$größe").variable == "größe"
    assert parse_path("$.a['b'][0]").keys == ("a", "b", 0)
    assert parse_path("$.a[*]").keys is None


@pytest.mark.parametrize("path", ["$..a..a..a", "$..a..b"])
def test_paths_that_select_more_than_there_is(path: str) -> None:
    document: Any = {"b": "x" * 50_000}
    for _ in range(300):
        document = {"a": document, "l": [1, 2]}
    began = time.monotonic()
    with pytest.raises(ExpressionError, match="selects too much of its input"):
        compile_path(path)(Scope(document))
    assert time.monotonic() - began < 60  # without the limit it would be hours


def test_positions_that_are_named_twice() -> None:
    document: Any = 1
    for _ in range(40):
        document = [document]
    with pytest.raises(ExpressionError, match="selects too much"):
        compile_path("$" + "[0,0]" * 40)(Scope(document))
    assert compile_path("$[0,0]")(Scope([7])) == [7, 7]


@pytest.mark.parametrize(
    ("regex", "text", "holds"),
    [
        ("/(a+)+$/", "a" * 5000 + "b", False),
        ("/.*.*.*x/", "y" * 5000, False),
        (r"/a\/b/", "a/b", True),
        ("/a.b/", "a\nb", False),
        ("/a.b/s", "a\nb", True),
        ("/A # letter/xi", "a", True),
        ("/a|ab/", "ab", True),
        ("/a/", "a\n", False),
    ],
)
def test_regular_expressions_take_their_time_and_no_more(regex: str, text: str, holds: bool) -> None:
    began = time.monotonic()
    assert (compile_path(f"$[?(@ =~ {regex})]")(Scope([text])) == [text]) is holds
    assert time.monotonic() - began < 20  # without the limit it would be hours


@pytest.mark.parametrize("path", ["$..[?(@.a in $.v)]", "$.v[?(@.a in $..a)]"])
def test_a_filter_that_compares_everything_with_everything_ends(path: str) -> None:
    document = {"v": [{"a": number} for number in range(10_000)]}
    began = time.monotonic()
    with pytest.raises(ExpressionError) as problem:
        compile_path(path)(Scope(document, None, {}))
    assert problem.value.cause == f"The JSONPath '{path}' selects too much of its input."
    assert time.monotonic() - began < 20
