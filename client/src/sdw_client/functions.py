"""A function: how to call it."""

from __future__ import annotations

from typing import Any

from sdw_client.core import Ask, Core, path
from sdw_client.operations import Async, Bound, Sync, operation
from sdw_client.steps import Response, Steps

Json = Any
"""What a function returns: anything that JSON can express, a string if it is text, otherwise bytes."""


class FunctionOperations(Bound):
    """A function of the API.

    Args:
        core: The client's.
        name: The function's name.
        idempotent: Whether a call may arrive twice. If so, it is also repeated where it may have been begun.
    """

    def __init__(self, core: Core, name: str, idempotent: bool) -> None:
        super().__init__(core)
        self.name = name
        self._idempotent = idempotent

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @operation
    def call(self, body: Any = ..., /, **parameters: Any) -> Steps[Json]:
        """Call the function.

        Args:
            body: The body, anything that JSON can express. Leave it out to send the parameters.
            parameters: The parameters by name.

        Returns:
            What the function returned.

        Raises:
            ApiError: The function refused or failed; `Invalid` if a parameter does not fit.
            TypeError: There are both a body and parameters.
        """
        if body is not ... and parameters:
            raise TypeError("Pass a body or parameters by name, not both.")
        wanted = parameters if body is ... else body
        question = Ask("POST", path("lib", self.name), body=wanted, repeatable=self._idempotent)
        return _value((yield from self._core.ask(question)))


class Function(FunctionOperations, Sync):
    """A function of the sync client: `client.function("greet")(name="Ada")`."""

    def __call__(self, body: Any = ..., /, **parameters: Any) -> Json:
        """Call the function, as `call` does."""
        return self.call(body, **parameters)


class AsyncFunction(FunctionOperations, Async):
    """A function of the async client: `await client.function("greet")(name="Ada")`."""

    async def __call__(self, body: Any = ..., /, **parameters: Any) -> Json:
        """Call the function, as `call` does."""
        return await self.call(body, **parameters)


def _value(response: Response) -> Json:
    if response.media_type == "application/json" or response.media_type.endswith("+json"):
        return response.json() if response.content else None
    if response.media_type.startswith("text/"):
        return response.text
    return response.content
