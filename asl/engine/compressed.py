"""Objects that are not text: compressed ones, and Parquet files."""

from __future__ import annotations

import base64
import io
import json
import zlib
from typing import Any

from asl.engine.failures import reader_failure
from asl.engine.jsontext import loads

_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PAR1"
_NEEDED = "Reading {what} needs the package pyarrow here: install it with `pip install pyarrow`."


def text_of(body: str) -> str:
    """Return an object's text, uncompressed and without a byte order mark.

    Args:
        body: The object as text, or in base64 if it is not UTF-8.

    Raises:
        StateFailure: States.ItemReaderFailed: it can't be uncompressed, or isn't text then.
    """
    data = _binary(body)
    if data is None:
        return body.removeprefix("\ufeff")
    try:
        if data.startswith(_GZIP):
            import gzip  # rarely needed

            return gzip.decompress(data).decode("utf-8-sig")
        if data.startswith(_ZSTD):
            stream = _pyarrow("objects compressed with zstd").CompressedInputStream(io.BytesIO(data), "zstd")
            text: str = stream.read().decode("utf-8-sig")
            return text
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as problem:
        raise reader_failure(f"The object can't be uncompressed: {problem}") from None
    return body


def parquet_items(body: str) -> list[Any]:
    """Return the rows of a Parquet file as objects.

    Raises:
        StateFailure: States.ItemReaderFailed: the object isn't such a file, or pyarrow is not installed.
    """
    data = _binary(body) or body.encode()
    if not data.startswith(_PARQUET):
        raise reader_failure("The object is not a Parquet file.")
    _pyarrow("Parquet files")
    import pyarrow.parquet

    try:
        rows = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    except (OSError, ValueError) as problem:
        raise reader_failure(f"The Parquet file can't be read: {problem}") from None
    items: list[Any] = loads(json.dumps(rows, default=str))
    return items


def _binary(body: str) -> bytes | None:
    """Return the bytes of an object in base64 if it is of a kind that can be read, else None."""
    try:
        start = base64.b64decode(body[:8], validate=True)
        if start.startswith((_GZIP, _ZSTD, _PARQUET)):
            return base64.b64decode(body, validate=True)
    except ValueError:
        pass
    return None


def _pyarrow(what: str) -> Any:
    try:
        import pyarrow
    except ImportError:
        raise reader_failure(_NEEDED.format(what=what)) from None
    return pyarrow
