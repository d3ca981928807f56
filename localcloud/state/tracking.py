"""Which of moto's back ends a request touches, and the moment at which one begins to exist.

Every handler of moto reaches its own back end and those of other services as `backends[account][region]`. That one
place says what a request may have changed, in whatever service, and where what was kept has to be there first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.base_backend import AccountSpecificBackend, BackendDict, backend_lock

_touched = threading.local()  # .backends: those that this thread's request has touched; absent while nobody asks


def kind_of(backend: Any) -> str:
    """Return the name of the back end's class: moto's names of services are not unique."""
    return f"{type(backend).__module__}:{type(backend).__name__}"


@contextmanager
def recording() -> Iterator[dict[int, Any]]:
    """Collect the back ends that this thread touches, by their identity; what an outer recording has is its own."""
    outer = getattr(_touched, "backends", None)
    touched: dict[int, Any] = {}
    _touched.backends = touched
    try:
        yield touched
    finally:
        _touched.backends = outer


def is_recording() -> bool:
    """Return whether this thread's work is being recorded."""
    return getattr(_touched, "backends", None) is not None


def install(restore: Callable[[Any], None]) -> Callable[[], None]:
    """Follow the accesses to back ends. `restore` is called with each new one, before anybody else gets it.

    Returns:
        A function that puts moto's own access back.
    """
    original = AccountSpecificBackend.__getitem__
    ready: set[tuple[int, str]] = set()

    def access(backends: AccountSpecificBackend[Any], region: str) -> Any:
        if region == "global":
            region = "aws"
        if (id(backends), region) in ready:
            backend = dict.__getitem__(backends, region)
        else:
            with backend_lock:
                new = not dict.__contains__(backends, region)
                backend = original(backends, region)
                if new:
                    restore(backend)
                    ready.add((id(backends), region))
        touched = getattr(_touched, "backends", None)
        if touched is not None:
            touched[id(backend)] = backend
        return backend

    AccountSpecificBackend.__getitem__ = access  # type: ignore[method-assign]

    def remove() -> None:
        AccountSpecificBackend.__getitem__ = original  # type: ignore[method-assign]

    return remove


def backends_of(kind: str) -> Any:
    """Return moto's `BackendDict` of the back end class that `kind_of` names."""
    import importlib

    module_name, _, name = kind.partition(":")
    module = importlib.import_module(module_name)
    wanted = getattr(module, name)
    for value in vars(module).values():
        if isinstance(value, BackendDict) and value.backend is wanted:
            return value
    raise LookupError(kind)
