"""Permissions of integrations as the guides of their services document them, and what services do for their callers."""

from __future__ import annotations

from typing import Any

import pytest

from .grants import EXECUTION, FUNCTION, HERE, MACHINE, PREFIX, START, Grants, grants, rule, task

CASES: dict[str, tuple[dict[str, Any], Grants]] = {
    "a computed alias of a function": (
        task("arn:aws:states:::lambda:invoke", FunctionName="${FirstArn}", **{"Qualifier.$": "$.alias"}),
        {("lambda:InvokeFunction", f"{FUNCTION}{PREFIX}first:*")},
    ),
    "sagemaker tuning, whose rule has a name of its own": (
        task(
            "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
            HyperParameterTuningJobName="j",
            TrainingJobDefinition={"RoleArn": "arn:aws:iam::1:role/r"},
        ),
        {
            *(
                (f"sagemaker:{action}", f"arn:aws:sagemaker:{HERE}:hyper-parameter-tuning-job/j")
                for action in (
                    *("AddTags", "CreateHyperParameterTuningJob", "DescribeHyperParameterTuningJob"),
                    *("ListTags", "StopHyperParameterTuningJob"),
                )
            ),
            *rule("StepFunctionsGetEventsForSageMakerTuningJobsRule"),
            ("iam:PassRole", "arn:aws:iam::1:role/r"),
        },
    ),
    "a cluster of EKS, whose creation has no resource": (
        task("arn:aws:states:::eks:createCluster.sync", Name="c", RoleArn="arn:aws:iam::1:role/r"),
        {
            ("eks:CreateCluster", "*"),
            *((f"eks:{verb}Cluster", f"arn:aws:eks:{HERE}:cluster/c") for verb in ("Delete", "Describe")),
            ("iam:PassRole", "arn:aws:iam::1:role/r"),
        },
    ),
    "nodes of EKS, which looks at subnets and the role": (
        task("arn:aws:states:::eks:createNodegroup", ClusterName="c", NodeRole="arn:aws:iam::1:role/r"),
        {
            ("eks:CreateNodegroup", f"arn:aws:eks:{HERE}:cluster/c"),
            ("ec2:DescribeSubnets", "*"),
            *((f"iam:{action}", "arn:aws:iam::1:role/r") for action in ("GetRole", "ListAttachedRolePolicies")),
            ("iam:PassRole", "arn:aws:iam::1:role/r"),
        },
    ),
    "another try of a batch of builds": (
        task("arn:aws:states:::codebuild:retryBuildBatch.sync", **{"Id.$": "$.id"}),
        {
            *(
                (f"codebuild:{action}", f"arn:aws:codebuild:{HERE}:project/*")
                for action in ("RetryBuildBatch", "BatchGetBuildBatches", "StopBuildBatch")
            ),
            *rule("StepFunctionsGetEventForCodeBuildRetryBuildBatchRule"),
        },
    ),
    "the end of a batch of builds": (
        task("arn:aws:states:::codebuild:stopBuildBatch", Id="p:1"),
        {("codebuild:StopBuildBatch", f"arn:aws:codebuild:{HERE}:project/*")},
    ),
    "the first virtual cluster of an account": (
        task("arn:aws:states:::emr-containers:createVirtualCluster", Name="v"),
        {
            ("emr-containers:CreateVirtualCluster", "*"),
            (
                "iam:CreateServiceLinkedRole",
                "arn:aws:iam::111122223333:role/aws-service-role/emr-containers.amazonaws.com/*",
            ),
        },
    ),
    "a model with a guardrail, its input and output in S3": (
        task(
            "arn:aws:states:::bedrock:invokeModel",
            ModelId="amazon.titan-text-express-v1",
            GuardrailIdentifier="g",
            Input={"S3Uri": "s3://in/prompt.json"},
            Output={"S3Uri": "s3://out/answer.json"},
        ),
        {
            ("bedrock:InvokeModel", "arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-text-express-v1"),
            ("bedrock:ApplyGuardrail", f"arn:aws:bedrock:{HERE}:guardrail/g"),
            ("s3:GetObject", "arn:aws:s3:::in/prompt.json"),
            ("s3:PutObject", "arn:aws:s3:::out/answer.json"),
        },
    ),
    "a model in several regions": (
        task(
            "arn:aws:states:::aws-sdk:bedrockruntime:converse",
            ModelId="eu.amazon.nova-lite-v1:0",
            GuardrailConfig={"GuardrailIdentifier": "g"},
        ),
        {
            ("bedrock:InvokeModel", f"arn:aws:bedrock:{HERE}:inference-profile/eu.amazon.nova-lite-v1:0"),
            ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0"),
            ("bedrock:ApplyGuardrail", f"arn:aws:bedrock:{HERE}:guardrail/g"),
        },
    ),
    "an inference profile by its ARN": (
        task("arn:aws:states:::bedrock:invokeModel", ModelId="arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.x"),
        {
            ("bedrock:InvokeModel", "arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.x"),
            ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/meta.x"),
        },
    ),
    "an inference profile of one's own": (
        task(
            "arn:aws:states:::bedrock:invokeModel",
            ModelId="arn:aws:bedrock:us-east-1:1:application-inference-profile/a1",
        ),
        {
            ("bedrock:InvokeModel", "arn:aws:bedrock:us-east-1:1:application-inference-profile/a1"),
            ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/*"),
        },
    ),
    "a copy of a version": (
        task("arn:aws:states:::aws-sdk:s3:copyObject", Bucket="b", Key="k", CopySource="from/a%20b?versionId=1"),
        {("s3:GetObjectVersion", "arn:aws:s3:::from/a b"), ("s3:PutObject", "arn:aws:s3:::b/k")},
    ),
    "a copy of what is computed": (
        task("arn:aws:states:::aws-sdk:s3:copyObject", Bucket="b", Key="k", **{"CopySource.$": "$.from"}),
        {
            ("s3:GetObject", "arn:aws:s3:::*/*"),
            ("s3:GetObjectVersion", "arn:aws:s3:::*/*"),
            ("s3:PutObject", "arn:aws:s3:::b/k"),
        },
    ),
    "an object behind an access point": (
        task(
            "arn:aws:states:::aws-sdk:s3:getObject", Bucket="arn:aws:s3:eu-west-1:111122223333:accesspoint/p", Key="k"
        ),
        {("s3:GetObject", f"arn:aws:s3:{HERE}:accesspoint/p/object/k")},
    ),
    "an object with a key of KMS": (
        task("arn:aws:states:::aws-sdk:s3:putObject", Bucket="b", Key="k", SSEKMSKeyId="1-2"),
        {
            ("s3:PutObject", "arn:aws:s3:::b/k"),
            ("kms:Decrypt", f"arn:aws:kms:{HERE}:key/1-2"),
            ("kms:GenerateDataKey", f"arn:aws:kms:{HERE}:key/1-2"),
        },
    ),
    "attributes of an object": (
        task("arn:aws:states:::aws-sdk:s3:getObjectAttributes", Bucket="b", Key="k"),
        {("s3:GetObject", "arn:aws:s3:::b/k"), ("s3:GetObjectAttributes", "arn:aws:s3:::b/k")},
    ),
    "the head of a version": (
        task("arn:aws:states:::aws-sdk:s3:headObject", Bucket="b", Key="k", VersionId="1"),
        {("s3:GetObjectVersion", "arn:aws:s3:::b/k")},
    ),
    "versions, past their retention": (
        task(
            "arn:aws:states:::aws-sdk:s3:deleteObjects",
            Bucket="b",
            Delete={"Objects": [{"Key": "k", "VersionId": "1"}]},
            BypassGovernanceRetention=True,
        ),
        {
            (f"s3:{action}", "arn:aws:s3:::b/*")
            for action in ("BypassGovernanceRetention", "DeleteObject", "DeleteObjectVersion")
        },
    ),
    "a bucket with a lock": (
        task("arn:aws:states:::aws-sdk:s3:createBucket", Bucket="b", ObjectLockEnabledForBucket=True),
        {
            (f"s3:{action}", "arn:aws:s3:::b")
            for action in ("CreateBucket", "PutBucketObjectLockConfiguration", "PutBucketVersioning")
        },
    ),
    "a secret by an ARN without its random characters": (
        task(
            "arn:aws:states:::aws-sdk:secretsmanager:getSecretValue",
            SecretId="arn:aws:secretsmanager:eu-west-1:1:secret:prod/database",
        ),
        {("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:1:secret:prod/database-??????")},
    ),
    "a secret by an ARN that may have them": (
        task(
            "arn:aws:states:::aws-sdk:secretsmanager:getSecretValue",
            SecretId="arn:aws:secretsmanager:eu-west-1:1:secret:my-secret",
        ),
        {("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:1:secret:my-secret*")},
    ),
    "a secret by its whole ARN": (
        task(
            "arn:aws:states:::aws-sdk:secretsmanager:getSecretValue",
            SecretId="arn:aws:secretsmanager:eu-west-1:1:secret:my-secret-a1B2c3",
        ),
        {("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:1:secret:my-secret-a1B2c3")},
    ),
    "a warehouse, as a user": (
        task(
            "arn:aws:states:::aws-sdk:redshiftdata:executeStatement",
            ClusterIdentifier="c",
            Database="d",
            DbUser="u",
        ),
        {
            ("redshift-data:ExecuteStatement", f"arn:aws:redshift:{HERE}:cluster:c"),
            ("redshift:GetClusterCredentials", f"arn:aws:redshift:{HERE}:dbname:c/d"),
            ("redshift:GetClusterCredentials", f"arn:aws:redshift:{HERE}:dbuser:c/u"),
        },
    ),
    "a warehouse without servers": (
        task("arn:aws:states:::aws-sdk:redshiftdata:executeStatement", WorkgroupName="w", Database="d"),
        {
            ("redshift-data:ExecuteStatement", f"arn:aws:redshift-serverless:{HERE}:workgroup/*"),
            ("redshift-serverless:GetCredentials", f"arn:aws:redshift-serverless:{HERE}:workgroup/*"),
        },
    ),
    "pages of a document": (
        task(
            "arn:aws:states:::aws-sdk:textract:analyzeID",
            DocumentPages=[{"S3Object": {"Bucket": "b", "Name": name}} for name in ("front", "back")],
        ),
        {
            ("textract:AnalyzeID", "*"),
            ("s3:GetObject", "arn:aws:s3:::b/front"),
            ("s3:GetObject", "arn:aws:s3:::b/back"),
        },
    ),
    "speech and a message": (
        task(
            "arn:aws:states:::aws-sdk:polly:startSpeechSynthesisTask",
            OutputS3BucketName="out",
            SnsTopicArn="arn:aws:sns:eu-west-1:1:t",
        ),
        {
            ("polly:StartSpeechSynthesisTask", "*"),
            ("s3:PutObject", "arn:aws:s3:::out/*"),
            ("sns:Publish", "arn:aws:sns:eu-west-1:1:t"),
        },
    ),
    "a restored table, which is written": (
        task("arn:aws:states:::aws-sdk:dynamodb:restoreTableFromBackup", TargetTableName="t", BackupArn="arn:b"),
        {
            ("dynamodb:RestoreTableFromBackup", "arn:b"),
            *(
                (f"dynamodb:{action}", f"arn:aws:dynamodb:{HERE}:table/t")
                for action in ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
            ),
        },
    ),
    "a published version": (
        task("arn:aws:states:::aws-sdk:sfn:updateStateMachine", StateMachineArn="${otherStateMachine}", Publish=True),
        {
            ("states:UpdateStateMachine", f"{MACHINE}{PREFIX}other"),
            ("states:PublishStateMachineVersion", f"{MACHINE}{PREFIX}other"),
        },
    ),
    "a version that is not published": (
        task("arn:aws:states:::aws-sdk:sfn:updateStateMachine", StateMachineArn="${otherStateMachine}", Publish=False),
        {("states:UpdateStateMachine", f"{MACHINE}{PREFIX}other")},
    ),
    "a database's last snapshot": (
        task("arn:aws:states:::aws-sdk:rds:deleteDBInstance", DBInstanceIdentifier="d", FinalDBSnapshotIdentifier="s"),
        {("rds:DeleteDBInstance", "*"), ("rds:CreateDBSnapshot", "*")},
    ),
    "an execution of an alias, whose ARN lacks it": (
        task(f"{START}.sync", StateMachineArn="arn:aws:states:eu-west-1:1:stateMachine:x:live"),
        {
            ("states:StartExecution", "arn:aws:states:eu-west-1:1:stateMachine:x:live"),
            *((f"states:{verb}Execution", "arn:aws:states:eu-west-1:1:execution:x:*") for verb in ("Describe", "Stop")),
            *rule("StepFunctionsGetEventsForStepFunctionsExecutionRule"),
        },
    ),
    "tables of another account": (
        task(
            "arn:aws:states:::aws-sdk:dynamodb:batchGetItem",
            RequestItems={"t": {}, "arn:aws:dynamodb:eu-west-1:1:table/u": {}},
        ),
        {
            ("dynamodb:BatchGetItem", f"arn:aws:dynamodb:{HERE}:table/t"),
            ("dynamodb:BatchGetItem", "arn:aws:dynamodb:eu-west-1:1:table/u"),
        },
    ),
    "log groups by name": (
        task("arn:aws:states:::aws-sdk:cloudwatchlogs:startQuery", LogGroupNames=["/a", "/b"]),
        {("logs:StartQuery", f"arn:aws:logs:{HERE}:log-group:/{name}:*") for name in "ab"},
    ),
    "a log group by ARN": (
        task(
            "arn:aws:states:::aws-sdk:cloudwatchlogs:filterLogEvents",
            LogGroupIdentifier="arn:aws:logs:eu-west-1:1:log-group:/a",
        ),
        {("logs:FilterLogEvents", "arn:aws:logs:eu-west-1:1:log-group:/a:*")},
    ),
    **{
        f"the queue at {host}": (
            task("arn:aws:states:::sqs:sendMessage", QueueUrl=f"https://{host}/999988887777/q"),
            {("sqs:SendMessage", f"arn:aws:sqs:{region}:999988887777:q")},
        )
        for host, region in (
            ("sqs.us-east-2.amazonaws.com", "us-east-2"),
            ("sqs-fips.us-east-2.amazonaws.com", "us-east-2"),
            ("sqs.us-east-2.api.aws", "us-east-2"),
            ("vpce-1-2.sqs.us-east-2.vpce.amazonaws.com", "us-east-2"),
            ("us-east-2.queue.amazonaws.com", "us-east-2"),
            ("queue.amazonaws.com", "*"),
        )
    },
    "a version of a data set": (
        {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "Parameters": {"Bucket": "b", "Key": "k", "VersionId": "1"},
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "B",
                "States": {"B": {"Type": "Pass", "End": True}},
            },
            "Label": "each",
            "End": True,
        },
        {
            ("s3:GetObjectVersion", "arn:aws:s3:::b/k"),
            ("states:StartExecution", f"{MACHINE}{PREFIX}own"),
            *((f"states:{verb}Execution", f"{EXECUTION}{PREFIX}own:*") for verb in ("Describe", "Stop")),
            ("states:RedriveExecution", f"{EXECUTION}{PREFIX}own/each:*"),
        },
    ),
    "a role by its name, in an argument of another name": (
        task("arn:aws:states:::aws-sdk:rds:createDBInstance", DBInstanceIdentifier="d", DomainIAMRoleName="directory"),
        {("rds:CreateDBInstance", "*"), ("iam:PassRole", "arn:aws:iam::111122223333:role/directory")},
    ),
    "a role that is not IAM's": (
        task("arn:aws:states:::aws-sdk:quicksight:registerUser", UserRole="ADMIN"),
        {("quicksight:RegisterUser", "*")},
    ),
    "a computed role of a service of ECS": (
        task("arn:aws:states:::aws-sdk:ecs:createService", ServiceName="s", **{"Role.$": "$.role"}),
        {("ecs:CreateService", "*"), ("iam:PassRole", f"arn:aws:iam::111122223333:role/{PREFIX}*")},
    ),
    "an imported table": (
        task(
            "arn:aws:states:::aws-sdk:dynamodb:importTable",
            S3BucketSource={"S3Bucket": "b", "S3KeyPrefix": "in/"},
            TableCreationParameters={"TableName": "t"},
        ),
        {
            ("dynamodb:ImportTable", f"arn:aws:dynamodb:{HERE}:table/t"),
            ("logs:DescribeLogGroups", "*"),
            ("s3:GetObject", "arn:aws:s3:::b/in/*"),
            ("s3:ListBucket", "arn:aws:s3:::b"),
            *(
                (f"logs:{action}", f"arn:aws:logs:{HERE}:log-group:/aws-dynamodb/*")
                for action in (
                    *("CreateLogGroup", "CreateLogStream", "DescribeLogStreams"),
                    *("PutLogEvents", "PutRetentionPolicy"),
                )
            ),
        },
    ),
    "an exported table": (
        task(
            "arn:aws:states:::aws-sdk:dynamodb:exportTableToPointInTime",
            TableArn=f"arn:aws:dynamodb:{HERE}:table/t",
            S3Bucket="b",
        ),
        {
            ("dynamodb:ExportTableToPointInTime", f"arn:aws:dynamodb:{HERE}:table/t"),
            *((f"s3:{action}", "arn:aws:s3:::b/*") for action in ("AbortMultipartUpload", "PutObject", "PutObjectAcl")),
        },
    ),
    "tags by another name": (
        task("arn:aws:states:::aws-sdk:backup:createBackupPlan", BackupPlanTags={"a": "b"}),
        {("backup:CreateBackupPlan", "*"), ("backup:TagResource", "*")},
    ),
}


@pytest.mark.parametrize(("state", "expected"), CASES.values(), ids=CASES.keys())
def test_what_a_task_needs(state: dict[str, Any], expected: Grants) -> None:
    assert grants(state) == expected
