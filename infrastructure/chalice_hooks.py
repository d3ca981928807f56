"""Adapts Chalice's command line to this project. `app.py` calls `install` when the command line imports it.

Chalice has no extension points, so methods of its classes are replaced: when `app.py` is imported, its objects already
exist.
"""

from __future__ import annotations

import sys
from typing import Any

from chalice.awsclient import TypedAWSClient
from chalice.deploy.swagger import TemplatedSwaggerGenerator
from click import ClickException, get_current_context

from chalicelib import APP_NAME
from chalicelib.flows.catalog import use_source
from chalicelib.settings import PROJECT, settings
from compiler.live_project import LiveProject
from infrastructure import package
from infrastructure.api_definition import complete
from infrastructure.chalice_records import take_over
from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError
from infrastructure.resources import tags
from infrastructure.stage import stage_settings
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
        ClickException: The stage does not exist, is not configured or was deployed by the CDK app, there is no
            region or there are no credentials, or the installed plugins do not match the lock. Without this check
            Chalice would print a traceback, possibly in the middle of a deployment.
    """
    words = set(sys.argv[1:])
    try:
        stage = _check_configured() if "deploy" in words else _stage() if "delete" in words else None
        if words & _CALLING_AWS:
            cloud = Cloud()
            if stage is not None and (taken := take_over(cloud, stage, PROJECT)):
                # Chalice has read its records before it imports the application.
                raise DeploymentError(f"{taken}. Nothing was changed; run the command again")
        if words & _PACKAGING:
            ensure(PROJECT, frozen=True)
    except DeploymentError as error:
        raise ClickException(str(error)) from None
    except PluginError as error:
        raise ClickException(f"plugins: {error}") from None
    use_source(LiveProject(PROJECT).catalog)
    package.install()
    TemplatedSwaggerGenerator.generate_swagger = _with_gateway_responses  # type: ignore[assignment, method-assign]
    TypedAWSClient.import_rest_api = _create_tagged_api  # type: ignore[method-assign]


def _stage() -> str:
    """Return the stage that the command line names, which must exist."""
    from infrastructure.synthesis import checked_stage

    context = get_current_context(silent=True)
    return checked_stage(context.params.get("stage", DEFAULT_STAGE) if context else DEFAULT_STAGE).name


def _check_configured() -> str:
    """Return the stage to deploy, which must be configured."""
    stage = _stage()
    if not settings.user_pool_id:
        raise DeploymentError(
            f"the stage {stage} is not configured: run `python -m infrastructure.chalice_config --stage {stage}` first"
        )
    return stage


def _create_tagged_api(self: TypedAWSClient, swagger_document: dict[str, Any], endpoint_type: str) -> str:
    """Create an API with the stage's tags, by which policy.json tells it apart; ImportRestApi takes none."""
    client = self._client("apigateway")
    created = client.create_rest_api(
        name=swagger_document["info"]["title"],
        endpointConfiguration={"types": [endpoint_type]},
        tags=tags(stage_settings(settings.stage)),
    )
    self.update_api_from_swagger(created["id"], swagger_document)
    return str(created["id"])


def _with_gateway_responses(self: TemplatedSwaggerGenerator, app: Any, rest_api: Any = None) -> dict[str, Any]:
    definition: dict[str, Any] = _generate(self, app, rest_api)
    definition["info"]["title"] = f"{APP_NAME}-{settings.stage}"  # becomes the name of the API
    complete(definition, settings.cors_origins)
    return definition
