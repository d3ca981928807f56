"""exportJob: every row is exported once, and a crash costs one slice."""

from __future__ import annotations

import pytest

from asl.testing.plugin import Flows


@pytest.mark.parametrize(("rows", "slices"), [(0, 1), (500, 1), (1200, 3)])
def test_all_rows_are_exported_in_slices(flows: Flows, rows: int, slices: int) -> None:
    run = flows.load("exportJob").run({"rows": rows}).assert_succeeded(output={"exported": rows})
    assert run.visits("ExportSlice") == slices


def test_a_crash_repeats_only_its_slice(flows: Flows) -> None:
    flow = flows.load("exportJob")
    flow.task("ExportSlice").returns({"rows": 2, "exported": 1, "done": False}, times=1).then.fails(
        "Runtime.ExitError", times=2
    ).then.returns({"rows": 2, "exported": 2, "done": True})
    run = flow.run({"rows": 2}).assert_succeeded(output={"exported": 2})
    assert [payload["exported"] for payload in run.payloads("ExportSlice")] == [0, 1, 1, 1]


def test_a_slice_that_keeps_failing_fails_the_job(flows: Flows) -> None:
    flow = flows.load("exportJob")
    flow.task("ExportSlice").fails("DatabaseDown", "no connection")
    flow.run({"rows": 1}).assert_failed("DatabaseDown", cause="no connection")
