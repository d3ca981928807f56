"""What the scripts share: the command line, how to find a stage, and errors in one line.

Only the standard library is imported at the top. A script that was started with a Python without boto3 can then restart
itself with the project's environment, or report that it is missing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ssm import SSMClient

PROJECT = Path(__file__).resolve().parent.parent
CLOUD_FILE = Path(".localcloud", "cloud.json")
LOCAL_STAGE = "local"

DONE = 0
REFUSED = 1
UNREACHABLE = 3
INTERRUPTED = 130
EXIT_CODES = """exit codes:
  0    done
  1    refused: no such user, the user exists, wrong password, access denied
  2    invalid arguments
  3    the stage cannot be reached: not found, no credentials, no region, no connection
  130  interrupted
"""


class CommandError(Exception):
    """What is wrong and what to do, in one line."""

    exit_code = REFUSED


class UnreachableError(CommandError):
    """The stage cannot be reached."""

    exit_code = UNREACHABLE


@dataclass(frozen=True)
class Stage:
    """A stage of the application: where its users and usage records are. `endpoint` is None on AWS."""

    name: str
    user_pool_id: str
    user_pool_client_id: str
    usage_table: str
    session: boto3.Session
    endpoint: str | None

    def cognito(self) -> CognitoIdentityProviderClient:
        """Create a client of Cognito."""
        return self.session.client("cognito-idp", endpoint_url=self.endpoint, config=_client_config())

    def ssm(self) -> SSMClient:
        """Create a client of Parameter Store."""
        return self.session.client("ssm", endpoint_url=self.endpoint, config=_client_config())

    def dynamodb(self) -> DynamoDBClient:
        """Create a client of DynamoDB."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint, config=_client_config())


@dataclass(frozen=True)
class Result:
    """The result of a command: `document` for --json, `text` for people."""

    document: dict[str, Any]
    text: str


Command = Callable[[Stage, argparse.Namespace], Result]


def parser(description: str) -> argparse.ArgumentParser:
    """Create a parser with the options that every script has."""
    created = argparse.ArgumentParser(
        description=description, epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    created.add_argument("--stage", help="a deployed stage; default: 'local', the local cloud of `make run`")
    created.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    return created


def email(argument: str) -> str:
    """Check that an argument is an email address.

    Raises:
        argparse.ArgumentTypeError: It does not look like one.
    """
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", argument) is None:
        raise argparse.ArgumentTypeError(f"{argument!r} is not an email address")
    return argument


def positive(argument: str) -> int:
    """Parse an argument that must be a positive integer.

    Raises:
        argparse.ArgumentTypeError: It is not one.
    """
    if not argument.isdecimal() or int(argument) < 1:
        raise argparse.ArgumentTypeError(f"{argument!r} is not a positive integer")
    return int(argument)


def run(
    command: Command,
    arguments_parser: argparse.ArgumentParser,
    argv: Sequence[str] | None = None,
    find: Callable[[str | None], Stage] | None = None,
) -> int:
    """Parse the command line, find the stage, run `command` and print its result.

    Args:
        command: What the script does.
        arguments_parser: Created by `parser`.
        argv: The arguments; the process's own if None.
        find: Finds the stage that the arguments name; None for `find_stage`.

    Returns:
        The exit code. An error is printed as one line on standard error.
    """
    arguments = arguments_parser.parse_args(argv)
    try:
        _need_boto3()
        with _Explained():
            result = command((find or find_stage)(arguments.stage), arguments)
    except CommandError as error:
        print(f"{arguments_parser.prog}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    print(json.dumps(result.document, indent=2) if arguments.json else result.text)
    return DONE


def find_stage(name: str | None, project: Path = PROJECT) -> Stage:
    """Find a stage: in the running local cloud, or from the outputs of the stack `<app>-<stage>`.

    Args:
        name: The stage; None or "local" for the local cloud.
        project: The folder in which the local cloud was started.

    Raises:
        UnreachableError: No local cloud is running, the stack does not exist, or it lacks an output.
    """
    return _local_stage(project) if name in (None, LOCAL_STAGE) else _deployed_stage(name)


def find_parameters(name: str | None) -> Stage:
    """Return a stage of which only Parameter Store is needed, so that it need not be deployed yet.

    Raises:
        UnreachableError: No local cloud is running.
    """
    if name in (None, LOCAL_STAGE):
        return find_stage(name)
    import boto3

    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    return Stage(str(name), "", "", "", session, None)


def user_id(stage: Stage, address: str) -> str:
    """Look up the Cognito `sub` of the user with an email address.

    Raises:
        CommandError: There is no such user.
    """
    client = stage.cognito()
    try:
        found = client.admin_get_user(UserPoolId=stage.user_pool_id, Username=address)
    except client.exceptions.UserNotFoundException:
        raise no_such_user(stage, address) from None
    return attributes(found["UserAttributes"]).get("sub", found["Username"])


def no_such_user(stage: Stage, address: str) -> CommandError:
    """Create the error for a user that does not exist."""
    return CommandError(f"stage {stage.name} has no user {address}; ./admin/list_users.py lists them")


def attributes(listed: Sequence[AttributeTypeTypeDef]) -> dict[str, str]:
    """Convert Cognito's list of attributes to a dictionary."""
    return {attribute["Name"]: attribute.get("Value", "") for attribute in listed}


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format rows in columns as wide as their longest cell."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    )


def _local_stage(project: Path) -> Stage:
    import boto3

    from chalicelib.names import Names

    try:
        cloud = json.loads((project / CLOUD_FILE).read_text())
        environment: dict[str, str] = cloud["environment"]
        name, region = environment["STAGE"], environment["AWS_DEFAULT_REGION"]
        stage = Stage(
            name=name,
            user_pool_id=environment["USER_POOL_ID"],
            user_pool_client_id=environment["USER_POOL_CLIENT_ID"],
            usage_table=Names(stage=name, region=region, account=environment["ACCOUNT_ID"]).usage_table,
            session=boto3.Session(
                aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                region_name=region,
            ),
            endpoint=cloud["endpoint"],
        )
    except FileNotFoundError:
        stage = None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UnreachableError(f"{CLOUD_FILE} cannot be used ({error!r}); restart the local cloud: make run") from None
    if stage is None or not _listens(stage.endpoint):
        raise UnreachableError("no local cloud is running here: start it with `make run`, or use AWS with --stage NAME")
    return stage


def _listens(endpoint: str | None) -> bool:
    address = urlsplit(endpoint or "")
    try:
        socket.create_connection((address.hostname or "", address.port or 80), timeout=1).close()
    except OSError:
        return False
    return True


def _deployed_stage(name: str | None) -> Stage:
    import boto3
    from botocore.exceptions import ClientError

    from chalicelib import APP_NAME

    stack = f"{APP_NAME}-{name}"
    # boto3 itself reads only AWS_DEFAULT_REGION; AWS's other tools set AWS_REGION.
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    client = session.client("cloudformation", config=_client_config())
    try:
        described = client.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise UnreachableError(
            f"no stage {name}: the stack {stack} does not exist in {session.region_name}; check --stage, AWS_REGION "
            "and AWS_PROFILE"
        ) from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    try:
        return Stage(
            name=str(name),
            user_pool_id=outputs["UserPoolId"],
            user_pool_client_id=outputs["UserPoolClientId"],
            usage_table=outputs["UsageTableName"],
            session=session,
            endpoint=None,
        )
    except KeyError as missing:
        raise UnreachableError(f"the stack {stack} has no output {missing}; deploy the stage again") from None


def _client_config() -> Any:
    from botocore.config import Config

    return Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})


def _need_boto3() -> None:
    """Restart the script with the project's own Python if this one lacks boto3 or is too old.

    Raises:
        UnreachableError: The project's environment is not set up.
    """
    if sys.version_info >= (3, 11) and importlib.util.find_spec("boto3") is not None:
        return
    environment = PROJECT / ".venv"
    python = environment / "bin" / "python"
    if Path(sys.prefix).resolve() == environment.resolve() or not python.exists():
        raise UnreachableError("the project's environment is not set up: run `make test` or `make run` once")
    sys.stdout.flush()
    os.execv(python, [str(python), *sys.argv])  # noqa: S606 - the project's own interpreter, no shell


class _Explained:
    """Turns what boto3 raises into one line that says what to do."""

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        from botocore import exceptions as aws

        if isinstance(error, aws.ClientError):
            code = error.response["Error"]["Code"]
            message = error.response["Error"].get("Message", "")
            if code in ("ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"):
                raise UnreachableError(f"AWS rejected the credentials ({code}); sign in again") from error
            raise CommandError(f"{error.operation_name} failed with {code}: {message}") from error
        if isinstance(error, aws.NoRegionError):
            raise UnreachableError("no region: set AWS_REGION, or choose a profile with AWS_PROFILE") from error
        if isinstance(error, (aws.NoCredentialsError, aws.PartialCredentialsError)):
            raise UnreachableError("no AWS credentials: run `aws configure`, or choose a profile with AWS_PROFILE")
        if isinstance(error, aws.BotoCoreError):
            raise UnreachableError(str(error)) from error
