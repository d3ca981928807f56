"""What a deployment of a REST API consists of: a picture of the API at the time it was deployed.

A stage serves its deployment: what is imported or changed afterwards is not seen before the next one.
https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
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
    """An integration's response, or a gateway response. `parameters` map headers, `templates` content types."""

    status: str | None
    parameters: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path: who may call it, and what answers.

    `function` is the ARN behind an `AWS_PROXY` integration, `mock` what a `MOCK` answers; neither is set where the
    integration is of a kind that is not served here. `timeout` is in seconds.
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
        """The method of a route, `ANY` standing for every other."""
        return self.operations.get((route, method)) or self.operations.get((route, "ANY"))


def snapshot(api: Any) -> Api:
    """A picture of moto's `RestAPI` as it is now."""
    operations = {
        (resource.get_path(), method): _operation(api, resource.id, described)
        for resource in api.resources.values()
        for method, described in resource.resource_methods.items()
    }
    return Api(
        id=api.id,
        routes=RouteIndex(sorted({path for path, _ in operations})),
        operations=operations,
        gateway_responses={
            kind: Answer(_text(answer.status_code), answer.response_parameters or {}, answer.response_templates or {})
            for kind, answer in api.gateway_responses.items()
        },
        binary_media_types=tuple(api.binaryMediaTypes),
    )


def _operation(api: Any, resource_id: str, method: Any) -> Operation:
    authorizer = api.authorizers.get(method.authorizer_id)
    integration = method.method_integration
    found = _FUNCTION.search(integration.uri or "") if integration else None
    responses = (integration.integration_responses or {}).values() if integration else ()
    milliseconds = float((integration.timeout_in_millis if integration else None) or MAX_TIMEOUT * 1000)
    source = (authorizer.identity_source if authorizer else None) or "method.request.header.Authorization"
    return Operation(
        resource_id=resource_id,
        user_pools=tuple(authorizer.provider_arns or ()) if authorizer else None,
        token_header=source.rpartition(".")[2].lower(),
        kind=integration.integration_type if integration else "",
        function=found["arn"] if found else None,
        mock=tuple(
            Answer(_text(response.status_code), response.response_parameters or {}, response.response_templates or {})
            for response in responses
        ),
        timeout=milliseconds / 1000,
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
