"""Writes moto's objects down, and reads them back: pickle, with what pickle can't write.

A back end is a graph of objects that refer to each other, to their own back end and sometimes to others'. Back ends are
written as names, so each has a record of its own. The file can be written only by its owner, whose code this project
runs anyway: that is why pickle is safe here.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import pickle  # nosec B403
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any

from moto.core.base_backend import BaseBackend

from localcloud.state.tracking import backends_of, kind_of

BLOB_BYTES = 32 * 1024
"""Larger bytes and strings (bodies of objects, zips of functions, templates) are written once, by their content."""

Digests = dict[int, tuple[Any, str]]
"""Large values and the digests of their content, by identity; whoever holds it keeps them from being replaced."""

_PLAIN = frozenset({int, float, bool, type(None)})
_LOCK_KINDS = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    threading.Condition: threading.Condition,
    threading.Event: threading.Event,
}


class Encoder(pickle.Pickler):
    """Encodes one record.

    `stand_ins` says what is written for certain objects, by their identity: a name of `EMPTY`, where what the object
    holds has records of its own. `blobs` collects the large bytes by their digest, `digests` the values that they are
    of; those that are in `known` were digested before.
    """

    def __init__(self, file: io.BytesIO, owner: BaseBackend, stand_ins: Mapping[int, str], known: Digests) -> None:
        super().__init__(file, protocol=5)
        self._owner_package = type(owner).__module__.split(".")[1]
        self._stand_ins = stand_ins
        self._known = known
        self.digests: Digests = {}
        self.blobs: dict[str, bytes] = {}

    def persistent_id(self, item: Any) -> Any:
        """Name what is not written here."""
        kind = type(item)
        if kind in _PLAIN:  # most objects, and this is asked of each
            return None
        if kind is str or kind is bytes:
            return (kind.__name__, self._blob(item)) if len(item) > BLOB_BYTES else None
        stand_in = self._stand_ins.get(id(item))
        if stand_in is not None:
            return "empty", stand_in
        if isinstance(item, BaseBackend):
            return "backend", kind_of(item), item.account_id, item.region_name
        if kind.__name__ == "EventSourceMapping" and self._owner_package != "awslambda":
            arn = item.function_arn.split(":")  # Lambda's, which a queue or a table also has
            return "mapping", arn[4], arn[3], item.uuid
        return None

    def _blob(self, item: str | bytes) -> str:
        content = item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item
        found = self.digests.get(id(item)) or self._known.get(id(item))
        digest = found[1] if found is not None else hashlib.sha256(content).hexdigest()
        self.digests[id(item)] = item, digest
        self.blobs[digest] = content
        return digest

    def reducer_override(self, item: Any) -> Any:
        """Write what pickle does not."""
        if (make := _LOCK_KINDS.get(type(item))) is not None:
            return make, ()
        if isinstance(item, defaultdict) and type(item) is not defaultdict:  # their constructors have other parameters
            entries = iter(list(dict.items(item)))
            return _defaultdict, (type(item), item.default_factory), item.__dict__, None, entries
        if isinstance(item, weakref.WeakValueDictionary):
            return weakref.WeakValueDictionary, (), None, None, iter(list(item.items()))
        if isinstance(item, FunctionType) and "<locals>" in item.__qualname__:
            return _local_function, _place_of(item)
        if type(item).__module__.startswith("cryptography.") and hasattr(item, "private_bytes"):
            return _load_key, (_key_bytes(item),)
        return NotImplemented


class Decoder(pickle.Unpickler):
    """Decodes one record. `blob` gives large bytes by their digest."""

    def __init__(self, data: bytes, blob: Callable[[str], bytes]) -> None:
        super().__init__(io.BytesIO(data))
        self._blob = blob

    def persistent_load(self, name: Any) -> Any:
        """Find the object that a name refers to."""
        kind = name[0]
        if kind == "backend":
            return backends_of(name[1])[name[2]][name[3]]
        if kind == "bytes":
            return self._blob(name[1])
        if kind == "str":
            return self._blob(name[1]).decode("utf-8", "surrogatepass")
        if kind == "empty":
            return EMPTY[name[1]]()
        if kind == "mapping":
            backends = backends_of("moto.awslambda.models:LambdaBackend")
            return backends[name[1]][name[2]]._event_source_mappings.get(name[3])
        raise pickle.UnpicklingError(f"unknown name {name!r}")


def encode(
    item: Any, owner: BaseBackend, stand_ins: Mapping[int, str], digests: Digests | None = None
) -> tuple[bytes, dict[str, bytes]]:
    """Return the record of `item` and the large bytes that it names by their digests.

    Args:
        item: What is to be written.
        owner: The back end that it belongs to.
        stand_ins: Names of `EMPTY` for objects that have records of their own, by their identity.
        digests: What the last record of `item` has digested; it is brought up to date.

    Raises:
        Exception: `item` holds something that can't be written, or is changed by another thread meanwhile.
    """
    file = io.BytesIO()
    encoder = Encoder(file, owner, stand_ins, digests if digests is not None else {})
    encoder.dump(item)
    if digests is not None:
        digests.clear()
        digests.update(encoder.digests)
    return file.getvalue(), encoder.blobs


def decode(data: bytes, blob: Callable[[str], bytes]) -> Any:
    """Return what a record describes. Raises whatever its classes raise where they have changed since."""
    return Decoder(data, blob).load()


def _items_of_table() -> Any:
    return defaultdict(dict)


def _keys_of_bucket() -> Any:
    from moto.s3.utils import _VersionedKeyStore

    return _VersionedKeyStore()


EMPTY: Mapping[str, Callable[[], Any]] = {
    "list": list,
    "set": set,
    "items": _items_of_table,
    "keys": _keys_of_bucket,
}
"""Takes the place, in a record, of containers whose entries have records of their own."""


def _defaultdict(kind: type[defaultdict[Any, Any]], factory: Any) -> defaultdict[Any, Any]:
    made = kind.__new__(kind)
    made.default_factory = factory
    return made


def _place_of(function: FunctionType) -> tuple[str, str, int]:
    """Say where a function is defined inside another: module, qualified name, and which of those of that name."""
    if function.__closure__:
        raise pickle.PicklingError(f"{function.__qualname__} refers to variables of the function around it")
    same = _codes(function.__module__, function.__qualname__)
    return function.__module__, function.__qualname__, same.index(function.__code__)


def _local_function(module: str, qualified_name: str, index: int) -> FunctionType:
    code = _codes(module, qualified_name)[index]
    return FunctionType(code, vars(importlib.import_module(module)), code.co_name)


def _codes(module: str, qualified_name: str) -> list[CodeType]:
    """The code objects of that name, in their order in the source."""
    outer, _, _ = qualified_name.partition(".<locals>.")
    place: Any = importlib.import_module(module)
    for name in outer.split("."):
        place = getattr(place, name)
    found: list[CodeType] = []
    pending = [place.__code__]
    while pending:
        for constant in pending.pop(0).co_consts:
            if isinstance(constant, CodeType):
                pending.append(constant)
                if constant.co_qualname == qualified_name:
                    found.append(constant)
    return found


def _key_bytes(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _load_key(data: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return load_der_private_key(data, None)
