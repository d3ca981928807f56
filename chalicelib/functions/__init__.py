"""The library functions: found on disk, imported at their first call, called from HTTP or from a flow.

`discovery` lists them, `loading` imports and reloads them, `signature` binds what they take and serialises what they
return, `calling` runs them.
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
