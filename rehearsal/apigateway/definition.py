"""The deployment of a REST API: a snapshot of the API at the time of deployment.

A stage serves its deployment. Later changes of the API take effect with the next deployment.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.chalice_local import RouteIndex

MAX_TIMEOUT = 29.0  # seconds
_FUNCTION = re.compile(r":lambda:path/[0-9-]+/functions/(?P<arn>[^/]+)/invocations$")


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of an integration, or a gateway response.

    `parameters` are the sources of headers by name, `templates` the bodies by content type.
    """

    status: str | None
    parameters: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path: who may call it, and what answers.

    `user_pools` are the ARNs of the accepted user pools, None without an authorizer. `kind` is the type of the
    integration: `function` is the ARN behind `AWS_PROXY`, and `mock` are the responses of `MOCK`. Other types are not
    served here. `timeout` is in seconds.
    """

    resource_id: str
    user_pools: tuple[str, ...] | None
    token_header: str
    kind: str
    function: str | None
    mock: tuple[Answer, ...]
    timeout: float


@dataclass(frozen=True, slots=True)
class Api:
    """A deployed REST API."""

    id: str
    routes: RouteIndex
    operations: Mapping[tuple[str, str], Operation]
    gateway_responses: Mapping[str, Answer]
    binary_media_types: tuple[str, ...]

    def operation(self, route: str, method: str) -> Operation | None:
        """Return the method of a route, or the route's `ANY` if it doesn't have that method."""
        return self.operations.get((route, method)) or self.operations.get((route, "ANY"))


def snapshot(api: Any) -> Api:
    """Return a snapshot of moto's `RestAPI`."""
    operations = {
        (resource.get_path(), method): _operation(api, resource.id, described)
        for resource in api.resources.values()
        for method, described in resource.resource_methods.items()
    }
    return Api(
        id=api.id,
        routes=RouteIndex(sorted({path for path, _ in operations})),
        operations=operations,
        gateway_responses={kind: _answer(response) for kind, response in api.gateway_responses.items()},
        binary_media_types=tuple(api.binaryMediaTypes),
    )


def _operation(api: Any, resource_id: str, method: Any) -> Operation:
    authorizer = api.authorizers.get(method.authorizer_id)
    source = (authorizer.identity_source if authorizer else None) or "method.request.header.Authorization"
    user_pools = tuple(authorizer.provider_arns or ()) if authorizer else None
    token_header = source.rpartition(".")[2].lower()
    integration = method.method_integration
    if integration is None:
        return Operation(resource_id, user_pools, token_header, "", None, (), MAX_TIMEOUT)
    function = _FUNCTION.search(integration.uri or "")
    return Operation(
        resource_id=resource_id,
        user_pools=user_pools,
        token_header=token_header,
        kind=integration.integration_type,
        function=function["arn"] if function else None,
        mock=tuple(_answer(response) for response in (integration.integration_responses or {}).values()),
        timeout=float(integration.timeout_in_millis or MAX_TIMEOUT * 1000) / 1000,
    )


def _answer(response: Any) -> Answer:
    status = None if response.status_code is None else str(response.status_code)
    return Answer(status, response.response_parameters or {}, response.response_templates or {})
