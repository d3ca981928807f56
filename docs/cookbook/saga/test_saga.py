"""bookTrip: whatever fails, the steps before it are undone, and so is the one that failed."""

from __future__ import annotations

import pytest

from asl.testing.plugin import Flows

TRIP = {"trip_id": "T-1", "city": "Lisbon", "amount": 420}


def test_a_trip_is_booked_and_paid(flows: Flows) -> None:
    run = flows.load("bookTrip").run(TRIP).assert_path("BookHotel", "BookFlight", "PayTrip")
    run.assert_succeeded(
        output={"status": "booked", "hotel": "hotel-T-1", "flight": "flight-T-1", "payment": "payment-T-1"}
    )


@pytest.mark.parametrize(
    ("change", "reason", "undone"),
    [
        ({"city": "SOLD-OUT-HOTEL"}, "NoHotelAvailable", ["CancelHotel"]),
        ({"city": "SOLD-OUT-FLIGHT"}, "NoFlightAvailable", ["CancelFlight", "CancelHotel"]),
        ({"amount": 9000}, "TripPaymentDeclined", ["RefundTrip", "CancelFlight", "CancelHotel"]),
    ],
)
def test_a_failure_is_undone_in_reverse_order(
    flows: Flows, change: dict[str, object], reason: str, undone: list[str]
) -> None:
    run = (
        flows.load("bookTrip").run({**TRIP, **change}).assert_succeeded(output={"status": "refused", "reason": reason})
    )
    assert [state for state in run.path if state.startswith(("Cancel", "Refund"))] == undone
    assert all(run.payloads(state) == [{**TRIP, **change}] for state in undone)


def test_a_crash_is_retried_before_anything_is_undone(flows: Flows) -> None:
    flow = flows.load("bookTrip")
    flow.task("BookFlight").fails("Sandbox.Timedout", times=2).then.returns({"booking_id": "F"})
    run = flow.run(TRIP).assert_succeeded()
    assert (run.retries("BookFlight"), run.output["status"]) == (2, "booked")


def test_undoing_outlasts_hours_of_downtime(flows: Flows) -> None:
    flow = flows.load("bookTrip")
    flow.task("CancelHotel").fails("ProviderDown", times=19).then.returns({})
    run = flow.run({**TRIP, "amount": 9000}).assert_succeeded()
    assert run.output["status"] == "refused"
    assert run.seconds > 2 * 3600
