from __future__ import annotations

from pydantic import BaseModel


class Release(BaseModel):
    reservation_id: str
    status: str = "released"


def handler(reservation_id: str) -> Release:
    """Release a reservation. Releasing it twice does no harm."""
    return Release(reservation_id=reservation_id)
