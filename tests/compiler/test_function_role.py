"""What functions may do: what `chalicelib` calls, and what the project grants."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.names import Names
from chalicelib.settings import PROJECT
from compiler.permissions.function_role import (
    PermissionsError,
    application_statements,
    function_role_policy,
    granted_statements,
    workbench_statements,
)

NAMES = Names(stage="prod", region="eu-west-1", account="123456789012")
POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abc"
IAM_PREFIX = {"dynamodb": "dynamodb", "dynamodb_for_usage": "dynamodb", "stepfunctions": "states",
              "stepfunctions_starting": "states", "stepfunctions_history": "states", "stepfunctions_sync": "states",
              "stepfunctions_testing": "states", "ssm": "ssm", "cognito": "cognito-idp", "logs": "logs"}  # fmt: skip
NOT_FOR_THE_API = {"OwnLogs", "Tracing", "UndeliveredRunStatus"}  # what Lambda does with the role


def _calls() -> Iterator[str]:
    """The AWS actions that `chalicelib` calls with its clients: `aws.ssm().get_paginator("get_parameters_by_path")`."""
    for file in (PROJECT / "chalicelib").rglob("*.py"):
        if "lib" in file.relative_to(PROJECT / "chalicelib").parts[:1]:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call)):
                continue
            maker = node.value.func
            if not (isinstance(maker, ast.Attribute) and isinstance(maker.value, ast.Name) and maker.value.id == "aws"):
                continue
            yield f"{maker.attr}.{node.attr}"
            if node.attr == "get_paginator":
                yield from _paginated(file, maker.attr)


def _paginated(file: Path, client: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(f"aws.{client}().get_paginator"):
            (operation,) = node.args
            assert isinstance(operation, ast.Constant)
            yield f"{client}.{operation.value}"


def _actions() -> set[str]:
    found = set()
    for call in _calls():
        client, method = call.split(".")
        if method in ("get_paginator", "exceptions"):
            continue
        found.add(f"{IAM_PREFIX[client]}:{''.join(part.title() for part in method.split('_'))}")
    return found


def test_the_role_allows_what_the_application_calls_and_no_more() -> None:
    allowed = {a for s in application_statements(NAMES, POOL) for a in s["Action"] if s["Sid"] not in NOT_FOR_THE_API}
    tested = {a for s in workbench_statements(NAMES) for a in s["Action"]} - {"iam:PassRole"}
    assert _actions() == allowed | tested
    assert not allowed & tested


def test_only_with_a_workbench_may_states_be_tested_and_only_with_roles_of_the_stage_s_flows(tmp_path: Path) -> None:
    without = function_role_policy(NAMES, POOL, tmp_path)["Statement"]
    added = [s for s in function_role_policy(NAMES, POOL, tmp_path, workbench=True)["Statement"] if s not in without]
    assert [s["Action"] for s in added] == [["states:TestState"], ["iam:PassRole"]]
    assert added[1]["Resource"] == ["arn:aws:iam::123456789012:role/serverless-dynamic-workflows/prod/flows/*"]
    assert added[1]["Condition"] == {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}}


def test_everything_except_two_actions_is_limited_to_the_stage() -> None:
    for statement in application_statements(NAMES, POOL):
        assert not any("*" in action for action in statement["Action"])
        for resource in statement["Resource"]:
            if resource == "*":
                assert statement["Sid"] in ("ActionsWithoutResource", "Tracing")
            else:
                assert (
                    "serverless-dynamic-workflows-prod" in resource
                    or "/serverless-dynamic-workflows/prod" in resource
                    or resource == POOL
                )


def test_a_file_without_statements_grants_nothing(tmp_path: Path) -> None:
    assert granted_statements(tmp_path / "none.yml", NAMES) == []
    for text in ("", "iamRoleStatements: []", "iamRoleStatements:\n", "# nothing\n"):
        (tmp_path / "p.yml").write_text(text)
        assert granted_statements(tmp_path / "p.yml", NAMES) == []


def test_the_user_s_statements_are_added_with_names_filled_in(tmp_path: Path) -> None:
    (tmp_path / "lambda-permissions.yml").write_text(
        """
iamRoleStatements:
  - Effect: Allow
    Action: [s3:PutObject, s3:GetObject]
    Resource: ["arn:aws:s3:::events-*", "arn:${AWS::Partition}:s3:::${Stage}-${AWS::AccountId}/${aws:username}/*"]
  - Action: sqs:SendMessage
    Resource: "*"
    Condition: {StringEquals: {"aws:RequestedRegion": "${AWS::Region}"}}
"""
    )
    granted = function_role_policy(NAMES, POOL, tmp_path)["Statement"][-2:]
    assert granted[0]["Resource"] == ["arn:aws:s3:::events-*", "arn:aws:s3:::prod-123456789012/${aws:username}/*"]
    assert granted[1] == {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a: 1", "expected a list of IAM statements under the key iamRoleStatements"),
        ("statements: []", "expected a list of IAM statements"),
        ("iamRoleStatements: {Effect: Allow}", "expected a list of IAM statements"),
        ("iamRoleStatements: [s3:GetObject]", "statement 1: expected Effect, Action and Resource"),
        ("iamRoleStatements: [{Action: 's3:Get', Resources: '*'}]", "unknown key 'Resources'"),
        ("iamRoleStatements: [{Action: 's3:Get'}]", "exactly one of Resource and NotResource"),
        ("iamRoleStatements: [{Action: [], Resource: '*'}]", "Action must be a string or a list of strings"),
        ("iamRoleStatements: [{Effect: allow, Action: a, Resource: b}]", "Allow or Deny, not 'allow'"),
        ("iamRoleStatements: [{Action: a, Resource: '${Region}'}]", r"unknown \$\{Region\}; use one of"),
        ("iamRoleStatements: [", "^lambda-permissions.yml:1:21 is not valid YAML: expected the node content"),
        (
            "iamRoleStatements: []\n  - {Action: a, Resource: b}",
            "^lambda-permissions.yml:2:3 is not valid YAML: expected",
        ),
        ("iamRoleStatements: \x01", "^lambda-permissions.yml is not valid YAML: unacceptable character"),
    ],
)
def test_a_mistake_names_the_statement(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "lambda-permissions.yml").write_text(text)
    with pytest.raises(PermissionsError, match=message):
        granted_statements(tmp_path / "lambda-permissions.yml", NAMES)
