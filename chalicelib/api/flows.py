"""`/flows`: which flows there are."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from chalicelib import state_machines
from chalicelib.api.http import Answer, Call
from chalicelib.errors import BadRequest, NotFound, Unavailable
from chalicelib.flows.catalog import Catalog, CatalogFlow, catalog
from chalicelib.flows.names import suggestion

MAX_PAGE = 1_000


def list_flows(call: Call) -> Answer:
    """The flows by name, and which of them are broken."""
    known = catalog()
    limit = call.query_number("limit", default=MAX_PAGE, lowest=1, highest=MAX_PAGE)
    after = _read_token(call.query("nextToken"))
    rest = [known.flows[name] for name in sorted(known.flows) if after is None or name > after]
    page = rest[:limit]
    created = state_machines.of([flow.name for flow in page])
    body: dict[str, Any] = {"flows": [_flow(flow, created) for flow in page], "count": len(page)}
    if known.broken:
        body["broken"] = [{"name": name, "errors": list(errors)} for name, errors in sorted(known.broken.items())]
    if len(rest) > limit:
        body["nextToken"] = _token(page[-1].name)
    return Answer(body)


def get_flow(call: Call) -> Answer:
    """One flow."""
    flow = find_flow(call.param("flow_name"))
    return Answer(_flow(flow, state_machines.of([flow.name])))


def find_flow(name: str) -> CatalogFlow:
    """The flow `name`. Raises `NotFound` naming the nearest one, and `Unavailable` if it is broken."""
    known = catalog()
    flow = known.flows.get(name)
    if flow is not None:
        return flow
    if name in known.broken:
        first = next(iter(known.broken[name]), "")
        raise Unavailable(f"The flow {name!r} is broken and cannot run. {first}".strip())
    raise unknown_flow(name, known)


def unknown_flow(name: str, known: Catalog) -> NotFound:
    """The error for a name that is no flow's."""
    hint = suggestion(name, known.flows)
    return NotFound(f"There is no flow {name!r}{f'; {hint}' if hint else '.'} GET /flows lists them.")


def _flow(flow: CatalogFlow, created: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        "name": flow.name,
        "description": flow.description,
        "type": flow.type,
        "schedule": flow.schedule,
        "inputSchema": flow.input_schema,
        "definition": flow.definition,
        "created": created[flow.name],
        **({"plugin": flow.plugin} if flow.plugin else {}),
    }


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _read_token(token: str | None) -> str | None:
    if token is None:
        return None
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), "-_", validate=True).decode()
    except ValueError:
        raise BadRequest("The query parameter 'nextToken' is not one that this list has given.") from None
