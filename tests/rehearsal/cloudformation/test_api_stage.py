"""The stage of an API, on the local CloudFormation."""

from __future__ import annotations

import json
from dataclasses import replace

from infrastructure.api_settings import FORMAT, stage_properties
from infrastructure.stages import PROD
from localcloud.cloud import Cloud
from tests.localcloud.conftest import client_of

LOGGED = replace(PROD, access_log=True)


def test_an_access_log_is_turned_on_and_off(cloud: Cloud) -> None:
    client, gateway = client_of(cloud, "cloudformation"), client_of(cloud, "apigateway")
    answer = {"responses": {"default": {"statusCode": "200"}}, "type": "mock"}
    method = {"x-amazon-apigateway-integration": answer, "responses": {}}
    body = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {"/": {"get": method}}}

    def template(stage: dict[str, object]) -> str:
        reference = {"RestApiId": {"Ref": "Api"}}
        resources = {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body, "Name": "t"}},
            "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": reference},
            "Stage": {
                "Type": "AWS::ApiGateway::Stage",
                "Properties": {**reference, "DeploymentId": {"Ref": "Deployment"}, "StageName": "api", **stage},
            },
        }
        return json.dumps({"Resources": resources, "Outputs": {"Id": {"Value": {"Ref": "Api"}}}})

    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/apigateway/t"
    client.create_stack(StackName="logged", TemplateBody=template(stage_properties(PROD, arn)))
    try:
        (described,) = client.describe_stacks(StackName="logged")["Stacks"]
        api = described["Outputs"][0]["OutputValue"]
        for stage, expected in ((PROD, None), (LOGGED, {"destinationArn": arn, "format": FORMAT}), (PROD, None)):
            client.update_stack(StackName="logged", TemplateBody=template(stage_properties(stage, arn)))
            found = gateway.get_stage(restApiId=api, stageName="api").get("accessLogSettings")
            assert (found or None) == expected
    finally:
        client.delete_stack(StackName="logged")
