"""The process that evaluates expressions for another: it answers each line of its input, a request in JSON."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from asl.language.jsonata.functions import JsonataFailure
from asl.language.jsonata.programs import TIMEOUT_MILLISECONDS, UnsupportedResult, compile_program
from asl.language.scope import MISSING


def answer(line: bytes) -> bytes:
    """The line that answers a line."""
    try:
        return json.dumps(_answer(json.loads(line))).encode()
    except RecursionError:
        return b'{"too_deep": true}'


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer of a request; one without an expression only asks whether the process is ready."""
    if "text" not in request:
        return {}
    try:
        value = compile_program(request["text"]).evaluate(request["bindings"], request["seconds"], TIMEOUT_MILLISECONDS)
        return {} if value is MISSING else {"value": value}
    except JsonataFailure as failure:
        return {"failure": str(failure)}
    except UnsupportedResult:
        return {"unsupported": True}


def main() -> None:
    """Answer until the input ends, with the process that asks."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed is no answer
    for line in sys.stdin.buffer:
        answers.write(answer(line) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
