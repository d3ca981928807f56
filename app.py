"""The Chalice application: it registers what `chalicelib` offers and decides nothing.

Every function that a flow uses is a Lambda function whose handler is `app.<name>`; `__getattr__` finds it when Lambda
asks for it, so that no cold start grows with the number of functions.
"""

from __future__ import annotations

from typing import Any

from chalice.app import Chalice

from chalicelib import api, logs, registration
from chalicelib.names import APP_NAME
from chalicelib.settings import settings

logs.configure()
if settings.in_chalice_cli:
    from chalicelib.settings import PROJECT
    from infrastructure.chalice_hooks import install
    from localcloud.attach import attach

    install()  # what `package` and `deploy` put into the zip
    attach(PROJECT)  # gives `chalice local` a cloud; the other commands get nothing
app = Chalice(app_name=APP_NAME)
api.register(app)
registration.register(app, globals())


@app.lambda_function(name="run-status")
def run_status(event: dict[str, Any], context: Any) -> None:
    """Bring a run's record up to date (EventBridge, "Step Functions Execution Status Change")."""
    from chalicelib.runs import on_status_change

    on_status_change(event)


def __getattr__(name: str) -> Any:
    return registration.handler_named(name)
