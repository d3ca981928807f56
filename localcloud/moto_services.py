"""Which of moto's services a request is for, and the shortest way to its handler.

Moto's own dispatcher takes one lock for every request, and searches its services with regular expressions. Here it is
asked once for each kind of request; what it answered is looked up afterwards, without a lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localcloud.http_messages import Request

JWKS_PATH_END = "/.well-known/jwks.json"

# What moto decides for these by path, host or body as well is asked of it each time.
_UNDECIDED = frozenset(
    {"sagemaker", "s3", "ses", "bedrock", "bedrock-agentcore", "execute-api", "mediastore", "iotdata", "iot"}
)
_UNSIGNED_TARGETS = frozenset({"AWSCognitoIdentityService", "AWSCognitoIdentityProviderService"})
_OTHER_PATHS = ("/moto-api", "/favicon.ico", "/latest/meta-data/", "/latest/api/")

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class MotoService:
    """One of moto's services.

    `package` is that of its modules; `application` answers by WSGI; `handler` is what answers requests to `/`, which
    all requests of AWS's JSON and query protocols are.
    """

    name: str
    package: str
    application: Callable[..., Any]
    handler: Callable[..., Any] | None


class MotoServices:
    """Finds services, and creates each at its first request. Safe to use from many threads.

    Args:
        before: Called with a service's name before moto loads it.
        after: Called with its `BackendDict` before it answers the first request.
    """

    def __init__(self, before: Callable[[str], None], after: Callable[[Any], None]) -> None:
        self._before = before
        self._after = after
        self._dispatcher = DomainDispatcherApplication(self._create)
        self._found: dict[_Key, MotoService] = {}

    def find(self, request: Request, environ: Callable[[Request], Mapping[str, Any]]) -> MotoService:
        """Return the service that a request is for.

        Args:
            request: The request.
            environ: Makes its WSGI environment, by which moto decides.

        Raises:
            ModuleNotFoundError: The service's modules are not installed.
        """
        key = _key(request)
        if key is None:
            return self._ask(environ(request))
        service = self._found.get(key)
        if service is None:
            service = self._found[key] = self._ask(environ(request))
        return service

    def _ask(self, environ: Mapping[str, Any]) -> MotoService:
        service: MotoService = self._dispatcher.get_application(environ).moto_service  # type: ignore[arg-type,attr-defined]
        return service

    def _create(self, name: Any) -> Any:
        from moto.backends import get_backend

        self._before(name)
        application: Any = create_backend_app(name)
        backends: Any = get_backend(name)
        package = str(name)
        if isinstance(backends, BackendDict):
            self._after(backends)
            package = backends.backend.__module__.split(".")[1]
        application.moto_service = MotoService(str(name), package, application, _handler_of_root(application))
        return application


def _key(request: Request) -> _Key | None:
    """Return what determines the service of a request; None if moto has to look at more."""
    target = request.target
    if not target.startswith("/") or target.startswith(_OTHER_PATHS):
        return None
    prefix = request.headers.get("x-amz-target", "").rpartition(".")[0]
    authorization = request.headers.get("authorization")
    if authorization:
        words = authorization.split(",", 1)[0].split()
        parts = words[1].split("/") if len(words) > 1 else []
        if len(parts) != 5 or parts[3].lower() in _UNDECIDED:
            return None
        return parts[3].lower(), parts[2], prefix
    if prefix in _UNSIGNED_TARGETS:
        return "", "", prefix
    if target.endswith(JWKS_PATH_END) and "?" not in target:
        return "", "", JWKS_PATH_END
    return None


def _handler_of_root(application: Any) -> Callable[..., Any] | None:
    """The handler of requests to `/`, where moto's dispatch of operations is that."""
    for rule in application.url_map.iter_rules():
        if rule.rule == "/":
            callback = getattr(application.view_functions[rule.endpoint], "callback", None)
            if callback is not None and callback.__name__ == "dispatch":
                handler: Callable[..., Any] = callback
                return handler
    return None
