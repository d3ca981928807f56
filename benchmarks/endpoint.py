"""How fast the AWS endpoint answers: one client, then many at once, with state on disk and in memory.

    python benchmarks/endpoint.py [--seconds 3] [--clients 50]

Clients write and read bytes on sockets in processes of their own, so that they cost next to nothing of the server's.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from benchmarks.gateway import Connection  # noqa: E402

START_SECONDS = 60.0
CLIENT_PROCESSES = 2
KEPT_RUNS = 10_000
MAXIMUM_LOAD = 2.0  # seconds that they may add to a start
MAXIMUM_COST = 20.0  # milliseconds that a durable write may take longer than one in memory, on the slowest disks


def signed(service: str, target: str, body: dict[str, Any]) -> bytes:
    """The bytes of a request in AWS's JSON protocol."""
    content = json.dumps(body)
    return (
        f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: {target}\r\n"
        "Authorization: AWS4-HMAC-SHA256 "
        f"Credential=x/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=none\r\n"
        f"Content-Length: {len(content)}\r\n\r\n{content}"
    ).encode()


def put_item(table: str, number: int) -> bytes:
    item = {"userId": {"S": f"user-{number % 97}"}, "yearMonth": {"S": f"{number}"}, "apiCalls": {"N": "1"}}
    return signed("dynamodb", "DynamoDB_20120810.PutItem", {"TableName": table, "Item": item})


def update_item(table: str, number: int) -> bytes:
    body = {
        "TableName": table,
        "Key": {"userId": {"S": f"user-{number % 97}"}, "yearMonth": {"S": "2026-11"}},
        "UpdateExpression": "ADD apiCalls :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    return signed("dynamodb", "DynamoDB_20120810.UpdateItem", body)


def mixed(table: str, number: int) -> bytes:
    """What the API asks for under load: items, secrets, and the pool's keys."""
    kind = number % 5
    if kind == 0:
        return put_item(table, number)
    if kind == 1:
        return update_item(table, number)
    if kind == 2:
        body = {"Path": "/serverless-dynamic-workflows/local/", "Recursive": True, "WithDecryption": True}
        return signed("ssm", "AmazonSSM.GetParametersByPath", body)
    key = {"userId": {"S": f"user-{number % 97}"}, "yearMonth": {"S": "2026-11"}}
    return signed("dynamodb", "DynamoDB_20120810.GetItem", {"TableName": table, "Key": key})


def ask_until(port: int, table: str, seconds: float, clients: int, results: Any) -> None:
    """Ask from `clients` threads of this process; puts the number of answers."""
    deadline = time.monotonic() + seconds
    counts = [0] * clients

    def client(index: int) -> None:
        connection = Connection(port)
        number = index * 1_000_003
        while time.monotonic() < deadline:
            status, body = connection.request(mixed(table, number))
            assert status == 200, body
            number += 1
            counts[index] += 1

    threads = [threading.Thread(target=client, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(sum(counts))


def requests_per_second(port: int, table: str, seconds: float, clients: int) -> float:
    results: Any = multiprocessing.Queue()
    share = max(1, clients // CLIENT_PROCESSES)
    processes = [
        multiprocessing.Process(target=ask_until, args=(port, table, seconds, share, results))
        for _ in range(CLIENT_PROCESSES)
    ]
    for process in processes:
        process.start()
    total: int = sum(results.get() for _ in processes)
    for process in processes:
        process.join()
    return total / seconds


def milliseconds(connection: Connection, requests: list[bytes]) -> float:
    durations = []
    for request in requests:
        began = time.perf_counter()
        status, body = connection.request(request)
        durations.append(time.perf_counter() - began)
        assert status == 200, body
    return statistics.median(durations) * 1000


@contextmanager
def project() -> Iterator[Path]:
    """A copy of the project."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        ignored = shutil.ignore_patterns("node_modules", ".venv", ".git", ".localcloud", "tests", ".*_cache", "cdk.out")
        shutil.copytree(PROJECT, root, ignore=ignored, symlinks=True)
        yield root


@contextmanager
def endpoint(root: Path, state: str) -> Iterator[int]:
    """`python -m localcloud` of the project at `root`, ready; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "localcloud", "--port", "0"],
        cwd=root,
        env={**os.environ, "STATE": state},
        stdout=subprocess.DEVNULL,
    )
    try:
        file = root / ".localcloud" / "session.json"
        deadline = time.monotonic() + START_SECONDS
        while not file.exists():
            assert time.monotonic() < deadline and process.poll() is None, "it does not start"
            time.sleep(0.01)
        yield int(json.loads(file.read_text())["awsEndpoint"].rpartition(":")[2])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def run_record(number: int) -> dict[str, Any]:
    """A record of a run, as the API writes it."""
    arn = f"arn:aws:states:us-east-1:123456789012:execution:serverless-dynamic-workflows-local-orderFlow:{number}"
    times = {"startDate": {"S": "2026-11-26T21:00:00.000Z"}, "stopDate": {"S": "2026-11-26T21:00:01.000Z"}}
    return {
        "userId": {"S": f"user-{number % 50}"},
        "itemId": {"S": f"run#{number:06d}"},
        "flow": {"S": "orderFlow"},
        "status": {"S": "SUCCEEDED"},
        "executionArn": {"S": arn},
        "input": {"S": json.dumps({"order": number, "text": "x" * 200})},
        "labels": {"M": {"order": {"S": str(number)}}},
        "ttl": {"N": "1900000000"},
        **times,
    }


def start_seconds(root: Path) -> float:
    began = time.monotonic()
    with endpoint(root, "disk"):
        return time.monotonic() - began


def starts(root: Path) -> tuple[float, float]:
    """How long a start takes with nothing kept but what is there from the start, and with KEPT_RUNS runs."""
    start_seconds(root)
    empty = min(start_seconds(root) for _ in range(3))
    with endpoint(root, "disk") as port:
        connection = Connection(port)
        for first in range(0, KEPT_RUNS, 25):
            writes = [{"PutRequest": {"Item": run_record(number)}} for number in range(first, first + 25)]
            body = {"RequestItems": {"serverless-dynamic-workflows-local-runs": writes}}
            status, answer = connection.request(signed("dynamodb", "DynamoDB_20120810.BatchWriteItem", body))
            assert status == 200, answer
    return empty, min(start_seconds(root) for _ in range(3))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--requests", type=int, default=500, help="of one client, for the medians (%(default)s)")
    options = parser.parse_args()
    table = "serverless-dynamic-workflows-local-usage"
    puts: dict[str, float] = {}
    print(f"| state | PutItem, ms | UpdateItem, ms | {options.clients} clients, mixed, requests/s |\n|---|---|---|---|")
    for state in ("memory", "disk"):
        with project() as root, endpoint(root, state) as port:
            time.sleep(2)  # what is loaded in the background
            connection = Connection(port)
            numbers = range(10**9, 10**9 + options.requests)
            puts[state] = milliseconds(connection, [put_item(table, number) for number in numbers])
            update = milliseconds(connection, [update_item(table, number) for number in numbers])
            together = requests_per_second(port, table, options.seconds, options.clients)
            print(f"| {state} | {puts[state]:.2f} | {update:.2f} | {together:.0f} |", flush=True)
    with project() as root:
        empty, full = starts(root)
    print(f"Start: {empty:.2f} s; with {KEPT_RUNS} kept runs: {full:.2f} s")
    if full - empty > MAXIMUM_LOAD:
        print(f"{KEPT_RUNS} kept runs take more than {MAXIMUM_LOAD} s of a start.", file=sys.stderr)
        return 1
    if puts["disk"] - puts["memory"] > MAXIMUM_COST:
        print(f"A durable PutItem takes more than {MAXIMUM_COST} ms longer than one in memory.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
