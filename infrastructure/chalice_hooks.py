"""Adapts Chalice's command line to this project. `app.py` calls `install` when the command line imports it.

Chalice has no extension points, so methods of its classes are replaced: when `app.py` is imported, its objects already
exist.
"""

from __future__ import annotations

import sys
from typing import Any

from chalice.deploy.swagger import TemplatedSwaggerGenerator
from click import ClickException, get_current_context

from chalicelib.flows.catalog import use_source
from chalicelib.settings import PROJECT, settings
from compiler.live_project import LiveProject
from infrastructure import package
from infrastructure.api_definition import complete
from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError
from infrastructure.stages import DEFAULT_STAGE
from plugin_manager.errors import PluginError
from plugin_manager.freshness import ensure

_generate = TemplatedSwaggerGenerator.generate_swagger
_PACKAGING = frozenset({"deploy", "package"})
_CALLING_AWS = frozenset({"delete", "deploy", "invoke", "logs"})


def install() -> None:
    """Make Chalice package as the CDK app does, and `chalice deploy` set the gateway responses of the API.

    The CDK app adds gateway responses to Chalice's template, which another class generates.

    Raises:
        ClickException: The stage does not exist or is not configured, there is no region or there are no credentials,
            or the installed plugins do not match the lock. Without this check Chalice would print a traceback, possibly
            in the middle of a deployment.
    """
    words = set(sys.argv[1:])
    try:
        if "deploy" in words:
            _check_configured()
        if words & _CALLING_AWS:
            Cloud()
        if words & _PACKAGING:
            ensure(PROJECT, frozen=True)
    except DeploymentError as error:
        raise ClickException(str(error)) from None
    except PluginError as error:
        raise ClickException(f"plugins: {error}") from None
    use_source(LiveProject(PROJECT).catalog)
    package.install()
    TemplatedSwaggerGenerator.generate_swagger = _with_gateway_responses  # type: ignore[assignment, method-assign]


def _check_configured() -> None:
    from infrastructure.synthesis import checked_stage

    context = get_current_context(silent=True)
    stage = checked_stage(context.params.get("stage", DEFAULT_STAGE) if context else DEFAULT_STAGE).name
    if not settings.user_pool_id:
        raise DeploymentError(
            f"the stage {stage} is not configured: run `python -m infrastructure.chalice_config --stage {stage}` first"
        )


def _with_gateway_responses(self: TemplatedSwaggerGenerator, app: Any, rest_api: Any = None) -> dict[str, Any]:
    definition: dict[str, Any] = _generate(self, app, rest_api)
    complete(definition, settings.cors_origins)
    return definition
