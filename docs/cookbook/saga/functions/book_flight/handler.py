from __future__ import annotations


class NoFlightAvailable(Exception):
    """Everything is taken: trying again changes nothing."""


def handler(trip_id: str, city: str) -> dict[str, str]:
    """Book a flight. The trip's id is the key of the request, so that a retry doesn't book twice.

    Raises:
        NoFlightAvailable: No flight is available.
    """
    if city == "SOLD-OUT-FLIGHT":
        raise NoFlightAvailable(f"no flight in {city}")
    return {"booking_id": f"flight-{trip_id}"}  # here, call the flight provider
