"""The project's flows for the testing kit: `asl_flow_loader = compiler.testing:load` in pyproject.toml.

A flow's tasks call the project's own functions, and the flows that it starts run as well, all in the test's process and
without waiting. A test stubs whatever it does not want to run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from asl.testing import FlowSource, RemoteFlow, TaskFailed
from chalicelib.names import LIVE, Names
from chalicelib.settings import PROJECT
from compiler import compile_project
from compiler.cli.runner import (
    NAMES,
    START_EXECUTION,
    FlowRunner,
    callables,
    input_text,
    nested_outcome,
    no_such_flow,
)
from compiler.compiled import Project


class ProjectFlows:
    """Finds the flows of the project in the folder `root`."""

    def __init__(self, root: Path = PROJECT) -> None:
        self.root = root

    def __call__(self, name: str) -> FlowSource:
        """Return the flow called `name`.

        Raises:
            LookupError: The flow is broken, with what is wrong; or there is no such flow, with those that exist.
        """
        flow = self._project.flows.get(name)
        if flow is None:
            problems = self._project.broken.get(name)
            if problems:
                raise LookupError(f"the flow {name!r} is broken: " + "; ".join(map(str, problems)))
            raise LookupError(f"there is no flow {name!r}; the flows are {', '.join(self.names())}")
        return FlowSource(name, flow.render(NAMES), flow.type, self._tasks)

    def names(self) -> list[str]:
        """Return the names of all flows, so that the coverage report also lists those without a test."""
        return sorted(self._project.flows)

    def deployed(self, name: str, stage: str) -> RemoteFlow:
        """Return the flow called `name` on a deployed stage, with the caller's AWS credentials.

        The stage `local` is that of `make run`.

        Raises:
            LookupError: There is no such flow, or the local cloud doesn't run.
        """
        import boto3

        if name not in self._project.flows:
            self(name)
        options: dict[str, Any] = {}
        if stage == NAMES.stage:
            try:
                session = json.loads((self.root / ".localcloud" / "session.json").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                raise LookupError("the stage local doesn't run: start it with `make run`") from None
            options = {
                "endpoint_url": session["awsEndpoint"],
                "region_name": NAMES.region,
                "aws_access_key_id": "local",
                "aws_secret_access_key": "local",
            }
            names = NAMES
        else:
            account = boto3.client("sts").get_caller_identity()["Account"]
            names = Names(stage, boto3.session.Session().region_name, account, alias=LIVE)
        return RemoteFlow(
            name,
            names.state_machine_arn(name, self._project.flows[name].type),
            boto3.client("stepfunctions", **options),
            stage,
        )

    @cached_property
    def _project(self) -> Project:
        return compile_project(self.root)

    @cached_property
    def _tasks(self) -> dict[str, Callable[..., Any]]:
        tasks: dict[str, Callable[..., Any]] = dict(callables(self.root))
        for pattern in ("", ".sync", ".sync:2"):
            tasks[START_EXECUTION + pattern] = self._starter(pattern)
        return tasks

    def _starter(self, pattern: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def start(parameters: dict[str, Any]) -> dict[str, Any]:
            """Run the flow that a state starts until it ends, whatever the pattern."""
            runner = FlowRunner(self._project, skip_time=True)
            flow = runner.started_flow(parameters)
            if flow is None:
                raise TaskFailed(*no_such_flow(parameters))
            try:
                execution = runner.run(flow, input_text(parameters))
                execution.wait()
            finally:
                runner.engine.close()
            described = nested_outcome(execution, pattern)
            if not pattern:
                return {key: described[key] for key in ("ExecutionArn", "StartDate")}
            if execution.status != "SUCCEEDED":
                raise TaskFailed("States.TaskFailed", json.dumps(described))
            return described

        return start


load = ProjectFlows()
