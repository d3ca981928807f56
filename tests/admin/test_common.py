from __future__ import annotations

import argparse
import json
import shutil
import socket
import string
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin import common, create_user, delete_user, get_user_token, get_user_usage, list_users

from .conftest import CREDENTIALS, DEPLOYED_STAGE, REGION, Cloud

SCRIPTS = ["create_user", "get_user_token", "get_user_usage", "list_users", "delete_user"]
MODULES = [create_user, get_user_token, get_user_usage, list_users, delete_user]


@pytest.fixture
def aws(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An environment whose AWS is moto's server."""
    for name, value in {**CREDENTIALS, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": cloud.endpoint}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    return cloud


class TestFindingTheStage:
    def test_without_a_name_it_is_the_local_cloud(self, cloud: Cloud) -> None:
        found = common.find_stage(None, cloud.project)
        environment = json.loads((cloud.project / common.CLOUD_FILE).read_text())["environment"]
        assert (found.name, found.endpoint) == ("local", cloud.endpoint)
        assert found.user_pool_id == environment["USER_POOL_ID"]
        assert found.user_pool_client_id == environment["USER_POOL_CLIENT_ID"]
        assert found.usage_table == "serverless-dynamic-workflows-local-usage"

    def test_a_deployed_stage_is_read_from_its_stack(self, aws: Cloud) -> None:
        found = common.find_stage(DEPLOYED_STAGE)
        assert found.name == DEPLOYED_STAGE
        assert found.user_pool_id == aws.stage.user_pool_id
        assert found.usage_table == aws.stage.usage_table
        assert found.endpoint is None
        assert found.cognito().list_users(UserPoolId=found.user_pool_id)["Users"] == []

    def test_no_local_cloud(self, tmp_path: Path) -> None:
        with pytest.raises(common.UnreachableError, match=r"no local cloud is running here: start it with `make run`"):
            common.find_stage(None, tmp_path)

    def test_a_local_cloud_that_was_killed(self, cloud: Cloud, tmp_path: Path) -> None:
        (tmp_path / ".localcloud").mkdir()
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            document = json.loads((cloud.project / common.CLOUD_FILE).read_text())
            document["endpoint"] = f"http://127.0.0.1:{closed.getsockname()[1]}"
            (tmp_path / common.CLOUD_FILE).write_text(json.dumps(document))
            with pytest.raises(common.UnreachableError, match="no local cloud is running here"):
                common.find_stage("local", tmp_path)

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"endpoint": "http://127.0.0.1:1", "environment": {}}'])
    def test_a_broken_cloud_file(self, tmp_path: Path, content: str) -> None:
        (tmp_path / ".localcloud").mkdir()
        (tmp_path / common.CLOUD_FILE).write_text(content)
        with pytest.raises(common.UnreachableError, match=r"cloud\.json cannot be used .* make run"):
            common.find_stage(None, tmp_path)

    @pytest.mark.usefixtures("aws")
    def test_no_such_stage(self) -> None:
        with pytest.raises(common.UnreachableError, match="the stack serverless-dynamic-workflows-nope does not exist in"):
            common.find_stage("nope")

    def test_a_stack_without_the_outputs(self, aws: Cloud) -> None:
        stacks = boto3.client("cloudformation", region_name=REGION, endpoint_url=aws.endpoint)
        name = "serverless-dynamic-workflows-bare"
        stacks.create_stack(
            StackName=name, TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
        )
        try:
            with pytest.raises(common.UnreachableError, match="no output 'UserPoolId'; deploy the stage again"):
                common.find_stage("bare")
        finally:
            stacks.delete_stack(StackName=name)


class TestErrors:
    def test_no_region(self, cloud: Cloud) -> None:
        outcome = cloud.script("list_users", "--stage", "dev", **CREDENTIALS)
        assert (outcome.code, outcome.out) == (common.UNREACHABLE, "")
        assert outcome.err == "list_users.py: no region: set AWS_REGION, or choose a profile with AWS_PROFILE\n"

    def test_no_credentials(self, cloud: Cloud) -> None:
        outcome = cloud.script("list_users", "--stage", "dev", AWS_REGION=REGION, AWS_EC2_METADATA_DISABLED="true")
        assert outcome.code == common.UNREACHABLE
        assert outcome.err.startswith("list_users.py: no AWS credentials: run `aws configure`")
        assert outcome.err.count("\n") == 1

    def test_no_connection(self, cloud: Cloud) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
            outcome = cloud.script(
                "list_users", "--stage", "dev", AWS_REGION=REGION, AWS_ENDPOINT_URL=endpoint, **CREDENTIALS
            )
        assert outcome.code == common.UNREACHABLE
        assert endpoint in outcome.err
        assert "Traceback" not in outcome.err

    @pytest.mark.parametrize("code", ["ExpiredToken", "UnrecognizedClientException"])
    def test_credentials_that_aws_refuses(self, cloud: Cloud, code: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.fails_with(cloud, code) == common.UNREACHABLE
        assert f"AWS rejected the credentials ({code}); sign in again" in capsys.readouterr().err

    def test_what_aws_does_not_allow(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.fails_with(cloud, "AccessDeniedException") == common.REFUSED
        assert "ListUsers failed with AccessDeniedException: no" in capsys.readouterr().err

    def test_an_interrupt_is_no_traceback(self, monkeypatch: pytest.MonkeyPatch, cloud: Cloud) -> None:
        def interrupted(*_: object) -> common.Result:
            raise KeyboardInterrupt

        monkeypatch.setattr(common, "find_stage", lambda _: cloud.stage)
        assert common.run(interrupted, common.parser("..."), []) == common.INTERRUPTED

    @staticmethod
    def fails_with(cloud: Cloud, code: str) -> int:
        from botocore.exceptions import ClientError

        def command(*_: object) -> common.Result:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "ListUsers")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(common, "find_stage", lambda _: cloud.stage)
            return common.run(command, common.parser("..."), [])


class TestArguments:
    @pytest.mark.parametrize("text", ["a@b.example", "first.last+tag@sub.example.org"])
    def test_an_email_address(self, text: str) -> None:
        assert common.email(text) == text

    @pytest.mark.parametrize(
        "text", ["", "me", "me@", "@example.com", "me@host", "a b@example.com", "a@b@c.org", "a@b."]
    )
    def test_no_email_address(self, text: str) -> None:
        with pytest.raises(argparse.ArgumentTypeError, match="is not an email address"):
            common.email(text)

    @pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", ""])
    def test_no_positive_number(self, text: str) -> None:
        with pytest.raises(argparse.ArgumentTypeError):
            common.positive(text)

    @pytest.mark.parametrize("module", MODULES, ids=SCRIPTS)
    def test_help_names_the_options_and_exit_codes(self, module: object, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as left:
            module.main(["--help"])  # type: ignore[attr-defined]
        assert left.value.code == 0
        shown = capsys.readouterr().out
        assert all(part in shown for part in ("--stage", "--json", "exit codes:", "130  interrupted"))

    @pytest.mark.parametrize("script", SCRIPTS)
    def test_the_scripts_are_executable(self, script: str) -> None:
        file = common.PROJECT / "admin" / f"{script}.py"
        assert file.stat().st_mode & 0o111
        assert file.read_text().startswith("#!/usr/bin/env python3\n")

    def test_a_wrong_command_line(self, cloud: Cloud) -> None:
        outcome = cloud.script("create_user", "--email", "nobody")
        assert outcome.code == 2
        assert "'nobody' is not an email address" in outcome.err


class TestEnvironment:
    """A Python without boto3, as a system's own is."""

    @pytest.fixture
    def bare_python(self, tmp_path: Path) -> str:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
        return str(tmp_path / "bare" / "bin" / "python")

    def test_the_script_goes_on_with_the_projects_own_python(self, cloud: Cloud, bare_python: str) -> None:
        environment = cloud.project / ".venv"
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").symlink_to(sys.executable)
        shutil.copy(Path(sys.prefix) / "pyvenv.cfg", environment) if (
            Path(sys.prefix) / "pyvenv.cfg"
        ).exists() else None
        (environment / "lib").symlink_to(Path(sys.prefix) / "lib")
        try:
            outcome = cloud.script("list_users", "--json", python=bare_python)
        finally:
            shutil.rmtree(environment)
        assert (outcome.code, outcome.err) == (0, "")
        assert json.loads(outcome.out) == {"users": [], "count": 0}

    def test_no_environment_is_one_clear_line(self, cloud: Cloud, bare_python: str) -> None:
        outcome = cloud.script("list_users", python=bare_python)
        assert outcome.code == common.UNREACHABLE
        assert outcome.err == (
            "list_users.py: the project's environment is not set up: run `make test` or `make run` once\n"
        )


@given(st.lists(st.tuples(st.text(string.ascii_letters, min_size=1), st.text(string.digits, min_size=1))))
def test_columns_of_a_table_line_up(rows: list[tuple[str, str]]) -> None:
    lines = common.table(("NAME", "N"), rows).split("\n")
    start = lines[0].index("N", 1)
    assert [(line[:start].rstrip(), line[start:]) for line in lines] == [("NAME", "N"), *rows]
