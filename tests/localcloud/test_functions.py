"""Functions that Lambda's API has created: their code comes from a zip archive."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localcloud import functions
from localcloud.cloud import Cloud
from localcloud.functions import UnpackError, unpack
from tests.localcloud.conftest import client_of


def archive_of(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


GOOD = archive_of({"fn.py": "def handler(event, context): return 1", "package/module.py": ""})
ENCRYPTED = bytearray(GOOD)
ENCRYPTED[6] |= 1
ENCRYPTED[GOOD.index(b"PK\x01\x02") + 8] |= 1


def test_a_package_is_unpacked(tmp_path: Path) -> None:
    unpack(GOOD, tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*.py")) == ["fn.py", "module.py"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "not a zip", id="empty"),
        pytest.param(b"no zip", "not a zip", id="something else"),
        pytest.param(GOOD[:-30], "not a zip", id="cut off"),
        pytest.param(GOOD[:45] + b"\0\0\0\0" + GOOD[49:], "Error|Bad|CRC", id="damaged"),
        pytest.param(bytes(ENCRYPTED), "encrypted", id="encrypted"),
        pytest.param(archive_of({"../evil.py": ""}), "the path '../evil.py' is outside the package", id="above"),
        pytest.param(archive_of({"a/../../evil.py": ""}), "outside the package", id="above a folder"),
        pytest.param(archive_of({"/tmp/evil.py": ""}), "outside the package", id="absolute"),
        pytest.param(archive_of({"..\\evil.py": ""}), "outside the package", id="backslash"),
    ],
)
def test_a_broken_package_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    with pytest.raises(UnpackError, match=message):
        unpack(content, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["code"]


def test_a_package_has_lambdas_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert functions.MAX_UNZIPPED_BYTES == 262144000
    monkeypatch.setattr(functions, "MAX_UNZIPPED_BYTES", 1000)
    unpack(archive_of({"one": "x" * 500, "two": "x" * 499}), tmp_path)
    with pytest.raises(UnpackError, match="unzipped size must be smaller than 1000 bytes"):
        unpack(archive_of({"one": "x" * 500, "two": "x" * 500}), tmp_path)


def create(cloud: Cloud, name: str, content: bytes) -> str:
    role = f"arn:aws:iam::123456789012:role/{name}"
    client_of(cloud, "iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    settings = {"Runtime": "python3.11", "Role": role, "Handler": "fn.handler"}
    created = client_of(cloud, "lambda").create_function(FunctionName=name, Code={"ZipFile": content}, **settings)
    arn: str = created["FunctionArn"]
    return arn


def test_a_broken_package_is_lambdas_error(cloud: Cloud) -> None:
    arn = create(cloud, "broken-zip", b"no zip")
    with pytest.raises(ClientError) as refused:
        client_of(cloud, "lambda").invoke(FunctionName="broken-zip")
    assert refused.value.response["Error"] == {
        "Code": "InvalidZipFileException",
        "Message": "Lambda could not unzip the deployment package: File is not a zip file",
    }
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 502
    machines = client_of(cloud, "stepfunctions")
    definition = {"StartAt": "Task", "States": {"Task": {"Type": "Task", "Resource": arn, "End": True}}}
    role = "arn:aws:iam::123456789012:role/broken-zip"
    may_invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}
    client_of(cloud, "iam").put_role_policy(
        RoleName="broken-zip",
        PolicyName="invoke",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may_invoke]}),
    )
    machine = machines.create_state_machine(
        name="broken-zip", definition=json.dumps(definition), roleArn=role, type="EXPRESS"
    )["stateMachineArn"]
    assert machines.start_sync_execution(stateMachineArn=machine)["error"] == "Lambda.InvalidZipFileException"


def test_a_package_without_the_handler_is_an_import_error(cloud: Cloud) -> None:
    create(cloud, "other-module", archive_of({"other.py": ""}))
    answer = client_of(cloud, "lambda").invoke(FunctionName="other-module")
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == "Runtime.ImportModuleError"
