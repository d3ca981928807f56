"""The `Condition` of a statement.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from localcloud.iam.patterns import ARN_COLONS, Pattern, Segments, Values

_OPERATOR = re.compile(r"(?:(?P<set>ForAllValues|ForAnyValue):)?(?P<name>[A-Za-z]+?)(?P<optional>IfExists)?")

Test = Callable[[str, Values], bool]
"""Whether one value of the request matches one value of the policy."""


class ConditionError(ValueError):
    """A condition that IAM would not accept; the message says why."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator: `{"StringLike": {"s3:prefix": ["in/*", "out/*"]}}`.

    `of_set` is `ForAllValues`, `ForAnyValue` or empty, `tests` has one test for each value in the policy, and `negated`
    says that the operator asks for values that match none of them.
    """

    key: str
    of_set: str
    negated: bool
    optional: bool
    tests: tuple[Test, ...]

    def holds(self, values: Values) -> bool:
        """Return whether the condition holds for a request with these values of condition keys."""
        found = values(self.key)
        if self.of_set == "ForAllValues":
            return all(self._matches(value, values) for value in found)
        if not found:
            return self.optional or (self.negated and not self.of_set)
        if self.of_set == "ForAnyValue" or not self.negated:
            return any(self._matches(value, values) for value in found)
        return all(self._matches(value, values) for value in found)

    def _matches(self, value: str, values: Values) -> bool:
        return self.negated != any(test(value, values) for test in self.tests)


@dataclass(frozen=True, slots=True)
class IsNull:
    """The operator `Null`: whether a key is absent."""

    key: str
    absent: bool

    def holds(self, values: Values) -> bool:
        """Return whether the condition holds for a request with these values of condition keys."""
        return (not values(self.key)) == self.absent


def read_conditions(block: Any, *, variables: bool) -> tuple[Condition | IsNull, ...]:
    """Return the conditions of a statement, all of which must hold.

    Args:
        block: The value of `Condition`; None if there is none.
        variables: Whether strings may have policy variables.

    Raises:
        ConditionError: IAM would not accept it.
    """
    if block is None:
        return ()
    if not isinstance(block, Mapping):
        raise ConditionError("Condition must be an object")
    return tuple(_conditions(block, variables))


def _conditions(block: Mapping[str, Any], variables: bool) -> Iterator[Condition | IsNull]:
    for operator, keys in block.items():
        match = _OPERATOR.fullmatch(operator)
        if match is None or not isinstance(keys, Mapping):
            raise ConditionError(f"unknown condition operator {operator!r}")
        for key, written in keys.items():
            texts = [_text(item) for item in (written if isinstance(written, list) else [written])]
            if match["name"] == "Null" and match["optional"] is None:
                yield IsNull(key, _wanted_absent(texts))
                continue
            negated, make = _operator(match["name"])
            tests = tuple(make(text, variables) for text in texts)
            yield Condition(key, match["set"] or "", negated, match["optional"] is not None, tests)


def _wanted_absent(texts: list[str]) -> bool:
    if len(texts) != 1 or texts[0].lower() not in ("true", "false"):
        raise ConditionError(f"Null must be true or false; got {', '.join(map(repr, texts)) or 'nothing'}")
    return texts[0].lower() == "true"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


Make = Callable[[str, bool], Test]


def _operator(name: str) -> tuple[bool, Make]:
    """Return whether an operator is negated, and what makes the test of one value.

    Raises:
        ConditionError: There is no such operator.
    """
    positive = _NEGATED.get(name)
    make = _TESTS.get(positive or name)
    if make is None:
        raise ConditionError(f"unknown condition operator {name!r}")
    return positive is not None, make


def _equals(*, ignore_case: bool = False) -> Make:
    def make(text: str, variables: bool) -> Test:
        return Pattern(text, ignore_case=ignore_case, variables=variables, wildcards=False).matches

    return make


def _like(text: str, variables: bool) -> Test:
    return Pattern(text, variables=variables).matches


def _arn(text: str, variables: bool) -> Test:
    if text != "*" and text.count(":") < ARN_COLONS:
        return lambda _, __: False
    return Pattern(text, segments=Segments.STRICT, variables=variables).matches


def _bool(text: str, _: bool) -> Test:
    return lambda value, _: value.lower() == text.lower()


def _binary(text: str, _: bool) -> Test:
    return lambda value, _: _decoded(value) == _decoded(text)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return text.encode()


def _ip_address(text: str, _: bool) -> Test:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ConditionError(f"{text!r} is not an IP address or a CIDR block") from None

    def test(value: str, _: Values) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


def _compared(read: Callable[[str], Any], what: str, compare: Callable[[Any, Any], bool]) -> Make:
    def make(text: str, _: bool) -> Test:
        wanted = read(text)
        if wanted is None:
            raise ConditionError(f"{text!r} is not a {what}")

        def test(value: str, _: Values) -> bool:
            found = read(value)
            return found is not None and compare(found, wanted)

        return test

    return make


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _date(text: str) -> float | None:
    """Return seconds since 1970 of a date of ISO 8601 or of such seconds."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text) and len(text) != 4:
        return float(text)
    try:
        date = datetime.fromisoformat(f"{text}-01-01" if re.fullmatch(r"\d{4}", text) else text)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _comparisons(prefix: str, read: Callable[[str], Any], what: str) -> dict[str, Make]:
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "Equals": lambda a, b: bool(a == b),
        "LessThan": lambda a, b: bool(a < b),
        "LessThanEquals": lambda a, b: bool(a <= b),
        "GreaterThan": lambda a, b: bool(a > b),
        "GreaterThanEquals": lambda a, b: bool(a >= b),
    }
    return {f"{prefix}{name}": _compared(read, what, test) for name, test in compare.items()}


_TESTS: dict[str, Make] = {
    "StringEquals": _equals(),
    "StringEqualsIgnoreCase": _equals(ignore_case=True),
    "StringLike": _like,
    **_comparisons("Numeric", _number, "number"),
    **_comparisons("Date", _date, "date"),
    "Bool": _bool,
    "BinaryEquals": _binary,
    "IpAddress": _ip_address,
    "ArnEquals": _arn,
    "ArnLike": _arn,
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
