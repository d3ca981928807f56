"""The console in a browser: what a user does with it."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .. import authenticator
from ..end_to_end.conftest import Aws
from ..end_to_end.server import Server
from .conftest import Console

if TYPE_CHECKING:
    from playwright.sync_api import Route


class TestSignIn:
    def test_a_deep_link_survives_it(self, console: Console) -> None:
        console.open("/flows/orderFlow?tab=definition")
        console.heading("Sign in")
        console.check_accessible()
        console.sign_in(password="wrong")
        console.page.get_by_role("alert").get_by_text("The email or the password is wrong.").wait_for()
        console.sign_in()
        console.heading("orderFlow")
        assert console.page.url == f"{console.url}/flows/orderFlow?tab=definition"
        for name in ("Flows", "Runs", "Functions", "Usage"):
            assert console.page.get_by_role("link", name=name, exact=True).is_visible()

    def test_the_demo_user_is_offered_and_can_leave(self, console: Console) -> None:
        console.open("/")
        console.page.get_by_role("button", name="Continue as demo user").click()
        console.heading("Flows")
        kept = console.page.evaluate("[localStorage.length, sessionStorage.getItem('session') !== null]")
        assert kept == [0, True]  # tokens are nowhere that outlives the tab
        console.page.get_by_role("button", name="Sign out").click()
        console.heading("Sign in")
        assert console.page.evaluate("sessionStorage.length") == 0

    def test_a_temporary_password_is_replaced(self, console: Console, served: Server, aws: Aws) -> None:
        email = f"{secrets.token_hex(6)}@example.com"
        pool = aws("cognito-idp").list_user_pools(MaxResults=10)["UserPools"][0]["Id"]
        attributes = [{"Name": "email", "Value": email}]
        aws("cognito-idp").admin_create_user(
            UserPoolId=pool, Username=email, TemporaryPassword="Temporary-7x!", UserAttributes=attributes
        )
        console.open("/usage")
        console.sign_in(email, "Temporary-7x!")
        console.heading("Choose a password")
        console.page.get_by_label("New password").fill("Correct-horse-9!")
        console.page.get_by_role("button", name="Save and sign in").click()
        console.heading("Usage")

    def test_an_authenticator_is_set_up_and_asked_for(self, console: Console, served: Server, aws: Aws) -> None:
        email, cognito = f"{secrets.token_hex(6)}@example.com", aws("cognito-idp")
        pool = cognito.list_user_pools(MaxResults=10)["UserPools"][0]["Id"]
        user = {"UserPoolId": pool, "Username": email}
        cognito.admin_create_user(
            **user, TemporaryPassword="Temporary-7x!", UserAttributes=[{"Name": "email", "Value": email}]
        )

        def demand_setup(route: Route) -> None:  # as a pool that requires it; this one is shared with other tests
            body = json.loads(route.request.post_data or "{}")
            if body.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
                route.fulfill(
                    json={"ChallengeName": "MFA_SETUP", "Session": body["Session"]},
                    headers={"Access-Control-Allow-Origin": "*"},
                )
            else:
                route.fallback()

        page = console.page
        page.route(served.session["awsEndpoint"] + "/", demand_setup)
        console.open("/usage")
        console.sign_in(email, "Temporary-7x!")
        page.get_by_label("New password").fill("Correct-horse-9!")
        page.get_by_role("button", name="Save and sign in").click()
        console.heading("Set up two-step sign-in")
        page.get_by_role("img", name="The key as a QR code").wait_for()
        link = page.get_by_role("link", name="Open in an app").get_attribute("href") or ""
        assert link.startswith("otpauth://totp/Workflows") and email.replace("@", "%40") in link
        console.check_accessible()
        secret = parse_qs(urlsplit(link).query)["secret"][0]
        page.get_by_label("Code", exact=True).fill("000000")
        page.get_by_role("button", name="Continue", exact=True).click()
        page.get_by_role("alert").get_by_text("The code is wrong").wait_for()
        enter_code(console, secret)
        console.heading("Usage")
        cognito.admin_set_user_password(**user, Password="Correct-horse-9!", Permanent=True)
        cognito.admin_set_user_mfa_preference(**user, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
        page.get_by_role("button", name="Sign out").click()
        console.sign_in(email, "Correct-horse-9!")
        console.heading("Enter the code")
        console.check_accessible()
        enter_code(console, secret)
        console.heading("Usage")

    def test_a_session_that_ended_asks_again_and_continues(self, signed_in: Console) -> None:
        signed_in.page.evaluate("""() => {
            const session = JSON.parse(sessionStorage.getItem('session'));
            session.idToken = session.idToken.slice(0, -4) + 'AAAA';
            delete session.refreshToken;
            sessionStorage.setItem('session', JSON.stringify(session));
        }""")
        signed_in.open("/functions")
        signed_in.page.get_by_text("Your session has expired.").wait_for()
        signed_in.sign_in()
        signed_in.heading("Functions")

    def test_a_token_is_refreshed_before_it_expires(self, signed_in: Console) -> None:
        before = signed_in.page.evaluate("JSON.parse(sessionStorage.getItem('session'))")
        signed_in.page.evaluate(
            "session => sessionStorage.setItem('session', JSON.stringify(session))", {**before, "expiresAt": 0}
        )
        signed_in.open("/functions")
        signed_in.heading("Functions")
        signed_in.page.get_by_role("link", name="price_order").wait_for()
        after = signed_in.page.evaluate("JSON.parse(sessionStorage.getItem('session'))")
        assert after["expiresAt"] > before["expiresAt"] - 60_000 and after["refreshToken"] == before["refreshToken"]


class TestFlows:
    def test_they_are_found_and_described(self, signed_in: Console) -> None:
        page = signed_in.page
        page.keyboard.press("/")
        page.keyboard.type("working days")
        row = page.get_by_role("row").filter(has_text="scheduledMapFlow")
        row.get_by_text("Europe/Berlin").wait_for()
        assert re.search(r"next in \d+ (minute|hour|day)", row.inner_text())
        assert page.get_by_role("row").filter(has_text="orderFlow").count() == 0
        page.get_by_label("Search flows").fill("")
        signed_in.check_accessible()

    def test_a_flow_shows_its_graph_code_and_permissions(self, signed_in: Console) -> None:
        signed_in.open("/flows/orderFlow")
        page = signed_in.page
        page.get_by_role("button", name="ValidateOrder, task").click()
        page.get_by_role("complementary").get_by_text("${ValidateFunctionArn}").wait_for()
        assert "state=%2FStates%2FValidateOrder" in page.url
        signed_in.check_accessible()
        page.get_by_role("tab", name="Functions and permissions").click()
        page.get_by_text("chalicelib/lib/price_order/handler.py").wait_for()
        page.get_by_text("lambda:InvokeFunction").wait_for()
        signed_in.check_accessible()
        page.get_by_role("tab", name="Definition").click()
        page.locator("[data-editor] .cm-content").get_by_text("# Processes an order", exact=False).wait_for()
        signed_in.check_accessible()

    def test_a_broken_one_shows_what_is_wrong_at_its_line(self, signed_in: Console) -> None:
        signed_in.page.get_by_role("link", name="e2eBroken").click()
        signed_in.heading("e2eBroken")
        finding = signed_in.page.get_by_role("list", name="Findings of the compiler").get_by_role("listitem").first
        assert "line 6" in finding.inner_text()
        signed_in.page.locator(".cm-lint-marker-error").first.wait_for()
        signed_in.check_accessible()


class TestStart:
    def test_form_and_json_stay_in_step_and_the_run_is_shown(self, signed_in: Console) -> None:
        signed_in.open("/flows/orderFlow?tab=start")
        page = signed_in.page
        content = page.locator("[data-editor] .cm-content")
        page.get_by_label("country").fill("AT")
        content.get_by_text('"AT"').wait_for()
        page.get_by_label("card_number").fill("1")
        signed_in.check_accessible()
        page.get_by_role("button", name="Start the flow").click()
        page.get_by_role("alert").get_by_text("card_number").wait_for()  # too short: nothing was sent
        page.get_by_label("card_number").fill("4242 4242 4242 4242")
        page.get_by_role("button", name="Start the flow").click()
        page.wait_for_url(re.compile(r"/console/runs/orderFlow/[\w-]+$"))
        page.locator(".facts").get_by_text("Succeeded").wait_for()
        page.get_by_role("button", name="ReserveItems 2 of 2, map, Succeeded").wait_for()
        signed_in.check_accessible()
        signed_in.open("/flows/orderFlow?tab=start")
        assert page.get_by_label("country").input_value() == "AT"  # the last input is remembered

    def test_a_form_is_made_of_any_schema(self, signed_in: Console) -> None:
        signed_in.open("/flows/e2eForm?tab=start")
        page = signed_in.page
        content = page.locator("[data-editor] .cm-content")
        page.get_by_label("Kind of payment").select_option("Invoice")
        content.get_by_text('"invoice"').wait_for()
        page.get_by_role("button", name="Add parts").click()  # a part has parts
        page.get_by_role("button", name="Add to parts").first.click()
        page.get_by_role("button", name="Add position").click()
        page.get_by_label("longitude").fill("13.4")
        page.get_by_role("button", name="Add tags").click()
        page.get_by_label("New name in tags").fill("a/b")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_label("anything").press_sequentially('["x", 1]')
        page.get_by_label("due").fill("2026-12-01T10:00:00")
        page.get_by_label("days").fill("3")
        page.get_by_role("button", name="Start the flow").click()
        page.get_by_role("alert").get_by_text("payment.days").wait_for()
        assert page.evaluate("document.activeElement.id") == "field_47customer"  # the first that is wrong
        page.get_by_label("customer").fill("Ada")
        page.get_by_label("days").fill("14")
        page.get_by_role("button", name="Start the flow").click()
        page.wait_for_url(re.compile(r"/console/runs/e2eForm/[\w-]+$"))
        page.get_by_role("tab", name="Input and output").click()
        assert json.loads(page.get_by_label("input", exact=True).inner_text()) == {
            "customer": "Ada",
            "version": 2,
            "payment": {"kind": "invoice", "days": 14},
            "position": [0, 13.4],
            "tags": {"a/b": 0},
            "parts": {"name": "", "parts": [{"name": ""}]},
            "anything": ["x", 1],
            "due": page.evaluate("new Date('2026-12-01T10:00:00').toISOString()"),
        }

    def test_a_function_is_tried(self, signed_in: Console) -> None:
        signed_in.open("/functions/price_order")
        page = signed_in.page
        page.get_by_role("button", name="Add to items").click()
        page.get_by_label("sku").fill("TEA")
        page.get_by_label("quantity").fill("2")
        page.get_by_label("unit_price").fill("5")
        page.get_by_role("button", name="Call the function").click()
        page.get_by_role("heading", name="Result").wait_for()
        assert '"total"' in page.get_by_label("result", exact=True).inner_text()
        signed_in.check_accessible()


class TestRuns:
    def test_filters_are_in_the_address(self, signed_in: Console, start_run: Callable[..., dict[str, Any]]) -> None:
        run = start_run("helloWorldFlow", {})
        signed_in.open("/runs?flow=helloWorldFlow&status=SUCCEEDED")
        page = signed_in.page
        page.get_by_role("link", name=run["executionId"]).wait_for()
        assert page.get_by_label("Flow", exact=True).input_value() == "helloWorldFlow"
        signed_in.check_accessible()
        page.get_by_label("Status").select_option("ABORTED")
        page.get_by_text("No run matches").wait_for()
        assert page.url.endswith("flow=helloWorldFlow&status=ABORTED")
        signed_in.check_accessible()

    def test_a_failed_run_says_why_and_runs_again(
        self, signed_in: Console, start_run: Callable[..., dict[str, Any]]
    ) -> None:
        run = start_run("e2eCrash", {})
        signed_in.open(f"/runs/e2eCrash/{run['executionId']}")
        page = signed_in.page
        page.locator(".problem strong").get_by_text(run["error"]).wait_for()
        page.get_by_role("button", name="Redrive").wait_for()
        signed_in.check_accessible()
        page.get_by_role("button", name="Run again", exact=True).click()
        page.get_by_role("button", name="Run again with this input").click()
        page.wait_for_url(lambda url: run["executionId"] not in url)
        page.get_by_text("the run of").wait_for()

    def test_another_user_s_run_is_not_there(self, signed_in: Console) -> None:
        signed_in.open("/runs/helloWorldFlow/00000000-0000-7000-8000-000000000000")
        signed_in.page.get_by_role("alert").wait_for()
        signed_in.check_accessible()


class TestFrame:
    def test_the_keyboard_suffices(self, signed_in: Console) -> None:
        page = signed_in.page
        page.get_by_role("link", name="orderFlow").wait_for()
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
        signed_in.check_accessible()
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        first = page.evaluate("document.activeElement.textContent")
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.textContent") != first
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        signed_in.heading(first)
        for keys, heading in (("gr", "Runs"), ("gu", "Functions"), ("gs", "Usage"), ("gf", "Flows")):
            for key in keys:
                page.keyboard.press(key)
            signed_in.heading(heading)

    def test_every_page_is_readable_in_each_theme_on_a_phone_and_at_200_percent(self, signed_in: Console) -> None:
        for path in ("/flows", "/flows/orderFlow", "/flows/orderFlow?tab=start", "/runs", "/functions", "/usage"):
            check_page(signed_in, path)

    @pytest.mark.thorough
    def test_every_other_page_and_state_is_readable_as_well(self, signed_in: Console) -> None:
        for path in (
            *("/flows/orderFlow?state=/States/ValidateOrder", "/flows/orderFlow?tab=definition"),
            *("/flows/orderFlow?tab=code", "/flows/orderFlow?tab=runs", "/flows/e2eForm?tab=start"),
            *("/flows/e2eBroken", "/flows/e2eGroup?tab=start", "/flows/unknown", "/runs?flow=unknown"),
            *("/functions/price_order", "/functions/unknown", "/unknown"),
        ):
            check_page(signed_in, path)


def enter_code(console: Console, secret: str) -> None:
    """Enter what an authenticator shows at the beginning of its half minute: pools refuse a code after its time."""
    time.sleep((-time.time()) % 30 if time.time() % 30 > 25 else 0)
    code = authenticator.code(secret)
    console.page.get_by_label("Code", exact=True).fill(f"{code[:3]} {code[3:]}")
    console.page.get_by_role("button", name="Continue", exact=True).click()


def check_page(console: Console, path: str) -> None:
    """Assert that axe finds nothing, and that nothing is cut off, in both themes and on small windows."""
    page = console.page
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": 390, "height": 800})
    console.open(path)
    page.locator(".page .card, .page .empty").first.wait_for()
    console.fits()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        console.check_accessible()
    page.set_viewport_size({"width": 640, "height": 360})  # a window of 1280 x 720 at 200 %
    console.fits()
