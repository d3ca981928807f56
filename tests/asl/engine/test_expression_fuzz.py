"""Random expressions over large data: each ends soon after AWS's second, and fails in words for its author."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from asl import Engine, RealClock
from asl.engine.failures import EngineError
from tests.asl.engine.conftest import Functions, flow, machine

AT_MOST = 4.0
"""Seconds that an expression may take on a busy machine. Without a limit, some of these take minutes."""

DATA: list[Any] = [
    [{"a": number, "s": f"x{number % 97}"} for number in range(5_000)],
    list(range(20_000)),
    "a" * 100_000,
    [3, 1, 2, None, "x", {"b": []}],
]
ATOMS = [
    *["$states.input"] * 4, "1", "-1", "1e9", "9223372036854775807", '"a"', '""', "null", "[1..1000]", "[1..30000]",
    "[0..1e9]", "$undef",
    "function($x){$x}", "function($a,$b){$a>$b}", "/(a+)+$/", "{}", "[]", '"[Y9,999999999]"', '"I"',
]  # fmt: skip
FUNCTIONS = {
    "string": 1, "pad": 3, "split": 2, "join": 2, "match": 2, "replace": 3, "base64decode": 1, "number": 1, "power": 2,
    "formatNumber": 2, "formatInteger": 2, "sum": 1, "append": 2, "sort": 2, "distinct": 1, "zip": 2, "lookup": 2,
    "merge": 1, "each": 2, "fromMillis": 2, "map": 2, "filter": 2, "reduce": 2, "range": 3, "partition": 2, "hash": 2,
}  # fmt: skip
PATHS = [
    "$..[?(@.a in $[*].a)]",
    "$..a..*",
    "$[?(@.s =~ /(x|x)*y/)]",
    "States.ArrayUnique($)",
    "States.Format('{}', $)",
]


def expression(chosen: random.Random, depth: int = 0) -> str:
    """An expression that may be nonsense."""
    kind = chosen.random()

    def inner() -> str:
        return expression(chosen, depth + 1)

    if depth > 3 or kind < 0.2:
        return chosen.choice(ATOMS)
    if kind < 0.65:
        name = chosen.choice(list(FUNCTIONS))
        return f"${name}({', '.join(inner() for _ in range(FUNCTIONS[name]))})"
    if kind < 0.75:
        return f"({inner()} {chosen.choice(['+', '&', '=', '<', 'in', '~>', '/'])} {inner()})"
    if kind < 0.85:
        return f"({inner()})[{inner()}]"
    if kind < 0.9:
        return f"({inner()})^({chosen.choice(['$', '>$', 'a'])})"
    if kind < 0.95:
        return f"{{{inner()}: {inner()}}}"
    return f"($f := function($x) {{{chosen.choice(['$f($x + 1)', '$f($x & $x)', '1 + $f($x)'])}}}; $f({inner()}))"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(Functions({}), clock=RealClock())
    yield engine
    engine.close()


def run(engine: Engine, state: dict[str, Any], data: Any) -> None:
    began = time.monotonic()
    try:
        execution = engine.run(machine(flow(("A", {"Type": "Pass", **state}))), json.dumps(data), timeout=20)
    except EngineError:
        return  # it can't be created
    assert execution.status in ("SUCCEEDED", "FAILED"), state
    assert ". Unexpected" not in (execution.cause or ""), (state, execution.cause)
    assert time.monotonic() - began < AT_MOST, state


@pytest.mark.parametrize("seed", range(8))
def test_any_jsonata_ends(engine: Engine, seed: int) -> None:
    chosen = random.Random(seed)
    for _ in range(8):
        run(engine, {"QueryLanguage": "JSONata", "Output": f"{{% {expression(chosen)} %}}"}, chosen.choice(DATA))


@pytest.mark.parametrize("path", PATHS)
def test_any_path_ends(engine: Engine, path: str) -> None:
    for data in DATA:
        run(engine, {"Parameters": {"x.$": path}}, data)
