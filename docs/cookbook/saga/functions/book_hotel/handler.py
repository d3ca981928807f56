from __future__ import annotations


class NoHotelAvailable(Exception):
    """Everything is taken: trying again changes nothing."""


def handler(trip_id: str, city: str) -> dict[str, str]:
    """Book a hotel. The trip's id is the key of the request, so that a retry doesn't book twice.

    Raises:
        NoHotelAvailable: No hotel is available.
    """
    if city == "SOLD-OUT-HOTEL":
        raise NoHotelAvailable(f"no hotel in {city}")
    return {"booking_id": f"hotel-{trip_id}"}  # here, call the hotel provider
