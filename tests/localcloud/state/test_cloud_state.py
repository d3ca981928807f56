"""The folder: who has it, how it is emptied, and what happens where nothing can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localcloud.settings import CloudSettings, SetupError
from localcloud.state.store import Store, reset
from tests.localcloud.conftest import write_project
from tests.localcloud.state.clouds import ROOT, CloudProcess, state_files


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path)
    return tmp_path


def parameter(cloud: CloudProcess) -> str:
    return str(cloud.client("ssm").get_parameter(Name="a")["Parameter"]["Value"])


def put(cloud: CloudProcess, value: str) -> None:
    cloud.client("ssm").put_parameter(Name="a", Value=value, Type="String", Overwrite=True)


def test_in_memory_nothing_is_kept(project: Path) -> None:
    with CloudProcess(project, STATE="memory") as cloud:
        put(cloud, "1")
        first = cloud.session["password"]
        assert not (project / ".localcloud" / "state").exists()
        cloud.stop()
    with CloudProcess(project, STATE="memory") as cloud:
        assert cloud.session["password"] != first
        with pytest.raises(ClientError, match="ParameterNotFound"):
            parameter(cloud)


def test_reset_forgets_everything_once_nobody_runs(project: Path) -> None:
    settings = CloudSettings(root=project)
    with CloudProcess(project) as cloud:
        put(cloud, "1")
        with pytest.raises(SetupError, match=rf"is running \(process {cloud.process.pid}\): stop it first"):
            reset(settings)
        assert parameter(cloud) == "1"
        cloud.stop()
    assert reset(settings) == f"Forgot everything in {settings.kept_folder}."
    assert state_files(project) == ["lock"]
    with CloudProcess(project) as cloud, pytest.raises(ClientError, match="ParameterNotFound"):
        parameter(cloud)


def test_reset_where_nothing_was_kept(tmp_path: Path) -> None:
    settings = CloudSettings(root=tmp_path)
    assert reset(settings) == f"Nothing was kept in {settings.kept_folder}."
    assert list(tmp_path.iterdir()) == []


def test_a_second_cloud_is_refused_and_one_in_memory_is_not(project: Path) -> None:
    with CloudProcess(project) as cloud:
        with CloudProcess(project) as second:
            assert second.process.returncode == 1
            (line,) = [said for said in second.log.splitlines() if "already runs" in said]
            assert line.startswith("This project already runs: API ")
            assert f"AWS endpoint {cloud.document['endpoint']} (process {cloud.process.pid})" in line
        assert cloud.process.poll() is None and cloud.client("ssm").describe_parameters()["Parameters"] == []


def test_another_value_of_state_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "localcloud", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "STATE": "ram"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "STATE is 'ram': set it to disk or memory.\n")


def test_a_damaged_database_is_set_aside(project: Path) -> None:
    with CloudProcess(project) as cloud:
        put(cloud, "1")
        cloud.stop()
    (project / ".localcloud" / "state" / "state.db").write_bytes(b"no database" * 1000)
    with CloudProcess(project) as cloud:
        assert cloud.log.count("is damaged") == 1
        put(cloud, "2")
        cloud.stop()
    with CloudProcess(project) as cloud:
        assert parameter(cloud) == "2"
        assert "damaged" not in cloud.log
    assert len([name for name in state_files(project) if name.startswith("state.db.damaged-")]) == 1


def test_a_service_that_cannot_be_read_starts_empty(project: Path) -> None:
    with CloudProcess(project) as cloud:
        put(cloud, "1")
        cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        cloud.stop()
    store = Store(CloudSettings(root=project))
    assert store.database is not None
    store.database.commit([("UPDATE records SET data = x'00' WHERE backend LIKE 'moto.ssm%'", ())])
    store.close()
    for _ in range(2):
        with CloudProcess(project) as cloud:
            assert [role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]] == ["r"]
            with pytest.raises(ClientError, match="ParameterNotFound"):
                parameter(cloud)
            cloud.stop()
    store = Store(CloudSettings(root=project))
    assert store.database is not None
    names = [name for (name,) in store.database.read("SELECT backend FROM records WHERE backend LIKE '%moto.ssm%'")]
    store.close()
    assert len(names) == 1 and names[0].startswith("unreadable ")


def test_a_full_disk_refuses_changes_and_serves_reads(project: Path) -> None:
    acknowledged: dict[str, str] = {}
    refused = 0
    table = "serverless-dynamic-workflows-local-runs"
    with CloudProcess(project, file_limit=400_000) as cloud:
        dynamodb = cloud.client("dynamodb")
        for number in range(400):
            item = {"userId": {"S": "u"}, "itemId": {"S": str(number)}, "v": {"S": "x" * 2000}}
            try:
                dynamodb.put_item(TableName=table, Item=item)
                acknowledged[str(number)] = "x" * 2000
            except ClientError as error:
                refused += 1
                assert error.response["Error"]["Code"] == "InternalFailure"
                assert "could not be written to disk" in error.response["Error"]["Message"]
                assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 507
            if refused > 20:
                break
        assert refused > 20
        with pytest.raises(ClientError, match="InternalFailure"):
            cloud.client("s3").create_bucket(Bucket="bucket")
        with pytest.raises(ClientError, match="InternalFailure"):
            cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        assert dynamodb.get_item(TableName=table, Key={"userId": {"S": "u"}, "itemId": {"S": "0"}})["Item"]
        assert cloud.log.count("changes can't be kept") == 1
        assert "Traceback" not in cloud.log
        cloud.stop()
    with CloudProcess(project, file_limit=4096) as cloud:  # still full
        (line,) = [line for line in cloud.log.splitlines() if not line.startswith(("flow broken", "  flows/"))]
        assert line.startswith(("The local cloud can't start: ", "Cannot keep anything in "))
        assert cloud.process.returncode == 1
    with CloudProcess(project) as cloud:
        pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        there = {item["itemId"]["S"]: item["v"]["S"] for page in pages for item in page["Items"]}
        assert there.items() >= acknowledged.items()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said_in_one_line(project: Path) -> None:
    folder = project / ".localcloud" / "state"
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    with CloudProcess(project) as cloud:
        (line,) = cloud.log.splitlines()
        assert "make it writable for you, or set STATE=memory" in line


def test_the_command_line_resets(project: Path) -> None:
    """`make reset`, in a copy of the project, as it is about the project that the command is of."""
    makefile = (ROOT / "Makefile").read_text()
    assert "\nreset: $(RUN_STAMP) ## " in makefile
    assert "$(BIN)/python -m localcloud reset\n" in makefile
    (project / ".localcloud" / "state").mkdir(parents=True)
    (project / ".localcloud" / "state" / "state.db").write_bytes(b"x")
    code = "import sys; from pathlib import Path; import chalicelib.settings as s; s.PROJECT = Path(sys.argv[1])\n"
    code += "from localcloud.__main__ import main; sys.exit(main(['reset']))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(project)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Forgot everything in ")
    assert state_files(project) == ["lock"]
