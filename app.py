"""The Chalice application. It registers what `chalicelib` offers and decides nothing.

Every function that a flow uses is a Lambda function whose handler is `app.<name>`; `__getattr__` finds it when Lambda
asks for it, so that cold starts do not grow with the number of functions.
"""

from __future__ import annotations

import gc
from typing import Any

gc.disable()  # nothing that a start imports is garbage, and looking for it takes a twentieth of the time

from chalice.app import Chalice  # noqa: E402

from chalicelib import APP_NAME, api, logs, registration  # noqa: E402
from chalicelib.settings import settings  # noqa: E402

logs.configure()
if settings.in_chalice_cli:
    from chalicelib.settings import PROJECT
    from infrastructure.chalice_hooks import install
    from localcloud.attach import attach

    install()  # decides what `package` and `deploy` put into the zip
    attach(PROJECT)  # gives `chalice local` a cloud; the other commands need none
app = Chalice(app_name=APP_NAME)
api.register(app)
registration.register(app, globals())
gc.freeze()  # what is loaded stays: no later collection looks at it
gc.enable()


@app.lambda_function(name="run-status")
def run_status(event: dict[str, Any], context: Any) -> None:
    """Bring a run's record up to date (EventBridge, "Step Functions Execution Status Change")."""
    from chalicelib.runs import on_status_change

    on_status_change(event)


@app.lambda_function(name="run-sweep")
def run_sweep(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Correct records that say RUNNING although nothing runs (EventBridge, every night)."""
    from chalicelib.runs.sweeping import nightly

    return nightly(context)


@app.lambda_function(name="approvals")
def approvals(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Open an approval: a state that waits for a person calls it with its token."""
    from chalicelib.approvals import from_flow

    return from_flow(event, context)


@app.lambda_function(name="webhooks")
def webhooks(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Send a call that a flow's `notify` declares: the state machine for webhooks repeats it until it succeeds."""
    from chalicelib.webhooks.delivering import deliver

    return deliver(event)


def __getattr__(name: str) -> Any:
    return registration.handler_named(name)
