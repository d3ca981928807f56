"""Telling the two styles apart, binding, schemas."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from chalicelib.functions.serialising import jsonable
from chalicelib.functions.signature import Signature, ValidationError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Receipt(BaseModel):
    order_id: str
    amount: Decimal


@dataclass
class Point:
    x: int
    y: int = 0


def pay(order_id: str, amount: Annotated[Decimal, Field(gt=0)] = Decimal("1.5")) -> Receipt:
    return Receipt(order_id=order_id, amount=amount)


def lambda_styles() -> list[Callable[..., Any]]:
    def plain(event: Any, context: Any) -> None: ...
    def underscore(event: Any, _context: Any) -> None: ...
    def unused(_event: Any, _: Any) -> None: ...
    def default(event: Any, context: Any = None) -> None: ...
    def hidden(*args: Any, **kwargs: Any) -> None: ...

    @functools.wraps(plain)
    def wrapped(*args: Any, **kwargs: Any) -> None: ...

    return [plain, underscore, unused, default, hidden, wrapped]


@pytest.mark.parametrize("handler", lambda_styles(), ids=lambda handler: handler.__name__)
def test_lambda_style(handler: Callable[..., Any]) -> None:
    assert not Signature(handler).typed
    assert Signature(handler).input_schema == {"type": "object"}


@pytest.mark.parametrize("handler", [pay, lambda: None, lambda event: event, lambda event, extra: 1, lambda **more: 1])
def test_typed_style(handler: Callable[..., Any]) -> None:
    assert Signature(handler).typed


def test_parameters_are_bound_and_defaults_apply() -> None:
    assert Signature(pay).call_with_input({"order_id": "A"}) == Receipt(order_id="A", amount=Decimal("1.5"))
    assert Signature(pay).call_with_input({"order_id": "A", "amount": 12.1}).amount == Decimal("12.1")


def test_keys_that_are_no_parameter_are_ignored() -> None:
    bound = Signature(pay).call_with_input({"order_id": "A", "__user_id": "u", "statusCode": 200, "field_0": "no"})
    assert bound.order_id == "A"


def test_each_field_is_named() -> None:
    def handler(items: list[Receipt], when: date) -> None: ...

    # `typing.get_type_hints` resolves names in the module: make those of this function known there
    with pytest.raises(ValidationError) as caught:
        Signature(handler).call_with_input({"items": [{"order_id": 1}], "when": "soon"})
    assert [error.field for error in caught.value.errors] == ["items[0].order_id", "items[0].amount", "when"]
    assert all(error.field in str(caught.value) for error in caught.value.errors)


@pytest.mark.parametrize("value", [None, [], "text", 1, True])
def test_an_input_that_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError, match="must be a JSON object"):
        Signature(pay).call_with_input(value)


def test_data_classes_and_other_kinds_of_parameters() -> None:
    def handler(point: Point, /, *, factor: int = 2, **more: int) -> tuple[int, dict[str, int]]:
        return point.x * factor, more

    value = {"point": {"x": "3"}, "a": 1, "__user_id": "u"}
    assert Signature(handler).call_with_input(value) == (6, {"a": 1})


def test_parameters_may_be_called_as_pydantics_own_names() -> None:
    def handler(model_config: str, schema: int, _private: int = 1, copy: bool = False) -> str:
        return f"{model_config}{schema}{_private}{copy}"

    assert Signature(handler).call_with_input({"model_config": "a", "schema": 1, "_private": 5}) == "a15False"


def test_a_field_may_have_a_name_of_its_own() -> None:
    def handler(
        order_id: Annotated[str, Field(alias="orderId", min_length=2)],
        amount: float = Field(1.5, alias="howMuch", ge=1),
        count: int = Field(ge=0),
        note: str = Field("", validation_alias="remark"),
    ) -> list[Any]:
        return [order_id, amount, count, note]

    signature = Signature(handler)
    assert signature.call_with_input({"orderId": "A1", "count": 2, "remark": "hi"}) == ["A1", 1.5, 2, "hi"]
    with pytest.raises(ValidationError) as caught:
        signature.call_with_input({"order_id": "A1", "orderId": "A", "howMuch": 0})
    assert [error.field for error in caught.value.errors] == ["orderId", "howMuch", "count"]
    assert list(signature.input_schema["properties"]) == ["orderId", "howMuch", "count", "remark"]
    assert signature.input_schema["required"] == ["orderId", "count"]


class Price(BaseModel):
    net: Decimal = Decimal("1.50")


PRICE = Price()


def test_defaults_in_schemas_are_json_of_the_right_type() -> None:
    def handler(
        amount: Decimal = Decimal("2.50"), price: Price = PRICE, limit: float = float("inf"), since: date = date.min
    ) -> None: ...

    schema = Signature(handler).input_schema
    defaults = {name: field.get("default") for name, field in schema["properties"].items()}
    assert defaults == {"amount": 2.5, "price": {"net": 1.5}, "limit": None, "since": "0001-01-01"}
    assert schema["$defs"]["Price"]["properties"]["net"]["default"] == 1.5
    json.dumps(schema, allow_nan=False)
    Draft202012Validator.check_schema(schema)


def test_async_handlers_are_awaited() -> None:
    async def typed(a: int) -> int:
        return a + 1

    async def plain(event: Any, context: Any) -> Any:
        return event

    assert Signature(typed).call_with_input({"a": 1}) == 2
    assert Signature(plain).call_with_event({"b": 2}, None) == {"b": 2}


def test_schemas_describe_what_is_written() -> None:
    signature = Signature(pay)
    assert signature.input_schema["required"] == ["order_id"]
    assert signature.input_schema["properties"]["amount"]["exclusiveMinimum"] == 0
    Draft202012Validator.check_schema(signature.input_schema)
    Draft202012Validator.check_schema(signature.output_schema)
    written = jsonable(signature.call_with_input({"order_id": "A", "amount": 2.25}))
    assert written == {"order_id": "A", "amount": 2.25}
    Draft202012Validator(signature.output_schema).validate(written)


def test_a_handler_that_does_not_say_what_it_returns_has_an_open_schema() -> None:
    assert Signature(lambda a: a).output_schema == {}


@given(st.dictionaries(st.sampled_from(["order_id", "amount", "__user_id", "x"]), json_values))
def test_any_object_is_bound_or_refused_by_name(value: dict[str, Any]) -> None:
    signature = Signature(pay)
    try:
        receipt = signature.call_with_input(value)
    except ValidationError as error:
        assert {e.field for e in error.errors} <= {"order_id", "amount"}
        assert error.errors
    else:
        assert receipt.order_id == value["order_id"]
