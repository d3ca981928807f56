"""What the API and the functions may do: the application's own permissions, `lambda-permissions.yml`, and plugins'."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib import plugins
from chalicelib.files import read_text
from chalicelib.names import Names
from chalicelib.plugins import Plugin
from compiler.permissions.granted import PermissionsError, checked_statements

if TYPE_CHECKING:
    import yaml

FILE = "lambda-permissions.yml"


def function_role_policy(names: Names, user_pool_arn: Any, project: Path, *, workbench: bool = False) -> dict[str, Any]:
    """Return the policy of the role that all functions of a stage share.

    Args:
        names: The stage's names.
        user_pool_arn: The ARN of its user pool, or an expression for it.
        project: The folder of `lambda-permissions.yml`.
        workbench: Whether states of runs may be tested.

    Raises:
        PermissionsError: That file is invalid.
    """
    statements = application_statements(names, user_pool_arn) + granted_statements(project / FILE, names)
    if workbench:
        statements += workbench_statements(names)
    for plugin in plugins.installed(project):
        statements += plugin_statements(plugin, names)
    return {"Version": "2012-10-17", "Statement": statements}


def application_statements(names: Names, user_pool_arn: Any) -> list[dict[str, Any]]:
    """Return what the application itself needs. A test compares this with the calls in `chalicelib`.

    Args:
        names: The stage's names.
        user_pool_arn: The ARN of its user pool, or an expression for it.
    """
    states = f"arn:{names.partition}:states:{names.region}:{names.account}"
    ssm = f"arn:{names.partition}:ssm:{names.region}:{names.account}:parameter{names.secrets_prefix.rstrip('/')}"
    dynamodb = f"arn:{names.partition}:dynamodb:{names.region}:{names.account}:table"
    logs = f"arn:{names.partition}:logs:{names.region}:{names.account}:log-group:/aws/lambda/{names.app}-{names.stage}"
    queue = f"arn:{names.partition}:sqs:{names.region}:{names.account}:{names.resource('dead-letters')}"
    machines, executions = f"stateMachine:{names.resource('*')}", f"execution:{names.resource('*')}"
    return [
        _allow("StartFlows", ["states:StartExecution", "states:StartSyncExecution"], [f"{states}:{machines}"]),
        _allow(
            "FollowRuns",
            [
                "states:DescribeExecution",
                "states:DescribeStateMachineForExecution",
                "states:GetExecutionHistory",
                "states:RedriveExecution",
                "states:StopExecution",
            ],
            [f"{states}:{executions}"],
        ),
        _allow(
            "FollowMapRuns",
            ["states:DescribeMapRun", "states:ListExecutions"],
            [f"{states}:mapRun:{names.resource('*')}", f"{states}:{machines}"],
        ),
        _allow("AnswerApprovals", ["states:SendTaskSuccess"], [f"{states}:{machines}"]),
        _allow("ReadLogs", ["logs:FilterLogEvents"], [f"{logs}-*"]),
        _allow(
            "Runs",
            [
                "dynamodb:BatchGetItem",
                "dynamodb:BatchWriteItem",
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ],
            [f"{dynamodb}/{names.runs_table}", f"{dynamodb}/{names.runs_table}/index/*"],
        ),
        _allow("Usage", ["dynamodb:Query", "dynamodb:UpdateItem"], [f"{dynamodb}/{names.usage_table}"]),
        _allow("Secrets", ["ssm:GetParametersByPath"], [ssm, f"{ssm}/*"]),
        _allow("Users", ["cognito-idp:AdminGetUser"], [user_pool_arn]),
        _allow(  # not logs:CreateLogGroup: a group created by Lambda would outlive the stack and keep everything
            "OwnLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"{logs}:*", f"{logs}-*"],
        ),
        _allow("UndeliveredRunStatus", ["sqs:SendMessage"], [queue]),
        # IAM has no resources for these two:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
        _allow("ActionsWithoutResource", ["states:ListStateMachines"], ["*"]),
        _allow("Tracing", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
    ]


def workbench_statements(names: Names) -> list[dict[str, Any]]:
    """Return what testing states needs besides: the test, which has no resource, and the roles of the stage's flows.

    https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
    """
    passed = _allow(
        "PassRolesOfFlows",
        ["iam:PassRole"],
        [f"arn:{names.partition}:iam::{names.account}:role{names.flow_role_path}*"],
    )
    condition = {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}}
    return [_allow("TestStates", ["states:TestState"], ["*"]), {**passed, "Condition": condition}]


def granted_statements(file: Path, names: Names) -> list[dict[str, Any]]:
    """Read the statements of `lambda-permissions.yml`, and fill in `${AWS::Region}` and the like.

    Args:
        file: The file; without it there are no statements.
        names: The stage's names.

    Raises:
        PermissionsError: The file is not a list of IAM statements.
    """
    import yaml

    try:
        document = yaml.safe_load(read_text(file)) or {}
    except FileNotFoundError:
        return []
    except OSError as error:
        raise PermissionsError(f"{file.name} can't be read: {error}") from None
    except UnicodeDecodeError as error:
        raise PermissionsError(f"{file.name} is not valid UTF-8 ({error.reason}): save it as UTF-8") from None
    except RecursionError:
        raise PermissionsError(f"{file.name} is nested too deeply") from None
    except yaml.YAMLError as error:
        raise PermissionsError(f"{file.name}{_mistake(error)}") from None
    statements = document.get("iamRoleStatements") if isinstance(document, dict) else None
    if statements is None:
        statements = [] if document == {} or (isinstance(document, dict) and "iamRoleStatements" in document) else None
    if not isinstance(statements, list):
        raise PermissionsError(f"{file.name}: expected a list of IAM statements under the key iamRoleStatements")
    return checked_statements(statements, file.name, names)


def _mistake(error: yaml.YAMLError) -> str:
    """Return where a file is not YAML, and why."""
    import yaml

    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return f" is not valid YAML: {' '.join(str(error).split())}"
    mark = error.problem_mark
    return f":{mark.line + 1}:{mark.column + 1} is not valid YAML: {error.problem or error.context}"


def plugin_statements(plugin: Plugin, names: Names) -> list[dict[str, Any]]:
    """Return the statements that a plugin asked for and the project agreed to; each Sid names the plugin.

    Args:
        plugin: The plugin.
        names: The stage's names.

    Raises:
        PermissionsError: They are not IAM statements.
    """
    owner = "Plugin" + "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_]", plugin.name))
    checked = checked_statements(plugin.permissions, f"plugin {plugin.name}", names)
    return [{**statement, "Sid": f"{owner}{index}"} for index, statement in enumerate(checked, 1)]


def _allow(sid: str, actions: list[str], resources: list[Any]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
