"""What waits for people's answers, in the console."""

from __future__ import annotations

from ..end_to_end.client import Client, eventually
from ..end_to_end.conftest import MakeUser
from ..end_to_end.test_approvals import LIMIT, asked
from .conftest import Console


def test_an_approval_is_found_filled_in_and_answered(console: Console, user: Client, make_user: MakeUser) -> None:
    ops = make_user("ops")
    run, _ = asked(user, ops, item="A standing desk")
    console.use_token(str(ops.token))
    page = console.page
    console.open("/flows")
    console.heading("Flows")
    page.keyboard.press("g")
    page.keyboard.press("a")
    console.heading("Approvals")
    page.get_by_role("link", name="A standing desk").wait_for()
    console.check_accessible()
    console.fits()
    page.keyboard.press("j")
    page.get_by_role("link", name="A standing desk").click()
    console.heading("A standing desk")
    page.get_by_text("May this be bought?").wait_for()
    page.get_by_text("the group ops").wait_for()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("This is required.").wait_for()
    console.check_accessible()
    page.get_by_role("spinbutton", name="limit").fill("5")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("heading", name="Approved").wait_for()
    assert page.get_by_role("button", name="Approve").count() == 0
    answered = eventually(lambda: user.get(f"/run/e2eApproval/{run['executionId']}").json()["approvals"])
    assert (answered[0]["decision"], answered[0]["data"]) == ("approve", {"limit": 5})
    page.get_by_role("link", name="Approvals", exact=True).click()
    page.get_by_role("tab", name="Answered").click()
    page.get_by_role("row", name="A standing desk").get_by_text("Approved").wait_for()
    console.check_accessible()


def test_a_rejection_needs_no_data(console: Console, user: Client, make_user: MakeUser) -> None:
    ops = make_user("ops")
    run, approval = asked(user, ops)
    console.use_token(str(ops.token))
    console.open(f"/approvals/{approval['id']}")
    console.page.get_by_role("button", name="Reject").click()
    console.page.get_by_role("heading", name="Rejected").wait_for()
    (answered,) = eventually(lambda: user.get(f"/run/e2eApproval/{run['executionId']}").json()["approvals"])
    assert (answered["decision"], answered["data"]) == ("reject", {})


def test_what_somebody_else_has_answered_meanwhile_is_shown(
    console: Console, user: Client, make_user: MakeUser
) -> None:
    ops, faster = make_user("ops"), make_user("ops")
    _, approval = asked(user, ops)
    console.use_token(str(ops.token))
    page = console.page
    console.open(f"/approvals/{approval['id']}")
    page.get_by_role("spinbutton", name="limit").fill("7")
    assert faster.post(f"/approvals/{approval['id']}", LIMIT).status_code == 200
    approve = page.get_by_role("button", name="Approve")
    if approve.is_visible():  # the page looks again by itself, too
        approve.click()
    page.get_by_role("heading", name="Approved").wait_for()
    page.get_by_label("answer", exact=True).get_by_text('"limit": 5').wait_for()


def test_nothing_to_answer_and_somebody_elses(console: Console, user: Client, make_user: MakeUser) -> None:
    _, approval = asked(user, make_user("ops"))
    console.use_token(str(user.token))
    console.open("/approvals?status=nonsense")
    console.page.get_by_role("heading", name="Nothing waits for your answer").wait_for()
    console.check_accessible()
    console.open(f"/approvals/{approval['id']}")
    console.page.get_by_role("heading", name="Not found").wait_for()
