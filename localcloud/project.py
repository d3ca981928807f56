"""Keeps the cloud in step with the project's files: state machines, schedules, functions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from asl.language.values import read_json
from chalicelib import plugins
from chalicelib.files import read_text
from chalicelib.functions import find, survey
from chalicelib.names import Names
from compiler.catalog import catalog_of, write_catalog_file
from compiler.compiled import CompiledFlow, Project
from compiler.live_project import LiveProject
from compiler.placeholders import APPROVALS
from compiler.webhook_delivery import FUNCTION as WEBHOOKS
from localcloud.flow_schedules import FlowSchedules
from localcloud.iam.permissions import Permissions
from localcloud.notices import INFO, notice
from localcloud.seeding import STATUS_FUNCTION, SWEEP_FUNCTION
from localcloud.settings import STATE_FOLDER
from localcloud.step_functions import StepFunctionsService
from localcloud.webhooks import Webhooks
from localcloud.workers import FunctionSpec
from stepfunctions.errors import ServiceError

DEFAULT_TIMEOUT = 60  # seconds
SWEEP_TIMEOUT = 900
DEFAULT_MEMORY = 256  # MB
API_MEMORY = 512  # MB, as a stage's `api_memory` is by default
API_FUNCTION = "api"
API_HANDLER = "localcloud.function_sandbox.handler"
WATCH_SECONDS = 0.5  # a look at unchanged files takes a tenth of a millisecond
# What may name a state machine of the project: these are answered only once the machine is as its file says.
_ARN_FIELDS = ("stateMachineArn", "executionArn")

CredentialsOf = Callable[[str, str], dict[str, str]]


class ProjectFunctions:
    """The project's functions as Lambda functions."""

    def __init__(
        self,
        root: Path,
        names: Names,
        live: LiveProject,
        environment: dict[str, str],
        credentials: CredentialsOf = lambda _session, _label: {},
    ) -> None:
        """Prepare.

        Args:
            root: The project's folder.
            names: What the stage's things are called.
            live: The project as its files are, with the functions' settings.
            environment: What functions see, above the `environment_variables` of `.chalice/config.json`.
            credentials: Returns variables with credentials of the functions' role, for the session of a name and
                what to call it for people; by default none.
        """
        self._credentials = credentials
        self._root = root
        self._names = names
        self._live = live
        self._over_http = credentials(names.resource(API_FUNCTION), "a function called over HTTP")
        self._environment = {**_configured_environment(root, names.stage), **environment, **_catalog_variable(root)}
        self._project = live.project()
        self._plugins = plugins.installed(root)
        self._specs: dict[str, FunctionSpec] = {}
        self._status_function = self._spec_of(STATUS_FUNCTION, "run_status", self._environment)

    def find(self, full_name: str) -> FunctionSpec | None:
        """Return the project's function whose name on Lambda is `full_name`, None if there is none."""
        if full_name == self._status_function.name:  # twice in each run; no file says anything about it
            return self._status_function
        project, installed = self._live.project(), plugins.installed(self._root)
        if project is not self._project or installed is not self._plugins:
            self._project, self._plugins, self._specs = project, installed, {}
        spec = self._specs.get(full_name)
        if spec is None:
            prefix = self._names.resource("")
            spec = self._describe(full_name.removeprefix(prefix)) if full_name.startswith(prefix) else None
            if spec is not None:
                self._specs[full_name] = spec
        return spec

    def all(self) -> list[FunctionSpec]:
        """Return the project's functions, those of the framework included, by name."""
        names = sorted({*survey(self._root)[0], STATUS_FUNCTION})
        found = (self.find(self._names.resource(name)) for name in names)
        return [spec for spec in found if spec is not None]  # a file may just have been deleted

    def folder(self, full_name: str) -> Path | None:
        """Return the folder of the code of the project's function `full_name`; None if it is the framework's."""
        function = find(full_name.removeprefix(self._names.resource("")), self._root)
        return None if function is None else function.folder

    def over_http(self, name: str) -> FunctionSpec:
        """Return what a function runs in when it is called over HTTP: the stand-in for the API's Lambda function.

        All functions share its workers, which differ only in the name that their output appears under.

        Args:
            name: The function's name; empty for the API itself.
        """
        return FunctionSpec(
            arn=self._names.function_arn(API_FUNCTION),
            name=self._names.resource(name or API_FUNCTION),
            code=self._root,
            handler=API_HANDLER,
            environment={**self._environment, **self._over_http},
            timeout=DEFAULT_TIMEOUT,
            memory=API_MEMORY,
        )

    def _describe(self, name: str) -> FunctionSpec | None:
        if name in (APPROVALS, WEBHOOKS):
            return self._spec_of(name, name, self._environment)
        if name == SWEEP_FUNCTION:
            return replace(self._spec_of(name, "run_sweep", self._environment), timeout=SWEEP_TIMEOUT)
        function = find(name, self._root)
        if function is None:
            return None
        environment = self._environment
        if function.plugin is not None:  # named by its folder, so that another version gets other workers
            environment = {**environment, "PLUGIN": function.folder.parent.parent.name}
        settings = self._project.settings.get(name)
        spec = self._spec_of(name, function.python_name, environment)
        return spec if settings is None else replace(spec, timeout=settings.timeout, memory=settings.memory)

    def _spec_of(self, name: str, handler: str, environment: dict[str, str]) -> FunctionSpec:
        credentials = self._credentials(self._names.resource(name), f"function {name}")
        return FunctionSpec(
            arn=self._names.function_arn(name),
            name=self._names.resource(name),
            code=self._root,
            handler=f"app.{handler}",
            environment={**environment, **credentials},
            timeout=DEFAULT_TIMEOUT,
            memory=DEFAULT_MEMORY,
        )


class ProjectFlows:
    """The project's flows as state machines and schedules."""

    def __init__(  # noqa: PLR0913, PLR0917  (what it reads, and what it keeps up to date)
        self,
        live: LiveProject,
        names: Names,
        service: StepFunctionsService,
        schedules: FlowSchedules,
        webhooks: Webhooks,
        permissions: Permissions,
    ) -> None:
        """Prepare; `sync` creates what the files say.

        Args:
            live: The project as its files are.
            names: What the stage's things are called.
            service: Where state machines are created.
            schedules: Creates the schedules of flows.
            webhooks: Creates what delivers the webhooks of flows.
            permissions: Told what the roles of flows allow.
        """
        self._live = live
        self._names = names
        self._service = service
        self._schedules = schedules
        self._webhooks = webhooks
        self._permissions = permissions
        self._lock = threading.RLock()
        self._project: Project | None = None
        self._deployed: dict[str, CompiledFlow] = {}
        self._reported: dict[str, tuple[Any, ...]] = {}
        self._prefixes = (names.state_machine_arn(""), names.execution_arn("", "").removesuffix(":"))

    def before_request(self, body: dict[str, Any]) -> None:
        """Bring the state machines up to date before a request to Step Functions that names one of the project's."""
        if any(str(body.get(field, "")).startswith(self._prefixes) for field in _ARN_FIELDS):
            self.sync()

    def watch(self) -> Callable[[], None]:
        """Look for changed files from now on, so that a new schedule counts and a mistake is reported at once.

        Returns:
            What ends this.
        """
        stop = threading.Event()
        threading.Thread(target=self._watch, args=(stop,), name="project-files", daemon=True).start()
        return stop.set

    def _watch(self, stop: threading.Event) -> None:
        told = ""
        while not stop.wait(WATCH_SECONDS):
            try:
                self.sync()
                told = ""
            except Exception as error:  # half-written files, two functions with one name
                if told != str(error):
                    notice(f"the project's files cannot be read: {error}")
                told = str(error)

    def sync(self) -> None:
        """Create, update and delete what has changed in the project's files since the last call."""
        with self._lock:
            project = self._live.project()
            if project is self._project:
                return
            first = self._project is None  # what ran before this cloud may have left others
            if first:
                self._remove_kept(project)
            for name in list(self._deployed):
                if name not in project.flows and name not in project.broken:
                    self._remove(name)
            self._webhooks.prepare(project)
            for name, flow in project.flows.items():
                if self._deployed.get(name) != flow:
                    self._deploy(name, flow)
            if first:
                self._schedules.remove_all_but(set(self._deployed))
            for name, findings in project.broken.items():
                if self._reported.get(name) != findings:
                    notice("\n".join([f"flow {name} is broken:", *(f"  {finding}" for finding in findings)]))
            known = {finding for findings in project.broken.values() for finding in findings}
            unreadable = {path: (item,) for path, item in project.unreadable.items() if item not in known}
            for path, finding in unreadable.items():
                if self._reported.get(path) != finding:
                    notice(str(*finding))
            self._reported = {**project.broken, **unreadable}
            target = _catalog_file(project.root)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_catalog_file(catalog_of(project), target)
            self._project = project
            self._schedules.told()

    def _deploy(self, name: str, flow: CompiledFlow) -> None:
        previous = self._deployed.get(name)
        definition = flow.render(self._names)
        arn = self._names.state_machine_arn(name)
        self._permissions.put_flow(self._role(name), flow.policy(self._names), flow.path.as_posix())
        try:
            if previous is not None and previous.type == flow.type:
                self._service.handle("UpdateStateMachine", {"stateMachineArn": arn, "definition": definition})
            else:
                if previous is not None:
                    self._remove(name)
                self._create(arn, flow.type, name, definition)
        except ServiceError as error:
            notice(f"flow {name} cannot be created: {error}")
            return
        self._deployed[name] = flow
        self._schedules.put(name, flow)
        if self._project is not None:
            notice(f"flow {name}: {'updated' if previous else 'added'}", INFO)

    def _create(self, arn: str, kind: str, name: str, definition: str) -> None:
        """Create a state machine; one that was kept since the last run becomes what the file says now."""
        full_name, role = self._names.resource(name), self._role(name)
        request = {"name": full_name, "definition": definition, "type": kind, "roleArn": role}
        try:
            self._service.handle("CreateStateMachine", request)
            return
        except ServiceError as error:
            if error.code != "StateMachineAlreadyExists":
                raise
        if self._service.handle("DescribeStateMachine", {"stateMachineArn": arn})["type"] == kind:
            changed = {"stateMachineArn": arn, "definition": definition, "roleArn": role}
            self._service.handle("UpdateStateMachine", changed)
        else:
            self._service.handle("DeleteStateMachine", {"stateMachineArn": arn})
            self._service.handle("CreateStateMachine", request)

    def _role(self, name: str) -> str:
        return f"arn:aws:iam::{self._names.account}:role{self._names.flow_role_path}{self._names.resource(name)}"

    def _remove_kept(self, project: Project) -> None:
        """Delete state machines of flows that were removed while nothing ran."""
        current = {self._names.state_machine_arn(name) for name in (*project.flows, *project.broken)}
        current.add(self._names.webhooks_arn)  # deliveries that were waiting go on
        request: dict[str, Any] = {"maxResults": 1000}
        kept: list[str] = []
        while True:
            page = self._service.handle("ListStateMachines", request)
            kept += [machine["stateMachineArn"] for machine in page["stateMachines"]]
            if "nextToken" not in page:
                break
            request["nextToken"] = page["nextToken"]
        for arn in kept:
            if arn.startswith(self._names.state_machine_arn("")) and arn not in current:
                self._service.handle("DeleteStateMachine", {"stateMachineArn": arn})

    def _remove(self, name: str) -> None:
        del self._deployed[name]
        self._service.handle("DeleteStateMachine", {"stateMachineArn": self._names.state_machine_arn(name)})
        self._schedules.remove(name)
        notice(f"flow {name}: removed", INFO)


class BrokenFlows:
    """Says which state machines must not be started, because the file of their flow has errors.

    Nobody starts such a flow: not a request to the API, a client of the AWS endpoint, a schedule or another flow.
    Executions that run go on by the definition that they began with.

    Args:
        live: The project as its files are.
        names: What the stage's things are called.
    """

    def __init__(self, live: LiveProject, names: Names) -> None:
        self._live = live
        self._prefix = names.state_machine_arn("")

    def __call__(self, arn: str) -> str | None:
        """Return why the state machine can't be started, None if it can."""
        name = arn.removeprefix(self._prefix).partition(":")[0]
        findings = self._live.project().broken.get(name) if arn.startswith(self._prefix) else None
        return None if findings is None else f"The flow {name!r} is broken and cannot run. {findings[0]}"


class CurrentService:
    """The Step Functions service, with the project's state machines as their files are at each request."""

    def __init__(self, service: StepFunctionsService, flows: ProjectFlows) -> None:
        self._service = service
        self._flows = flows

    def handle(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer a request.

        Args:
            action: The operation's name.
            body: Its arguments.

        Raises:
            ServiceError: The service refuses it.
        """
        self._flows.before_request(body)
        return self._service.handle(action, body)


def _catalog_file(root: Path) -> Path:
    """Return where functions read what the project's flows are: they compile nothing."""
    return root / STATE_FOLDER / "cache" / "catalog.json"


def _catalog_variable(root: Path) -> dict[str, str]:
    return {"CATALOG_FILE": str(_catalog_file(root))}


def _configured_environment(root: Path, stage: str) -> dict[str, str]:
    """`environment_variables` of `.chalice/config.json`: those of the project and, above them, of the stage."""
    file = root / ".chalice" / "config.json"
    try:
        config = read_json(read_text(file))
        stage_config = config.get("stages", {}).get(stage, {})
        return {**config.get("environment_variables", {}), **stage_config.get("environment_variables", {})}
    except FileNotFoundError:
        return {}
    except OSError as error:
        problem = f"can't be read: {error}"
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        problem = f"is not a Chalice configuration: {error}"
    notice(f"{file} {problem}; continuing without its environment variables.")
    return {}
