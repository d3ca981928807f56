"""The data sets that an ItemReader reads, as items (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html)."""

from __future__ import annotations

import csv
import io
from typing import Any

from asl.engine.failures import ITEM_READER_FAILED, StateFailure
from asl.engine.jsontext import loads
from asl.language.model import ReaderConfig
from asl.language.timestamps import parse_timestamp

_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


class Member(dict[str, Any]):
    """An item that is a member of an object: its `Key` and its `Value`."""


def members(value: dict[str, Any]) -> list[Any]:
    """An object as items."""
    return [Member(Key=key, Value=item) for key, item in value.items()]


def context_item(index: int, item: Any, source: str | None = None) -> dict[str, Any]:
    """What the context object says of an item in `Map.Item`."""
    described: dict[str, Any] = {"Index": index}
    if isinstance(item, Member):
        described |= item
    else:
        described["Value"] = item
    if source is not None:
        described["Source"] = source
    return described


def reader_failure(cause: str | None) -> StateFailure:
    """The ItemReader cannot read its data set."""
    return StateFailure(ITEM_READER_FAILED, cause)


def parse_items(text: str, config: ReaderConfig) -> list[Any]:
    """The items in the text of an object. Raises `StateFailure` (States.ItemReaderFailed) if there are none in it."""
    kind = config.input_type or "JSON"
    try:
        if kind == "JSON":
            return _json_items(loads(text), config.items_pointer)
        if kind == "JSONL":
            return [loads(line) for line in text.splitlines() if line.strip()]
        if kind == "CSV":
            return _csv_items(text, config)
    except ValueError as problem:
        raise reader_failure(f"Unable to parse the {kind} file: {problem}") from None
    raise reader_failure(f"The engine cannot read items of the type {kind}; JSON, JSONL and CSV it can.")


def _json_items(value: Any, pointer: str | None) -> list[Any]:
    if pointer:
        for token in pointer.split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(name)] if isinstance(value, list) else value[name]
            except (KeyError, IndexError, TypeError, ValueError):
                raise reader_failure(f"The ItemsPointer '{pointer}' leads to nothing.") from None
    if isinstance(value, dict) and pointer:
        return members(value)
    if not isinstance(value, list):
        raise reader_failure("Attempting to map over non-iterable node.")
    return value


def _csv_items(text: str, config: ReaderConfig) -> list[Any]:
    delimiter = _DELIMITERS.get(config.csv_delimiter or "COMMA", ",")
    rows = (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row)
    given = config.csv_header_location == "GIVEN"
    headers = list(config.csv_headers or ()) if given else next(rows, [])
    return [{header: row[place] if place < len(row) else "" for place, header in enumerate(headers)} for row in rows]


def listed_items(contents: list[dict[str, Any]]) -> list[Any]:
    """The items of a page of listObjectsV2: what Step Functions tells of an object, its date in epoch seconds
    (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html)."""
    items = []
    for entry in contents:
        item = {
            "Etag": entry.get("ETag"),
            "Key": entry.get("Key"),
            "LastModified": _epoch_seconds(entry.get("LastModified")),
            "Size": entry.get("Size"),
            "StorageClass": entry.get("StorageClass"),
        }
        items.append({name: value for name, value in item.items() if value is not None})
    return items


def _epoch_seconds(date: Any) -> Any:
    moment = parse_timestamp(date) if isinstance(date, str) else None
    return date if moment is None else int(moment.timestamp())


def join_batches(
    items: list[Any], sizes: list[int], most_items: int, most_bytes: int, batch_input: Any = None
) -> list[Any]:
    """Items joined into batches of at most so many items and bytes; 0 means no limit. `sizes` are the items' bytes."""
    batches: list[Any] = []
    batch: list[Any] = []
    frame = len('{"Items":[]}')
    size = frame
    for item, item_size in zip(items, sizes, strict=True):
        full = (most_items and len(batch) >= most_items) or (most_bytes and size + item_size + 1 > most_bytes)
        if batch and full:
            batches.append(batch)
            batch, size = [], frame
        batch.append(item)
        size += item_size + 1
    if batch:
        batches.append(batch)
    if batch_input is None:
        return [{"Items": batch} for batch in batches]
    return [{"Items": batch, "BatchInput": batch_input} for batch in batches]
