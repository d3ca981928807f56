"""The cloud as a whole: the services, what is in them from the start, and the endpoint.

cloud = Cloud(settings)      # binds the port
cloud.start()                # services, user pool, tables: `cloud.environment` is complete
cloud.deploy_project()       # flows and functions; requests are answered from here on
cloud.close()
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import threading
from typing import TYPE_CHECKING

from localcloud import seeding
from localcloud.client import AwsError
from localcloud.discovery import running_cloud
from localcloud.settings import (
    HOST,
    CloudSettings,
    SetupError,
    prepare_state_folder,
    remove_if_ours,
    remove_leftovers,
    write_private,
)
from localcloud.state.store import Store
from localcloud.workers import WorkerPool

if TYPE_CHECKING:
    from localcloud.http_server import HttpServer


SCHEDULING_SERVICES = frozenset({"events", "scheduler", "cloudformation"})


class Cloud:
    """The AWS APIs on one loopback endpoint.

    Raises SetupError where the port is taken, nothing can be written, or another cloud has what was kept.
    """

    def __init__(self, settings: CloudSettings) -> None:
        prepare_state_folder(settings)
        self._closers = contextlib.ExitStack()
        self.settings = settings
        self.names = settings.names
        self.store = Store(settings)
        self._closers.callback(self.store.close)
        try:
            if running_cloud(settings.root) is None:
                remove_leftovers(settings)
            self._server = self._bind()
        except BaseException:
            self._closers.close()
            raise
        self.endpoint = f"http://{HOST}:{self._server.port}"
        self.environment = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "localcloud",
            "AWS_SECRET_ACCESS_KEY": "localcloud",
            "AWS_REGION": settings.region,
            "AWS_DEFAULT_REGION": settings.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # StartSyncExecution would go to the host `sync-127.0.0.1`
            "STAGE": settings.stage,
            "ACCOUNT_ID": settings.account,
            # A secret that a developer puts is there at the next call; asking costs little here.
            "SECRETS_REFRESH_SECONDS": os.environ.get("SECRETS_REFRESH_SECONDS") or "1",
        }
        self._closers.callback(self._server.server_close)
        self.pool = WorkerPool()
        self._closers.callback(self.pool.close)

    def start(self) -> None:
        """Start the services and make what exists from the start. `environment` is complete afterwards."""
        from localcloud.client import InProcessClient
        from localcloud.deployments import Deployments
        from localcloud.endpoint import Router
        from localcloud.functions import CREATED_FUNCTIONS, FunctionRegistry
        from localcloud.lambda_api import LambdaApi
        from localcloud.moto_app import MotoApplication, forget_everything, run_lambdas_with
        from localcloud.pool_invoker import PoolInvoker
        from localcloud.state.kept import Kept
        from localcloud.targets import Targets
        from stepfunctions import Service

        settings = self.settings
        region, account = settings.region, settings.account
        self._closers.callback(forget_everything)
        kept = None
        if self.store.database is not None:
            kept = Kept(self.store.database)
            self._closers.callback(kept.close)
        has_functions = kept is not None and kept.has(CREATED_FUNCTIONS)
        self.registry = FunctionRegistry(
            region, account, self.environment, settings.functions_folder, has_created=has_functions
        )
        self.functions = LambdaApi(self.registry, self.pool)
        invoker = PoolInvoker(self.registry, self.pool)
        self.service = Service(invoker, self.endpoint, region=region, account=account)
        self._closers.callback(self.service.close)
        self._moto = MotoApplication(self._server.port, account, kept)
        self.router = Router(self.service, self.functions, self._moto)
        self.router.deployed_apis = Deployments(self.registry, self.pool, account, region)
        run_lambdas_with(self.registry, self.functions)
        self.client = InProcessClient(self.router.respond, region)
        self.targets = Targets(self.service, self.registry, self.functions, self._moto.changing)

        self.user_pool = seeding.seed_user_pool(self.client, self.names)
        issuer = f"https://cognito-idp.{region}.amazonaws.com/{self.user_pool.id}"
        self.environment |= {
            "USER_POOL_ID": self.user_pool.id,
            "USER_POOL_CLIENT_ID": self.user_pool.client_id,
            "TOKEN_ISSUER": issuer,
            "JWKS_URL": f"{self.endpoint}/{self.user_pool.id}/.well-known/jwks.json",
        }
        seeding.seed_tables(self.client, self.names)

    def deploy_project(self) -> None:
        """Put the project's flows and functions into the cloud, and answer requests from here on."""
        from localcloud.events import EventBus
        from localcloud.flow_schedules import FlowSchedules
        from localcloud.project import ProjectInCloud
        from localcloud.schedules import Schedules, moto_entries

        settings = self.settings
        region, account = settings.region, settings.account
        flow_schedules = FlowSchedules(self.client, self.names, self.store.facts)
        project = ProjectInCloud(settings.root, self.names, self.service, flow_schedules, self.environment)
        self.registry.serve_project(project.function)
        bus = EventBus(self.targets, region, account, self._moto.changing)
        self._closers.callback(bus.close)
        self.service.on_status_change(bus.publish)
        seeding.seed_status_rule(self.client, self.names)
        changing = self._moto.changing
        self.schedules = Schedules(
            lambda: moto_entries(account, region, changing), self.targets.deliver, marks=self.store.marks
        )
        project.sync()
        self.router.before_states = project.before_states
        self.targets.before_start = project.before_start
        self.schedules.start()
        stop_watching = threading.Event()
        threading.Thread(target=project.watch, args=(stop_watching,), name="project-files", daemon=True).start()
        self._closers.callback(stop_watching.set)
        self._closers.callback(self.schedules.close)
        self.router.after = self._after

        serving = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="endpoint", daemon=True)
        serving.start()
        self._closers.callback(self._server.shutdown)
        document = {"endpoint": self.endpoint, "pid": os.getpid(), "environment": self.environment}
        write_private(settings.cloud_file, document)
        self._closers.callback(remove_if_ours, settings.cloud_file, "pid", os.getpid())

    def warm_up(self) -> None:
        """Load in the background what the first calls would wait for."""
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def _warm_up(self) -> None:
        status_function = self.registry.resolve(self.names.function_arn(seeding.STATUS_FUNCTION))
        if status_function is not None:
            self.pool.warm(status_function)
        # Moto imports a service at its first request, and all others wait: this one takes a second, unless it is
        # imported before.
        importlib.import_module("moto.ssm.responses")
        with contextlib.suppress(AwsError):
            self.client.call("ssm", "GetParametersByPath", {"Path": self.names.secrets_prefix})
        gc.freeze()  # what is loaded stays: looking through it again and again would hold up requests

    def close(self) -> None:
        """Stop answering and end everything that runs."""
        self._closers.close()

    def _after(self, service: str) -> None:
        if service in SCHEDULING_SERVICES:
            self.schedules.refresh()

    def _bind(self) -> HttpServer:
        from localcloud.endpoint import endpoint_server

        try:
            # the router exists once the services do; nothing is accepted before
            return endpoint_server(lambda request: self.router.respond(request), HOST, self.settings.port)  # noqa: PLW0108
        except OSError as error:
            raise port_error(self.settings.port, "AWS_PORT", error) from None


def port_error(port: int, variable: str, error: OSError) -> SetupError:
    """The one line about a port that cannot be had."""
    return SetupError(f"Port {port} cannot be used ({error.strerror}): free it, or choose another with {variable}.")
