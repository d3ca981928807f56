"""The data sets that an ItemReader reads, as items (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from asl.engine.compressed import parquet_items, text_of
from asl.engine.failures import reader_failure
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


@dataclass(frozen=True, slots=True)
class Inventory:
    """An S3 inventory's manifest: the bucket with the inventory's files, their keys and the names of their columns."""

    bucket: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]


def read_inventory(body: str) -> Inventory:
    """Read an S3 inventory's `manifest.json`.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html.

    Raises:
        StateFailure: States.ItemReaderFailed: the object is something else, or lists files that are not CSV.
    """
    try:
        manifest = loads(text_of(body))
        bucket = manifest["destinationBucket"].rsplit(":", 1)[-1]
        keys = tuple(file["key"] for file in manifest["files"])
        columns = tuple(name.strip() for name in manifest["fileSchema"].split(","))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise reader_failure("The object is not the manifest.json of an S3 inventory.") from None
    if manifest.get("fileFormat") != "CSV":
        raise reader_failure("Only S3 inventories in CSV files can be read here.")
    return Inventory(bucket, keys, columns)


def inventory_items(body: str, inventory: Inventory) -> list[Any]:
    """Return the items in one file of an inventory: an object for each object in the bucket."""
    rows = csv.reader(io.StringIO(text_of(body), newline=""))
    return [dict(zip(inventory.columns, row, strict=False)) for row in rows if row]


def parse_items(body: str, config: ReaderConfig, *, members_of_objects: bool = True) -> list[Any]:
    """Return the items in an object.

    Args:
        body: The object as text, or in base64 where it is not text.
        config: What the object is.
        members_of_objects: Whether the members of a JSON object are items.

    Raises:
        StateFailure: States.ItemReaderFailed: there are no items in it.
    """
    kind = config.input_type or "JSON"
    if kind == "PARQUET":
        return parquet_items(body)
    text = text_of(body)
    try:
        if kind == "JSON":
            return _json_items(loads(text), config.items_pointer, members_of_objects)
        if kind == "JSONL":
            return [loads(line) for line in text.split("\n") if line.strip()]
        if kind == "CSV":
            return _csv_items(text, config)
    except ValueError as problem:
        raise reader_failure(f"Unable to parse the {kind} file: {problem}") from None
    raise reader_failure(f"Items of the type {kind} can't be read here.")


def _json_items(value: Any, pointer: str | None, members_of_objects: bool) -> list[Any]:
    if pointer:
        for token in pointer.split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(name)] if isinstance(value, list) else value[name]
            except (KeyError, IndexError, TypeError, ValueError):
                raise reader_failure(f"The ItemsPointer '{pointer}' leads to nothing.") from None
    if isinstance(value, dict) and members_of_objects:
        return members(value)
    if not isinstance(value, list):
        raise reader_failure("Attempting to map over non-iterable node.")
    return value


def _csv_items(text: str, config: ReaderConfig) -> list[Any]:
    delimiter = _DELIMITERS.get(config.csv_delimiter or "COMMA", ",")
    rows = (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row)
    given = config.csv_header_location == "GIVEN"
    headers = list(config.csv_headers or ()) if given else next(rows, [])
    if len(set(headers)) < len(headers):
        raise reader_failure("CSV headers cannot contain duplicates.")
    return [{header: row[place] if place < len(row) else "" for place, header in enumerate(headers)} for row in rows]


def listed_items(contents: list[dict[str, Any]]) -> list[Any]:
    """The items of a page of listObjectsV2: what Step Functions tells of an object, its date in epoch seconds, a double
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
    return date if moment is None else float(int(moment.timestamp()))


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
