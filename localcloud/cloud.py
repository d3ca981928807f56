"""The cloud as a whole: `build` constructs its parts in order and hands each one its collaborators.

foundation = Foundation(settings, listener)    # `foundation.environment` is complete
cloud = build(foundation)                      # requests are answered from here on
cloud.close()
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asl import Observer
from chalicelib.aws_json import AwsError
from chalicelib.names import Names
from compiler.live_project import LiveProject
from localcloud import seeding
from localcloud.browsers import AllowedHosts, AllowedOrigins
from localcloud.client import InProcessClient
from localcloud.demo_user import DemoUserPage
from localcloud.deployments import Deployments
from localcloud.endpoint import Router, endpoint_server
from localcloud.events import EventBus, EventQueue
from localcloud.flow_schedules import FlowSchedules
from localcloud.foundation import Foundation
from localcloud.function_logs.api import LogsApi
from localcloud.function_logs.store import LogStore
from localcloud.functions import CREATED_FUNCTIONS, FunctionRegistry
from localcloud.http_functions import HttpFunctions
from localcloud.iam.permissions import Mode
from localcloud.lambda_api import LambdaApi
from localcloud.lambda_descriptions import LambdaDescriptions
from localcloud.moto_app import run_lambdas_with
from localcloud.pool_invoker import PoolInvoker
from localcloud.project import BrokenFlows, CurrentService, ProjectFlows, ProjectFunctions
from localcloud.schedules import ScheduleChanges, Schedules, moto_entries
from localcloud.settings import CloudSettings, SetupError, remove_if_ours, write_private
from localcloud.state.store import Store
from localcloud.targets import Targets
from localcloud.webhooks import Webhooks
from localcloud.workers import PoolEntry, PoolListener, WorkerPool
from localcloud.workers.lines import write_to_stderr
from stepfunctions import Service
from stepfunctions.store import StoreUnavailable


@dataclass(frozen=True, slots=True)
class Cloud:
    """The AWS APIs on one loopback endpoint, with the project in them. `build` makes one."""

    foundation: Foundation
    pool: WorkerPool
    registry: FunctionRegistry
    service: Service
    schedules: Schedules
    http_functions: HttpFunctions
    _closers: contextlib.ExitStack

    @property
    def settings(self) -> CloudSettings:
        return self.foundation.settings

    @property
    def names(self) -> Names:
        return self.foundation.settings.names

    @property
    def endpoint(self) -> str:
        """The URL of the AWS endpoint."""
        return self.foundation.endpoint

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that a process must have to use this cloud."""
        return self.foundation.environment

    @property
    def client(self) -> InProcessClient:
        """Calls the services that moto emulates."""
        return self.foundation.client

    @property
    def store(self) -> Store:
        """What the cloud keeps."""
        return self.foundation.store

    @property
    def user_pool(self) -> seeding.UserPool:
        return self.foundation.user_pool

    def warm_up(self) -> None:
        """Load in the background what the first calls would wait for."""
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def _warm_up(self) -> None:
        status_function = self.registry.resolve(self.names.function_arn(seeding.STATUS_FUNCTION))
        if status_function is not None:
            self.pool.warm(status_function)
        self.http_functions.warm_up()
        # Moto imports a service at its first request, and all others wait: this one takes a second, unless it is
        # imported before.
        importlib.import_module("moto.ssm.responses")
        with contextlib.suppress(AwsError):
            self.client.call("ssm", "GetParametersByPath", {"Path": self.names.secrets_prefix})
        self.foundation.permissions.warm_up()
        gc.freeze()  # what is loaded stays: looking through it again and again would hold up requests

    def close(self) -> None:
        """Stop answering and end everything that runs."""
        self._closers.close()


def build(
    foundation: Foundation,
    on_status_change: Callable[[dict[str, Any]], None] | None = None,
    *,
    listener: PoolListener = write_to_stderr,
    observer: Observer | None = None,
) -> Cloud:
    """Build a cloud on its foundation, put the project into it, and answer requests from here on.

    Args:
        foundation: The cloud closes it.
        on_status_change: Receives Step Functions' events; None sends them to the event bus, as AWS does.
        listener: Receives what functions print, and the reports of the workers' pool. It must return at once.
        observer: Is told what happens to executions; None tells nobody. It must return at once as well.
    """
    settings, client, environment = foundation.settings, foundation.client, foundation.environment
    names, region, account = settings.names, settings.region, settings.account
    closers = contextlib.ExitStack()
    closers.callback(foundation.close)

    live = LiveProject(settings.root)
    permissions = foundation.permissions
    functions = ProjectFunctions(settings.root, names, live, environment, permissions.credentials)
    has_created = foundation.kept is not None and foundation.kept.has(CREATED_FUNCTIONS)
    folder = settings.functions_folder
    registry = FunctionRegistry(
        region,
        account,
        environment,
        folder,
        functions.find,
        has_created=has_created,
        credentials=permissions.credentials,
    )
    logs = LogStore(_kept_file(settings, "logs.db"))
    closers.callback(logs.close)
    pool = WorkerPool(listener=_to_both(listener, logs.take), on_end=logs.take)
    closers.callback(pool.close)
    lambda_api = LambdaApi(registry, pool)
    run_lambdas_with(registry, lambda_api)

    events, schedule_changes = EventQueue(), ScheduleChanges()
    try:
        service = Service(
            PoolInvoker(registry, pool),
            foundation.endpoint,
            on_status_change=on_status_change or events.publish,
            region=region,
            account=account,
            observer=observer,
            start_refusal=BrokenFlows(live, names),
            store=_kept_file(settings, "stepfunctions.db"),
            authorize=None if permissions.mode is Mode.OFF else permissions.authorize,
        )
    except StoreUnavailable as error:
        closers.close()
        raise SetupError(f"{error}: make it writable, or keep nothing with STATE=memory.") from None
    closers.callback(service.close)
    flow_schedules = FlowSchedules(client, names, foundation.store.facts, schedule_changes)
    webhooks = Webhooks(client, names, service)
    flows = ProjectFlows(live, names, service, flow_schedules, webhooks, permissions)
    current = CurrentService(service, flows)
    changing = foundation.moto.changing
    targets = Targets(current, registry, lambda_api, changing)
    bus = EventBus(events, targets, region, account, changing)
    closers.callback(bus.close)
    entries = functools.partial(moto_entries, account, region, changing)
    schedules = Schedules(entries, targets.deliver, schedule_changes, foundation.store.marks)
    seeding.seed_status_rule(client, names)
    seeding.seed_sweep_rule(client, names)
    flows.sync()
    schedules.start()
    closers.callback(schedules.close)
    closers.callback(flows.watch())

    deployments = Deployments(registry, pool, account, region)
    http_functions = HttpFunctions(functions, pool)
    described = LambdaDescriptions(functions, region, account, DemoUserPage(foundation.store.facts, foundation.moto))
    others = LogsApi(logs, functions, region, account, described)
    router = Router(current, lambda_api, http_functions, deployments, others, schedule_changes, region)
    pages = AllowedOrigins.of_api(settings.api_url)
    server = endpoint_server(
        permissions.guarded(router.respond), foundation.listener, AllowedHosts.from_environment(), pages
    )
    closers.callback(server.server_close)
    threading.Thread(target=server.serve_forever, args=(0.1,), name="endpoint", daemon=True).start()
    closers.callback(server.shutdown)
    document = {
        "endpoint": foundation.endpoint,
        "pid": os.getpid(),
        "environment": environment,
        "application": foundation.application_credentials,
    }
    write_private(settings.cloud_file, document)
    closers.callback(remove_if_ours, settings.cloud_file, "pid", os.getpid())
    service.recover()
    return Cloud(foundation, pool, registry, service, schedules, http_functions, closers)


def _to_both(one: PoolListener, other: PoolListener) -> PoolListener:
    def listener(entry: PoolEntry) -> None:
        one(entry)
        other(entry)

    return listener


def _kept_file(settings: CloudSettings, name: str) -> Path | None:
    """Return a file of the folder that is kept, creating the folder; None if nothing is kept."""
    if not settings.keep:
        return None
    settings.kept_folder.mkdir(mode=0o700, exist_ok=True)
    return settings.kept_folder / name
