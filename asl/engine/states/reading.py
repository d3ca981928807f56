"""Reads the data set of a distributed Map from S3, by calls of the task runner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.engine.calls import ServiceCall
from asl.engine.changes import OBJECTS_ARE_ITEMS, applies
from asl.engine.failures import StateFailure, reader_failure
from asl.engine.items import Inventory, inventory_items, listed_items, parse_items, read_inventory
from asl.engine.map_run import MapRun
from asl.language.model import ReaderConfig

_SDK = "arn:aws:states:::aws-sdk:s3:"

Guard = Callable[[Callable[[], None]], None]
Found = Callable[[list[Any], str | list[str]], None]


class Reading:
    """One reading of a data set: a call, perhaps followed by one for each page or file that it names.

    Args:
        run: The Map Run that the items are for.
        config: What the data set is.
        arguments: The arguments of the first call: `Bucket`, and `Key` or `Prefix`.
        guard: Makes a call on behalf of the run, which fails with whatever fails in it.
        found: Gets the items, and the source of all of them or of each.
    """

    def __init__(self, run: MapRun, config: ReaderConfig, arguments: Any, guard: Guard, found: Found) -> None:
        self._run = run
        self._config = config
        self._arguments = arguments
        self._guard = guard
        self._found = found
        self._most = run.limits.items
        self._items: list[Any] = []
        self._source = f"S3://{arguments.get('Bucket')}"
        self._sources: list[str] = []

    def begin(self, *, lists: bool) -> None:
        """Make the first call. `lists` says that the data set is a list of objects."""
        if lists:
            self._call("listObjectsV2", self._arguments, self._listed)
            return
        self._source += f"/{self._arguments.get('Key')}"
        self._call(
            "getObject", self._arguments, self._manifest if self._config.input_type == "MANIFEST" else self._read
        )

    def _call(self, action: str, parameters: Any, then: Callable[[Any], None]) -> None:
        def guarded(answer: Any) -> None:
            self._guard(lambda: then(answer))

        ServiceCall(self._run.branch, _SDK + action, parameters, guarded, self._failed).begin()

    def _failed(self, failure: StateFailure) -> None:
        self._run.fail(reader_failure(failure.cause))

    @property
    def _is_full(self) -> bool:
        return bool(self._most) and len(self._items) >= self._most

    def _done(self) -> None:
        items = self._items[: self._most] if self._most else self._items
        self._found(items, self._sources or self._source)

    def _read(self, answer: Any) -> None:
        self._items.extend(self._parse(answer))
        self._done()

    def _parse(self, answer: Any) -> list[Any]:
        members = applies(OBJECTS_ARE_ITEMS, self._run.branch.execution)
        return parse_items(_body(answer), self._config, members_of_objects=members)

    def _listed(self, page: Any) -> None:
        self._items.extend(listed_items(page.get("Contents") or []))
        token = page.get("NextContinuationToken")
        if token and not self._is_full:
            self._call("listObjectsV2", {**self._arguments, "ContinuationToken": token}, self._listed)
        elif self._config.transformation == "LOAD_AND_FLATTEN":
            keys = [entry["Key"] for entry in self._items if not entry["Key"].endswith("/")]
            self._items.clear()
            self._load(keys)
        else:
            self._done()

    def _load(self, keys: list[str]) -> None:
        if not keys or self._is_full:
            self._done()
            return

        def loaded(answer: Any) -> None:
            found = self._parse(answer)
            self._items.extend(found)
            self._sources.extend([f"{self._source}/{keys[0]}"] * len(found))
            self._load(keys[1:])

        self._call("getObject", {"Bucket": self._arguments["Bucket"], "Key": keys[0]}, loaded)

    def _manifest(self, answer: Any) -> None:
        inventory = read_inventory(_body(answer))
        self._load_files(inventory, list(inventory.keys))

    def _load_files(self, inventory: Inventory, keys: list[str]) -> None:
        if not keys or self._is_full:
            self._done()
            return

        def loaded(answer: Any) -> None:
            self._items.extend(inventory_items(_body(answer), inventory))
            self._load_files(inventory, keys[1:])

        self._call("getObject", {"Bucket": inventory.bucket, "Key": keys[0]}, loaded)


def _body(answer: Any) -> str:
    body = answer.get("Body") if isinstance(answer, dict) else None
    if not isinstance(body, str):
        raise reader_failure("The object has no text.")
    return body
