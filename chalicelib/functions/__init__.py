"""The library functions: found on disk, imported at their first call, called over HTTP or by a flow.

`discovery` lists them, `loading` imports and reloads them, `signature` binds their parameters, `serialising` writes
their results, `calling` runs them, `describing` makes their schemas, `failures` locates what they raise.
"""

from chalicelib.functions.discovery import (
    ClashError,
    Function,
    FunctionError,
    InvalidNameError,
    discover,
    find,
    served,
    survey,
)

__all__ = [
    "ClashError",
    "Function",
    "FunctionError",
    "InvalidNameError",
    "discover",
    "find",
    "served",
    "survey",
]
