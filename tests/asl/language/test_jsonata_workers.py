"""An expression that takes long has the same result in another process, and can do no harm there."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from asl.language.errors import ExpressionError
from asl.language.jsonata import compile_jsonata
from asl.language.jsonata.programs import compile_program
from asl.language.jsonata.workers import Workers
from asl.language.scope import MISSING, Scope


class Host:
    """Says how often it was asked for time."""

    def __init__(self) -> None:
        self.turns = 0
        self.elsewheres = 0

    def give_turn(self) -> None:
        self.turns += 1

    def elsewhere(self, call: Callable[[], Any]) -> Any:
        self.elsewheres += 1
        return call()


def outcome(text: str, host: Host | None) -> Any:
    """The value, or the message of the failure."""
    variables = {"half": "\ud83d", "large": 2**70, "nothing": None, "number": 1.5}
    scope = Scope({"a": [1, "é", None, True, {"b": 1.0}]}, {}, variables, clock=lambda: 1_700_000_000.0, host=host)
    try:
        return compile_jsonata(text)(scope)
    except ExpressionError as failure:
        return failure.cause


@pytest.mark.parametrize(
    "result",
    [
        "$states.input.a",
        "$half",
        "$large",
        "[$nothing, $number]",
        "$number",
        "null",
        "$none",
        "function($x) { $x }",
        "$number('x')",
        "$error('wrong')",
        "1 + 'a'",
        "$now()",
        "$hash('a', 'MD5')",
        "1 / 0",
    ],
)
def test_results_are_the_same(result: str) -> None:
    text = f"(1; {result})"
    here = outcome(text, None)
    compile_program(text)._takes_long = True
    host = Host()
    assert outcome(text, host) == here
    assert (host.turns, host.elsewheres) == (1, 1)


def test_a_quick_expression_stays_here() -> None:
    host = Host()
    assert outcome("$sum([1, 2])", host) == 3
    assert (host.turns, host.elsewheres) == (1, 0)


def test_an_expression_is_tried_here_again_once_it_is_quick() -> None:
    host = Host()
    program = compile_program("$count([1..$size].($ * 2.5))")
    assert program(Scope({}, {}, {"size": 300_000}, host=host)) == 300_000
    assert host.elsewheres == 1
    deadline = time.monotonic() + 10  # on a busy machine, an answer may be slow to come
    before = 0
    while host.elsewheres != before:
        assert time.monotonic() < deadline
        before = host.elsewheres
        assert program(Scope({}, {}, {"size": 10}, host=host)) == 10
    assert host.elsewheres >= 2


def test_a_process_that_ends_is_replaced() -> None:
    workers = Workers(1)
    assert workers.evaluate("1 + $a", {"a": 1}, 0.0).value == 2
    workers._idle[0]._process.kill()
    workers._idle[0]._process.wait()
    assert workers.evaluate("1 + $a", {"a": 2}, 0.0).value == 3
    assert workers.evaluate("$none", {}, 0.0).value is MISSING
    workers._idle[0].end()


def test_deep_values_are_refused() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(RecursionError):
        Workers(1).evaluate("$a", {"a": value}, 0.0)


def test_the_processes_end_with_the_one_that_asks() -> None:
    code = (
        "from asl.language.jsonata.workers import Workers\n"
        "workers = Workers(1)\n"
        "assert workers.evaluate('1 + 1', {}, 0.0).value == 2\n"
        "print(workers._idle[0]._process.pid, flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300)
    assert done.stderr == ""
    deadline = time.monotonic() + 10
    while subprocess.run(["kill", "-0", done.stdout.strip()], check=False, capture_output=True).returncode == 0:
        assert time.monotonic() < deadline, "the process is still there"
        time.sleep(0.02)
