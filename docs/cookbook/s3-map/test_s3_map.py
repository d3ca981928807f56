"""rateFile: rows are read in batches, and the results are written next to the file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asl.testing import FlowUnderTest, TaskFailed
from asl.testing.plugin import Flows

FILE = {"key": "orders.csv"}
S3 = "arn:aws:states:::aws-sdk:s3:"


class Bucket(dict[str, str]):
    """The objects of a bucket, by key."""

    def get(self, request: dict[str, Any]) -> dict[str, Any]:  # type: ignore[override]
        if request["Key"] not in self:
            raise TaskFailed("S3.NoSuchKeyException", "The specified key does not exist.")
        return {"Body": self[request["Key"]]}

    def put(self, request: dict[str, Any]) -> dict[str, Any]:
        self[request["Key"]] = request["Body"]
        return {}


@pytest.fixture
def bucket() -> Bucket:
    return Bucket({"orders.csv": "id,amount\n" + "".join(f"{n},{n * 10}\n" for n in range(250))})


@pytest.fixture
def flow(flows: Flows, bucket: Bucket) -> FlowUnderTest:
    flow = flows.load("rateFile")
    flow.function(S3 + "getObject", bucket.get)
    flow.function(S3 + "putObject", bucket.put)
    return flow


def test_rows_are_rated_in_batches_and_written(flow: FlowUnderTest, bucket: Bucket) -> None:
    run = flow.run(FILE).assert_succeeded()
    assert [len(payload["Items"]) for payload in run.payloads("RateBatch")] == [100, 100, 50]
    assert run.output["bucket"] == "rate-file-123456789012"
    manifest = json.loads(bucket[run.output["manifest"]])
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    rated = [row for batch in json.loads(bucket[file["Key"]]) for row in json.loads(batch["Output"])]
    assert len(rated) == 250
    assert {row["rating"] for row in rated if int(row["id"]) < 100} == {"low"}
    assert {row["rating"] for row in rated if int(row["id"]) >= 100} == {"high"}


def test_a_file_with_a_bad_row_fails(flow: FlowUnderTest, bucket: Bucket) -> None:
    bucket["orders.csv"] = "id,amount\n1,a lot\n"
    flow.run(FILE).assert_failed("States.ExceedToleratedFailureThreshold")


def test_a_missing_file_fails(flow: FlowUnderTest) -> None:
    flow.run({"key": "missing.csv"}).assert_failed("States.ItemReaderFailed")
