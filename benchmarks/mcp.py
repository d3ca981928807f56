"""What a call over `POST /mcp` costs beside the direct one, of a function and of a flow, under `make run`.

    python benchmarks/mcp.py [--rounds 200]

It starts the server. The two are called in turn over one connection each, so that both see the same machine. It exits
with 1 if the medians differ by more than 30 ms.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

from gateway import project_server

MAXIMUM_DIFFERENCE = 30.0  # milliseconds
ORDER = {"items": [{"sku": "TEA-GREEN", "quantity": 2, "unit_price": 12.5}]}


class Caller:
    """Sends requests over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(self, path: str, body: Any, **headers: str) -> float:
        """Send a request; return the milliseconds until its whole answer is here."""
        sent = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        began = time.perf_counter()
        self._connection.request("POST", path, json.dumps(body), sent)
        answer = self._connection.getresponse()
        content = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200 or b'"isError":true' in content:
            raise SystemExit(f"{path}: {answer.status} {content.decode()}")
        return took

    def tool(self, name: str, arguments: Any) -> float:
        """Call a tool; return the milliseconds that it took."""
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        return self.post("/mcp", call, MCP_Protocol_Version="2025-11-25")


def compare(what: str, direct: Callable[[], float], tool: Callable[[], float], rounds: int) -> float:
    """Print the medians of both, and return the median of their differences, in milliseconds."""
    for call in (direct, tool):
        call()
    pairs = [(direct(), tool()) for _ in range(rounds)]
    middle = [statistics.median(one) for one in zip(*pairs, strict=True)]
    more = statistics.median(other - one for one, other in pairs)
    print(f"{what:10} direct {middle[0]:6.1f} ms   tool {middle[1]:6.1f} ms   difference {more:5.1f} ms")
    return more


def main() -> None:
    """Compare a function and a flow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    with project_server() as (port, token, _):
        one, other = Caller(port, token), Caller(port, token)
        function = compare(
            "function",
            lambda: one.post("/lib/price_order", ORDER),
            lambda: other.tool("lib__price_order", ORDER),
            rounds,
        )
        flow = compare(
            "flow",
            lambda: one.post("/run/helloWorldFlow?wait=20", {}),
            lambda: other.tool("flow__helloWorldFlow", {}),
            rounds // 4 or 1,
        )
    if max(function, flow) > MAXIMUM_DIFFERENCE:
        sys.exit(f"A tool costs more than {MAXIMUM_DIFFERENCE:.0f} ms.")


if __name__ == "__main__":
    main()
