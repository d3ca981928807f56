"""The process that evaluates expressions for another: it answers each line of its input, a request in JSON.

Its memory is limited where the system can do that (Linux). The library ends the process when it gets no memory, so the
limit ends one expression and harms nothing else. On other systems only the time limit, a second, applies.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from asl.language.jsonata.functions import MAX_HELD_BYTES, MEMORY_EXCEEDED, JsonataFailure
from asl.language.jsonata.programs import TIMEOUT_MILLISECONDS, UnsupportedResult, compile_program
from asl.language.scope import MISSING

MOST_BYTES = 512 * 2**20
"""How much memory evaluations may take in addition to what the process has at its start."""

_FIRST = "$reduce([1..9], function($a, $b) { $a + $number($string($b)) })"
_EXCEEDED = json.dumps({"failure": MEMORY_EXCEEDED}).encode()


def answer(line: bytes) -> bytes:
    """The line that answers a line."""
    try:
        text = json.dumps(_answer(json.loads(line))).encode()
    except RecursionError:
        return b'{"too_deep": true}'
    except MemoryError:
        return _EXCEEDED
    return text if len(text) <= _MOST_ANSWERED else _EXCEEDED


# Step Functions holds no larger value. In JSON a character can take six bytes.
_MOST_ANSWERED = 6 * MAX_HELD_BYTES


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
    # What the library does once only is not charged to the first expression.
    compile_program(_FIRST).evaluate({}, 0.0, TIMEOUT_MILLISECONDS)
    _limit_memory()
    for line in sys.stdin.buffer:
        answers.write(answer(line) + b"\n")
        answers.flush()


def _limit_memory() -> None:
    size = _address_space()
    if size is None:
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = size + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _address_space() -> int | None:
    """How many bytes of address space the process has, or None where the system doesn't say."""
    try:
        statm = Path("/proc/self/statm").read_text("ascii")
    except OSError:
        return None
    return int(statm.split()[0]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
