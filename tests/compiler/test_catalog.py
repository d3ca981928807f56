from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.flows.catalog import CATALOG_FILE, DETAILS_FILE, PackagedCatalog
from compiler.catalog import catalog_of, write_catalog

from .conftest import FLOW, Workspace


def test_what_is_written_is_what_was_compiled(workspace: Workspace, tmp_path: Path) -> None:
    workspace.flow(FLOW)
    compiled = catalog_of(workspace.compile())
    write_catalog(workspace.root)
    package = tmp_path / "package"
    (package / "chalicelib").mkdir(parents=True)
    (workspace.root / CATALOG_FILE).rename(package / CATALOG_FILE)
    read = PackagedCatalog(package)()
    (workspace.root / DETAILS_FILE).rename(package / DETAILS_FILE)
    assert read == compiled
    details = read.details("greet")
    assert details == compiled.details("greet")
    assert details is not None and details["source"] == FLOW
    assert details["file"] == "flows/flow.yml"
    assert [item["check"] for item in details["findings"]] == ["task-without-retry"]
    assert [use["function"] for use in details["uses"]] == ["hello_world"]
    assert {node["path"] for node in details["graph"]["nodes"]} > {"/States/A"}
    assert read.details("nobody") is None
    flow = read.flows["greet"]
    assert flow.schedule == {"expression": "rate(1 hour)", "timezone": "UTC", "enabled": True}
    assert (flow.input, flow.access_groups) == ({"name": "Ada"}, ("ops",))
    assert flow.input_schema is not None
    assert flow.input_schema["examples"] == [{"name": "Bob"}]
    assert (read.functions["hello_world"].timeout, read.functions["hello_world"].memory) == (45, 512)


def test_a_flow_opts_out_of_being_a_tool(workspace: Workspace) -> None:
    workspace.flow(FLOW)
    workspace.flow(FLOW.replace("name: greet", "name: hidden\nmcp: false"), "hidden.yml")
    write_catalog(workspace.root)
    read = PackagedCatalog(workspace.root)()
    assert (read.flows["greet"].mcp, read.flows["hidden"].mcp) == (True, False)


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
