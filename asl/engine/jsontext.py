"""JSON texts as the engine reads, writes and measures them."""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable
from typing import Any, NoReturn

from asl.language.values import may_have_surrogates, without_surrogates

PAYLOAD_LIMIT = 262_144
"""The most bytes that a state's input, output or result may have as UTF-8 JSON text
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _refuse_value(value: Any) -> NoReturn:
    raise TypeError(f"a value of the type {type(value).__name__} is not JSON")


def _encoder(ascii_only: bool) -> Callable[[Any], str]:
    """`json.dumps` with settings of ours. It makes an encoder a call, which takes longer than most values do."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # a Python without the accelerator
        return json.JSONEncoder(
            ensure_ascii=ascii_only, separators=(",", ":"), allow_nan=False, check_circular=False
        ).encode
    text = json.encoder.encode_basestring_ascii if ascii_only else json.encoder.encode_basestring
    chunks = make(None, _refuse_value, text, None, ":", ",", False, False, False)
    join = "".join
    return lambda value: join(chunks(value, 0))


_decode = json.JSONDecoder(parse_constant=_refuse).decode
_encode = _encoder(ascii_only=False)
_encode_ascii = _encoder(ascii_only=True)


def loads(text: str) -> Any:
    """The value of a JSON text, with U+FFFD in place of unpaired surrogates.

    Raises:
        ValueError: The text is not JSON, as are `NaN` and `Infinity`.
    """
    try:
        value = _decode(text)
        return without_surrogates(value) if may_have_surrogates(text) else value
    except RecursionError:
        raise ValueError("the JSON text is nested too deep") from None


def dumps(value: Any) -> str:
    """The shortest JSON text of a value; TypeError or ValueError if it has none."""
    try:
        return _encode(value)
    except RecursionError:
        raise ValueError("the value is nested too deep") from None


def size_bound(value: Any) -> int:
    """No fewer bytes than the value has as UTF-8 JSON text, and exactly that many if there are more than the limit."""
    escaped = len(_encode_ascii(value))
    if escaped <= PAYLOAD_LIMIT:
        return escaped
    return len(_encode(value).encode())
