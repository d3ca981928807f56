"""Permissions that arguments bring: tags, roles, objects in S3; and services whose resources are paths."""

from __future__ import annotations

from typing import Any

import pytest

from .grants import FUNCTION, HERE, PREFIX, Grants, grants, task

CASES: dict[str, tuple[dict[str, Any], Grants]] = {
    "batch with tags": (
        task("arn:aws:states:::batch:submitJob", JobQueue="q", JobDefinition="d:1", Tags={"a": "b"}),
        {
            ("batch:SubmitJob", f"arn:aws:batch:{HERE}:job-queue/q"),
            ("batch:SubmitJob", f"arn:aws:batch:{HERE}:job-definition/d:1"),
            ("batch:TagResource", f"arn:aws:batch:{HERE}:job/*"),
        },
    ),
    "an integration in a region": (
        task("arn:aws:states:eu-west-1:111122223333:aws-sdk:sqs:sendMessage", QueueUrl="q"),
        {("sqs:SendMessage", f"arn:aws:sqs:{HERE}:q")},
    ),
    "an activity in a region": (task("arn:aws:states:eu-west-1:111122223333:activity:a"), set()),
    "a REST API": (
        task("arn:aws:states:::aws-sdk:apigateway:getStage", RestApiId="abc", **{"StageName.$": "$.stage"}),
        {("apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/abc/stages/*")},
    ),
    "an HTTP API": (
        task("arn:aws:states:::aws-sdk:apigatewayv2:updateApi", ApiId="abc"),
        {("apigateway:PATCH", "arn:aws:apigateway:eu-west-1::/apis/abc")},
    ),
    "a client of a WebSocket API": (
        task("arn:aws:states:::aws-sdk:apigatewaymanagementapi:postToConnection", ConnectionId="c"),
        {("execute-api:ManageConnections", f"arn:aws:execute-api:{HERE}:*/*/POST/@connections/*")},
    ),
    "a client of a WebSocket API, optimised": (
        task(
            "arn:aws:states:::apigateway:invoke",
            ApiEndpoint="abc.execute-api.eu-west-1.amazonaws.com",
            Stage="live",
            Method="POST",
            Path="/@connections/c",
        ),
        {("execute-api:ManageConnections", f"arn:aws:execute-api:{HERE}:abc/live/POST/@connections/c")},
    ),
    "an unsigned operation": (task("arn:aws:states:::aws-sdk:cognitoidentityprovider:initiateAuth"), set()),
    "tags of a table": (
        task("arn:aws:states:::aws-sdk:dynamodb:createTable", TableName="t", Tags=[{"Key": "a", "Value": "b"}]),
        {(f"dynamodb:{verb}", f"arn:aws:dynamodb:{HERE}:table/t") for verb in ("CreateTable", "TagResource")},
    ),
    "tags of an instance, and its profile": (
        task(
            "arn:aws:states:::aws-sdk:ec2:runInstances",
            TagSpecifications=[{"ResourceType": "instance"}],
            IamInstanceProfile={"Name": "web"},
        ),
        {
            ("ec2:RunInstances", "*"),
            ("ec2:CreateTags", "*"),
            ("iam:PassRole", "arn:aws:iam::111122223333:role/web"),
        },
    ),
    "tags of a role": (
        task("arn:aws:states:::aws-sdk:iam:createRole", RoleName="r", **{"Tags.$": "$.tags"}),
        {("iam:CreateRole", "*"), ("iam:TagRole", "arn:aws:iam:*:*:*")},
    ),
    "tags that only filter": (
        task("arn:aws:states:::aws-sdk:rds:describeDBInstances", Tags=[]),
        {("rds:DescribeDBInstances", "*")},
    ),
    "tags of another service": (
        task("arn:aws:states:::aws-sdk:sfn:createActivity", Name="a", Tags=[]),
        {("states:CreateActivity", "*"), ("states:TagResource", "arn:aws:states:*:*:*")},
    ),
    "a computed role": (
        task("arn:aws:states:::aws-sdk:lambda:createFunction", FunctionName="f", **{"Role.$": "$.role"}),
        {
            ("lambda:CreateFunction", f"{FUNCTION}f"),
            ("iam:PassRole", f"arn:aws:iam::111122223333:role/{PREFIX}*"),
        },
    ),
    "a role among arguments that are computed together": (
        {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:lambda:createFunction", "Arguments": "{% $all %}"},
        {
            ("lambda:CreateFunction", "*"),
            ("iam:PassRole", f"arn:aws:iam::111122223333:role/{PREFIX}*"),
        },
    ),
    "computed arguments that pass no role": (
        {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "Arguments": "{% $all %}"},
        {("sqs:SendMessage", "*")},
    ),
    "a connection of EventBridge": (
        task("arn:aws:states:::aws-sdk:eventbridge:describeConnection", Name="partner"),
        {("events:DescribeConnection", f"arn:aws:events:{HERE}:connection/partner/*")},
    ),
    "a document of Systems Manager": (
        task("arn:aws:states:::aws-sdk:ssm:getDocument", Name="Restart"),
        {("ssm:GetDocument", f"arn:aws:ssm:{HERE}:document/Restart")},
    ),
    "a role in a list": (
        task(
            "arn:aws:states:::aws-sdk:eventbridge:putTargets", Rule="r", Targets=[{"RoleArn": "arn:aws:iam::1:role/x"}]
        ),
        {
            ("events:PutTargets", f"arn:aws:events:{HERE}:rule/r"),
            ("iam:PassRole", "arn:aws:iam::1:role/x"),
        },
    ),
    "a message's role": (
        task("arn:aws:states:::aws-sdk:bedrockruntime:converse", ModelId="m", Messages=[{"Role": "user"}]),
        {("bedrock:InvokeModel", "arn:aws:bedrock:eu-west-1::foundation-model/m")},
    ),
    "a picture": (
        task("arn:aws:states:::aws-sdk:rekognition:detectText", Image={"S3Object": {"Bucket": "b", "Name": "a.png"}}),
        {("rekognition:DetectText", "*"), ("s3:GetObject", "arn:aws:s3:::b/a.png")},
    ),
    "a picture that is computed": (
        task(
            "arn:aws:states:::aws-sdk:rekognition:detectText", Image={"S3Object": {"Bucket": "b", "Name.$": "$.name"}}
        ),
        {("rekognition:DetectText", "*"), ("s3:GetObject", "arn:aws:s3:::b/*")},
    ),
    "a document and where its text goes": (
        task(
            "arn:aws:states:::aws-sdk:textract:startDocumentAnalysis",
            DocumentLocation={"S3Object": {"Bucket": "b", "Name": "a.pdf"}},
            OutputConfig={"S3Bucket": "out", "S3Prefix": "text/"},
        ),
        {
            ("textract:StartDocumentAnalysis", "*"),
            ("s3:GetObject", "arn:aws:s3:::b/a.pdf"),
            ("s3:PutObject", "arn:aws:s3:::out/text/*"),
        },
    ),
    "a transcription": (
        task(
            "arn:aws:states:::aws-sdk:transcribe:startTranscriptionJob",
            Media={"MediaFileUri": "s3://media/talk.mp3"},
            OutputBucketName="out",
        ),
        {
            ("transcribe:StartTranscriptionJob", "*"),
            ("s3:GetObject", "arn:aws:s3:::media/talk.mp3"),
            ("s3:PutObject", "arn:aws:s3:::out/*"),
        },
    ),
    "speech": (
        task("arn:aws:states:::aws-sdk:polly:startSpeechSynthesisTask", OutputS3BucketName="out"),
        {("polly:StartSpeechSynthesisTask", "*"), ("s3:PutObject", "arn:aws:s3:::out/*")},
    ),
    "a service with a role of its own for S3": (
        task(
            "arn:aws:states:::aws-sdk:comprehend:startEntitiesDetectionJob",
            InputDataConfig={"S3Uri": "s3://b/in"},
            DataAccessRoleArn="arn:aws:iam::1:role/r",
        ),
        {("comprehend:StartEntitiesDetectionJob", "*"), ("iam:PassRole", "arn:aws:iam::1:role/r")},
    ),
    "a template": (
        task(
            "arn:aws:states:::aws-sdk:cloudformation:createStack",
            StackName="s",
            TemplateURL="https://b.s3.eu-west-1.amazonaws.com/t.yml",
            RoleARN="arn:aws:iam::1:role/r",
        ),
        {
            ("cloudformation:CreateStack", f"arn:aws:cloudformation:{HERE}:stack/s/*"),
            ("s3:GetObject", "arn:aws:s3:::b/t.yml"),
            ("iam:PassRole", "arn:aws:iam::1:role/r"),
        },
    ),
    "an image of a function": (
        task("arn:aws:states:::aws-sdk:lambda:updateFunctionCode", FunctionName="f", S3Bucket="b", S3Key="f.zip"),
        {("lambda:UpdateFunctionCode", f"{FUNCTION}f"), ("s3:GetObject", "arn:aws:s3:::b/f.zip")},
    ),
    "ecs with roles and tags": (
        task(
            "arn:aws:states:::ecs:runTask",
            TaskDefinition="web:1",
            PropagateTags="TASK_DEFINITION",
            Overrides={"TaskRoleArn": "arn:aws:iam::1:role/task", "ExecutionRoleArn": "arn:aws:iam::1:role/run"},
        ),
        {
            ("ecs:RunTask", f"arn:aws:ecs:{HERE}:task-definition/web:1"),
            ("ecs:TagResource", f"arn:aws:ecs:{HERE}:task/*"),
            ("iam:PassRole", "arn:aws:iam::1:role/task"),
            ("iam:PassRole", "arn:aws:iam::1:role/run"),
            ("iam:PassRole", f"arn:aws:iam::111122223333:role/{PREFIX}*"),
        },
    ),
    "emr with its roles by name": (
        task(
            "arn:aws:states:::elasticmapreduce:createCluster",
            ServiceRole="EMR_DefaultRole",
            Instances={"InstanceCount": 1},
            JobFlowRole="EMR_EC2_DefaultRole",
        ),
        {
            ("elasticmapreduce:RunJobFlow", "*"),
            ("iam:PassRole", "arn:aws:iam::111122223333:role/EMR_DefaultRole"),
            ("iam:PassRole", "arn:aws:iam::111122223333:role/EMR_EC2_DefaultRole"),
        },
    ),
}


@pytest.mark.parametrize(("state", "expected"), CASES.values(), ids=CASES.keys())
def test_what_a_task_needs(state: dict[str, Any], expected: Grants) -> None:
    assert grants(state) == expected
