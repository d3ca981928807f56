"""A cloud, an identity provider and the API behind the local gateway, for the tests of the application."""

from __future__ import annotations

import http.server
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Chalice
from chalice.config import Config
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwk, jwt

from chalicelib import identity, jwks, secrets, settings, usage
from chalicelib.api.calling import FunctionCaller
from chalicelib.flows.catalog import Catalog, CatalogFlow
from chalicelib.runs import belief, on_status_change
from localcloud.chalice_local import Gateway, ProjectServer
from localcloud.cloud import Cloud, build
from localcloud.foundation import Foundation
from localcloud.http_messages import Request
from localcloud.settings import FUNCTIONS_URL, CloudSettings
from localcloud.sockets import listen

CLIENT_ID = "test-client"
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_test"


class SigningKey:
    """An RSA key of a user pool."""

    def __init__(self, kid: str):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = kid
        self.private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public_pem = public.decode()
        values = jwk.construct(self.public_pem, "RS256").to_dict()
        self.public = {k: v.decode() if isinstance(v, bytes) else v for k, v in values.items()} | {"kid": kid}


class IdentityProvider:
    """Serves its keys over HTTP and signs tokens, as a Cognito user pool does."""

    def __init__(self) -> None:
        self.key = SigningKey("key-1")
        self.published = [self.key.public]
        self.requests = 0
        self.status = 200
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.requests += 1
                body = json.dumps({"keys": provider.published}).encode()
                self.send_response(provider.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/jwks.json"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "sub": str(uuid.uuid4()),
            "iss": ISSUER,
            "aud": CLIENT_ID,
            "token_use": "id",
            "email": "ada@example.com",
            "cognito:username": "ada",
            "iat": now,
            "exp": now + 3600,
        }
        return {key: value for key, value in (claims | changes).items() if value is not None}

    def token(self, *, key: SigningKey | None = None, **changes: Any) -> str:
        key = key or self.key
        return jwt.encode(self.claims(**changes), key.private, algorithm="RS256", headers={"kid": key.kid})


@pytest.fixture(scope="session")
def _provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    yield provider
    provider.server.shutdown()


@pytest.fixture
def provider(_provider: IdentityProvider, clean: pytest.MonkeyPatch) -> IdentityProvider:
    """The identity provider that the application's environment names."""
    _provider.published = [_provider.key.public]
    _provider.requests = 0
    _provider.status = 200
    clean.setenv("USER_POOL_ID", "us-east-1_test")
    clean.setenv("USER_POOL_CLIENT_ID", CLIENT_ID)
    clean.setenv("TOKEN_ISSUER", ISSUER)
    clean.setenv("JWKS_URL", _provider.url)
    return _provider


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Nothing that the application keeps between calls, before and after."""
    for name in ("AWS_LAMBDA_FUNCTION_NAME", "AWS_CHALICE_CLI_MODE", "CORS_ORIGINS", "STAGE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STAGE", "test")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    forget()
    yield monkeypatch
    forget()


def forget() -> None:
    """Drop clients, keys, verified tokens and secrets."""
    jwks.forget()
    identity.forget()
    secrets.forget()
    belief.forget()
    usage.forget()


@dataclass
class LocalCloud:
    """The AWS APIs on this machine. Status events reach the run records only while `events` is set."""

    cloud: Cloud
    events: threading.Event
    delivered: list[dict[str, Any]]

    @property
    def environment(self) -> dict[str, str]:
        return self.cloud.environment

    def create(self, name: str, definition: dict[str, Any], type_: str = "STANDARD") -> None:
        """A state machine under the name that the flow `name` has in the stage."""
        self.cloud.service.handle(
            "CreateStateMachine",
            {
                "name": settings.settings.names.resource(name),
                "definition": json.dumps(definition),
                "type": type_,
                "roleArn": "arn:aws:iam::123456789012:role/secret-role",
            },
        )


@pytest.fixture(scope="package")  # one process has one cloud at a time, as moto is global
def _cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    events, delivered = threading.Event(), list[dict[str, Any]]()
    workers = ThreadPoolExecutor(2)

    def deliver(event: dict[str, Any]) -> None:
        delivered.append(event)
        if events.is_set():
            workers.submit(on_status_change, json.loads(json.dumps(event)))

    settings_ = CloudSettings(root=tmp_path_factory.mktemp("cloud"), keep=False)
    cloud = build(Foundation(settings_, listen(0, "AWS_PORT")), deliver)
    test_cloud = LocalCloud(cloud, events, delivered)
    # moto imports a service at its first request, for longer than the application waits on a busy machine
    cloud.client.call("ssm", "GetParametersByPath", {"Path": "/"})
    yield test_cloud
    workers.shutdown()
    cloud.close()


@pytest.fixture
def cloud(_cloud: LocalCloud, clean: pytest.MonkeyPatch) -> Iterator[LocalCloud]:
    """The cloud, to which the application's environment points."""
    for name, value in _cloud.environment.items():
        if name != FUNCTIONS_URL:  # its folder has no functions
            clean.setenv(name, value)
    _cloud.delivered.clear()
    _cloud.events.set()
    yield _cloud
    _cloud.events.clear()


@dataclass
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    def problem(self, status: int) -> dict[str, Any]:
        """The problem document, which it must be, with this status."""
        assert self.status == status, self.text
        assert self.headers["Content-Type"] == "application/problem+json"
        document: dict[str, Any] = self.json()
        assert {"type", "title", "status", "detail", "requestId"} <= document.keys()
        assert document["status"] == status
        assert document["requestId"] == self.headers["X-Request-Id"]
        assert "Traceback" not in self.text and "arn:aws:iam" not in self.text
        return document


class Api:
    """The application behind the local gateway, called by one user."""

    def __init__(
        self,
        provider: IdentityProvider,
        user: str,
        groups: list[str] | None = None,
        function_caller: FunctionCaller | None = None,
    ):
        import app

        self.user = user
        self.token: str | None = provider.token(**{"sub": user, "cognito:groups": groups})
        self.application = app.app
        config = Config.create(chalice_app=app.app, app_name=app.app.app_name)
        self._gateway = Gateway(app.app, config, function_caller=function_caller)

    def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, age: float = 0.0
    ) -> Reply:
        """Answer a request, which API Gateway got `age` seconds ago."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"host": "localhost", **({"authorization": f"Bearer {self.token}"} if self.token else {})}
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        request = Request(method, path, "HTTP/1.1", sent, list(sent.items()), raw, time.time() - age)
        answer = self._gateway.respond(request)
        return Reply(answer.status, dict(answer.headers), answer.body)

    def get(self, path: str, **options: Any) -> Reply:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        return self.call("POST", path, body, **options)


@contextmanager
def serve(application: Chalice) -> Iterator[str]:
    """The application over HTTP, as `make run` serves it; its URL."""
    listener = listen(0, "PORT")
    config = Config.create(chalice_app=application, app_name=application.app_name)
    server = ProjectServer(application, config, "127.0.0.1", 0, listener=listener).server
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.drain(5)
    server.server_close()


MakeApi = Callable[..., Api]


@pytest.fixture
def make_api(provider: IdentityProvider) -> MakeApi:
    """Makes the API for a user of a new id; without a cloud, usage is not counted."""
    return lambda groups=None: Api(provider, f"user-{uuid.uuid4()}", groups)


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    """The API without a cloud behind it."""
    return make_api()


@pytest.fixture
def cloud_make_api(cloud: LocalCloud, provider: IdentityProvider) -> MakeApi:
    """As `make_api`, with the cloud behind it."""
    return lambda groups=None: Api(provider, f"user-{uuid.uuid4()}", groups)


def flow(name: str, definition: dict[str, Any], **changes: Any) -> CatalogFlow:
    """A flow of the catalog."""
    fields: dict[str, Any] = {
        "name": name,
        "description": f"Does {name}",
        "type": "STANDARD",
        "schedule": None,
        "input": None,
        "input_schema": None,
        "access_groups": (),
        "definition": definition,
        "references": (),
        "functions": (),
    }
    return CatalogFlow(**(fields | changes))


UseFlows = Callable[..., None]


@pytest.fixture
def use_flows(monkeypatch: pytest.MonkeyPatch) -> UseFlows:
    """Makes these flows the project's."""

    def use(*flows: CatalogFlow, broken: dict[str, tuple[str, ...]] | None = None) -> None:
        known = Catalog({flow.name: flow for flow in flows}, broken or {}, {})
        names = "api.flows api.mcp.tools api.openapi api.runs api.workbench runs.outside runs.status_events"
        for module in names.split():
            monkeypatch.setattr(f"chalicelib.{module}.catalog", lambda: known)

    return use


@pytest.fixture
def function_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes functions into an empty project, which then is the one that the application serves."""
    from chalicelib.functions import discovery

    def write(**sources: str) -> Path:
        for name, source in sources.items():
            folder = tmp_path / "chalicelib" / "lib" / name.replace("__", "-")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "handler.py").write_text(source)
        return tmp_path

    monkeypatch.setattr("chalicelib.functions.discover", lambda: discovery.discover(tmp_path))
    monkeypatch.setattr("chalicelib.functions.served", lambda: discovery.served(tmp_path))
    monkeypatch.setattr("chalicelib.functions.find", lambda name: discovery.find(name, tmp_path))
    return write
