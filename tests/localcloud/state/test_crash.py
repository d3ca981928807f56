"""Every change that was acknowledged is there after SIGKILL, whenever that comes."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.localcloud.conftest import write_project
from tests.localcloud.state.clouds import START_SECONDS, CloudProcess

KILLS = int(os.environ.get("STATE_CRASHES") or 2)  # a night's worth: STATE_CRASHES=500
SEED = int(os.environ.get("STATE_CRASH_SEED") or 20261126)
KINDS = {"item", "parameter", "object", "message"}
RUNS_TABLE = "serverless-dynamic-workflows-local-runs"


class Load:
    """Writes of several kinds at once. `expected` is what was acknowledged, `open` what was sent and not answered."""

    def __init__(self) -> None:
        self.expected: dict[tuple[str, str], Any] = {}
        self.open: dict[tuple[str, str], Any] = {}
        self.acknowledged: set[str] = set()

    def write(self, kind: str, key: str, value: Any, send: Callable[[], Any]) -> None:
        self.open[kind, key] = value
        send()
        self.expected[kind, key] = value
        self.acknowledged.add(kind)
        del self.open[kind, key]

    def items(self, cloud: CloudProcess, worker: int, chance: random.Random) -> None:
        dynamodb = cloud.client("dynamodb")

        def write_one(number: str, value: str | None) -> None:
            key = {"userId": {"S": f"u{worker}"}, "itemId": {"S": number}}

            def send() -> Any:
                if value is None:
                    return dynamodb.delete_item(TableName=RUNS_TABLE, Key=key)
                return dynamodb.put_item(TableName=RUNS_TABLE, Item={**key, "value": {"S": value}})

            self.write("item", f"u{worker}/{number}", value, send)

        while True:
            write_one(str(chance.randrange(20)), None if chance.random() < 0.2 else str(chance.random()))

    def parameters(self, cloud: CloudProcess, _worker: int, chance: random.Random) -> None:
        ssm = cloud.client("ssm")

        def write_one(name: str, value: str) -> None:
            put = {"Name": name, "Value": value, "Type": "String", "Overwrite": True}
            self.write("parameter", name, value, lambda: ssm.put_parameter(**put))

        while True:
            write_one(f"/p/{chance.randrange(20)}", str(chance.random()))

    def objects(self, cloud: CloudProcess, _worker: int, chance: random.Random) -> None:
        s3 = cloud.client("s3")

        def write_one(name: str, value: str) -> None:
            body = value.encode()
            self.write("object", name, value, lambda: s3.put_object(Bucket="bucket", Key=name, Body=body))

        with contextlib.suppress(ClientError):
            s3.create_bucket(Bucket="bucket")
        while True:
            write_one(f"k{chance.randrange(20)}", str(chance.random()) * chance.choice((1, 5000)))

    def messages(self, cloud: CloudProcess, worker: int, chance: random.Random) -> None:
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="queue")["QueueUrl"]

        def write_one(body: str) -> None:
            self.write("message", body, True, lambda: sqs.send_message(QueueUrl=url, MessageBody=body))

        while True:
            write_one(f"{worker}-{chance.random()}")

    def run_until_killed(self, cloud: CloudProcess, chance: random.Random) -> None:
        """Write until every kind was acknowledged once, and for a random time more."""

        def work(kind: Callable[..., None], worker: int, seed: int) -> None:
            with contextlib.suppress(BotoCoreError, ClientError, OSError):
                kind(cloud, worker, random.Random(seed))

        kinds = (self.items, self.items, self.parameters, self.objects, self.messages)
        threads = [
            threading.Thread(target=work, args=(kind, worker, chance.randrange(2**32)))
            for worker, kind in enumerate(kinds)
        ]
        self.acknowledged.clear()
        for thread in threads:
            thread.start()
        wait_for(lambda: self.acknowledged >= KINDS)
        time.sleep(chance.uniform(0.0, 0.5))
        cloud.stop(signal.SIGKILL)
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.01)


def found(cloud: CloudProcess) -> dict[tuple[str, str], Any]:
    there: dict[tuple[str, str], Any] = {}
    for page in cloud.client("dynamodb").get_paginator("scan").paginate(TableName=RUNS_TABLE):
        for item in page["Items"]:
            there["item", f"{item['userId']['S']}/{item['itemId']['S']}"] = item["value"]["S"]
    for page in cloud.client("ssm").get_paginator("get_parameters_by_path").paginate(Path="/p"):
        for parameter in page["Parameters"]:
            there["parameter", parameter["Name"]] = parameter["Value"]
    s3 = cloud.client("s3")
    if s3.list_buckets()["Buckets"]:
        for entry in s3.list_objects_v2(Bucket="bucket").get("Contents", ()):
            body = s3.get_object(Bucket="bucket", Key=entry["Key"])["Body"].read()
            there["object", entry["Key"]] = body.decode()
    sqs = cloud.client("sqs")
    if urls := sqs.list_queues().get("QueueUrls"):
        while messages := sqs.receive_message(QueueUrl=urls[0], MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                there["message", message["Body"]] = True
    return there


def test_acknowledged_changes_survive_a_kill(tmp_path: Path) -> None:
    write_project(tmp_path)
    chance = random.Random(SEED)
    load = Load()
    for round_number in range(KILLS + 1):
        with CloudProcess(tmp_path) as cloud:
            there = found(cloud)
            for key, value in load.expected.items():
                allowed = [value, load.open[key]] if key in load.open else [value]
                assert there.get(key) in allowed, f"{key} in round {round_number} of seed {SEED}"
            unexpected = there.keys() - load.expected.keys() - load.open.keys()
            assert not unexpected
            assert "damaged" not in cloud.log
            assert "can't be read" not in cloud.log
            for key in load.open:  # sent and not answered: either is right, and is what counts from now on
                if key in there or key in load.expected:
                    load.expected[key] = there.get(key)
            load.open.clear()
            if round_number < KILLS:
                load.run_until_killed(cloud, chance)
    assert {kind for kind, _ in load.expected} == KINDS


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.thorough)])
def test_a_stop_in_the_middle_loses_nothing(tmp_path: Path, number: signal.Signals) -> None:
    write_project(tmp_path)
    load = Load()
    with CloudProcess(tmp_path) as cloud:

        def stop() -> None:
            wait_for(lambda: len(load.expected) > 5)
            cloud.stop(number)

        stopping = threading.Thread(target=stop)
        stopping.start()
        with contextlib.suppress(BotoCoreError, ClientError, OSError):
            load.items(cloud, 0, random.Random(SEED))
        stopping.join()
    with CloudProcess(tmp_path) as cloud:
        there = found(cloud)
        for key, value in load.expected.items():
            assert there.get(key) in ([value, load.open[key]] if key in load.open else [value])
    assert load.expected
