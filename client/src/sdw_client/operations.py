"""Turns generators of steps into methods: plain ones in classes of the sync client, coroutines in the async one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from sdw_client.core import Core
from sdw_client.steps import Items, Steps

P = ParamSpec("P")
T = TypeVar("T")


class Bound:
    """Something of a client's, which shares its connections and its user."""

    def __init__(self, core: Core) -> None:
        self._core = core


class Sync:
    """Marks the classes of the sync client."""


class Async:
    """Marks the classes of the async client."""


class operation(Generic[P, T]):
    """A method that carries out the steps of a generator and returns its result."""

    def __init__(self, function: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self.steps = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: Sync, owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, instance: Async, owner: Any) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, instance: None, owner: Any) -> Self: ...
    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self

        @wraps(self.steps)
        def method(*args: Any, **kwargs: Any) -> Any:
            return instance._core.driver.run(self.steps(instance, *args, **kwargs))

        return method


class listing(Generic[P, T]):
    """A method that returns an iterator over the pages of a generator, asked for as they are needed."""

    def __init__(self, function: Callable[Concatenate[Any, P], Items[T]]) -> None:
        self.steps = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: Sync, owner: Any) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, instance: Async, owner: Any) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, instance: None, owner: Any) -> Self: ...
    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self

        @wraps(self.steps)
        def method(*args: Any, **kwargs: Any) -> Any:
            return instance._core.driver.iterate(self.steps(instance, *args, **kwargs))

        return method
