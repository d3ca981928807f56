"""ImportRestApi and PutRestApi for OpenAPI 2.0 with API Gateway's extensions, which Chalice and SAM write.

Moto only accepts OpenAPI 3, requires the optional `info.description`, fails on MOCK integrations (they have no `uri`),
and ignores authorizers, gateway responses, binary media types and the endpoint's type. A second import adds a second
resource for each path. Deployments don't keep the API as it was.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.apigateway.exceptions import BadRequestException, InvalidOpenApiModeException
from moto.apigateway.models import APIGatewayBackend, Resource, RestAPI
from moto.apigateway.responses import APIGatewayResponse

from rehearsal.apigateway.front import keep_snapshot

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"})
_EXTENSION = "x-amazon-apigateway-"


_create_rest_api = APIGatewayResponse.create_rest_api
_create_deployment = RestAPI.create_deployment


def install(_endpoint: str) -> None:
    """Replace moto's imports with these, and keep the API with each deployment."""
    APIGatewayBackend.import_rest_api = import_rest_api  # type: ignore[method-assign,assignment]
    APIGatewayBackend.put_rest_api = put_rest_api  # type: ignore[method-assign,assignment]
    APIGatewayResponse.create_rest_api = _endpoint_type(_create_rest_api)  # type: ignore[method-assign]
    RestAPI.create_deployment = _keeping(_create_deployment)  # type: ignore[method-assign]


def import_rest_api(backend: APIGatewayBackend, api_doc: dict[str, Any], fail_on_warnings: bool) -> RestAPI:
    """Create an API from a definition.

    Args:
        backend: Moto's back end of an account and region.
        api_doc: The definition.
        fail_on_warnings: The API's parameter. It has no effect, since nothing warns.

    Raises:
        BadRequestException: The definition is not valid.
    """
    _check(api_doc)
    api = backend.create_rest_api(name=api_doc["info"]["title"], description=api_doc["info"].get("description", ""))
    return put_rest_api(backend, api.id, api_doc, fail_on_warnings, mode="overwrite")


def put_rest_api(
    backend: APIGatewayBackend,
    function_id: str,
    api_doc: dict[str, Any],
    fail_on_warnings: bool,
    mode: str = "merge",
) -> RestAPI:
    """Merge a definition into an API, or overwrite the API with it.

    Args:
        backend: Moto's back end of an account and region.
        function_id: The API's id. The name is moto's.
        api_doc: The definition.
        fail_on_warnings: The API's parameter. It has no effect, since nothing warns.
        mode: merge or overwrite.

    Raises:
        BadRequestException: The definition is not valid.
        InvalidOpenApiModeException: The mode is not valid.
    """
    if mode not in ("merge", "overwrite"):
        raise InvalidOpenApiModeException
    _check(api_doc)
    api = backend.get_rest_api(function_id)
    if mode == "overwrite":
        _reset(api, api_doc)
    api.binaryMediaTypes = list(api_doc.get(_EXTENSION + "binary-media-types", api.binaryMediaTypes))
    if endpoint := api_doc.get(_EXTENSION + "endpoint-configuration"):
        api.endpoint_configuration = endpoint
    if policy := api_doc.get(_EXTENSION + "policy"):
        api.policy = policy
    for kind, answer in api_doc.get(_EXTENSION + "gateway-responses", {}).items():
        status, parameters = answer.get("statusCode"), answer.get("responseParameters") or {}
        api.put_gateway_response(kind, status, parameters, answer.get("responseTemplates") or {})
    for path in sorted(api_doc["paths"]):
        _resource(api, path)  # a path without methods has a resource too
    authorizations = _authorizations(api, api_doc)
    for path, name, described in _methods(api_doc):
        required = [key for entry in described.get("security", api_doc.get("security", [])) for key in entry]
        authorization = next((authorizations[key] for key in required if key in authorizations), _NO_AUTHORIZATION)
        api_key = any(key not in authorizations for key in required)
        _add_method(backend, api, path, _Method(name, described, authorization, api_key))
    return api


@dataclass(frozen=True, slots=True)
class _Authorization:
    """API Gateway's type of authorization, and the id of the authorizer, if it needs one."""

    type: str
    authorizer_id: str | None = None


_NO_AUTHORIZATION = _Authorization("NONE")


@dataclass(frozen=True, slots=True)
class _Method:
    """A method as the definition has it: its name there, its object, and who may call it."""

    name: str
    described: Mapping[str, Any]
    authorization: _Authorization
    needs_api_key: bool

    @property
    def http_method(self) -> str:
        return "ANY" if self.name.lower().startswith("x-") else self.name.upper()


def _reset(api: RestAPI, document: Mapping[str, Any]) -> None:
    """Remove what an API consists of, and rename it as the definition says."""
    api.resources = {api.default.id: api.default}
    api.default.resource_methods = {}
    api.authorizers = {}
    api.gateway_responses = {}
    api.name = document["info"]["title"]
    api.description = document["info"].get("description", "")


def _methods(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the path, the name and the object of every method."""
    for path, methods in sorted(document["paths"].items()):
        for name, described in methods.items():
            if name.lower() in _METHODS:
                yield path, name, described


def _check(document: Any) -> None:
    """Refuse what cannot be imported, before anything is changed.

    Raises:
        BadRequestException: The definition is not valid.
    """
    if not isinstance(document, dict) or not str(document.get("swagger") or document.get("openapi") or ""):
        raise BadRequestException("Invalid OpenAPI input.")
    if not isinstance(document.get("info"), dict) or not document["info"].get("title"):
        raise BadRequestException("Invalid OpenAPI input: the attribute info.title is missing")
    if not isinstance(document.get("paths"), dict):
        raise BadRequestException("Invalid OpenAPI input: the attribute paths is missing")
    for path in document["paths"]:
        if not path.startswith("/"):
            raise BadRequestException(f"Invalid OpenAPI input: the path {path} does not begin with /")
    names = set(_security_schemes(document))
    for path, name, described in _methods(document):
        for requirement in described.get("security", document.get("security", [])):
            if unknown := set(requirement) - names:
                message = f"{name.upper()} {path}: unknown security definition {', '.join(sorted(unknown))}"
                raise BadRequestException(message)


def _security_schemes(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the security schemes by their names, of OpenAPI 2 and 3."""
    return {**document.get("securityDefinitions", {}), **document.get("components", {}).get("securitySchemes", {})}


def _resource(api: RestAPI, path: str) -> Resource:
    """Return the resource of a path. It is created, with its ancestors, if it doesn't exist."""
    resource = api.default
    for part in path.strip("/").split("/") if path != "/" else ():
        children = (child for child in api.resources.values() if child.parent_id == resource.id)
        found = next((child for child in children if child.path_part == part), None)
        resource = found or api.add_child(part, resource.id)
    return resource


def _authorizations(api: RestAPI, document: Mapping[str, Any]) -> dict[str, _Authorization]:
    """Create the authorizers of the security schemes; return what each scheme that isn't an API key requires."""
    authorizations: dict[str, _Authorization] = {}
    for name, scheme in _security_schemes(document).items():
        described = scheme.get(_EXTENSION + "authorizer")
        if described is None:
            if scheme.get(_EXTENSION + "authtype", "").lower() == "awssigv4":
                authorizations[name] = _Authorization("AWS_IAM")
            continue
        cognito = described["type"].lower() == "cognito_user_pools"
        known = next((entry.id for entry in api.authorizers.values() if entry.name == name), None)
        identifier = known or f"{len(api.authorizers):x}{api.id}"[:10]
        api.create_authorizer(
            authorizer_id=identifier,
            name=name,
            authorizer_type=described["type"].upper(),
            provider_arns=described.get("providerARNs"),
            auth_type=scheme.get(_EXTENSION + "authtype"),
            authorizer_uri=described.get("authorizerUri"),
            authorizer_credentials=described.get("authorizerCredentials"),
            identity_source=described.get("identitySource") or f"method.request.header.{scheme['name']}",
            identiy_validation_expression=described.get("identityValidationExpression"),
            authorizer_result_ttl=described.get("authorizerResultTtlInSeconds", 300),
        )
        authorizations[name] = _Authorization("COGNITO_USER_POOLS" if cognito else "CUSTOM", identifier)
    return authorizations


def _add_method(backend: APIGatewayBackend, api: RestAPI, path: str, method: _Method) -> None:
    """Add a method to the resource of a path."""
    resource = _resource(api, path)
    added = resource.add_method(
        method_type=method.http_method,
        authorization_type=method.authorization.type,
        api_key_required=method.needs_api_key,
        operation_name=method.described.get("operationId"),
        authorizer_id=method.authorization.authorizer_id,
        request_parameters=_request_parameters(method.described),
    )
    for status in method.described.get("responses", {}):
        added.create_response(str(status), {}, {})
    integration = method.described.get(_EXTENSION + "integration")
    if integration is not None:
        _put_integration(backend, (api.id, resource.id, method.http_method), integration)


def _request_parameters(described: Mapping[str, Any]) -> dict[str, bool]:
    """Return whether each parameter is required, by API Gateway's name of it: `method.request.querystring.limit`."""
    places = {"path": "path", "query": "querystring", "header": "header"}
    return {
        f"method.request.{places[parameter['in']]}.{parameter['name']}": parameter.get("required", False)
        for parameter in described.get("parameters", [])
        if parameter.get("in") in places
    }


def _put_integration(backend: APIGatewayBackend, place: tuple[str, str, str], integration: Mapping[str, Any]) -> None:
    """Add the integration of a method. `place` is the API's id, the resource's id and the method."""
    arguments = {
        "integration_type": integration["type"].upper(),
        "uri": integration.get("uri", ""),
        "integration_method": integration.get("httpMethod", "POST"),
        "credentials": integration.get("credentials"),
        "request_templates": integration.get("requestTemplates"),
        "passthrough_behavior": integration.get("passthroughBehavior", "when_no_match").upper(),
        "tls_config": integration.get("tlsConfig"),
        "timeout_in_millis": integration.get("timeoutInMillis"),
        "request_parameters": integration.get("requestParameters"),
        "content_handling": integration.get("contentHandling"),
    }
    backend.put_integration(*place, **arguments)
    for pattern, answer in (integration.get("responses") or {}).items():
        backend.put_integration_response(
            *place,
            status_code=str(answer.get("statusCode", 200)),
            selection_pattern="" if pattern == "default" else pattern,
            response_templates=dict(answer.get("responseTemplates") or {}),
            response_parameters=dict(answer.get("responseParameters") or {}),
            content_handling=answer.get("contentHandling"),
        )


def _endpoint_type(original: Callable[..., Any]) -> Callable[..., Any]:
    """Apply ImportRestApi's parameter `endpointConfigurationTypes`, which moto doesn't read."""

    @functools.wraps(original)
    def create_rest_api(self: Any) -> Any:
        answer = original(self)
        kind = self.querystring.get("endpointConfigurationTypes")
        if kind:
            import json

            created = json.loads(answer[2])
            api = self.backend.get_rest_api(created["id"])
            api.endpoint_configuration = {"types": list(kind)}
            return (*answer[:2], json.dumps(api.to_dict()))
        return answer

    return create_rest_api


def _keeping(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keep a snapshot of the API with each deployment, and the settings of a stage that is deployed to again."""

    @functools.wraps(original)
    def create_deployment(self: RestAPI, name: str, description: str, stage_variables: Any = None) -> Any:
        former = self.stages.get(name)
        deployment = original(self, name, description, stage_variables)
        keep_snapshot(self, deployment)
        if former is not None:
            former.deployment_id = deployment.id
            self.stages[name] = former
        return deployment

    return create_deployment
