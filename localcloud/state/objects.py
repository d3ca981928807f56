"""S3: a record for each key of a bucket, with all its versions; large bodies are written once by their content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from localcloud.http_messages import Request
from localcloud.state.codec import decode, encode
from localcloud.state.records import Entry, Records

KIND = "moto.s3.models:S3Backend"

Signature = tuple[tuple[int, Any], ...]


class BucketObjects:
    """The objects of one back end's buckets."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._written: dict[tuple[str, str], Signature] = {}

    def stand_ins(self, backend: Any) -> Mapping[int, str]:
        """Leave the objects out of the buckets."""
        return {id(bucket.keys): "keys" for bucket in _buckets(backend).values()}

    def load(self, backend: Any, rows: Iterable[tuple[str, str, Any]]) -> None:
        """Put the objects into their buckets, whose names are known to all accounts."""
        from moto.s3.models import s3_backends

        buckets = _buckets(backend)
        for bucket in buckets.values():
            s3_backends.bucket_accounts[bucket.name] = (bucket.partition, bucket.account_id)
        for bucket_name, name, data in rows:
            bucket = buckets.get(bucket_name)
            if bucket is not None:
                versions = decode(data, self._records.blob)
                bucket.keys.setlist(name, versions)
                self._written[bucket_name, name] = _signature(versions)

    def changes(self, backend: Any, request: Request | None) -> tuple[list[Entry], bool]:
        """Return the keys that have other versions than before, and the one that `request` names."""
        named = _named(request) if request is not None else set()
        entries = []
        present = set()
        for bucket in _buckets(backend).values():
            for name, versions in list(bucket.keys.lists()):
                present.add((bucket.name, name))
                signature = _signature(versions)
                if self._written.get((bucket.name, name)) != signature or (bucket.name, name) in named:
                    self._written[bucket.name, name] = signature
                    data, blobs = encode(versions, backend, {})
                    entries.append(Entry(bucket.name, name, data, blobs))
        for gone in self._written.keys() - present:
            del self._written[gone]
            entries.append(Entry(*gone, None))
        return entries, True


def _buckets(backend: Any) -> dict[str, Any]:
    return {**backend.buckets, **backend.table_buckets}


def _signature(versions: Iterable[Any]) -> Signature:
    return tuple((id(version), getattr(version, "last_modified", None)) for version in versions)


def _named(request: Request) -> set[tuple[str, str]]:
    """What a request may name: `/BUCKET/KEY`, or `/KEY` of the bucket that begins the host."""
    path = unquote(urlsplit(request.target).path).lstrip("/")
    bucket, _, name = path.partition("/")
    return {(bucket, name), (request.headers.get("host", "").partition(".")[0], path)}
