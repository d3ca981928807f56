"""onboardCustomer: two flows at once, and what becomes of it when one fails."""

from __future__ import annotations

from asl.testing.plugin import Flows


def test_both_flows_run_at_the_same_time(flows: Flows) -> None:
    run = flows.load("onboardCustomer").run({"customer": "ada"})
    run.assert_succeeded(output={"account": "account-ada", "parcel": "parcel-ada"})
    assert run.visits("openAccount") == run.visits("shipWelcomeKit") == 1


def test_the_error_of_a_flow_is_the_cause(flows: Flows) -> None:
    run = flows.load("onboardCustomer").run({"customer": "existing"})
    run.assert_failed("OnboardingFailed", cause="AccountExists")


def test_each_flow_works_without_the_others(flows: Flows) -> None:
    flows.load("openAccount").run({"customer": "ada"}).assert_succeeded(output={"account": "account-ada"})
    run = flows.load("shipWelcomeKit").run({"customer": "ada"}).assert_succeeded(output={"parcel": "parcel-ada"})
    assert run.seconds >= 86_400
