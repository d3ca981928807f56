"""The calls to AWS that the commands make. Every failure is one line that says what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib import APP_NAME
from infrastructure.errors import DeploymentError

NEVER_SERVED = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
"""The status of a stack that was never deployed successfully."""
BOOTSTRAP_VERSION = 6
"""The oldest bootstrap that the assemblies of this CDK work with."""


class Cloud:
    """AWS, with the credentials and the region of the environment.

    Raises:
        DeploymentError: There is no region, or there are no credentials that AWS accepts.
    """

    def __init__(self) -> None:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

        self._client_error = ClientError
        self._clients: dict[str, Any] = {}
        try:
            # boto3 reads only AWS_DEFAULT_REGION; AWS's other tools set AWS_REGION.
            self._session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
        except BotoCoreError as error:  # a profile that does not exist
            raise DeploymentError(f"{error}; check AWS_PROFILE") from None
        self.region = self._session.region_name
        if not self.region:
            raise DeploymentError("no region: set AWS_REGION, or choose a profile with AWS_PROFILE")
        self._config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
        try:
            self.account: str = self.client("sts").get_caller_identity()["Account"]
        except (NoCredentialsError, PartialCredentialsError):
            raise DeploymentError(
                "no AWS credentials: run `aws configure`, or choose a profile with AWS_PROFILE"
            ) from None
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise DeploymentError(f"AWS rejected the credentials ({code}): sign in again") from None
        except BotoCoreError as error:
            raise DeploymentError(f"AWS cannot be reached: {error}") from None

    def client(self, service: str) -> Any:
        """Return the client of a service. Creating one takes long, so each is created once."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, config=self._config)  # type: ignore[call-overload]
        return self._clients[service]

    def check_bootstrap(self, qualifier: str) -> None:
        """Check that CDK's bootstrap stack exists and is recent enough.

        Args:
            qualifier: The qualifier of the bootstrap.

        Raises:
            DeploymentError: It is not, or the check failed.
        """
        command = f"run once: make cdk ARGS='bootstrap aws://{self.account}/{self.region}'"
        parameter = f"/cdk-bootstrap/{qualifier}/version"
        try:
            found = self.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"]
        except self._client_error as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise DeploymentError(f"{parameter} cannot be read: {error}") from None
            raise DeploymentError(f"{self.account} is not bootstrapped for CDK in {self.region}; {command}") from None
        if int(found) < BOOTSTRAP_VERSION:
            raise DeploymentError(
                f"the CDK bootstrap has version {found}, but version {BOOTSTRAP_VERSION} is needed; {command}"
            )

    def check_access_log_role(self) -> None:
        """Check that API Gateway has a role to write access logs with, which is a setting of account and region.

        Raises:
            DeploymentError: It has none, or the check failed.
        """
        try:
            role = self.client("apigateway").get_account().get("cloudwatchRoleArn")
        except self._client_error as error:
            raise DeploymentError(f"the settings of API Gateway cannot be read: {error}") from None
        if not role:
            raise DeploymentError(
                f"access_log: API Gateway has no role for logs in {self.account}, {self.region}: an administrator has "
                'to set one (docs/deploy.md, "Access log"), or leave access_log off'
            )

    def deploys_with(self) -> str:
        """Return the policies with which CloudFormation deploys, as `cdk bootstrap` got them; empty if not known."""
        try:
            (stack,) = self.client("cloudformation").describe_stacks(StackName="CDKToolkit")["Stacks"]
        except self._client_error:  # it has another name, or may not be seen
            return ""
        given = {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])}
        return str(given.get("CloudFormationExecutionPolicies", ""))

    def missing_parameters(self, names: Sequence[str]) -> list[str]:
        """Return which of these parameters do not exist; none if the caller may not read secrets.

        Args:
            names: The full names of the parameters.

        Raises:
            DeploymentError: The call failed.
        """
        missing: list[str] = []
        for start in range(0, len(names), 10):  # the maximum per call
            try:
                answer = self.client("ssm").get_parameters(Names=list(names[start : start + 10]))
            except self._client_error as error:
                if error.response["Error"]["Code"] == "AccessDeniedException":
                    return []
                raise DeploymentError(f"Parameter Store cannot be read: {error}") from None
            missing += answer["InvalidParameters"]
        return sorted(missing)

    def stack(self, stage: str) -> Mapping[str, Any] | None:
        """Describe a stage's stack, as CloudFormation's DescribeStacks does; None if it does not exist.

        Raises:
            DeploymentError: The call failed.
        """
        name = f"{APP_NAME}-{stage}"
        try:
            found: Mapping[str, Any] = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except self._client_error as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise DeploymentError(f"the stack {name} cannot be read: {error}") from None
            return None
        return found

    def stack_outputs(self, stage: str) -> Mapping[str, str]:
        """Return the outputs of a stage's stack.

        Raises:
            DeploymentError: The stack does not exist, or the call failed.
        """
        found = self.stack(stage)
        if found is None:
            raise DeploymentError(
                f"no stack {APP_NAME}-{stage} in {self.region}: first run `make deploy STAGE={stage} API=chalice`"
            )
        return outputs(found)

    def template(self, stage: str) -> dict[str, Any]:
        """Return the template of a stage's stack as it was deployed; an empty one if it never was.

        Raises:
            DeploymentError: The call failed.
        """
        found = self.stack(stage)
        if never_served(found):
            return {}
        try:
            answer = self.client("cloudformation").get_template(
                StackName=f"{APP_NAME}-{stage}", TemplateStage="Original"
            )
        except self._client_error as error:
            raise DeploymentError(f"the template of {APP_NAME}-{stage} cannot be read: {error}") from None
        body = answer["TemplateBody"]
        template: dict[str, Any] = json.loads(body) if isinstance(body, str) else dict(body)
        return template

    def nested_sizes(self, stage: str) -> dict[str, int]:
        """Return the number of resources in each nested stack of a stage's stack, by its logical id.

        Raises:
            DeploymentError: A call failed.
        """
        if self.stack(stage) is None:
            return {}
        return {
            item["LogicalResourceId"]: len(self._resources(item["PhysicalResourceId"]))
            for item in self._resources(f"{APP_NAME}-{stage}")
            if item["ResourceType"] == "AWS::CloudFormation::Stack" and item.get("PhysicalResourceId")
        }

    def _resources(self, stack: str) -> list[Mapping[str, Any]]:
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        try:
            return [item for page in pages for item in page["StackResourceSummaries"]]
        except self._client_error as error:
            raise DeploymentError(f"the resources of {stack} cannot be listed: {error}") from None

    def has_table(self, name: str) -> bool:
        """Return whether DynamoDB has a table of that name.

        Raises:
            DeploymentError: The call failed.
        """
        try:
            self.client("dynamodb").describe_table(TableName=name)
        except self._client_error as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise DeploymentError(f"the table {name} cannot be read: {error}") from None
            return False
        return True

    def lift_protection(self, stage: str) -> None:
        """Let CloudFormation delete a stage's stack."""
        self.client("cloudformation").update_termination_protection(
            StackName=f"{APP_NAME}-{stage}", EnableTerminationProtection=False
        )


def outputs(stack: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the outputs of a stack that CloudFormation described, by key."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def front_door(stack: Mapping[str, Any]) -> str | None:
    """Return what deployed the API and the functions of a stage's stack: `cdk`, `chalice`, or nothing yet.

    After an import of kept data, a stack has nothing else, and no outputs.
    """
    if "UserPoolId" not in outputs(stack):
        return None
    return "cdk" if "ApiUrl" in outputs(stack) else "chalice"


def never_served(stack: Mapping[str, Any] | None) -> bool:
    """Return whether a stage was never deployed successfully, so that its stack has to be deleted if there is one."""
    if stack is None or stack["StackStatus"] in NEVER_SERVED:
        return True
    return stack["StackStatus"].startswith("IMPORT_ROLLBACK") and not outputs(stack)
