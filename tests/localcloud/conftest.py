"""A cloud with a small project in it, one for the tests of a file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from compiler import live_project
from localcloud.cloud import Cloud, build
from localcloud.foundation import Foundation
from localcloud.settings import CloudSettings
from localcloud.sockets import listen

APP = """
    import json, os
    RUNS = os.path.join(os.path.dirname(__file__), "status-events")
    def run_status(event, context):
        with open(RUNS, "a") as file:
            file.write(json.dumps(event) + "\\n")
    def greet(event, context):
        return {"hello": event.get("name"), "stage": os.environ["STAGE"]}
"""
FLOW = """
    name: greetFlow
    schedule: cron(0 12 * * ? *)
    input: {name: schedule}
    functions:
      - {name: Greet, handler: greet, timeout: 7, memory: 512}
    definition:
      StartAt: Greet
      States:
        Greet: {Type: Task, Resource: "${GreetArn}", End: true}
"""

API_URL = "http://127.0.0.1:8000"
"""Where the API would be; nothing serves it here."""


def write_project(root: Path) -> None:
    """A project with one function and one flow; `app.py` is a stand-in, as these tests are about the cloud."""
    handler = root / "chalicelib" / "lib" / "greet" / "handler.py"
    handler.parent.mkdir(parents=True)
    handler.write_text("def handler(event, context):\n    return {}\n")
    (root / "app.py").write_text(textwrap.dedent(APP))
    (root / "flows").mkdir()
    (root / "flows" / "greetFlow.yml").write_text(textwrap.dedent(FLOW))
    (root / "flows" / "broken.yml").write_text("name: brokenFlow\ndefinition: {StartAt: Nowhere, States: {}}\n")


@pytest.fixture(scope="module")  # a process has one cloud at a time, as moto is global: folders below begin others
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    root = tmp_path_factory.mktemp("project")
    write_project(root)
    with pytest.MonkeyPatch.context() as patch:
        # On a busy machine a look for changes may seem expensive, and be left out at the next call.
        patch.setattr(live_project, "_CHEAP_SCAN", 60.0)
        cloud = build(Foundation(CloudSettings(root=root, api_url=API_URL), listen(0, "AWS_PORT")))
        yield cloud
        cloud.close()
        assert not cloud.settings.cloud_file.exists()


def client_of(cloud: Cloud, service: str, region: str = "us-east-1") -> Any:
    """A boto3 client of a service in the cloud."""
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=cloud.endpoint,
        region_name=region,
        config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
    )
