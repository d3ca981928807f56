"""Turns the project into a cloud assembly, after checking the stage and the flows."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.settings import PROJECT
from compiler import Project, compile_project
from infrastructure.errors import DeploymentError
from infrastructure.stage import StageError, StageSettings, stage_settings
from infrastructure.stages import DEFAULT_STAGE
from plugin_manager.errors import PluginError
from plugin_manager.freshness import ensure

if TYPE_CHECKING:
    import aws_cdk as cdk

    from infrastructure.stack import FrontDoor

FUNCTION_NAME_LIMIT = 64
STATE_MACHINE_NAME_LIMIT = 80
SCHEDULE_NAME_LIMIT = 64


def synthesise_from_context(outdir: str | None = None, context: dict[str, str] | None = None) -> str:
    """Synthesise the stage that CDK's context names (`-c stage=prod -c api=chalice`).

    Args:
        outdir: The assembly's folder; from CDK's command line, in the environment, if None.
        context: The context; from CDK's command line, in the environment, if None.

    Returns:
        The assembly's folder.

    Raises:
        DeploymentError: The stage does not exist, a flow has errors, or the package cannot be built.
    """
    check_cli_version(os.environ.get("CDK_CLI_VERSION"))
    flows = compiled_flows()
    app = new_app(outdir, context)
    stage = checked_stage(app.node.try_get_context("stage") or DEFAULT_STAGE)
    front_door = checked_front_door(app.node.try_get_context("api") or "cdk")
    return synthesise(app, stage, front_door, flows=flows)


def new_app(outdir: str | None = None, context: dict[str, str] | None = None) -> cdk.App:
    """Create a CDK app without CDK's own validation of templates.

    The validation takes longer than everything else, and ignores nested stacks, which contain nearly everything. The
    tests run cfn-lint on every template instead.

    Args:
        outdir: The assembly's folder; from CDK's command line, in the environment, if None.
        context: The context; from CDK's command line, in the environment, if None.
    """
    from infrastructure.node import use_installed

    use_installed()  # aws_cdk starts Node when it is imported
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
    """Synthesise a stage into the assembly of a CDK app.

    Args:
        app: The CDK app.
        stage: The stage's settings.
        front_door: What deploys the API and the functions.
        project: The folder of `app.py`.
        flows: The project's flows if they are compiled already.

    Returns:
        The assembly's folder.

    Raises:
        DeploymentError: A flow has errors, or the package cannot be built.
    """
    from click import ClickException

    from compiler.permissions.granted import PermissionsError
    from infrastructure.limits import check_assembly
    from infrastructure.stack import StageStack

    flows = checked_flows(stage, project, flows)
    try:
        StageStack(app, stage, flows, front_door, project)
    except ClickException as error:
        raise DeploymentError(error.message) from None
    except PermissionsError as error:
        raise DeploymentError(str(error)) from None
    directory = app.synth().directory
    check_assembly(Path(directory))
    return directory


def check_cli_version(running: str | None, project: Path = PROJECT) -> None:
    """Check that the CDK command line that runs this app understands what the app writes.

    Args:
        running: Its version; None if the app was not run by the command line.
        project: The folder of `package.json`.

    Raises:
        DeploymentError: It is older than the one that package.json pins, or has another major version.
    """
    pinned = json.loads((project / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    if running and (_version(running)[0] != _version(pinned)[0] or _version(running) < _version(pinned)):
        raise DeploymentError(
            f"this is cdk {running}, but the project needs {pinned}: run `npm ci`, then `npx cdk` instead of `cdk`"
        )


def _version(written: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", written)[:3])


def checked_stage(name: str) -> StageSettings:
    """Return the settings of the stage `name`.

    Raises:
        DeploymentError: The stage does not exist, or AWS would reject its settings.
    """
    try:
        return stage_settings(name)
    except StageError as error:
        raise DeploymentError(str(error)) from None


def checked_front_door(name: str) -> FrontDoor:
    """Check what is to deploy the API and the functions.

    Raises:
        DeploymentError: It is neither `cdk` nor `chalice`.
    """
    if name not in ("cdk", "chalice"):
        raise DeploymentError(f"api={name}: must be cdk (the default) or chalice")
    return "chalice" if name == "chalice" else "cdk"


def compiled_flows(project: Path = PROJECT) -> Project:
    """Compile the flows of the project, with plugins as they are locked.

    Raises:
        DeploymentError: A flow has errors, with a line for each, or plugins cannot be installed.
    """
    try:
        ensure(project, frozen=True)
    except PluginError as error:
        raise DeploymentError(f"plugins: {error}") from None
    flows = compile_project(project)
    if flows.errors:
        raise DeploymentError("\n".join(["flows have errors:", *map(str, flows.errors)]))
    return flows


def checked_flows(stage: StageSettings, project: Path = PROJECT, flows: Project | None = None) -> Project:
    """Compile the flows of the project, and check that they can be deployed to a stage.

    Args:
        stage: The stage's settings.
        project: The folder of `app.py`.
        flows: The project's flows if they are compiled already.

    Raises:
        DeploymentError: A flow has errors, or something is too long or too large for AWS, with a line for each.
    """
    from infrastructure.limits import check_flows
    from infrastructure.tokens import template_names

    if flows is None:
        flows = compiled_flows(project)
    names = template_names(stage.name)
    problems = [_too_long("function", name, names.resource(name), FUNCTION_NAME_LIMIT) for name in flows.settings] + [
        _too_long("flow", flow.name, names.state_machine(flow.name, flow.type), STATE_MACHINE_NAME_LIMIT)
        for flow in flows.flows.values()
    ]
    problems += [
        _too_long("scheduled flow", flow.name, flow.name, SCHEDULE_NAME_LIMIT)
        for flow in flows.flows.values()
        if flow.schedule
    ]
    found = [problem for problem in problems if problem]
    if found:
        raise DeploymentError("\n".join(found))
    check_flows(flows, names)
    return flows


def _too_long(what: str, name: str, full: str, limit: int) -> str:
    if len(full) <= limit:
        return ""
    return (
        f"the name of the {what} {name!r} is too long: on AWS it would be {full!r}, which has {len(full)} characters "
        f"(at most {limit}); shorten it"
    )
