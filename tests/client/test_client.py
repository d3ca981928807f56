"""What a program does with the client, sync and async."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from sdw_client import (
    AsyncClient,
    AsyncFlow,
    AsyncFunction,
    AsyncRun,
    AsyncRuns,
    Client,
    Conflict,
    Flow,
    Function,
    Invalid,
    NotFound,
    Progress,
    Run,
    RunFailed,
    Runs,
    ServerError,
    WaitTimeout,
)

from .conftest import Account


class TestRun:
    def test_a_run_from_start_to_end(self, client: Client) -> None:
        run = client.flow("e2eEcho").run({"a": [1, {"é": None}]})
        assert run.reference == f"e2eEcho/{run.id}"
        assert run.result()["a"] == [1, {"é": None}]
        details = run.details
        assert (details.status, details.input, details.started_by) == ("SUCCEEDED", {"a": [1, {"é": None}]}, "user")
        assert isinstance(details.started, datetime) and details.started.tzinfo is not None
        assert details.raw["executionId"] == run.id
        assert client.run("e2eEcho", details.arn).details == details
        assert next(event["type"] for event in run.history()) == "ExecutionStarted"
        assert next(event["type"] for event in run.history(newest_first=True)) == "ExecutionSucceeded"
        assert [(state.name, state.status) for state in run.states()] == [("Echo", "SUCCEEDED")]

    def test_waiting_tells_what_happens(self, client: Client) -> None:
        seen: list[Progress] = []
        run = client.flow("e2eTalkative").run({"items": [1, 3, 13]})
        details = run.wait(timeout=60, progress=seen.append)
        assert details.status == "SUCCEEDED"
        last = seen[-1]
        assert (last.run.status, last.changed) == ("SUCCEEDED", ())
        (items,) = last.states
        assert items.iterations is not None
        assert (items.iterations.total, items.iterations.succeeded) == (3, 3)
        assert {state.path for progress in seen for state in progress.changed} == {"/States/Items"}
        (talk,) = run.states("/States/Items", iteration=2)
        assert (talk.attempts, talk.failed_attempts[0].error) == (2, "Unlucky")
        lines = list(run.logs(follow=True))
        said = {(line.iteration, line.attempt, line.message) for line in lines}
        assert {(0, 1, "print 1/0"), (2, 1, "print 13/0"), (2, 2, "print 13/1")} <= said

    def test_a_failure_is_raised_by_its_result(self, client: Client, tmp_path: Path) -> None:
        missing = tmp_path / "there"
        run = client.flow("e2eFlaky").run({"file": str(missing)}, wait=30)
        assert run.has_ended
        with pytest.raises(RunFailed) as failure:
            run.result()
        assert (failure.value.status, failure.value.error, failure.value.run_id) == ("FAILED", "NotYet", run.id)
        assert str(missing) in str(failure.value.cause)
        missing.touch()
        assert run.redrive().redrive_count == 1
        assert run.result() == {"found": True}
        with pytest.raises(Conflict):
            run.redrive()

    def test_a_run_is_stopped_and_started_again(self, client: Client) -> None:
        run = client.flow("e2eWait").run()
        with pytest.raises(WaitTimeout, match="still running"):
            run.wait(timeout=0.2)
        assert run.stop().status == "ABORTED"
        assert run.stop().status == "ABORTED"
        with pytest.raises(RunFailed) as failure:
            run.result()
        assert failure.value.status == "ABORTED"
        again = run.rerun()
        assert again.id != run.id
        parent = again.refresh().parent
        assert parent is not None and (parent.id, parent.flow) == (run.id, "e2eWait")
        again.stop()


class TestRuns:
    def test_filters_and_bulk_requests(self, client: Client) -> None:
        flow = client.flow("e2eLabels")
        runs = [flow.run({"order": name}, wait=20) for name in ("a", "b bad", "c bad")]
        failed = client.runs(flow="e2eLabels", status="FAILED")
        assert [run.id for run in failed] == [runs[2].id, runs[1].id]
        assert [run.id for run in failed] == [runs[2].id, runs[1].id]  # a search can be repeated
        began = runs[1].refresh().started
        assert began is not None
        assert [run.id for run in client.runs(label={"order": "b bad"}, since=began, until=began)] == [runs[1].id]
        assert [run.id for run in client.runs(error="BadOrder", label={"order": "c bad"})] == [runs[2].id]
        planned = failed.rerun(dry_run=True, limit=1)
        assert [(one.id, one.result) for one in planned] == [(runs[2].id, "wouldStart")]
        done = failed.rerun(idempotency_key="again")
        assert [one.result for one in done] == ["started", "started"]
        assert [one.started_id for one in failed.rerun(idempotency_key="again")] == [one.started_id for one in done]
        for one in done:
            assert client.run(one.flow, str(one.started_id)).wait().status == "FAILED"
        assert {one.result for one in failed.redrive(limit=2)} <= {"redriven", "refused"}

    def test_pages_are_asked_for_as_they_are_needed(self, client: Client) -> None:
        assert list(client.runs()) == []
        assert next(client.runs(flow="e2eEcho").all(), None) is None


class TestTheRest:
    def test_flows_functions_user_and_usage(self, client: Client, account: Account) -> None:
        flows = {flow.name: flow for flow in client.flows()}
        assert flows["e2eSchema"].input_schema == client.flow("e2eSchema").details().input_schema
        functions = {function.name: function for function in client.functions()}
        assert functions["e2e-broken-import"].error is not None
        assert client.user().email == account.email
        assert client.usage()[0].calls > 0

    def test_what_a_function_returns(self, client: Client) -> None:
        price = client.function("price_order")
        items = [{"sku": "TEA", "quantity": 2, "unit_price": 12.5}]
        assert price(items=items)["total"] == price({"items": items})["total"] == 35.58
        assert client.function("ping")() == "I am alive"
        with pytest.raises(TypeError, match="not both"):
            price({"items": items}, country="DE")

    def test_errors_have_the_problem_documents_fields(self, client: Client) -> None:
        with pytest.raises(Invalid) as invalid:
            client.function("price_order")(items=[{"sku": "TEA"}])
        assert [error.field for error in invalid.value.errors] == ["items[0].quantity", "items[0].unit_price"]
        with pytest.raises(Invalid):
            client.flow("e2eSchema").run({"sku": "x"})
        with pytest.raises(NotFound) as unknown:
            client.flow("heloWorldFlow").run()
        problem = unknown.value
        assert (problem.status, problem.type, problem.title) == (404, "about:blank", "Not Found")
        assert "helloWorldFlow" in problem.detail
        assert problem.request_id
        with pytest.raises(NotFound):
            client.run("e2eEcho", "a/b c")
        with pytest.raises(ServerError):
            client.function("e2e_crash")()


class TestAsync:
    def test_the_same_from_an_event_loop(self, account: Account) -> None:
        async def token() -> str:
            return account.token

        seen: list[str] = []

        async def show(progress: Progress) -> None:
            seen.append(progress.run.status)

        async def use() -> None:
            async with AsyncClient(account.url, token=token) as client:
                runs = await asyncio.gather(*(client.flow("e2eEcho").run({"n": n}) for n in range(3)))
                results = await asyncio.gather(*(run.result() for run in runs))
                assert sorted(result["n"] for result in results) == [0, 1, 2]
                assert {run.id async for run in client.runs(flow="e2eEcho")} == {run.id for run in runs}
                await runs[0].wait(progress=show)
                assert [event["type"] async for event in runs[0].history()][-1] == "ExecutionSucceeded"
                assert await client.function("ping")() == "I am alive"
                with pytest.raises(NotFound):
                    await client.flow("nothing").run()
                again = await runs[0].rerun({"n": 7})
                assert (await again.result())["n"] == 7

        asyncio.run(use())
        assert seen[-1] == "SUCCEEDED"

    @pytest.mark.parametrize(
        ("sync", "asynchronous"),
        [
            (Client, AsyncClient),
            (Flow, AsyncFlow),
            (Run, AsyncRun),
            (Runs, AsyncRuns),
            (Function, AsyncFunction),
        ],
    )
    def test_both_have_the_same_names(self, sync: type, asynchronous: type) -> None:
        def names(kind: type) -> set[str]:
            return {name for name in dir(kind) if not name.startswith("_")}

        assert names(sync) == names(asynchronous)
