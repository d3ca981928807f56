"""What things are called on AWS: `<app>-<stage>-<name>`, so that an ARN is built and never looked up."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib import APP_NAME

USER_KEY = "__user_id"
"""Under which key a flow's input carries the Cognito `sub` of the user who started it. The server alone sets it."""


class Names(NamedTuple):
    """The names and ARNs of one stage. `account` and `region` may be CloudFormation tokens."""

    stage: str
    region: str
    account: str
    partition: str = "aws"
    app: str = APP_NAME
    alias: str = ""
    """Through which alias state machines are started; none locally, `live` when deployed, so that it can go back."""

    def resource(self, name: str) -> str:
        """The name of a state machine, function or table: `<app>-<stage>-<name>`."""
        return f"{self.app}-{self.stage}-{name}"

    def function_arn(self, function: str) -> str:
        """The ARN of the Lambda function of the library function `function`."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{self.resource(function)}"

    def state_machine_arn(self, flow: str) -> str:
        """The ARN that the flow `flow` is started by: of its state machine, or of the alias."""
        arn = f"arn:{self.partition}:states:{self.region}:{self.account}:stateMachine:{self.resource(flow)}"
        return f"{arn}:{self.alias}" if self.alias else arn

    def execution_arn(self, flow: str, execution_id: str) -> str:
        """The ARN of the STANDARD execution `execution_id` of the flow `flow`."""
        return (
            f"arn:{self.partition}:states:{self.region}:{self.account}:execution:{self.resource(flow)}:{execution_id}"
        )

    def express_arn(self, flow: str, execution_id: str, instance: str) -> str:
        """The ARN of an EXPRESS execution; `instance` is Step Functions' own id of it."""
        machine = self.resource(flow)
        return f"arn:{self.partition}:states:{self.region}:{self.account}:express:{machine}:{execution_id}:{instance}"

    @property
    def usage_table(self) -> str:
        return self.resource("usage")

    @property
    def runs_table(self) -> str:
        return self.resource("runs")

    @property
    def secrets_prefix(self) -> str:
        """Under which path Parameter Store keeps the stage's secrets."""
        return f"/{self.app}/{self.stage}/"
