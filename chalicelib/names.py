"""The names of resources on AWS, `<app>-<stage>-<name>`, so that ARNs are built and never looked up."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib import APP_NAME

USER_KEY = "__user_id"
"""The key of a flow's input with the Cognito `sub` of the user who started it. Only the server sets it."""

EXPRESS = "EXPRESS"
_EXPRESS = "-express-"
"""How the rest of the name of a deployed EXPRESS state machine begins, as no flow's name does. The type of a state
machine cannot be changed, and its name is taken until it has been deleted: a flow whose type changes needs another."""

WEBHOOKS = "-webhooks"
"""The state machine that delivers webhooks; no flow's name begins with a hyphen."""

LIVE = "live"
"""The alias through which the state machines of deployed stages are started: a rollback moves it."""
STARTED_BY_KEY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
"""The key of an input in which a flow that starts another names its own execution, as AWS's console shows it:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html"""
SCHEDULED = "schedule-"
"""How the names of executions begin that a schedule starts. Users can't choose names, so they can't look scheduled."""


class Names(NamedTuple):
    """The names and ARNs of one stage. `account` and `region` may be CloudFormation tokens."""

    stage: str
    region: str
    account: str
    partition: str = "aws"
    app: str = APP_NAME
    alias: str = ""
    """The alias that state machines are started through: none locally, `live` when deployed, to allow rollbacks."""
    express: frozenset[str] = frozenset()
    """The EXPRESS flows, so that definitions can refer to them. Elsewhere the type is given."""

    def resource(self, name: str) -> str:
        """Return the name of a state machine, function or table: `<app>-<stage>-<name>`."""
        return f"{self.app}-{self.stage}-{name}"

    def function_arn(self, function: str) -> str:
        """Return the ARN of the Lambda function that runs the library function `function`."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{self.resource(function)}"

    def state_machine(self, flow: str, kind: str = "") -> str:
        """Return the name of the state machine of the flow `flow`, whose type is `kind`.

        Deployed EXPRESS state machines have another name than STANDARD ones. Locally all are deleted and created again.
        """
        is_express = self.alias and (kind == EXPRESS or flow in self.express)
        return self.resource(_EXPRESS + flow if is_express else flow)

    def flow(self, state_machine: str) -> str | None:
        """Return the flow that a state machine's name is of; None if it is not of this stage."""
        prefix = self.resource("")
        return state_machine.removeprefix(prefix).removeprefix(_EXPRESS) if state_machine.startswith(prefix) else None

    def state_machine_arn(self, flow: str, kind: str = "") -> str:
        """Return the ARN to start the flow `flow` of type `kind` by: that of its state machine, or of the alias."""
        machine = self.state_machine(flow, kind)
        arn = f"arn:{self.partition}:states:{self.region}:{self.account}:stateMachine:{machine}"
        return f"{arn}:{self.alias}" if self.alias else arn

    def execution_arn(self, flow: str, execution_id: str) -> str:
        """Return the ARN of the STANDARD execution `execution_id` of the flow `flow`."""
        return (
            f"arn:{self.partition}:states:{self.region}:{self.account}:execution:{self.resource(flow)}:{execution_id}"
        )

    def express_arn(self, flow: str, execution_id: str, instance: str) -> str:
        """Return the ARN of an EXPRESS execution; `instance` is Step Functions' own id for it."""
        machine = self.state_machine(flow, EXPRESS)
        return f"arn:{self.partition}:states:{self.region}:{self.account}:express:{machine}:{execution_id}:{instance}"

    @property
    def flow_role_path(self) -> str:
        """The path of the roles of flows that may be passed: CloudFormation chooses their names."""
        return f"/{self.app}/{self.stage}/flows/"

    @property
    def webhooks(self) -> str:
        """The name of the state machine that delivers webhooks."""
        return self.resource(WEBHOOKS)

    @property
    def webhooks_arn(self) -> str:
        """The ARN of that state machine, which has no versions."""
        return f"arn:{self.partition}:states:{self.region}:{self.account}:stateMachine:{self.webhooks}"

    @property
    def usage_table(self) -> str:
        return self.resource("usage")

    @property
    def runs_table(self) -> str:
        return self.resource("runs")

    @property
    def secrets_prefix(self) -> str:
        """The path of the stage's secrets in Parameter Store."""
        return f"/{self.app}/{self.stage}/"
