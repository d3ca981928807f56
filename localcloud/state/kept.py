"""Follows what moto holds: writes what a request has changed, and gives new back ends what was kept."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from localcloud.dynamodb import Shelf
from localcloud.dynamodb.backing import SCHEMA
from localcloud.http_messages import Request
from localcloud.notices import notice
from localcloud.state import items, messages, objects, tracking
from localcloud.state.codec import Digests, decode, encode
from localcloud.state.database import Database, Ticket
from localcloud.state.records import Entry, Records

_ATTEMPTS = 10  # at a back end that other threads change meanwhile

UNFOLLOWED = frozenset(
    {"moto.moto_api._internal.models:MotoAPIBackend", "moto.instance_metadata.models:InstanceMetadataBackend"}
)
"""Back ends that aren't a service."""


class Contents(Protocol):
    """The entries of a back end that have records of their own."""

    def stand_ins(self, backend: Any) -> Mapping[int, str]:
        """Return what is left out of the back end's own record, by identity, and what stands there instead."""

    def load(self, backend: Any, rows: Iterable[tuple[str, str, Any]]) -> None:
        """Put the entries into a back end whose own record was read."""

    def changes(self, backend: Any, request: Request | None) -> tuple[list[Entry], bool]:
        """Return what a request has changed, and whether the back end's own record may have changed too."""


class _NoContents:
    """A back end that is written as a whole."""

    def stand_ins(self, _backend: Any) -> Mapping[int, str]:
        return {}

    def load(self, _backend: Any, _rows: Iterable[tuple[str, str, Any]]) -> None:
        return

    def changes(self, _backend: Any, _request: Request | None) -> tuple[list[Entry], bool]:
        return [], True


class _Beside:
    """The database as a shelf uses it: it never waits for those who write."""

    def __init__(self, database: Database) -> None:
        self.read = database.read_beside
        self.enqueue = database.enqueue


class Kept:
    """What moto's services hold, in a database. One at a time, since moto's back ends are the process's.

    Attributes:
        shelf: The items of tables.
    """

    def __init__(self, database: Database) -> None:
        database.prepare("items", [SCHEMA])
        self.shelf = Shelf(_Beside(database))
        self._database = database
        self._records = Records(database)
        self._known = set(self._records.backends())
        self._contents: dict[str, Contents] = {}
        self._digests: dict[str, Digests] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._unwritable: set[str] = set()
        self._remove = tracking.install(self.restore)

    def close(self) -> None:
        """Follow moto no more."""
        self._remove()

    def has(self, kind: str) -> bool:
        """Return whether something was kept of a back end class (`module:Class`)."""
        return any(name.startswith(f"{kind}|") for name in self._known)

    def load(self, kind: str) -> None:
        """Restore all back ends of a class, which some handlers search without naming account and region."""
        for name in [name for name in self._known if name.startswith(f"{kind}|")]:
            _, account, region = name.split("|")
            _ = tracking.backends_of(kind)[account][region]

    def restore(self, backend: Any) -> None:
        """Give a new back end what was kept of it. What can't be read is set aside, and the log says so."""
        name = _name(backend)
        if name not in self._known:
            return
        try:
            state = decode(self._records.own(name), self._records.blob)
            backend.__dict__.update(state)
            with _without_garbage_collection():
                self._contents_of(backend).load(backend, self._records.entries(name))
        except Exception as error:  # whatever the classes raise where they have changed since
            backend.reset()
            self._contents.pop(name, None)
            self._known.discard(name)
            aside = self._records.put_aside(name)
            notice(
                f"What was kept of {_title(name)} can't be read ({type(error).__name__}: {error}): "
                f"it starts empty, and the records are now those of {aside!r}."
            )

    def save(self, backend: Any, request: Request | None) -> list[Ticket]:
        """Enqueue what a request has changed in a back end; the statements' tickets, to be waited for."""
        if tracking.kind_of(backend) in UNFOLLOWED:
            return []
        name = _name(backend)
        with self._locks.setdefault(name, threading.Lock()):
            contents = self._contents_of(backend)
            entries, own = contents.changes(backend, request)
            if own and (entry := self._own_entry(name, backend, contents)) is not None:
                entries = [entry, *entries]
                self._known.add(name)
            statements = self._records.statements(name, entries)
            if isinstance(contents, items.TableItems):
                return contents.settle(statements)
            return [self._database.enqueue(statements)] if statements else []

    def wait(self, tickets: Iterable[Ticket]) -> None:
        """Return once the changes are durable. Raises NotDurable."""
        self._database.wait(tickets)

    def _contents_of(self, backend: Any) -> Contents:
        name = _name(backend)
        contents = self._contents.get(name)
        if contents is None:
            contents = self._contents[name] = self._new_contents(tracking.kind_of(backend))
        return contents

    def _new_contents(self, kind: str) -> Contents:
        if kind == items.KIND:
            return items.TableItems(self.shelf, self._records)
        if kind == objects.KIND:
            return objects.BucketObjects(self._records)
        if kind == messages.KIND:
            return messages.QueueMessages(self._records)
        return _NoContents()

    def _own_entry(self, name: str, backend: Any, contents: Contents) -> Entry | None:
        for attempt in range(_ATTEMPTS):
            try:
                digests = self._digests.setdefault(name, {})
                data, blobs = encode(dict(backend.__dict__), backend, contents.stand_ins(backend), digests)
                return Entry("", "", data, blobs)
            except RuntimeError:  # another thread's request has changed what was being written
                if attempt == _ATTEMPTS - 1:
                    raise
            except Exception as error:
                if name not in self._unwritable:
                    self._unwritable.add(name)
                    notice(f"{_title(name)} is not kept over a restart: {type(error).__name__}: {error}")
                return None
        return None


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Nothing of what is loaded is garbage, and looking through it again and again takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _name(backend: Any) -> str:
    return f"{tracking.kind_of(backend)}|{backend.account_id}|{backend.region_name}"


def _title(name: str) -> str:
    """`moto.sqs.models:SQSBackend|123456789012|us-east-1` as people read it."""
    kind, account, region = name.split("|")
    return f"{kind.split('.')[1]} ({account}, {region})"
