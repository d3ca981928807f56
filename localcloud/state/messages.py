"""SQS: a record for each message, from when it is sent until it is deleted. Visibility is not kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.http_messages import Request
from localcloud.state.codec import decode, encode
from localcloud.state.records import Entry, Records

KIND = "moto.sqs.models:SQSBackend"


class QueueMessages:
    """The messages in one back end's queues."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._written: dict[str, set[str]] = {}

    def stand_ins(self, backend: Any) -> Mapping[int, str]:
        """Leave the messages out of the queues."""
        left_out: dict[int, str] = {}
        for queue in backend.queues.values():
            left_out |= {
                id(queue._messages): "list",
                id(queue._pending_messages): "set",
                id(queue.deleted_messages): "set",
            }
        return left_out

    def load(self, backend: Any, rows: Iterable[tuple[str, str, Any]]) -> None:
        """Put the messages into their queues, where all can be received."""
        for queue_name, name, data in rows:
            queue = backend.queues.get(queue_name)
            if queue is not None:
                message = decode(data, self._records.blob)
                message.visible_at = 0.0
                queue._messages.append(message)
                self._written.setdefault(queue_name, set()).add(name)

    def changes(self, backend: Any, request: Request | None) -> tuple[list[Entry], bool]:
        """Return the messages that have come, and those that have gone."""
        entries = []
        for name, queue in list(backend.queues.items()):
            written = self._written.setdefault(name, set())
            current = {message.id: message for message in list(queue._messages)}
            for gone in written - current.keys():
                entries.append(Entry(name, gone, None))
            for number in [number for number in current if number not in written]:
                data, blobs = encode(current[number], backend, {})
                entries.append(Entry(name, number, data, blobs))
            self._written[name] = set(current)
        for name in self._written.keys() - backend.queues.keys():
            entries += [Entry(name, number, None) for number in self._written.pop(name)]
        return entries, True
