"""What an expression sees when it is evaluated."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")


class _Missing:
    """The type of `MISSING`: a value that is not there, as opposed to JSON's `null`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()

_NO_VARIABLES: Final[Mapping[str, Any]] = {}


class Host(Protocol):
    """Has other work to do while expressions are evaluated."""

    def give_turn(self) -> None:
        """Called between expressions: the host may do other work before this returns."""

    def elsewhere(self, call: Callable[[], T]) -> T:
        """Make a call that takes long, so that the host can do other work meanwhile."""


class Scope:
    """The data of one evaluation. Nothing in it is ever changed by an expression.

    `data` is the state's (effective) input: `$` in JSONPath, `$states.input` in JSONata.
    `context` is the context object: `$$` in JSONPath, `$states.context` in JSONata.
    `variables` are the assigned variables, `$name` in both languages.
    `result` and `error_output` are `$states.result` and `$states.errorOutput`, `MISSING` where they do not exist.
    `clock` tells the time, in seconds since the epoch: `$now()` and `$millis()` in JSONata.
    `host` has other work to do; without one, an expression takes the time that it takes.
    `held` is about how many bytes of memory the results so far take that can be larger than the data they are made of.
    """

    __slots__ = ("clock", "context", "data", "error_output", "held", "host", "result", "variables")

    def __init__(  # noqa: PLR0913  (everything that an expression can see)
        self,
        data: Any,
        context: Any = None,
        variables: Mapping[str, Any] | None = None,
        result: Any = MISSING,
        error_output: Any = MISSING,
        *,
        clock: Callable[[], float] = time.time,
        host: Host | None = None,
    ) -> None:
        self.data = data
        self.context = {} if context is None else context
        self.variables = _NO_VARIABLES if variables is None else variables
        self.result = result
        self.error_output = error_output
        self.clock = clock
        self.host = host
        self.held = 0
