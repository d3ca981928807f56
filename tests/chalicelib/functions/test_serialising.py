"""What functions return, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from chalicelib.functions.serialising import dump, jsonable


class Colour(Enum):
    RED = "red"


class Size(StrEnum):
    BIG = "big"


class Model(BaseModel):
    when: datetime
    price: Decimal = Field(serialization_alias="unitPrice")


@dataclass
class Box:
    size: Size
    content: list[Model]


WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Model(when=WHEN, price=Decimal("2.50")), {"when": "2026-01-02T03:04:05+00:00", "unitPrice": 2.5}),
        (Box(Size.BIG, []), {"size": "big", "content": []}),
        ({"nested": Box(Size.BIG, [Model(when=WHEN, price=Decimal(1))])},
         {"nested": {"size": "big", "content": [{"when": "2026-01-02T03:04:05+00:00", "unitPrice": 1}]}}),
        (Decimal("3"), 3),
        (Decimal("1E+3"), 1000),
        (Decimal("0.1"), 0.1),
        (Colour.RED, "red"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(minutes=1), 60.0),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("a/b"), "a/b"),
        ({7: "a", None: "b", True: "c", Size.BIG: "d", 1.5: "e"},
         {"7": "a", "null": "b", "true": "c", "big": "d", "1.5": "e"}),
        ((1, 2), [1, 2]),
        ({"x"}, ["x"]),
        (b"\x00\xff", "AP8="),
    ],
)  # fmt: skip
def test_values(value: Any, written: Any) -> None:
    assert jsonable(value) == written
    assert json.loads(dump(value)) == written


@pytest.mark.parametrize("value", [object(), {"a": object()}, [lambda: 1], 1j])
def test_what_has_no_form_in_json_is_named(value: Any) -> None:
    with pytest.raises(TypeError, match="JSON cannot express"):
        jsonable(value)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity"), Decimal("sNaN"), [float("nan")]]
)
def test_numbers_that_json_does_not_have_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON cannot express"):
        dump(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(json_values)
def test_json_values_stay_as_they_are(value: Any) -> None:
    assert json.loads(dump(value)) == value


def test_a_decimal_that_is_too_large_is_shown_as_it_is() -> None:
    with pytest.raises(ValueError, match=r"returned -1\.000e\+400; a JSON number can be at most about 1\.8e308"):
        dump({"total": Decimal("-1e400")})
