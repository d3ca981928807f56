"""No expression takes this process's memory, or its life."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from asl.language.errors import ExpressionError, SyntaxProblem
from asl.language.jsonata import compile_jsonata, compile_jsonata_template, growth, workers
from asl.language.jsonata.functions import MEMORY_EXCEEDED
from asl.language.jsonata.programs import compile_program
from asl.language.jsonata.workers import Workers
from asl.language.scope import Scope

MOST_ADDED = 300 * 2**20
DATA = {
    "text": "ab" * 50_000,
    "few": [1, 2, 3],
    "items": [{"a": number, "b": str(number)} for number in range(3_000)],
    "nested": [[[["x"]]]] * 100,
}


def size(text: str) -> int:
    return growth.ANY_SIZE if growth.is_linear(text) else growth.safe_size(text)


@pytest.mark.parametrize(
    "text",
    [
        "$states.input.a + 1",
        "$sum($states.input.items.(price * quantity))",
        "$states.input.items[price > 3].name",
        "{'a': $states.input.a, 'all': [1, $states.result.x]}",
        "'Hello ' & $states.input.name & '!'",
        "$map($states.input.items, function($v, $i) { $v.price * 2 })",
        "$filter($x, function($v) { $v.a = $states.input.b })",
        "$reduce($x, function($a, $b) { $a + $b })",
        "$reduce($x, function($a, $b) { $a & $b }, '')",
        "$merge([$states.input, {'a': 1}])",
        "$join($states.input.names, ', ')",
        "$fromMillis($millis(), '[Y0001]-[M01]-[D01]')",
        "$formatNumber($x, '#,##0.00')",
        "[0..$count($states.input.items) - 1]",
        "$sort($x, function($l, $r) { $l.a > $r.a })",
        "($f := function($n) { $n + 1 }; $x ~> $map($f) ~> $sum())",
        "$contains($x, /a+/)",
    ],
)
def test_an_ordinary_expression_is_safe_for_any_data(text: str) -> None:
    assert size(text) == growth.ANY_SIZE


@pytest.mark.parametrize(
    "text",
    [
        "$states.input.items.{'id': id, 'order': $states.input.order}",
        "$replace($states.input.text, ' ', '-')",
        "$join($x, $separator)",
        "($join)($x, $separator)",
        "$split($x, ',')",
    ],
)
def test_a_product_is_safe_for_small_data(text: str) -> None:
    assert 10_000 < size(text) < growth.ANY_SIZE


@pytest.mark.parametrize(
    "text",
    [
        "$fromMillis(0, '[Y,9999999]')",
        "$fromMillis(0, $picture)",
        "$now('[Y,9999999]')",
        "$formatNumber(1, $picture)",
        "($f := function($n) { $n = 0 ? 0 : $f($n - 1) }; $f(3))",
        "$reduce([1..60], function($a, $b) { {'l': $a, 'r': $a} }, 1)",
        "$reduce([1..60], function($a, $b) { $append($a, $a) }, 1)",
        "[1..$n].{'i': $}",
        "[1..1000].$pad('', $n)",
        "($f := true ? $join : $sum; $f($x, $y))",
        "{'f': $join}.f($x, $y)",
        "$x@$v.$x@$w.[$v, $w]",
        "(" + "".join(f"$v{n + 1} := [$v{n}, $v{n}]; " for n in range(40)) + "$v40)",
        "$x.($x.($x.($x)))",
        "$map($x, function($v) { $v.$f($x, $y) })",
        "$eval_not_known($x)",
    ],
)
def test_what_may_multiply_is_not_safe(text: str) -> None:
    assert size(text) < 10_000


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(workers, "LONGEST_SECONDS", 1.5)
    yield


def outcome(text: str) -> Any:
    """The value, or the failure's cause."""
    try:
        return compile_jsonata(text)(Scope(DATA))
    except SyntaxProblem as problem:
        return problem.message
    except ExpressionError as failure:
        assert failure.error == "States.QueryEvaluationError"
        return failure.cause


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


EXHAUSTING = [
    "$replace($states.input.text, /a/, $states.input.text)",
    "$join($states.input.items.b, $states.input.text)",
    "$string($reduce([1..60], function($a, $b) { {'l': $a, 'r': $a} }, 1))",
    "$states.input.items.($states.input)",
]


@pytest.mark.parametrize("text", EXHAUSTING)
def test_an_exhausting_expression_fails_and_the_next_one_does_not(text: str) -> None:
    before = peak()
    assert "Expression evaluation " in outcome(text)
    assert peak() - before < MOST_ADDED
    assert outcome("($f := function($n) { $n = 0 ? 'end' : $f($n - 1) }; $f(9))") == "end"


def test_a_panic_is_a_failure_of_its_expression() -> None:
    cause = outcome("$fromMillis(0, '[Y,9999999]')")
    assert "threw an error during evaluation" in cause


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system doesn't limit memory")
def test_a_process_that_dies_during_an_evaluation_fails_that_expression_and_is_replaced() -> None:
    pool = Workers(1)
    text = "$replace($a, /a/, $a)"
    assert pool.evaluate("$length($a)", {"a": "a" * 10}, 0.0).value == 10
    assert pool.evaluate(text, {"a": "a" * 30_000}, 0.0).failure in (MEMORY_EXCEEDED, workers.TIMED_OUT)
    assert pool.evaluate("$length($a)", {"a": "a" * 10}, 0.0).value == 10
    pool._idle[0].end()


def test_a_process_that_cannot_start_is_a_failure_of_the_expression(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    failure = Workers(1).evaluate("1", {}, 0.0).failure
    assert failure is not None
    assert "could not be started" in failure


def test_the_results_of_one_state_are_limited_together() -> None:
    evaluate = compile_jsonata_template({f"m{n}": "{% [1..800000] %}" for n in range(50)}, "Output")
    before = peak()
    with pytest.raises(ExpressionError, match="memory limit exceeded"):
        evaluate(Scope({}))
    assert peak() - before < MOST_ADDED


VALUES = [
    "$states.input.text",
    "$states.input.items",
    "$states.input.items.b",
    "$states.input.few",
    "$states.input",
    "$states.input.nested",
    "1",
    "'x'",
    "'a, b'",
    "[1..30]",
    "[1..100000]",
    "$",
    "1e7",
    "/a/",
]
COMPOUND = [
    "{0} & {1}",
    "[{0}, {1}]",
    "{0}.({1})",
    "{0}.{{'k': {1}, 'l': $}}",
    "$append({0}, {1})",
    "$replace({0}, {1}, {2})",
    "$replace({0}, /./, {1})",
    "$join({0}, {1})",
    "$pad({0}, {1})",
    "$string({0})",
    "$string({0}, true)",
    "$split({0}, '')",
    "$match({0}, /./)",
    "$map({0}, function($v) {{ {1} }})",
    "$reduce({0}, function($a, $b) {{ [$a, $a, {1}] }}, {2})",
    "$reduce({0}, function($a, $b) {{ $a & $b & {1} }}, '')",
    "$zip({0}, {1})",
    "$merge([{0}, {1}])",
    "$spread({0})",
    "$distinct({0})",
    "[1..$count({0})]",
    "($v := {0}; [$v, $v, {1}])",
    "($f := function($n) {{ $n > 20 ? {0} : [$f($n + 1), $f($n + 1)] }}; $f(1))",
    "{0} ~> |$|{{'u': {1}}}|",
    "$formatInteger({0}, 'I')",
    "$fromMillis({0}, '[Y,99999]')",
    "{0}[$ = {1}]",
    "{0}.**",
    "$encodeUrlComponent({0})",
    "$base64encode({0})",
    "$sum({0})",
    "$states.input ~> $lookup('text')",
]
EXPRESSIONS = st.recursive(
    st.sampled_from(VALUES),
    lambda inner: st.tuples(st.sampled_from(COMPOUND), inner, inner, inner).map(lambda t: t[0].format(*t[1:])),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(EXPRESSIONS)
@example("$map([1..100000], function($i) { $states.input.text })")
def test_no_expression_takes_the_memory_of_this_process(text: str) -> None:
    compile_program.cache_clear()
    before = peak()
    outcome(text)
    assert peak() - before < MOST_ADDED
