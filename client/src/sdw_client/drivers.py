"""Carries out steps: one driver for threads, one for event loops. httpx is imported with the first request."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from sdw_client.errors import UnexpectedAnswer, Unreachable
from sdw_client.steps import Items, Page, Request, Response, Sleep, Step, Steps

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Driver(Protocol):
    """Carries out operations and lists, in its own way."""

    def run(self, steps: Steps[T]) -> Any:
        """Return the result of an operation, or an awaitable of it."""

    def iterate(self, items: Items[T]) -> Any:
        """Return an iterator over a list, or an asynchronous one."""


class SyncDriver:
    """Carries out steps in the calling thread.

    Args:
        transport: Replaces the network, in tests for example.
    """

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._transport = transport
        self._http: httpx.Client | None = None

    def run(self, steps: Steps[T]) -> T:
        """Carry out an operation."""
        result: Any = None
        try:
            step = next(steps)
            while True:
                try:
                    result = self._perform(step)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as stop:
            return cast("T", stop.value)
        finally:
            steps.close()

    def iterate(self, items: Items[T]) -> Iterator[T]:
        """Carry out a list, as far as it is consumed."""
        try:
            step = next(items)
            while True:
                if isinstance(step, Page):
                    yield from step.items
                    step = next(items)
                    continue
                try:
                    result = self._perform(step)
                except Exception as error:
                    step = items.throw(error)
                else:
                    step = items.send(result)
        except StopIteration:
            return
        finally:
            items.close()

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()

    def _perform(self, step: Step) -> Any:
        if isinstance(step, Request):
            return self._send(step)
        if isinstance(step, Sleep):
            return time.sleep(step.seconds)
        return step.function(*step.arguments)

    def _send(self, request: Request) -> Response:
        import httpx

        if self._http is None:
            self._http = httpx.Client(transport=self._transport)
        try:
            answer = self._http.request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                timeout=request.timeout,
            )
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise _failure(request, error) from error
        return _response(answer)


class AsyncDriver:
    """Carries out steps in an event loop.

    Args:
        transport: Replaces the network, in tests for example.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._http: httpx.AsyncClient | None = None

    async def run(self, steps: Steps[T]) -> T:
        """Carry out an operation."""
        try:
            step = next(steps)
            while True:
                try:
                    result = await self._perform(step)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as stop:
            return cast("T", stop.value)
        finally:
            steps.close()

    async def iterate(self, items: Items[T]) -> AsyncIterator[T]:
        """Carry out a list, as far as it is consumed."""
        try:
            step = next(items)
            while True:
                if isinstance(step, Page):
                    for item in step.items:
                        yield item
                    step = next(items)
                    continue
                try:
                    result = await self._perform(step)
                except Exception as error:
                    step = items.throw(error)
                else:
                    step = items.send(result)
        except StopIteration:
            return
        finally:
            items.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _perform(self, step: Step) -> Any:
        import asyncio
        import inspect

        if isinstance(step, Request):
            return await self._send(step)
        if isinstance(step, Sleep):
            return await asyncio.sleep(step.seconds)
        result = step.function(*step.arguments)
        return await result if inspect.isawaitable(result) else result

    async def _send(self, request: Request) -> Response:
        import httpx

        if self._http is None:
            self._http = httpx.AsyncClient(transport=self._transport)
        try:
            answer = await self._http.request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                timeout=request.timeout,
            )
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise _failure(request, error) from error
        return _response(answer)


def _response(answer: httpx.Response) -> Response:
    return Response(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content)


def _failure(request: Request, error: Exception) -> Unreachable | UnexpectedAnswer:
    import httpx

    if isinstance(error, httpx.DecodingError):
        return UnexpectedAnswer(f"The answer can't be decompressed: {error}")
    never_sent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
    reason = str(error) or type(error).__name__
    address = request.url.partition("?")[0]
    return Unreachable(
        f"No answer from {address}: {reason}", sent=not isinstance(error, (*never_sent, httpx.InvalidURL))
    )
