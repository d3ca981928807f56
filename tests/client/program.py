"""A user's program, for the type checker. It is not run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_type

from sdw_client import (
    AsyncClient,
    AsyncRun,
    BulkResult,
    Client,
    LogLine,
    Progress,
    Retry,
    Run,
    RunDetails,
    RunFailed,
    State,
    webhooks,
)


def show(progress: Progress) -> None:
    print(progress.run.status, [state.name for state in progress.changed])


def use() -> list[str]:
    with Client("https://api.example.com", token=lambda: "token", retry=Retry(attempts=2), timeout=5) as client:
        run = client.flow("orderFlow").run({"order_id": "A-1"}, idempotency_key="k", wait=2.5)
        assert_type(run, Run)
        assert_type(run.wait(timeout=5, progress=show), RunDetails)
        assert_type(run.states("/States/Items", iteration=2), list[State])
        assert_type(run.rerun(), Run)
        for line in run.logs(follow=True):
            assert_type(line, LogLine)
        since = datetime.now(UTC) - timedelta(hours=1)
        failed = client.runs(flow="orderFlow", status="FAILED", label={"order": "A-1"}, since=since, user="all")
        assert_type(failed.redrive(dry_run=True, limit=3), list[BulkResult])
        try:
            print(run.result(timeout=3)["total"])
        except RunFailed as error:
            print(error.error, error.cause)
        print(client.function("ping")(), client.function("greet")(name="Ada"))
        print(webhooks.verify(b"{}", {}, ["whsec_a", "whsec_b"], tolerance=60))
        return [one.id for one in failed]


async def use_async() -> list[str]:
    async with AsyncClient(email="ada@example.com", password="secret") as client:
        run = await client.flow("orderFlow").run({"order_id": "A-1"})
        assert_type(run, AsyncRun)
        assert_type(await run.wait(progress=show), RunDetails)
        async for line in run.logs():
            assert_type(line, LogLine)
        assert_type(await (await run.rerun()).states(), list[State])
        return [one.id async for one in client.runs(flow="orderFlow")]


def wrong(client: Client, other: AsyncClient) -> None:
    client.flow("orderFlow").run(wait="soon")  # type: ignore[arg-type]
    client.flow("orderFlow").run(key="k")  # type: ignore[call-arg]
    client.runs(status="DONE")  # type: ignore[arg-type]
    client.runs(state="FAILED")  # type: ignore[call-arg]
    Client(pasword="x")  # type: ignore[call-arg]
    print(other.user().email)  # type: ignore[attr-defined]
    for run in other.runs():  # type: ignore[attr-defined]
        print(run)
