"""The API and the functions, from Chalice's package of the application."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from aws_cdk import CfnOutput, CfnResource, Stack, Token
from chalice import api as chalice_api
from chalice.cdk import Chalice

from chalicelib import APP_NAME
from infrastructure import package
from infrastructure.api_definition import complete
from infrastructure.api_settings import stage_properties
from infrastructure.flows import Uploads, nest
from infrastructure.function_resources import (
    API_STAGE,
    OWN_FUNCTIONS,
    FunctionSettings,
    environment,
    function_templates,
    logging_config,
)
from infrastructure.identity import FUNCTION_ROLE, USER_POOL, USER_POOL_ARN, USER_POOL_CLIENT
from infrastructure.observability import ACCESS_LOG, API_LOG
from infrastructure.resources import attribute
from infrastructure.schedules import DEAD_LETTERS
from infrastructure.stage import StageSettings

API_HANDLER = "APIHandler"  # the logical id of the API's function in Chalice's template
CARRIED_OVER = ("Layers", "ReservedConcurrentExecutions", "VpcConfig")
"""Properties of functions that `.chalice/config.json` may set and stages have no settings for."""


class ChaliceApplication(Chalice):
    """Chalice's construct, with the stage's real name and with settings that Chalice does not support.

    The functions that flows call are moved from the template to `functions`, for nested stacks, since CloudFormation
    allows 500 resources per stack.
    """

    functions: tuple[FunctionSettings, ...]
    runtime: str

    def __init__(self, scope: Stack, stage: StageSettings, project: Path) -> None:
        self._stage = stage
        before = Path.cwd()
        os.chdir(project)  # Chalice works in `chalice.out` of the current folder
        try:
            super().__init__(scope, "Chalice", source_dir=str(project))
        finally:
            os.chdir(before)
            shutil.rmtree(self._sam_package_dir, ignore_errors=True)
            Path(f"{self._sam_package_dir}.sam_with_assets.json").unlink(missing_ok=True)

    @property
    def code(self) -> tuple[str, str]:
        """The bucket and the key of the package, as CloudFormation tokens."""
        asset = self.node.find_child("ChaliceAppCode")
        return asset.s3_bucket_name, asset.s3_object_key

    def _package_app(self) -> None:
        stage = self._stage
        package.install()
        before = dict(os.environ)  # Chalice sets the stage's variables in this process
        # Chalice's command line sets this too; the application then registers the functions that flows call.
        os.environ["AWS_CHALICE_CLI_MODE"] = "true"
        # Chalice needs a region even for packaging; the package does not depend on it.
        os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
        try:
            chalice_api.package_app(
                project_dir=self.source_dir,
                output_dir=self._sam_package_dir,
                stage=stage.name,
                chalice_config={
                    "app_name": APP_NAME,
                    "api_gateway_stage": API_STAGE,
                    "api_gateway_endpoint_type": "REGIONAL",
                    "autogen_policy": False,
                    "manage_iam_role": False,
                    "iam_role_arn": Token.as_string(FUNCTION_ROLE),
                    "lambda_architecture": stage.architecture,
                    "lambda_timeout": stage.api_timeout,
                    "lambda_memory_size": stage.api_memory,
                    "xray": stage.tracing,
                    "automatic_layer": False,  # the layer would not be in the same stack as the functions
                },
            )
        except RuntimeError as error:  # what Chalice raises if .chalice/config.json is invalid
            raise package.PackageError(" ".join(str(error).split())) from None
        finally:
            os.environ.clear()
            os.environ.update(before)
        file = Path(self._sam_package_dir, "sam.json")
        template = json.loads(file.read_text(encoding="utf-8"))
        self._complete(template)
        file.write_text(json.dumps(template), encoding="utf-8")

    def _complete(self, template: dict[str, Any]) -> None:
        stage, resources = self._stage, template["Resources"]
        handler = resources[API_HANDLER]["Properties"]
        self.runtime = handler["Runtime"]
        self.functions = _functions(resources)
        account = Stack.of(self).account
        variables = environment(stage, account, Token.as_string(USER_POOL), Token.as_string(USER_POOL_CLIENT))
        variables = {**_variables(handler), **variables}  # keep those that .chalice/config.json adds
        handler |= {"FunctionName": f"{APP_NAME}-{stage.name}", "Environment": {"Variables": variables}}
        if stage.api_concurrency is not None:
            handler["ReservedConcurrentExecutions"] = stage.api_concurrency
        handler["LoggingConfig"] = logging_config(stage)
        handler.pop("Tags", None)  # the stack adds its own tags
        api = resources["RestAPI"]["Properties"]
        api["OpenApiVersion"] = "2.0"  # otherwise SAM adds a second stage, `Stage`, without these settings
        api |= stage_properties(stage, Token.as_string(attribute(ACCESS_LOG, "Arn")))
        definition = api["DefinitionBody"]
        definition["info"]["title"] = f"{APP_NAME}-{stage.name}"
        complete(definition, stage.cors_origins)
        for scheme in definition.get("securityDefinitions", {}).values():
            authorizer = scheme.get("x-amazon-apigateway-authorizer", {})
            if "providerARNs" in authorizer:
                authorizer["providerARNs"] = [Token.as_string(USER_POOL_ARN)]
        template["Outputs"] = {}  # the stack has its own


def _functions(resources: dict[str, Any]) -> tuple[FunctionSettings, ...]:
    """Move all functions except the API's out of the resources of Chalice's template."""
    from chalicelib.flows.catalog import catalog

    settings = catalog().functions
    application = sys.modules["app"].app
    names = {entry.handler_string: entry.name for entry in application.pure_lambda_functions}
    taken = []
    for key, resource in list(resources.items()):
        if resource["Type"] != "AWS::Serverless::Function" or key == API_HANDLER:
            continue
        properties = resources.pop(key)["Properties"]
        name = names[properties["Handler"]]
        use = settings.get(name)
        timeout, memory = (use.timeout, use.memory) if use else OWN_FUNCTIONS[name]
        taken.append(
            FunctionSettings(
                name,
                properties["Handler"],
                timeout,
                memory,
                {key: properties[key] for key in CARRIED_OVER if key in properties},
                _variables(properties),
            )
        )
    return tuple(taken)


def _variables(properties: dict[str, Any]) -> dict[str, str]:
    variables: dict[str, str] = properties.get("Environment", {}).get("Variables", {})
    return variables


def add_application(uploads: Uploads, stage: StageSettings, project: Path) -> list[CfnResource]:
    """Add the API and the functions to the stage's stack.

    Args:
        uploads: The uploads of that stack.
        stage: The stage's settings.
        project: The folder of `app.py`.

    Returns:
        The nested stacks of the functions.

    Raises:
        PackageError: The package cannot be built.
        StackFullError: The stage's `function_stacks` is too small.
    """
    stack = uploads.stack
    application = ChaliceApplication(stack, stage, project)
    log = stack.node.find_child(API_LOG)
    application.get_resource(API_HANDLER).add_resource_dependency(cast(CfnResource, log))
    bucket, key = application.code
    api_id = application.get_resource("RestAPI").ref
    url = f"https://{api_id}.execute-api.{stack.region}.{stack.url_suffix}/{API_STAGE}/"
    values: Mapping[str, Any] = {
        "ApiUrl": url,
        "CodeBucket": bucket,
        "CodeKey": key,
        "RoleArn": FUNCTION_ROLE,
        "UserPoolId": USER_POOL,
        "UserPoolClientId": USER_POOL_CLIENT,
        "DeadLetterQueueArn": DEAD_LETTERS,
    }
    templates = function_templates(application.functions, stage, application.runtime)
    CfnOutput(stack, "ApiUrl", value=url)
    CfnOutput(stack, "ApiId", value=api_id)
    return [nest(uploads, stage, template, values) for template in templates]
