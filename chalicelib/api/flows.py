"""`/flows`: the project's flows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib import state_machines
from chalicelib.api.http import Answer, Call
from chalicelib.api.paging import page_of
from chalicelib.errors import NotFound, Unavailable
from chalicelib.flows.catalog import Catalog, CatalogFlow, catalog
from chalicelib.flows.suggestions import suggestion


def list_flows(call: Call) -> Answer:
    """Answer with the flows by name, and with those that are broken."""
    known = catalog()
    names, more = page_of(call, known.flows)
    created = state_machines.of(names)
    body: dict[str, Any] = {"flows": [_flow(known.flows[name], created) for name in names], "count": len(names)}
    if known.broken:
        body["broken"] = [
            {"name": name, "errors": list(errors), **(known.details(name) or {})}
            for name, errors in sorted(known.broken.items())
        ]
    return Answer(body | more)


def get_flow(call: Call) -> Answer:
    """Answer with one flow as in the list; with `details=true` also with its file, graph, labels and permissions."""
    flow = find_flow(call.param("flow_name"))
    details: dict[str, Any] = {}
    if call.query("details") == "true":
        details = {**(catalog().details(flow.name) or {}), "labels": dict(flow.labels)}
    return Answer({**details, **_flow(flow, state_machines.of([flow.name]))})


def find_flow(name: str) -> CatalogFlow:
    """Return the flow `name`.

    Raises:
        NotFound: There is no such flow; names the nearest one.
        Unavailable: The flow is broken.
    """
    known = catalog()
    flow = known.flows.get(name)
    if flow is not None:
        return flow
    if name in known.broken:
        first = next(iter(known.broken[name]), "")
        raise Unavailable(f"The flow {name!r} is broken and cannot run. {first}".strip())
    raise unknown_flow(name, known)


def unknown_flow(name: str, known: Catalog) -> NotFound:
    """Return the error for an unknown flow."""
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
        **({"nextRun": next_run} if (next_run := _next_run(flow)) else {}),
        **({"plugin": flow.plugin} if flow.plugin else {}),
    }


def _next_run(flow: CatalogFlow) -> str | None:
    """Return when the flow's schedule fires next; of a rate, only AWS knows when it began."""
    schedule = flow.schedule
    if schedule is None or not schedule["enabled"] or schedule["expression"].startswith("rate"):
        return None
    from datetime import UTC, datetime

    from chalicelib.flows.schedule import ScheduleError, parse_schedule

    try:
        moment = parse_schedule(schedule["expression"], schedule["timezone"]).next_after(datetime.now(UTC))
    except ScheduleError:  # the machine that compiled the flow may know more time zones
        return None
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
