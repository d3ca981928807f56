"""A template that mentions its data often fails before it is written out."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from asl import Engine
from asl.language.errors import ExpressionError, TooLarge
from asl.language.intrinsics import compile_intrinsic
from asl.language.jsonata import compile_jsonata_template
from asl.language.scope import Scope
from asl.language.sizes import FEW_MENTIONS, MOST_CHARACTERS, check_size
from asl.language.templates import compile_payload_template
from tests.asl.engine.conftest import Functions, flow, machine

LARGE = {"x": "a" * 200_000}


def test_a_value_is_measured_as_it_is_written() -> None:
    half = "a" * (MOST_CHARACTERS // 2 - 10)
    assert check_size({"a": half, "b": [half]}) == {"a": half, "b": [half]}
    with pytest.raises(TooLarge):
        check_size([half, half, half])
    twins: Any = ["x"]
    for _ in range(60):
        twins = [twins, twins]
    began = time.monotonic()
    with pytest.raises(TooLarge):
        check_size(twins)
    assert time.monotonic() - began < 60


def test_a_template_is_checked() -> None:
    names = [f"m{number}" for number in range(FEW_MENTIONS + 1)]
    paths = compile_payload_template({f"{name}.$": "$.x" for name in names})
    expressions = compile_jsonata_template(dict.fromkeys(names, "{% $states.input.x %}"), "Output")
    for evaluate in (paths, expressions):
        assert len(evaluate(Scope({"x": "a"}))) == len(names)
        with pytest.raises(ExpressionError, match=r"States\.DataLimitExceeded"):
            evaluate(Scope(LARGE))


@pytest.mark.parametrize(
    "text",
    [
        f"States.Format('{'{}' * 100}'{', $.x' * 100})",
        f"States.JsonToString(States.Array($.x{', $.x' * 100}))",
        "States.JsonToString(" * 10 + "$.quotes" + ")" * 10,
    ],
)
def test_intrinsic_functions_are_checked(text: str) -> None:
    with pytest.raises(TooLarge):
        compile_intrinsic(text)(Scope({**LARGE, "quotes": '"' * 30_000}))


def test_a_state_fails_as_on_aws() -> None:
    parameters = {f"m{number}.$": "$.x" for number in range(100)}
    engine = Engine(Functions({}))
    execution = engine.run(machine(flow(("P", {"Type": "Pass", "Parameters": parameters}))), json.dumps(LARGE))
    engine.close()
    assert execution.error == "States.DataLimitExceeded"
    assert execution.cause == (
        "The state/task 'P' returned a result with a size exceeding the maximum number of bytes service limit."
    )
