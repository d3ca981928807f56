"""Adapts Chalice's command line to this project. `app.py` calls `install` when the command line imports it.

Chalice has no extension points, so methods of its classes are replaced: when `app.py` is imported, its objects already
exist.
"""

from __future__ import annotations

import sys
from typing import Any

from chalice.deploy.swagger import TemplatedSwaggerGenerator
from click import ClickException, get_current_context

from chalicelib import APP_NAME
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
        ClickException: The stage does not exist, is not configured or was deployed from another folder, there is no
            region or there are no credentials, or the installed plugins do not match the lock. Without this check
            Chalice would print a traceback, possibly in the middle of a deployment.
    """
    words = set(sys.argv[1:])
    try:
        stage = _check_configured() if "deploy" in words else None
        if words & _CALLING_AWS:
            cloud = Cloud()
            if stage is not None:
                cloud.check_recorded(stage, PROJECT)
        if words & _PACKAGING:
            ensure(PROJECT, frozen=True)
    except DeploymentError as error:
        raise ClickException(str(error)) from None
    except PluginError as error:
        raise ClickException(f"plugins: {error}") from None
    use_source(LiveProject(PROJECT).catalog)
    package.install()
    TemplatedSwaggerGenerator.generate_swagger = _with_gateway_responses  # type: ignore[assignment, method-assign]


def _check_configured() -> str:
    """Return the stage to deploy, which must be configured."""
    from infrastructure.synthesis import checked_stage

    context = get_current_context(silent=True)
    stage = checked_stage(context.params.get("stage", DEFAULT_STAGE) if context else DEFAULT_STAGE).name
    if not settings.user_pool_id:
        raise DeploymentError(
            f"the stage {stage} is not configured: run `python -m infrastructure.chalice_config --stage {stage}` first"
        )
    return stage


def _with_gateway_responses(self: TemplatedSwaggerGenerator, app: Any, rest_api: Any = None) -> dict[str, Any]:
    definition: dict[str, Any] = _generate(self, app, rest_api)
    definition["info"]["title"] = f"{APP_NAME}-{settings.stage}"  # becomes the name of the API
    complete(definition, settings.cors_origins)
    return definition
