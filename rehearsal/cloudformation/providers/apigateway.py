"""AWS::ApiGateway: REST APIs that are defined by a body."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider, tag_map

_SETTINGS = {
    "MetricsEnabled": "metrics/enabled",
    "LoggingLevel": "logging/loglevel",
    "DataTraceEnabled": "logging/dataTrace",
    "ThrottlingRateLimit": "throttling/rateLimit",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "CachingEnabled": "caching/enabled",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
}
_ACCESS_LOG = {"DestinationArn": "destinationArn", "Format": "format"}


class RestApi(Provider):
    type = "AWS::ApiGateway::RestApi"

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        client = aws.client("apigateway")
        body = properties["Body"]
        types = (properties.get("EndpointConfiguration") or {}).get("Types") or ["EDGE"]
        parameters = {"endpointConfigurationTypes": types[0]}
        api = client.import_rest_api(body=json.dumps(body), parameters=parameters)
        if name := properties.get("Name"):
            patch = {"op": "replace", "path": "/name", "value": name}
            client.update_rest_api(restApiId=api["id"], patchOperations=[patch])
        return Physical(api["id"], {"RestApiId": api["id"], "RootResourceId": api["rootResourceId"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        if properties["Body"] != former["Body"]:
            body = json.dumps(properties["Body"])
            aws.client("apigateway").put_rest_api(restApiId=physical.id, mode="overwrite", body=body)
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("apigateway").delete_rest_api(restApiId=physical.id)


class Deployment(Provider):
    type = "AWS::ApiGateway::Deployment"
    never_updated = True

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        parameters = {"description": properties.get("Description", "")}
        if stage := properties.get("StageName"):
            parameters["stageName"] = stage
        created = aws.client("apigateway").create_deployment(restApiId=properties["RestApiId"], **parameters)
        return Physical(created["id"], {"DeploymentId": created["id"]})

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("apigateway").delete_deployment(restApiId=properties["RestApiId"], deploymentId=physical.id)


class Stage(Provider):
    type = "AWS::ApiGateway::Stage"
    replaced_by = frozenset({"RestApiId", "StageName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties["StageName"]
        aws.client("apigateway").create_stage(
            restApiId=properties["RestApiId"],
            stageName=name,
            deploymentId=properties["DeploymentId"],
            description=properties.get("Description", ""),
            variables=properties.get("Variables", {}),
            tracingEnabled=properties.get("TracingEnabled", False),
            tags=tag_map(properties),
        )
        return self.update(aws, Physical(name), properties, {"DeploymentId": properties["DeploymentId"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        patches: list[dict[str, Any]] = []
        if properties["DeploymentId"] != former["DeploymentId"]:
            patches.append(_replace("/deploymentId", properties["DeploymentId"]))
        if properties.get("TracingEnabled") != former.get("TracingEnabled"):
            patches.append(_replace("/tracingEnabled", properties.get("TracingEnabled", False)))
        for setting in properties.get("MethodSettings", []):
            resource = setting["ResourcePath"].removeprefix("/").replace("/", "~1") or "~1"
            where = f"/{resource}/{setting['HttpMethod']}/"
            patches += [_replace(where + path, setting[key]) for key, path in _SETTINGS.items() if key in setting]
        for key, path in _ACCESS_LOG.items():
            value = properties.get("AccessLogSetting", {}).get(key)
            if value is not None:
                patches.append(_replace(f"/accessLogSettings/{path}", value))
        if "AccessLogSetting" in former and "AccessLogSetting" not in properties:
            patches.append({"op": "remove", "path": "/accessLogSettings"})
        if patches:
            client = aws.client("apigateway")
            client.update_stage(restApiId=properties["RestApiId"], stageName=physical.id, patchOperations=patches)
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("apigateway").delete_stage(restApiId=properties["RestApiId"], stageName=physical.id)


def _replace(path: str, value: Any) -> dict[str, str]:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"op": "replace", "path": path, "value": text}
