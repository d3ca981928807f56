"""`/lib`: the library functions.

One route serves them all, so that a new function is served at the next call, cold starts do not grow with their number,
and API Gateway's quota of resources (300) does not matter.
"""

from __future__ import annotations

from chalicelib import functions
from chalicelib.api.calling import caller_of, proxy_event
from chalicelib.api.http import Answer, Call
from chalicelib.api.paging import page_of
from chalicelib.errors import NotFound
from chalicelib.flows.suggestions import suggestion


def list_functions(call: Call) -> Answer:
    """Answer with the functions by name, with the schemas of their input and output."""
    known = functions.served()
    names, more = page_of(call, known)
    described = caller_of(call).describe([known[name] for name in names])
    return Answer({"functions": [one.to_json() for one in described], "count": len(names), **more})


def call_function(call: Call) -> Answer:
    """Answer with what a function returns.

    Raises:
        NotFound: There is no such function.
        DomainError: The failure, as the caller may see it.
    """
    name = call.param("function_name")
    function = functions.find(name)
    if function is None:
        hint = suggestion(name, functions.served())
        raise NotFound(f"There is no function {name!r}{f'; {hint}' if hint else '.'} GET /lib lists them.")
    return caller_of(call).call(function, proxy_event(call), call.context)
