"""What users see of each other, what groups may do, and what an admin sees."""

from __future__ import annotations

from ..end_to_end.client import Client, eventually
from ..end_to_end.conftest import MakeUser
from .conftest import Console


def test_another_user_s_run_and_a_flow_of_a_group_are_explained(
    console: Console, user: Client, make_user: MakeUser
) -> None:
    foreign = make_user().start("e2eEcho", {})
    console.use_token(str(user.token))
    console.open(f"/runs/e2eEcho/{foreign['executionId']}")
    console.page.get_by_role("heading", name="Not found").wait_for()
    console.page.get_by_text("It may also be another user's").wait_for()
    console.check_accessible()
    console.open("/runs")
    console.page.get_by_role("heading", name="No runs yet").wait_for()
    assert console.page.get_by_label("Whose").count() == 0
    console.check_accessible()
    console.open("/flows/e2eGroup?tab=start")
    console.page.get_by_role("heading", name="Only members of ops can start this flow").wait_for()
    console.page.get_by_text("You are not a member of any group.").wait_for()
    console.check_accessible()


def test_a_member_of_the_group_may_start_its_flow(console: Console, make_user: MakeUser) -> None:
    console.use_token(str(make_user("ops").token))
    console.open("/flows/e2eGroup?tab=start")
    console.page.get_by_role("button", name="Start the flow").click()
    console.page.locator(".facts").get_by_text("Succeeded").wait_for()


def test_an_admin_sees_everyone_s_runs_and_usage(console: Console, user: Client, make_user: MakeUser) -> None:
    started = user.start("e2eEcho", {})
    own = user.get("/auth/verify").json()["user"]["id"]
    console.use_token(str(make_user("admin").token))
    page = console.page
    console.open("/runs")
    page.get_by_role("heading", name="No runs yet").wait_for()
    page.get_by_label("Whose").select_option("all")
    page.get_by_role("link", name=started["executionId"]).wait_for()
    console.check_accessible()
    page.get_by_role("link", name=f"Runs of the user {own}").first.click()
    page.wait_for_url(f"**/runs?user={own}")
    page.get_by_label("Whose").locator("option:nth-child(3)").wait_for(state="attached")
    assert page.get_by_label("Whose").input_value() == own
    page.get_by_role("link", name="Usage", exact=True).click()
    field = page.get_by_label("User id")
    page.locator(f"#known-users option[value='{own}']").wait_for(state="attached")
    field.fill("ada@example.com")
    field.press("Enter")
    page.get_by_role("alert").get_by_text("Enter the user's id, not the email address.").wait_for()
    console.check_accessible()
    field.fill(own)
    field.press("Enter")
    page.wait_for_url(f"**/usage?user={own}")
    calls = sum(month["apiCalls"] for month in user.get("/usage").json()["usage"])
    total = page.locator(".big").last
    eventually(lambda: 0 < int(total.inner_text().replace(",", "")) <= calls)  # until then it is the admin's own
    field.fill("nobody-has-this-id")
    field.press("Enter")
    page.get_by_text("has made no calls, or there is no such user").wait_for()
    console.check_accessible()
