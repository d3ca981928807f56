"""`python -m localcloud` answers and stops while a flow evaluates expressions without end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.end_to_end import server as servers

# Signals around the moment at which the main thread goes to sleep; a lost one would take 20 seconds.
SIGNALS = """
import os, random, signal, threading, time
from localcloud.stopping import Stop
chance = random.Random(1)
for _ in range(200):
    stop, pause = Stop(), chance.random() / 2000
    def tell():
        ends = time.perf_counter() + pause
        while time.perf_counter() < ends:
            pass
        os.kill(os.getpid(), chance.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)))
    thread = threading.Thread(target=tell)
    thread.start()
    assert stop.wait(20) and stop.is_set()
    thread.join()
stop = Stop()
assert not stop.is_set()
threading.Timer(0.1, stop.set).start()
stop.wait()
print("all told")
"""
ROLE = "arn:aws:iam::123456789012:role/role"
BUSY = {
    "QueryLanguage": "JSONata",
    "StartAt": "Loop",
    "States": {
        "Loop": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Arguments": "{% ($f := function($n) { $f($n + 1) }; $f(0)) %}",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Loop"}],
            "End": True,
        }
    },
}
MOST_SECONDS = 3.0


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "localcloud", "--port", "0"],
        cwd=servers.copy_project(tmp_path, overlay=False),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def client(cloud: subprocess.Popen[str]) -> Any:
    assert cloud.stdout is not None
    printed = ""
    for line in cloud.stdout:
        printed += line
        found = re.search(r"AWS endpoint (http://\S+),", line)
        if found is not None:
            return boto3.client(
                "stepfunctions",
                endpoint_url=found[1],
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
            )
    raise AssertionError(printed)


def promptly(call: Callable[..., Any], **arguments: Any) -> Any:
    began = time.monotonic()
    answer = call(**arguments)
    assert time.monotonic() - began < MOST_SECONDS
    return answer


def test_a_flow_that_never_rests_keeps_nobody_waiting(cloud: subprocess.Popen[str]) -> None:
    sfn = client(cloud)
    definition = json.dumps(BUSY)
    standard, express = (
        sfn.create_state_machine(name=kind, definition=definition, roleArn=ROLE, type=kind)["stateMachineArn"]
        for kind in ("STANDARD", "EXPRESS")
    )

    def run_express() -> None:
        with suppress(BotoCoreError, ClientError):
            sfn.start_sync_execution(stateMachineArn=express)

    threading.Thread(target=run_express, daemon=True).start()
    executions = [promptly(sfn.start_execution, stateMachineArn=standard)["executionArn"] for _ in range(3)]
    time.sleep(1)
    assert promptly(sfn.describe_execution, executionArn=executions[0])["status"] == "RUNNING"
    promptly(sfn.get_execution_history, executionArn=executions[0])
    promptly(sfn.stop_execution, executionArn=executions[0])
    assert promptly(sfn.describe_execution, executionArn=executions[0])["status"] == "ABORTED"
    assert len(promptly(sfn.list_executions, stateMachineArn=standard, statusFilter="RUNNING")["executions"]) == 2
    cloud.send_signal(signal.SIGTERM)
    assert cloud.wait(15) == 0


def test_no_signal_is_missed() -> None:
    done = subprocess.run([sys.executable, "-c", SIGNALS], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("all told\n", "")
