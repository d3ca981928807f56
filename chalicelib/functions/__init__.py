"""The library functions: found on disk, imported at their first call, called over HTTP or by a flow.

`discovery` lists them, `loading` imports and reloads them, `signature` binds their parameters, `serialising` writes
their results, `calling` runs them, `describing` makes their schemas, `failures` locates what they raise, `other_names`
lets the package `functions` be imported.
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
from chalicelib.functions.other_names import install

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

install()
