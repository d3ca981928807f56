"""Keeps the cloud in step with the project's files: state machines, schedules, functions."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

from chalicelib import plugins
from chalicelib.functions import find
from chalicelib.names import Names
from compiler.compiled import CompiledFlow, Project
from compiler.live_project import LiveProject
from localcloud.endpoint import StepFunctionsService
from localcloud.flow_schedules import FlowSchedules
from localcloud.seeding import STATUS_FUNCTION
from localcloud.workers import FunctionSpec
from stepfunctions.errors import ServiceError

DEFAULT_TIMEOUT = 60  # seconds
DEFAULT_MEMORY = 256  # MB
WATCH_SECONDS = 0.5  # a look at unchanged files takes a tenth of a millisecond
# What may name a state machine of the project: these are answered only once the machine is as its file says.
_ARN_FIELDS = ("stateMachineArn", "executionArn")


class ProjectInCloud:
    """The project's flows as state machines and schedules, its functions as Lambda functions.

    `environment` is what the functions see besides `.chalice/config.json`'s `environment_variables`.
    """

    def __init__(
        self,
        root: Path,
        names: Names,
        service: StepFunctionsService,
        schedules: FlowSchedules,
        environment: dict[str, str],
    ) -> None:
        self._root = root
        self._names = names
        self._service = service
        self._schedules = schedules
        self._environment = {**_configured_environment(root, names.stage), **environment}
        self._lock = threading.RLock()
        self._live = LiveProject(root)
        self._project: Project | None = None
        self._deployed: dict[str, CompiledFlow] = {}
        self._reported: dict[str, tuple[Any, ...]] = {}
        self._specs: dict[str, FunctionSpec] = {}
        self._plugins = plugins.installed(root)
        self._prefixes = (names.state_machine_arn(""), names.execution_arn("", "").removesuffix(":"))

    def before_states(self, _action: str, body: dict[str, Any]) -> None:
        """Bring the state machines up to date before a request that names one of the project's."""
        if any(str(body.get(field, "")).startswith(self._prefixes) for field in _ARN_FIELDS):
            self.sync()

    def before_start(self, state_machine_arn: str) -> None:
        """Bring the state machines up to date before a schedule or an event starts one."""
        if state_machine_arn.startswith(self._prefixes):
            self.sync()

    def watch(self, stop: threading.Event) -> None:
        """Look for changed files until `stop` is set, so that a new schedule counts and a mistake is told at once."""
        told = ""
        while not stop.wait(WATCH_SECONDS):
            try:
                self.sync()
                told = ""
            except Exception as error:  # half-written files, two functions with one name
                if told != str(error):
                    _log(f"the project's files cannot be read: {error}")
                told = str(error)

    def sync(self) -> None:
        """Create, update and delete what has changed in the project's files since the last call."""
        with self._lock:
            project = self._live.project()
            if project is self._project:
                return
            for name in [name for name in self._deployed if name not in project.flows and name not in project.broken]:
                self._remove(name)
            for name, flow in project.flows.items():
                if self._deployed.get(name) != flow:
                    self._deploy(name, flow)
            if self._project is None:  # what ran before this cloud may have left others
                self._schedules.remove_all_but(set(self._deployed))
            for name, findings in project.broken.items():
                if self._reported.get(name) != findings:
                    _log("\n".join([f"flow {name} is broken:", *(f"  {finding}" for finding in findings)]))
            self._reported = dict(project.broken)
            self._specs.clear()
            self._project = project

    def function(self, full_name: str) -> FunctionSpec | None:
        """The project's function whose name on Lambda is `full_name`."""
        if self._plugins is not plugins.installed(self._root):
            self._plugins = plugins.installed(self._root)
            self._specs.clear()
        spec = self._specs.get(full_name)
        if spec is None:
            prefix = self._names.resource("")
            spec = self._describe(full_name.removeprefix(prefix)) if full_name.startswith(prefix) else None
            if spec is not None:
                self._specs[full_name] = spec
        return spec

    def _describe(self, name: str) -> FunctionSpec | None:
        environment = self._environment
        if name == STATUS_FUNCTION:
            handler, timeout, memory = "run_status", DEFAULT_TIMEOUT, DEFAULT_MEMORY
        else:
            function = find(name, self._root)
            if function is None:
                return None
            settings = self._live.project().settings.get(name)
            handler = function.python_name
            if function.plugin is not None:  # named by its folder, so that another version gets other workers
                environment = {**environment, "PLUGIN": function.folder.parent.parent.name}
            timeout = settings.timeout if settings else DEFAULT_TIMEOUT
            memory = settings.memory if settings else DEFAULT_MEMORY
        return FunctionSpec(
            arn=self._names.function_arn(name),
            name=self._names.resource(name),
            code=self._root,
            handler=f"app.{handler}",
            environment=environment,
            timeout=timeout,
            memory=memory,
        )

    def _deploy(self, name: str, flow: CompiledFlow) -> None:
        previous = self._deployed.get(name)
        definition = flow.render(self._names)
        arn = self._names.state_machine_arn(name)
        try:
            if previous is not None and previous.type == flow.type:
                self._service.handle("UpdateStateMachine", {"stateMachineArn": arn, "definition": definition})
            else:
                if previous is not None:
                    self._remove(name)
                self._service.handle(
                    "CreateStateMachine",
                    {
                        "name": self._names.resource(name),
                        "definition": definition,
                        "type": flow.type,
                        "roleArn": f"arn:aws:iam::{self._names.account}:role/{self._names.resource(name)}",
                    },
                )
        except ServiceError as error:
            _log(f"flow {name} cannot be created: {error}")
            return
        self._deployed[name] = flow
        self._schedules.put(name, flow)
        if self._project is not None:
            _log(f"flow {name}: {'updated' if previous else 'added'}")

    def _remove(self, name: str) -> None:
        del self._deployed[name]
        self._service.handle("DeleteStateMachine", {"stateMachineArn": self._names.state_machine_arn(name)})
        self._schedules.remove(name)
        _log(f"flow {name}: removed")


def _configured_environment(root: Path, stage: str) -> dict[str, str]:
    """`environment_variables` of `.chalice/config.json`: those of the project and, above them, of the stage."""
    try:
        config = json.loads((root / ".chalice" / "config.json").read_text())
    except (OSError, ValueError):
        return {}
    stage_config = config.get("stages", {}).get(stage, {})
    return {**config.get("environment_variables", {}), **stage_config.get("environment_variables", {})}


def _log(text: str) -> None:
    sys.stderr.write(text + "\n")
