"""What a user with many runs waits for: starting, polling, listing and searching at 100, 10,000 and 100,000 runs.

    python benchmarks/runs.py [--runs 100 10000 100000] [--requests 40]

The runs are written into the table of a `make run`, as the application writes them. The exit code says whether a search
by label took less than `MAX_SEARCH_SECONDS` for 95 of 100 requests.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.load import Server, running

MAX_SEARCH_SECONDS = 0.3
KEPT_DAYS = 60
FLOW = """
name: benchRuns
labels: {order: $.order, customer: $.customer}
definition: {StartAt: P, States: {P: {Type: Pass, End: true}}}
"""
OTHER_FLOW = FLOW.replace("benchRuns", "benchRare")


def fill(user_id: str, first: int, last: int) -> None:
    """Write the records of runs `first` to `last`, spread over the last days, with all their index items.

    One in a thousand is of another flow, one in a hundred has failed; a customer has one run in a thousand.
    """
    from chalicelib.runs import indexes, records
    from chalicelib.runs.ids import id_for
    from chalicelib.runs.records import Run
    from chalicelib.settings import settings

    begin = time.time() - KEPT_DAYS * 86_400

    def item(number: int) -> list[dict[str, Any]]:
        moment = begin + KEPT_DAYS * 86_400 * (number % 9_973) / 9_973
        execution_id, failed = id_for(moment, str(number)), number % 100 == 7
        date = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(moment))
        flow = "benchRare" if number % 1_000 == 3 else "benchRuns"
        labels = {"order": str(number), "customer": str(number % 1_000)}
        run = Run(
            *(user_id, execution_id, settings.names.execution_arn(flow, execution_id), flow),
            *("FAILED" if failed else "SUCCEEDED", date, date),
            error="Timeout" if failed else None,
            cause=f"No answer for {number}" if failed else None,
            labels=labels,
            input=json.dumps(labels),
            output="{}",
        )
        items = [records.item_of(run), *indexes.items_of(run)]
        return [*items, indexes.failure_item(user_id, execution_id)] if failed else items

    with ThreadPoolExecutor(4) as pool:
        for number in range(first, last, 2_000):
            items = [one for n in range(number, min(number + 2_000, last)) for one in item(n)]
            list(pool.map(indexes.write, [items[start : start + 25] for start in range(0, len(items), 25)]))


def measure(call: Callable[[int], None], requests: int) -> tuple[float, float]:
    """Return p50 and p95 of a request, in milliseconds; the first three are not counted."""
    took: list[float] = []
    for number in range(requests + 3):
        began = time.perf_counter()
        call(number)
        took.append(1000 * (time.perf_counter() - began))
    took = sorted(took[3:])
    return statistics.median(took), took[min(len(took) - 1, int(0.95 * len(took)))]


def requests_of(server: Server, runs: int) -> dict[str, Callable[[int], None]]:
    """The requests that are measured, each with the number of its turn."""

    def get(path: str, expected: int | None = None) -> None:
        status, document = server.call("GET", path)
        if status != 200 or (expected is not None and document["count"] != expected):
            raise SystemExit(f"GET {path}: {status} {str(document)[:300]}")

    def begin(number: int) -> str:
        status, document = server.call("POST", "/run/benchRuns", {"order": f"new{number}"})
        if status != 202:
            raise SystemExit(f"POST /run/benchRuns: {status} {document}")
        return str(document["executionId"])

    def start(number: int) -> None:
        begin(number)

    started, customers = begin(-1), min(runs, 1_000)
    path = f"/run/benchRuns/{started}"
    return {
        "start": start,
        "poll": lambda _: get(path),
        "list": lambda _: get("/runs?limit=50"),
        "label, one run": lambda n: get(f"/runs?label=order:{n * 7 % runs}", 1),
        "label, many": lambda n: get(f"/runs?label=customer:{n % customers}&limit=50"),
        "label, status, time": lambda n: get(
            f"/runs?label=customer:{n % customers}&status=SUCCEEDED&from=2020-01-01&limit=50"
        ),
        "rare flow": lambda _: get("/runs?flow=benchRare&limit=50"),
        "error's words": lambda _: get("/runs?error=no%20answer&limit=50"),
        "states": lambda _: get(f"{path}/states"),
        "logs": lambda _: get(f"{path}/logs"),
    }


def is_served(part: str) -> bool:
    """Whether the API has the route to this part of a run."""
    from chalicelib.api.routes import ROUTES

    return any(route.path.endswith(f"/{part}") for route in ROUTES)


def main() -> int:
    """Measure, print a table, and return whether the limit was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", nargs="*", type=int, default=[100, 10_000, 100_000])
    parser.add_argument("--requests", type=int, default=40)
    arguments = parser.parse_args()
    os.environ["STATE"] = "memory"
    slow: list[str] = []
    flows = {"benchRuns": FLOW, "benchRare": OTHER_FLOW}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), flows) as server:
        session = json.loads((Path(folder) / "project" / ".localcloud" / "session.json").read_text())
        environment = {"AWS_ENDPOINT_URL": session["awsEndpoint"], "STAGE": "local", "AWS_REGION": "us-east-1"}
        os.environ.update({**environment, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
        user_id = json.loads(base64.urlsafe_b64decode(server.token.split(".")[1] + "=="))["sub"]
        present = 0
        for runs in sorted(arguments.runs):
            began = time.monotonic()
            fill(user_id, present, runs)
            print(f"\n{runs} runs, written in {time.monotonic() - began:.0f} s: milliseconds, p50 and p95")
            present = runs
            for name, call in requests_of(server, runs).items():
                if name in ("states", "logs") and not is_served(name):
                    continue
                p50, p95 = measure(call, arguments.requests)
                print(f"  {name:20} {p50:8.1f} {p95:8.1f}")
                if name.startswith("label") and p95 > 1000 * MAX_SEARCH_SECONDS:
                    slow.append(f"{name} at {runs} runs: {p95:.0f} ms")
    for line in slow:
        print(line, file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
