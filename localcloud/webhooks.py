"""What webhooks need in the local cloud, as a stage's stack has it: the state machine, the queue, and secrets."""

from __future__ import annotations

import json

from chalicelib.aws_json import AwsError
from chalicelib.names import Names
from chalicelib.webhooks.addresses import VARIABLE
from chalicelib.webhooks.signing import new_secret
from compiler.compiled import Project
from compiler.webhook_delivery import delivery_definition
from localcloud.client import InProcessClient
from localcloud.notices import INFO, notice
from localcloud.step_functions import StepFunctionsService
from stepfunctions.errors import ServiceError


class Webhooks:
    """Creates what delivers webhooks once a flow declares some."""

    def __init__(self, client: InProcessClient, names: Names, service: StepFunctionsService) -> None:
        self._client = client
        self._names = names
        self._service = service
        self._secrets: set[str] = set()
        self._urls: set[str] = set()
        self._has_machine = False

    def prepare(self, project: Project) -> None:
        """Create what is missing: a secret that nobody has put is random and kept."""
        declared = [(flow.name, entry) for flow in project.flows.values() for entry in flow.notify]
        if declared and not self._has_machine:
            self._create_machine()
            self._has_machine = True
        for flow, entry in declared:
            if entry.secret not in self._secrets:
                self._secrets.add(entry.secret)
                self._create_secret(entry.secret, flow)
            named = VARIABLE.fullmatch(entry.url)
            if named is not None and named[1] not in self._urls:
                self._urls.add(named[1])
                self._look_for_url(named[1], flow)

    def _create_machine(self) -> None:
        queue = self._client.call("sqs", "CreateQueue", {"QueueName": self._names.resource("dead-letters")})
        definition = json.dumps(delivery_definition(self._names, queue["QueueUrl"]))
        request = {
            "name": self._names.webhooks,
            "definition": definition,
            "roleArn": f"arn:aws:iam::{self._names.account}:role/{self._names.webhooks}",
        }
        try:
            self._service.handle("CreateStateMachine", request)
        except ServiceError as error:
            if error.code != "StateMachineAlreadyExists":
                raise
            changed = {"stateMachineArn": self._names.webhooks_arn, "definition": definition}
            self._service.handle("UpdateStateMachine", changed)

    def _look_for_url(self, name: str, flow: str) -> None:
        parameter = self._names.secrets_prefix + name
        try:
            self._client.call("ssm", "GetParameter", {"Name": parameter})
        except AwsError as error:
            if error.code != "ParameterNotFound":
                raise
            command = f"aws ssm put-parameter --type SecureString --name {parameter} --value https://..."
            notice(f"flow {flow}: its webhook goes to the URL in the secret {name}, which doesn't exist: {command}")

    def _create_secret(self, name: str, flow: str) -> None:
        parameter = self._names.secrets_prefix + name
        try:
            request = {"Name": parameter, "Type": "SecureString", "Value": new_secret()}
            self._client.call("ssm", "PutParameter", request)
        except AwsError as error:
            if error.code != "ParameterAlreadyExists":
                raise
            return
        option = "" if name == "WEBHOOK_SECRET" else f" --name {name}"
        shown = f"./admin/webhook_secret.py{option} shows it"
        notice(f"flow {flow}: the secret {name}, which signs its webhooks, was created; {shown}", INFO)
