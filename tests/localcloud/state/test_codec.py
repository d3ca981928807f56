"""What pickle can't write, and what is written only once."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from moto.ssm.models import ParameterDict, SimpleSystemManagerBackend

from localcloud.state.codec import BLOB_BYTES, Digests, decode, encode

OWNER = SimpleSystemManagerBackend("us-east-1", "123456789012")


def round_trip(item: Any) -> Any:
    data, blobs = encode(item, OWNER, {})
    return decode(data, blobs.__getitem__)


def test_a_whole_back_end_comes_back() -> None:
    state = round_trip(OWNER.__dict__)
    assert state.keys() == OWNER.__dict__.keys()
    assert isinstance(state["_parameters"], ParameterDict)
    assert vars(state["_parameters"]) == vars(OWNER._parameters)
    nested = state["_resource_tags"]  # its factory is a function inside another
    assert nested["type"]["id"] == {}


def test_locks_are_new_ones() -> None:
    held = threading.RLock()
    with held:
        copy, condition, plain = round_trip([held, threading.Condition(), threading.Lock()])
    assert type(copy) is type(held) and isinstance(condition, threading.Condition)
    assert plain.acquire(blocking=False)


def test_references_are_kept() -> None:
    shared: dict[str, Any] = {"a": 1}
    cyclic: dict[str, Any] = {"one": shared, "two": shared, "map": defaultdict(list, {"x": [shared]})}
    cyclic["self"] = cyclic
    copy = round_trip(cyclic)
    assert copy["one"] is copy["two"] is copy["map"]["x"][0] and copy["self"] is copy


def test_large_values_are_written_once_by_their_content() -> None:
    text, data = "ä\udc80" * BLOB_BYTES, b"\xff" * (BLOB_BYTES + 1)
    item = {"text": text, "again": text, "bytes": data}
    digests: Digests = {}
    record, blobs = encode(item, OWNER, {}, digests)
    assert len(record) < 1000 and len(blobs) == 2
    assert decode(record, blobs.__getitem__) == item
    assert {id(value) for value, _ in digests.values()} == {id(text), id(data)}
    assert encode(item, OWNER, {}, digests) == (record, blobs)
