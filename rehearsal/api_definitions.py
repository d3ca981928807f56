"""ImportRestApi and PutRestApi for what Chalice and SAM write: OpenAPI 2.0 with API Gateway's extensions.

Moto takes OpenAPI 3 alone, asks for `info.description`, which is optional, gives MOCK integrations no chance (they have
no `uri`), and passes over authorizers, gateway responses, binary media types and the endpoint's type. A second import
adds a second resource for each path. Deployments keep nothing of the API as it was.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
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
    """Replace moto's imports by these, and keep what is deployed."""
    APIGatewayBackend.import_rest_api = import_rest_api  # type: ignore[method-assign,assignment]
    APIGatewayBackend.put_rest_api = put_rest_api  # type: ignore[method-assign,assignment]
    APIGatewayResponse.create_rest_api = _endpoint_type(_create_rest_api)  # type: ignore[method-assign]
    RestAPI.create_deployment = _keeping(_create_deployment)  # type: ignore[method-assign]


def import_rest_api(backend: APIGatewayBackend, api_doc: dict[str, Any], fail_on_warnings: bool) -> RestAPI:
    """Create an API from a definition. Raises BadRequestException where the definition is none."""
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
    """Bring an API in line with a definition. Raises BadRequestException where the definition is none."""
    if mode not in ("merge", "overwrite"):
        raise InvalidOpenApiModeException
    _check(api_doc)
    api = backend.get_rest_api(function_id)
    if mode == "overwrite":
        api.resources = {api.default.id: api.default}
        api.default.resource_methods = {}
        api.authorizers = {}
        api.gateway_responses = {}
        api.name = api_doc["info"]["title"]
        api.description = api_doc["info"].get("description", "")
    api.binaryMediaTypes = list(api_doc.get(_EXTENSION + "binary-media-types", api.binaryMediaTypes))
    if endpoint := api_doc.get(_EXTENSION + "endpoint-configuration"):
        api.endpoint_configuration = endpoint
    if policy := api_doc.get(_EXTENSION + "policy"):
        api.policy = policy
    for kind, answer in api_doc.get(_EXTENSION + "gateway-responses", {}).items():
        status, parameters = answer.get("statusCode"), answer.get("responseParameters") or {}
        api.put_gateway_response(kind, status, parameters, answer.get("responseTemplates") or {})
    authorizers = _authorizers(api, api_doc)
    for path, methods in sorted(api_doc["paths"].items()):
        resource = _resource(api, path)
        for name, described in methods.items():
            if name.lower() in _METHODS:
                required = [key for entry in described.get("security", api_doc.get("security", [])) for key in entry]
                access = next((authorizers[key] for key in required if key in authorizers), ("NONE", ""))
                api_key = any(key not in authorizers for key in required)
                _add_method(backend, api, resource, name, described, access=access, api_key=api_key)
    return api


def _check(document: Any) -> None:
    """Raise BadRequestException for what cannot be imported, before anything has been changed."""
    if not isinstance(document, dict) or not str(document.get("swagger") or document.get("openapi") or ""):
        raise BadRequestException("Invalid OpenAPI input.")
    if not isinstance(document.get("info"), dict) or not document["info"].get("title"):
        raise BadRequestException("Invalid OpenAPI input: the attribute info.title is missing")
    if not isinstance(document.get("paths"), dict):
        raise BadRequestException("Invalid OpenAPI input: the attribute paths is missing")
    names = {*document.get("securityDefinitions", {}), *document.get("components", {}).get("securitySchemes", {})}
    for path, methods in document["paths"].items():
        if not path.startswith("/"):
            raise BadRequestException(f"Invalid OpenAPI input: the path {path} does not begin with /")
        for name, described in methods.items():
            if name.lower() not in _METHODS:
                continue
            for requirement in described.get("security", document.get("security", [])):
                if unknown := set(requirement) - names:
                    raise BadRequestException(f"{name.upper()} {path}: no security definition {', '.join(unknown)}")


def _resource(api: RestAPI, path: str) -> Resource:
    """The resource of a path, made with its ancestors where it is missing."""
    resource = api.default
    for part in path.strip("/").split("/") if path != "/" else ():
        children = (child for child in api.resources.values() if child.parent_id == resource.id)
        found = next((child for child in children if child.path_part == part), None)
        resource = found or api.add_child(part, resource.id)
    return resource


def _authorizers(api: RestAPI, document: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Create the authorizers of the security schemes: by their names, the type of authorization and the id."""
    schemes = {**document.get("securityDefinitions", {}), **document.get("components", {}).get("securitySchemes", {})}
    made: dict[str, tuple[str, str]] = {}
    for name, scheme in schemes.items():
        described = scheme.get(_EXTENSION + "authorizer")
        if described is None:
            if scheme.get(_EXTENSION + "authtype", "").lower() == "awssigv4":
                made[name] = ("AWS_IAM", "")
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
        made[name] = ("COGNITO_USER_POOLS" if cognito else "CUSTOM", identifier)
    return made


def _add_method(
    backend: APIGatewayBackend,
    api: RestAPI,
    resource: Resource,
    name: str,
    described: Mapping[str, Any],
    *,
    access: tuple[str, str],
    api_key: bool,
) -> None:
    method_type = "ANY" if name.lower().startswith("x-") else name.upper()
    method = resource.add_method(
        method_type=method_type,
        authorization_type=access[0],
        api_key_required=api_key,
        operation_name=described.get("operationId"),
        authorizer_id=access[1] or None,
        request_parameters={
            f"method.request.{'querystring' if parameter['in'] == 'query' else parameter['in']}.{parameter['name']}": (
                parameter.get("required", False)
            )
            for parameter in described.get("parameters", [])
            if parameter.get("in") in ("path", "query", "header")
        },
    )
    for status in described.get("responses", {}):
        method.create_response(str(status), {}, {})
    integration = described.get(_EXTENSION + "integration")
    if integration is None:
        return
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
    backend.put_integration(api.id, resource.id, method_type, **arguments)
    for pattern, answer in (integration.get("responses") or {}).items():
        backend.put_integration_response(
            api.id,
            resource.id,
            method_type,
            status_code=str(answer.get("statusCode", 200)),
            selection_pattern="" if pattern == "default" else pattern,
            response_templates=dict(answer.get("responseTemplates") or {}),
            response_parameters=dict(answer.get("responseParameters") or {}),
            content_handling=answer.get("contentHandling"),
        )


def _endpoint_type(original: Callable[..., Any]) -> Callable[..., Any]:
    """ImportRestApi's parameter `endpointConfigurationTypes`, which moto does not read."""

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
    """Keep a picture of the API with each deployment, and the settings of a stage that is deployed to again."""

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
