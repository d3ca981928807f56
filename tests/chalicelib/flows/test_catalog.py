from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chalicelib.flows.catalog import CATALOG_FILE, catalog, write_catalog

from .conftest import Workspace

FLOW = """\
name: greet
description: Greets.
schedule: rate(1 hour)
input: {name: Ada}
inputSchema: {type: object, properties: {name: {type: string}}, examples: [{name: Bob}]}
access: {groups: [ops]}
functions:
  - {name: Hello, handler: hello_world, timeout: 45, memory: 512}
definition:
  StartAt: A
  States:
    A: {Type: Task, Resource: "${HelloArn}", End: true}
"""


def touch(file: Path, text: str) -> None:
    """Write a file so that its time differs, however coarse the clock of the file system is."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    os.utime(file, ns=(before + 1_000_000_000, before + 1_000_000_000))


def test_what_is_written_is_what_was_compiled(workspace: Workspace, tmp_path: Path) -> None:
    workspace.flow(FLOW)
    compiled = catalog(workspace.root)
    write_catalog(workspace.root)
    package = tmp_path / "package"
    (package / "chalicelib").mkdir(parents=True)
    (workspace.root / CATALOG_FILE).rename(package / CATALOG_FILE)
    read = catalog(package)
    assert read == compiled
    flow = read.flows["greet"]
    assert flow.schedule == {"expression": "rate(1 hour)", "timezone": "UTC", "enabled": True}
    assert (flow.input, flow.access_groups) == ({"name": "Ada"}, ("ops",))
    assert flow.input_schema is not None
    assert flow.input_schema["examples"] == [{"name": "Bob"}]
    assert (read.functions["hello_world"].timeout, read.functions["hello_world"].memory) == (45, 512)


def test_the_bytes_are_the_same_every_time(workspace: Workspace) -> None:
    for name in ("c", "a", "b"):
        workspace.flow(FLOW.replace("greet", name), f"{name}.yml")
    first = write_catalog(workspace.root).read_bytes()
    assert write_catalog(workspace.root).read_bytes() == first
    assert [flow["name"] for flow in json.loads(first)["flows"]] == ["a", "b", "c"]


def test_a_broken_flow_is_not_packaged(workspace: Workspace) -> None:
    workspace.flow(FLOW.replace("HelloArn", "Nobody"))
    with pytest.raises(ValueError, match=r"flows/flow\.yml:12:\d+"):
        write_catalog(workspace.root)
    assert not (workspace.root / CATALOG_FILE).exists()


def test_a_package_without_a_catalog_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"chalicelib\.flows catalog"):
        catalog(tmp_path)


def test_changes_are_seen_at_the_next_call(workspace: Workspace) -> None:
    file = workspace.flow(FLOW)
    first = catalog(workspace.root)
    assert catalog(workspace.root) is first
    touch(file, FLOW.replace("Greets.", "Greets again."))
    assert catalog(workspace.root).flows["greet"].description == "Greets again."
    touch(file, "name: greet\n")
    broken = catalog(workspace.root)
    assert "greet" not in broken.flows
    assert "flows/flow.yml:1:1" in broken.broken["greet"][0]
    touch(file, FLOW)
    workspace.flow(FLOW.replace("greet", "second"), "second.yml")
    assert set(catalog(workspace.root).flows) == {"greet", "second"}
    (workspace.root / "flows" / "second.yml").unlink()
    assert set(catalog(workspace.root).flows) == {"greet"}


def test_a_function_that_loses_its_handler_breaks_its_flows(workspace: Workspace) -> None:
    workspace.flow(FLOW)
    assert set(catalog(workspace.root).flows) == {"greet"}
    touch(workspace.root / "chalicelib/lib/hello_world/handler.py", "def handle(): ...\n")
    assert "defines no `handler`" in catalog(workspace.root).broken["greet"][0]


def test_many_threads_get_one_catalog(workspace: Workspace) -> None:
    workspace.flow(FLOW)
    barrier = threading.Barrier(8)

    def ask(_: int) -> int:
        barrier.wait()
        return id(catalog(workspace.root))

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1
