"""Each integration's statements, exact, the same for `Parameters` and for `Arguments`."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.model import IamStatement
from compiler.permissions import derive_statements

from .grants import (
    EXECUTION,
    FUNCTION,
    HERE,
    MACHINE,
    PREFIX,
    START,
    Grants,
    grants,
    pairs,
    policy,
    rule,
    task,
)

TABLES = {
    ("lakeformation:GetDataAccess", "*"),
    *(
        (f"glue:{action}", f"arn:aws:glue:{HERE}:{resource}")
        for action in (
            *("BatchGetPartition", "GetDatabase", "GetDatabases", "GetPartition", "GetPartitions"),
            *("GetTable", "GetTables"),
        )
        for resource in ("catalog", "database/*", "table/*")
    ),
}

CASES: dict[str, tuple[dict[str, Any], Grants]] = {
    "a function": (task("${FirstArn}"), {("lambda:InvokeFunction", f"{FUNCTION}{PREFIX}first")}),
    "a function by ARN": (task(f"{FUNCTION}x:3"), {("lambda:InvokeFunction", f"{FUNCTION}x:3")}),
    "lambda:invoke": (
        task("arn:aws:states:::lambda:invoke", FunctionName="${FirstArn}"),
        {("lambda:InvokeFunction", f"{FUNCTION}{PREFIX}first")},
    ),
    "lambda:invoke by name": (
        task("arn:aws:states:::lambda:invoke.waitForTaskToken", FunctionName="x"),
        {("lambda:InvokeFunction", f"{FUNCTION}x")},
    ),
    "lambda:invoke at run time": (
        task("arn:aws:states:::lambda:invoke", **{"FunctionName.$": "$.f"}),
        {("lambda:InvokeFunction", f"{FUNCTION}{PREFIX}*")},
    ),
    "an activity": (task(f"arn:aws:states:{HERE}:activity:a"), set()),
    "a flow": (
        task(START, StateMachineArn="${otherStateMachine}"),
        {("states:StartExecution", f"{MACHINE}{PREFIX}other")},
    ),
    "a flow, waited for": (
        task(START + ".sync:2", StateMachineArn="${otherStateMachine}"),
        {
            ("states:StartExecution", f"{MACHINE}{PREFIX}other"),
            ("states:DescribeExecution", f"{EXECUTION}{PREFIX}other:*"),
            ("states:StopExecution", f"{EXECUTION}{PREFIX}other:*"),
        }
        | rule("StepFunctionsGetEventsForStepFunctionsExecutionRule"),
    ),
    "a machine by ARN": (
        task(START + ".sync", StateMachineArn=f"{MACHINE}m"),
        {
            ("states:StartExecution", f"{MACHINE}m"),
            ("states:DescribeExecution", f"{EXECUTION}m:*"),
            ("states:StopExecution", f"{EXECUTION}m:*"),
        }
        | rule("StepFunctionsGetEventsForStepFunctionsExecutionRule"),
    ),
    "dynamodb": (
        task("arn:aws:states:::dynamodb:updateItem", TableName="t"),
        {("dynamodb:UpdateItem", f"arn:aws:dynamodb:{HERE}:table/t")},
    ),
    "sqs": (
        task("arn:aws:states:::sqs:sendMessage", QueueUrl="https://sqs.eu-west-1.amazonaws.com/111122223333/q"),
        {("sqs:SendMessage", f"arn:aws:sqs:{HERE}:q")},
    ),
    "sqs with names": (
        task(
            "arn:aws:states:::sqs:sendMessage",
            QueueUrl="https://sqs.${AWS::Region}.amazonaws.com/${AWS::AccountId}/${ResourcePrefix}q",
        ),
        {("sqs:SendMessage", f"arn:aws:sqs:{HERE}:{PREFIX}q")},
    ),
    "sns": (
        task("arn:aws:states:::sns:publish", TopicArn=f"arn:aws:sns:{HERE}:t"),
        {("sns:Publish", f"arn:aws:sns:{HERE}:t")},
    ),
    "sns to a phone": (task("arn:aws:states:::sns:publish", PhoneNumber="+49"), {("sns:Publish", "*")}),
    "events": (
        task("arn:aws:states:::events:putEvents", Entries=[{"EventBusName": "b"}, {"Source": "s"}]),
        {
            ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/b"),
            ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/default"),
        },
    ),
    "batch": (
        task("arn:aws:states:::batch:submitJob.sync", JobQueue="q", JobDefinition="d:1"),
        {
            ("batch:SubmitJob", f"arn:aws:batch:{HERE}:job-queue/q"),
            ("batch:SubmitJob", f"arn:aws:batch:{HERE}:job-definition/d:1"),
            ("batch:DescribeJobs", "*"),
            ("batch:TerminateJob", f"arn:aws:batch:{HERE}:job/*"),
        }
        | rule("StepFunctionsGetEventsForBatchJobsRule"),
    ),
    "glue": (
        task("arn:aws:states:::glue:startJobRun.sync", JobName="j"),
        {
            (f"glue:{action}", f"arn:aws:glue:{HERE}:job/j")
            for action in ("StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun")
        },
    ),
    "bedrock": (
        task("arn:aws:states:::bedrock:invokeModel", ModelId="anthropic.claude-v2"),
        {("bedrock:InvokeModel", "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-v2")},
    ),
    "api gateway": (
        task(
            "arn:aws:states:::apigateway:invoke",
            ApiEndpoint="abc.execute-api.eu-west-1.amazonaws.com",
            Method="GET",
            Stage="prod",
            Path="/pets",
        ),
        {("execute-api:Invoke", f"arn:aws:execute-api:{HERE}:abc/prod/GET/pets")},
    ),
    "sdk query of an index": (
        task("arn:aws:states:::aws-sdk:dynamodb:query", TableName="t", IndexName="i"),
        {("dynamodb:Query", f"arn:aws:dynamodb:{HERE}:table/t/index/i")},
    ),
    "sdk transaction": (
        task("arn:aws:states:::aws-sdk:dynamodb:transactGetItems", TransactItems=[]),
        {("dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/*")},
    ),
    "sdk list of a bucket": (
        task("arn:aws:states:::aws-sdk:s3:listObjectsV2", Bucket="b"),
        {("s3:ListBucket", "arn:aws:s3:::b")},
    ),
    "sdk object": (
        task("arn:aws:states:::aws-sdk:s3:headObject", Bucket="b", Key="k"),
        {("s3:GetObject", "arn:aws:s3:::b/k")},
    ),
    "sdk copy": (
        task("arn:aws:states:::aws-sdk:s3:copyObject", Bucket="b", Key="k", CopySource="/c/d"),
        {("s3:GetObject", "arn:aws:s3:::c/d"), ("s3:PutObject", "arn:aws:s3:::b/k")},
    ),
    "sdk secret": (
        task("arn:aws:states:::aws-sdk:secretsmanager:getSecretValue", SecretId="s"),
        {("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:s-??????")},
    ),
    "sdk statement with a secret": (
        task(
            "arn:aws:states:::aws-sdk:rdsdata:executeStatement",
            ResourceArn="arn:aws:rds:eu-west-1:1:cluster:c",
            **{"SecretArn.$": "$.secret"},
        ),
        {
            ("rds-data:ExecuteStatement", "arn:aws:rds:eu-west-1:1:cluster:c"),
            ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:*"),
        },
    ),
    "sdk statement in a warehouse": (
        task("arn:aws:states:::aws-sdk:redshiftdata:executeStatement", ClusterIdentifier="c", Sql="select 1"),
        {
            ("redshift-data:ExecuteStatement", f"arn:aws:redshift:{HERE}:cluster:c"),
            ("redshift:GetClusterCredentialsWithIAM", f"arn:aws:redshift:{HERE}:dbname:c/*"),
        },
    ),
    "sdk parameter": (
        task("arn:aws:states:::aws-sdk:ssm:getParameter", Name="/a/b"),
        {("ssm:GetParameter", f"arn:aws:ssm:{HERE}:parameter/a/b")},
    ),
    "sdk with another prefix": (
        task("arn:aws:states:::aws-sdk:sfn:listExecutions", StateMachineArn="${otherStateMachine}"),
        {("states:ListExecutions", f"{MACHINE}{PREFIX}other")},
    ),
    "sdk without resources": (
        task("arn:aws:states:::aws-sdk:cloudwatch:putMetricData"),
        {("cloudwatch:PutMetricData", "*")},
    ),
    "sdk whose prefix its API model knows": (
        task("arn:aws:states:::aws-sdk:accessanalyzer:listAnalyzers"),
        {("access-analyzer:ListAnalyzers", "*")},
    ),
    "batch without a revision": (
        task("arn:aws:states:::batch:submitJob", JobQueue="q", JobDefinition="d"),
        {
            ("batch:SubmitJob", f"arn:aws:batch:{HERE}:job-queue/q"),
            ("batch:SubmitJob", f"arn:aws:batch:{HERE}:job-definition/d"),
            ("batch:SubmitJob", f"arn:aws:batch:{HERE}:job-definition/d:*"),
        },
    ),
    "ecs without a revision": (
        task("arn:aws:states:::aws-sdk:ecs:runTask", TaskDefinition="web"),
        {("ecs:RunTask", f"arn:aws:ecs:{HERE}:task-definition/web:*")},
    ),
    "athena": (
        task(
            "arn:aws:states:::athena:startQueryExecution.sync",
            WorkGroup="w",
            ResultConfiguration={"OutputLocation": "s3://results/daily/"},
        ),
        {
            *(
                (f"athena:{verb}QueryExecution", f"arn:aws:athena:{HERE}:workgroup/w")
                for verb in ("Start", "Get", "Stop")
            ),
            ("athena:GetDataCatalog", f"arn:aws:athena:{HERE}:datacatalog/AwsDataCatalog"),
            *TABLES,
            *(
                (f"s3:{action}", "arn:aws:s3:::results")
                for action in ("GetBucketLocation", "ListBucket", "ListBucketMultipartUploads")
            ),
            *(
                (f"s3:{action}", "arn:aws:s3:::results/daily/*")
                for action in ("AbortMultipartUpload", "GetObject", "ListMultipartUploadParts", "PutObject")
            ),
        },
    ),
    "emr with a role by its name": (
        task("arn:aws:states:::elasticmapreduce:createCluster", ServiceRole="EMR_DefaultRole"),
        {
            ("elasticmapreduce:RunJobFlow", "*"),
            ("iam:PassRole", "arn:aws:iam::111122223333:role/EMR_DefaultRole"),
        },
    ),
    "sagemaker tuning, whose role is inside": (
        task(
            "arn:aws:states:::sagemaker:createHyperParameterTuningJob",
            HyperParameterTuningJobName="j",
            TrainingJobDefinition={"RoleArn": "arn:aws:iam::1:role/r"},
        ),
        {
            ("sagemaker:AddTags", f"arn:aws:sagemaker:{HERE}:hyper-parameter-tuning-job/j"),
            ("sagemaker:CreateHyperParameterTuningJob", f"arn:aws:sagemaker:{HERE}:hyper-parameter-tuning-job/j"),
            ("sagemaker:ListTags", f"arn:aws:sagemaker:{HERE}:hyper-parameter-tuning-job/j"),
            ("iam:PassRole", "arn:aws:iam::1:role/r"),
        },
    ),
    "sagemaker transform, which takes no role": (
        task("arn:aws:states:::sagemaker:createTransformJob", TransformJobName="j"),
        {
            ("sagemaker:AddTags", f"arn:aws:sagemaker:{HERE}:transform-job/j"),
            ("sagemaker:CreateTransformJob", f"arn:aws:sagemaker:{HERE}:transform-job/j"),
            ("sagemaker:ListTags", f"arn:aws:sagemaker:{HERE}:transform-job/j"),
        },
    ),
    "lambda:invoke in another account, of an alias": (
        task("arn:aws:states:::lambda:invoke", FunctionName="999988887777:function:x", Qualifier="live"),
        {("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:999988887777:function:x:live")},
    ),
    "sdk transaction of known tables": (
        task(
            "arn:aws:states:::aws-sdk:dynamodb:transactGetItems",
            TransactItems=[{"Get": {"TableName": "a"}}, {"Get": {"TableName": "b"}}],
        ),
        {("dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/{name}") for name in "ab"},
    ),
    "sdk list of tables": (task("arn:aws:states:::aws-sdk:dynamodb:listTables"), {("dynamodb:ListTables", "*")}),
    "sdk version of an object": (
        task("arn:aws:states:::aws-sdk:s3:getObject", Bucket="b", Key="k", VersionId="1"),
        {("s3:GetObjectVersion", "arn:aws:s3:::b/k")},
    ),
    "sdk object with tags": (
        task("arn:aws:states:::aws-sdk:s3:putObject", Bucket="b", Key="k", Tagging="a=b"),
        {("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:PutObjectTagging", "arn:aws:s3:::b/k")},
    ),
    "sdk parameters": (
        task("arn:aws:states:::aws-sdk:ssm:getParameters", Names=["/a", "b"]),
        {("ssm:GetParameters", f"arn:aws:ssm:{HERE}:parameter/{name}") for name in "ab"},
    ),
    "sdk secrets": (
        task("arn:aws:states:::aws-sdk:secretsmanager:batchGetSecretValue", SecretIdList=["s"]),
        {
            ("secretsmanager:BatchGetSecretValue", "*"),
            ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:s-??????"),
        },
    ),
    "sdk call with a role for the service": (
        task(
            "arn:aws:states:::aws-sdk:scheduler:createSchedule",
            Name="n",
            Target={"Arn": "x", "RoleArn": "arn:aws:iam::1:role/r"},
        ),
        {
            ("scheduler:CreateSchedule", f"arn:aws:scheduler:{HERE}:schedule/default/n"),
            ("iam:PassRole", "arn:aws:iam::1:role/r"),
        },
    ),
    "sdk assumption of a role": (
        task("arn:aws:states:::aws-sdk:sts:assumeRole", RoleArn="arn:aws:iam::1:role/r"),
        {("sts:AssumeRole", "arn:aws:iam::1:role/r")},
    ),
    "another role": (
        {**task("${FirstArn}"), "Credentials": {"RoleArn": "arn:aws:iam::1:role/r"}},
        {("sts:AssumeRole", "arn:aws:iam::1:role/r")},
    ),
}


@pytest.mark.parametrize(("state", "expected"), CASES.values(), ids=CASES.keys())
def test_what_a_task_needs(state: dict[str, Any], expected: Grants) -> None:
    assert grants(state) == expected


@pytest.mark.parametrize(("state", "expected"), CASES.values(), ids=CASES.keys())
def test_jsonata_arguments_need_the_same(state: dict[str, Any], expected: Grants) -> None:
    arguments = {
        key.removesuffix(".$"): f"{{% {value} %}}" if key.endswith(".$") else value
        for key, value in state["Parameters"].items()
    }
    jsonata = {key: value for key, value in state.items() if key != "Parameters"} | {"Arguments": arguments}
    assert grants(jsonata) == expected


def test_computed_arguments_get_a_note() -> None:
    state = task("arn:aws:states:::dynamodb:getItem", **{"TableName.$": "$.t"})
    (statement,) = derive_statements("own", {"StartAt": "A", "States": {"A": state}})
    assert statement.note == "TableName is computed at run time"


def test_a_pass_role_is_limited_to_its_service() -> None:
    state = task("arn:aws:states:::mediaconvert:createJob", Role="arn:aws:iam::1:role/media")
    document = policy({"StartAt": "A", "States": {"A": state}})
    statement = next(item for item in document["Statement"] if item["Action"] == ["iam:PassRole"])
    assert statement["Resource"] == ["arn:aws:iam::1:role/media"]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}}


def test_an_http_task_names_its_endpoint_method_and_connection() -> None:
    connection = f"arn:aws:events:{HERE}:connection/c/1"
    arguments = {"ApiEndpoint": "https://x.example", "Method": "GET", "Authentication": {"ConnectionArn": connection}}
    document = policy({"StartAt": "A", "States": {"A": task("arn:aws:states:::http:invoke", **arguments)}})
    assert ("events:RetrieveConnectionCredentials", connection) in pairs(document)
    invoke = next(item for item in document["Statement"] if "states:InvokeHTTPEndpoint" in item["Action"])
    assert invoke["Resource"] == [f"{MACHINE}{PREFIX}own"]
    assert invoke["Condition"]["StringEquals"] == {
        "states:HTTPEndpoint": "https://x.example",
        "states:HTTPMethod": "GET",
    }


def test_a_distributed_map_starts_describes_stops_and_redrives_its_own_runs() -> None:
    inner = {"StartAt": "B", "States": {"B": task("${FirstArn}")}}
    state = {
        "Type": "Map",
        "Label": "orders",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "in", "Key": "orders.json"},
        },
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **inner},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "r"}},
        "End": True,
    }
    writing = ("PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload")
    assert grants(state) == {
        ("states:StartExecution", f"{MACHINE}{PREFIX}own"),
        ("states:DescribeExecution", f"{EXECUTION}{PREFIX}own:*"),
        ("states:StopExecution", f"{EXECUTION}{PREFIX}own:*"),
        ("states:RedriveExecution", f"{EXECUTION}{PREFIX}own/orders:*"),
        ("s3:GetObject", "arn:aws:s3:::in/orders.json"),
        *((f"s3:{action}", "arn:aws:s3:::out/r*") for action in writing),
        ("lambda:InvokeFunction", f"{FUNCTION}{PREFIX}first"),
    }


def test_an_inline_map_needs_what_its_states_need() -> None:
    inner = {"StartAt": "B", "States": {"B": task("${FirstArn}")}}
    assert grants({"Type": "Map", "ItemProcessor": inner, "End": True}) == {
        ("lambda:InvokeFunction", f"{FUNCTION}{PREFIX}first")
    }


def test_allow_adds_and_deny_subtracts() -> None:
    state = task("${FirstArn}")
    allowed = IamStatement(("s3:GetObject",), ("arn:aws:s3:::b/*",))
    denied = IamStatement(("lambda:*",), ("*",), Effect="Deny")
    assert grants(state, allow=[allowed], deny=[denied]) == {("s3:GetObject", "arn:aws:s3:::b/*")}
    assert grants(state, "Deny", allow=[allowed], deny=[denied]) == {("lambda:*", "*")}


def test_deny_of_one_resource_leaves_the_others() -> None:
    branches = [{"StartAt": name, "States": {name: task(f"{FUNCTION}{name}")}} for name in ("a", "b")]
    denied = IamStatement(("lambda:InvokeFunction",), (f"{FUNCTION}a",), Effect="Deny")
    found = grants({"Type": "Parallel", "Branches": branches, "End": True}, deny=[denied])
    assert found == {("lambda:InvokeFunction", f"{FUNCTION}b")}


def test_statements_of_the_same_action_are_one_and_sids_are_unique() -> None:
    branches = [{"StartAt": name, "States": {name: task(f"{FUNCTION}{name}")}} for name in ("b", "a", "a")]
    document = policy({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}})
    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "LambdaInvokeFunction",
                "Effect": "Allow",
                "Action": ["lambda:InvokeFunction"],
                "Resource": [f"{FUNCTION}a", f"{FUNCTION}b"],
            }
        ],
    }


def test_a_flow_without_tasks_needs_nothing() -> None:
    assert policy({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})["Statement"] == []


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("SELECT 1", False),
        (" with t as (select 1) select * from t", False),
        ("INSERT INTO t SELECT 1", True),
        ("CREATE TABLE t AS SELECT 1", True),
        ("{% $query %}", False),
    ],
)
def test_a_query_changes_tables_if_it_is_no_select(query: str, changes: bool) -> None:
    state = task("arn:aws:states:::athena:startQueryExecution", QueryString=query)
    assert (("glue:CreateTable", f"arn:aws:glue:{HERE}:table/*") in grants(state)) == changes
