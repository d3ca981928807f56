"""From the project to a cloud assembly."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.settings import PROJECT
from compiler import Project, compile_project
from infrastructure.errors import DeploymentError
from infrastructure.stages import DEFAULT_STAGE, StageError, StageSettings, stage_settings
from plugin_manager.errors import PluginError
from plugin_manager.freshness import ensure

if TYPE_CHECKING:
    import aws_cdk as cdk

    from infrastructure.stack import FrontDoor

FUNCTION_NAME_LIMIT = 64
STATE_MACHINE_NAME_LIMIT = 80
SCHEDULE_NAME_LIMIT = 64


def synthesise_from_context(outdir: str | None = None, context: dict[str, str] | None = None) -> str:
    """Synthesise the stage that CDK's context names (`-c stage=prod -c api=chalice`); returns the assembly's folder.

    Args:
        outdir: Where to; CDK's command line says so by the environment.
        context: The context; CDK's command line passes it by the environment.

    Raises:
        DeploymentError: There is no such stage, a flow is broken, or the package cannot be made.
    """
    check_cli_version(os.environ.get("CDK_CLI_VERSION"))
    flows = compiled_flows()
    app = new_app(outdir, context)
    stage = checked_stage(app.node.try_get_context("stage") or DEFAULT_STAGE)
    front_door = checked_front_door(app.node.try_get_context("api") or "cdk")
    return synthesise(app, stage, front_door, flows=flows)


def new_app(outdir: str | None = None, context: dict[str, str] | None = None) -> cdk.App:
    """A CDK app without CDK's own validation of templates.

    That takes longer than all the rest and looks at no nested stack, where nearly everything is; the tests run cfn-lint
    on every template instead.
    """
    import aws_cdk as cdk

    return cdk.App(outdir=outdir, context=context, analytics_reporting=False, builtin_cloud_formation_validation=False)


def synthesise(
    app: cdk.App,
    stage: StageSettings,
    front_door: FrontDoor = "cdk",
    project: Path = PROJECT,
    *,
    flows: Project | None = None,
) -> str:
    """Synthesise a stage into the assembly of the CDK app `app`; returns the assembly's folder.

    `flows` are those of the project where they are compiled already.

    Raises:
        DeploymentError: A flow is broken, or the package cannot be made.
    """
    from click import ClickException

    from compiler.permissions.granted import PermissionsError
    from infrastructure.nested_stacks import StackFullError
    from infrastructure.stack import StageStack

    flows = checked_flows(stage, project, flows)
    try:
        StageStack(app, stage, flows, front_door, project)
    except ClickException as error:
        raise DeploymentError(error.message) from None
    except (PermissionsError, StackFullError) as error:
        raise DeploymentError(str(error)) from None
    return app.synth().directory


def check_cli_version(running: str | None, project: Path = PROJECT) -> None:
    """Make sure that the command line of CDK that runs this app understands what the app writes.

    Raises:
        DeploymentError: It is older than the one that package.json pins, or of another generation.
    """
    pinned = json.loads((project / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    if running and (_version(running)[0] != _version(pinned)[0] or _version(running) < _version(pinned)):
        raise DeploymentError(
            f"this is cdk {running}, and the project needs {pinned}: run `npm ci`, then `npx cdk` instead of `cdk`"
        )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def checked_stage(name: str) -> StageSettings:
    """The settings of the stage `name`.

    Raises:
        DeploymentError: There is none, or AWS would not take its settings.
    """
    try:
        return stage_settings(name)
    except StageError as error:
        raise DeploymentError(str(error)) from None


def checked_front_door(name: str) -> FrontDoor:
    """Who deploys the API and the functions.

    Raises:
        DeploymentError: It is neither CDK nor Chalice.
    """
    if name not in ("cdk", "chalice"):
        raise DeploymentError(f"api={name}: it is cdk (the default) or chalice")
    return "chalice" if name == "chalice" else "cdk"


def compiled_flows(project: Path = PROJECT) -> Project:
    """The compiled flows of the project, with the plugins that are locked.

    Raises:
        DeploymentError: One line for each error in a flow.
    """
    try:
        ensure(project, frozen=True)
    except PluginError as error:
        raise DeploymentError(f"plugins: {error}") from None
    flows = compile_project(project)
    if flows.errors:
        raise DeploymentError("\n".join(["flows are broken:", *map(str, flows.errors)]))
    return flows


def checked_flows(stage: StageSettings, project: Path = PROJECT, flows: Project | None = None) -> Project:
    """The compiled flows of the project, all of which can be deployed to the stage.

    Raises:
        DeploymentError: One line for each error in a flow, and each name that is too long on AWS.
    """
    from infrastructure.tokens import template_names

    if flows is None:
        flows = compiled_flows(project)
    names = template_names(stage.name)
    problems = [_too_long("function", name, names.resource(name), FUNCTION_NAME_LIMIT) for name in flows.settings] + [
        _too_long("flow", name, names.resource(name), STATE_MACHINE_NAME_LIMIT) for name in flows.flows
    ]
    problems += [
        _too_long("scheduled flow", flow.name, flow.name, SCHEDULE_NAME_LIMIT)
        for flow in flows.flows.values()
        if flow.schedule
    ]
    found = [problem for problem in problems if problem]
    if found:
        raise DeploymentError("\n".join(found))
    return flows


def _too_long(what: str, name: str, full: str, limit: int) -> str:
    if len(full) <= limit:
        return ""
    return f"the {what} {name!r} would be called {full!r} on AWS, {len(full)} characters of {limit}: shorten its name"
