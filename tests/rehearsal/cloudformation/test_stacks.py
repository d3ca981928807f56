"""Stacks, through boto3: created, updated, replaced, rolled back, nested, protected."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from tests.localcloud.conftest import client_of


class Stack:
    """A stack with a unique name, deployed from templates."""

    def __init__(self, cloud: Cloud) -> None:
        self.name = f"stack-{uuid.uuid4().hex[:8]}"
        self.client = client_of(cloud, "cloudformation")
        self.exists = False

    def deploy(self, resources: dict[str, Any], outputs: dict[str, Any] | None = None, **options: Any) -> str:
        template = json.dumps({"Resources": resources, "Outputs": outputs or {}, **options.pop("sections", {})})
        operation = self.client.update_stack if self.exists else self.client.create_stack
        operation(StackName=self.name, TemplateBody=template, **options)
        self.exists = True
        return str(self.described()["StackStatus"])

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    def outputs(self) -> dict[str, str]:
        return {o["OutputKey"]: o["OutputValue"] for o in self.described().get("Outputs", [])}

    def events(self) -> list[tuple[str, str]]:
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]


@pytest.fixture
def stack(cloud: Cloud) -> Stack:
    return Stack(cloud)


def queue(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **properties}}


def queues(cloud: Cloud, prefix: str) -> list[str]:
    urls = client_of(cloud, "sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    return sorted(url.rpartition("/")[2] for url in urls)


def test_create_update_and_delete(cloud: Cloud, stack: Stack) -> None:
    name = stack.name
    resources = {"A": queue(f"{name}-a"), "B": {**queue(f"{name}-b"), "DependsOn": "A"}}
    assert stack.deploy(resources, {"Arn": {"Value": {"Fn::GetAtt": ["A", "Arn"]}}}) == "CREATE_COMPLETE"
    assert stack.outputs() == {"Arn": f"arn:aws:sqs:us-east-1:123456789012:{name}-a"}
    assert queues(cloud, name) == [f"{name}-a", f"{name}-b"]

    changed = {"A": queue(f"{name}-a", VisibilityTimeout=77), "C": queue(f"{name}-c")}
    assert stack.deploy(changed) == "UPDATE_COMPLETE"
    assert queues(cloud, name) == [f"{name}-a", f"{name}-c"]
    sqs = client_of(cloud, "sqs")
    url = sqs.get_queue_url(QueueName=f"{name}-a")["QueueUrl"]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["VisibilityTimeout"] == "77"
    assert ("B", "DELETE_COMPLETE") in stack.events()

    stack.client.delete_stack(StackName=name)
    assert queues(cloud, name) == []
    with pytest.raises(ClientError, match="does not exist"):
        stack.described()


def test_a_property_that_cannot_be_changed_replaces_the_resource_last(cloud: Cloud, stack: Stack) -> None:
    stack.deploy({"A": queue(f"{stack.name}-old")})
    stack.deploy({"A": queue(f"{stack.name}-new")})
    assert queues(cloud, stack.name) == [f"{stack.name}-new"]
    assert stack.events().index(("A", "UPDATE_COMPLETE")) < stack.events().index(("A", "DELETE_COMPLETE"))


def test_what_depends_on_a_change_is_changed_too(cloud: Cloud, stack: Stack) -> None:
    def topic(queue_name: str) -> dict[str, Any]:
        shown = {"Fn::GetAtt": ["A", "QueueName"]}
        properties = {"TopicName": stack.name, "DisplayName": shown}
        return {"T": {"Type": "AWS::SNS::Topic", "Properties": properties}, "A": queue(queue_name)}

    stack.deploy(topic(f"{stack.name}-one"), {"Topic": {"Value": {"Ref": "T"}}})
    stack.deploy(topic(f"{stack.name}-two"), {"Topic": {"Value": {"Ref": "T"}}})
    arn = stack.outputs()["Topic"]
    attributes = client_of(cloud, "sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    assert attributes["DisplayName"] == f"{stack.name}-two"


def test_a_failure_is_rolled_back(cloud: Cloud, stack: Stack) -> None:
    name = stack.name
    client_of(cloud, "logs").create_log_group(logGroupName=f"/{name}/taken")
    before = {"A": queue(f"{name}-a", VisibilityTimeout=10), "Old": queue(f"{name}-old")}
    stack.deploy(before)
    broken = {
        "A": queue(f"{name}-a", VisibilityTimeout=20),
        "New": queue(f"{name}-new"),
        "Log": {
            "Type": "AWS::Logs::LogGroup",
            "DependsOn": ["A", "New"],
            "Properties": {"LogGroupName": f"/{name}/taken"},
        },
    }
    assert stack.deploy(broken) == "UPDATE_ROLLBACK_COMPLETE"
    assert "already exists" in stack.described()["StackStatusReason"]
    assert ("Log", "CREATE_FAILED") in stack.events()
    assert queues(cloud, name) == [f"{name}-a", f"{name}-old"]
    sqs = client_of(cloud, "sqs")
    url = sqs.get_queue_url(QueueName=f"{name}-a")["QueueUrl"]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["VisibilityTimeout"] == "10"

    client_of(cloud, "logs").delete_log_group(logGroupName=f"/{name}/taken")
    assert stack.deploy(broken) == "UPDATE_COMPLETE"
    assert queues(cloud, name) == [f"{name}-a", f"{name}-new"]


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ({"Type": "AWS::Nothing::AtAll"}, "AWS::Nothing::AtAll is not supported"),
        ({"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Missing"}}}, "Missing"),
        ({"Type": "AWS::Cognito::UserPoolGroup", "Properties": {"GroupName": "g"}}, "UserPoolId"),
    ],
)
def test_a_stack_that_cannot_be_created_leaves_nothing(
    cloud: Cloud, stack: Stack, resource: dict[str, Any], reason: str
) -> None:
    assert stack.deploy({"A": queue(f"{stack.name}-a"), "Bad": resource}) == "ROLLBACK_COMPLETE"
    assert reason in stack.described()["StackStatusReason"]
    assert queues(cloud, stack.name) == []


def test_an_output_that_cannot_be_evaluated_is_rolled_back(cloud: Cloud, stack: Stack) -> None:
    outputs = {"Bad": {"Value": {"Fn::GetAtt": ["A", "Color"]}}}
    assert stack.deploy({"A": queue(f"{stack.name}-a")}, outputs) == "ROLLBACK_COMPLETE"
    assert queues(cloud, stack.name) == []


def test_retained_resources_are_kept(cloud: Cloud, stack: Stack) -> None:
    stack.deploy({"A": {**queue(f"{stack.name}-a"), "DeletionPolicy": "Retain"}, "B": queue(f"{stack.name}-b")})
    stack.client.delete_stack(StackName=stack.name)
    assert queues(cloud, stack.name) == [f"{stack.name}-a"]


def test_a_rollback_keeps_retained_resources_unless_the_policy_excepts_it(cloud: Cloud, stack: Stack) -> None:
    resources = {
        "A": {**queue(f"{stack.name}-a"), "DeletionPolicy": "Retain"},
        "B": {**queue(f"{stack.name}-b"), "DeletionPolicy": "RetainExceptOnCreate"},
        "Bad": {"Type": "AWS::Nothing::AtAll", "DependsOn": ["A", "B"]},
    }
    assert stack.deploy(resources) == "ROLLBACK_COMPLETE"
    assert queues(cloud, stack.name) == [f"{stack.name}-a"]


def test_a_change_set_can_import_retained_tables(cloud: Cloud, stack: Stack) -> None:
    client, name = stack.client, stack.name
    table = {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        },
    }

    def create(resources: dict[str, Any], **options: Any) -> str:
        body = json.dumps({"Resources": resources, "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["T", "Arn"]}}}})
        client.create_change_set(
            StackName=name, ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body, **options
        )
        client.execute_change_set(StackName=name, ChangeSetName="c")
        return str(stack.described()["StackStatus"])

    assert create({"T": table}) == "CREATE_COMPLETE"
    database = client_of(cloud, "dynamodb")
    database.put_item(TableName=name, Item={"id": {"S": "kept"}})
    client.delete_stack(StackName=name)
    assert create({"T": table}) == "ROLLBACK_COMPLETE"  # its name is taken
    client.delete_stack(StackName=name)
    unkept = {key: value for key, value in table.items() if key != "DeletionPolicy"}
    assert create({"T": unkept}, ImportExistingResources=True) == "ROLLBACK_COMPLETE"
    client.delete_stack(StackName=name)
    assert create({"T": table, "Q": queue(f"{name}-q")}, ImportExistingResources=True) == "CREATE_COMPLETE"
    assert ("T", "IMPORT_COMPLETE") in stack.events()
    assert stack.outputs()["Arn"].endswith(f":table/{name}")
    assert database.scan(TableName=name)["Count"] == 1


def test_a_stack_is_created_from_resources_that_exist(cloud: Cloud, stack: Stack) -> None:
    client, cognito = stack.client, client_of(cloud, "cognito-idp")
    pool = cognito.create_user_pool(PoolName=stack.name)["UserPool"]["Id"]
    app = cognito.create_user_pool_client(UserPoolId=pool, ClientName="app")["UserPoolClient"]["ClientId"]
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    resources = {
        "App": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "ClientName": "app"},
            **kept,
        },
        "Pool": {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": stack.name}, **kept},
    }
    identifiers = {"Pool": {"UserPoolId": pool}, "App": {"UserPoolId": pool, "ClientId": app}}

    def imported(resources: dict[str, Any]) -> str:
        client.create_change_set(
            StackName=stack.name,
            ChangeSetName="i",
            ChangeSetType="IMPORT",
            TemplateBody=json.dumps({"Resources": resources}),
            ResourcesToImport=[
                {
                    "LogicalResourceId": key,
                    "ResourceType": resources[key]["Type"],
                    "ResourceIdentifier": identifiers[key],
                }
                for key in resources
                if key in identifiers
            ],
        )
        client.execute_change_set(StackName=stack.name, ChangeSetName="i")
        return str(stack.described()["StackStatus"])

    for broken in (
        {**resources, "Q": queue(f"{stack.name}-q")},  # an import creates nothing
        {key: {k: v for k, v in value.items() if k != "DeletionPolicy"} for key, value in resources.items()},
    ):
        assert imported(broken) == "IMPORT_ROLLBACK_COMPLETE"
        client.delete_stack(StackName=stack.name)
    identifiers["App"]["ClientId"] = "x" * 26
    assert imported(resources) == "IMPORT_ROLLBACK_COMPLETE"
    assert "does not exist" in stack.described()["StackStatusReason"]
    client.delete_stack(StackName=stack.name)
    identifiers["App"]["ClientId"] = app
    assert imported(resources) == "IMPORT_COMPLETE"
    with pytest.raises(ClientError, match="not supported on this machine"):
        imported(resources)

    resources["Pool"]["Properties"] |= {"MfaConfiguration": "ON", "EnabledMfas": ["SOFTWARE_TOKEN_MFA"]}
    stack.exists = True
    outputs = {"Pool": {"Value": {"Ref": "Pool"}}, "App": {"Value": {"Ref": "App"}}}
    assert stack.deploy(resources, outputs) == "UPDATE_COMPLETE"
    assert stack.outputs() == {"Pool": pool, "App": app}
    mfa = cognito.get_user_pool_mfa_config(UserPoolId=pool)
    assert (mfa["MfaConfiguration"], mfa["SoftwareTokenMfaConfiguration"]) == ("ON", {"Enabled": True})


def test_concurrency_is_reserved_and_released(cloud: Cloud, stack: Stack) -> None:
    client = client_of(cloud, "lambda")
    client_of(cloud, "iam").create_role(RoleName=stack.name, AssumeRolePolicyDocument="{}")

    def function(**properties: Any) -> dict[str, Any]:
        fixed = {
            "FunctionName": stack.name,
            "Runtime": "python3.11",
            "Handler": "a.b",
            "Role": f"arn:aws:iam::123456789012:role/{stack.name}",
            "Code": {"ZipFile": "x"},
        }
        return {"F": {"Type": "AWS::Lambda::Function", "Properties": {**fixed, **properties}}}

    for properties, reserved in (
        ({"ReservedConcurrentExecutions": 7}, 7),
        ({"ReservedConcurrentExecutions": 9}, 9),
        ({}, None),
    ):
        assert stack.deploy(function(**properties)).endswith("E_COMPLETE")
        found = client.get_function_concurrency(FunctionName=stack.name)
        assert found.get("ReservedConcurrentExecutions") == reserved
    stack.client.delete_stack(StackName=stack.name)
    client_of(cloud, "iam").delete_role(RoleName=stack.name)


def test_a_table_gets_an_index_by_an_update_one_at_a_time(cloud: Cloud, stack: Stack) -> None:
    def table(*indexes: str) -> dict[str, Any]:
        keys = ["id", *indexes]
        properties = {
            "TableName": stack.name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": f"by-{name}",
                    "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
                for name in indexes
            ],
        }
        kept = {key: value for key, value in properties.items() if value}
        return {"T": {"Type": "AWS::DynamoDB::Table", "Properties": kept}}

    database = client_of(cloud, "dynamodb")
    assert stack.deploy(table()) == "CREATE_COMPLETE"
    database.put_item(TableName=stack.name, Item={"id": {"S": "kept"}, "a": {"S": "x"}})
    assert stack.deploy(table("a")) == "UPDATE_COMPLETE"
    found = database.query(
        TableName=stack.name,
        IndexName="by-a",
        KeyConditionExpression="a = :a",
        ExpressionAttributeValues={":a": {"S": "x"}},
    )
    assert found["Count"] == 1
    assert stack.deploy(table("a", "b", "c")) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.deploy(table("a", "b")) == "UPDATE_COMPLETE"


def test_a_protected_stack_is_not_deleted(cloud: Cloud, stack: Stack) -> None:
    stack.deploy({"A": queue(f"{stack.name}-a")}, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        stack.client.delete_stack(StackName=stack.name)
    stack.client.update_termination_protection(StackName=stack.name, EnableTerminationProtection=False)
    stack.client.delete_stack(StackName=stack.name)
    assert queues(cloud, stack.name) == []


def test_parameters_are_kept_as_they_were_given(cloud: Cloud, stack: Stack) -> None:
    client_of(cloud, "ssm").put_parameter(Name=f"/{stack.name}", Value=f"{stack.name}-q", Type="String")
    sections = {"Parameters": {"Name": {"Type": "AWS::SSM::Parameter::Value<String>"}}}
    given = [{"ParameterKey": "Name", "ParameterValue": f"/{stack.name}"}]
    resources = {"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}}
    assert stack.deploy(resources, sections=sections, Parameters=given) == "CREATE_COMPLETE"
    assert queues(cloud, stack.name) == [f"{stack.name}-q"]
    (parameter,) = stack.described()["Parameters"]
    assert parameter["ParameterValue"] == f"/{stack.name}"
    with pytest.raises(ClientError, match="Other"):
        stack.deploy(resources, sections={"Parameters": {**sections["Parameters"], "Other": {"Type": "String"}}})


def test_nested_stacks(cloud: Cloud, stack: Stack) -> None:
    s3, bucket = client_of(cloud, "s3"), f"{stack.name}-templates"
    s3.create_bucket(Bucket=bucket)

    def nested(version: int, name: str) -> dict[str, Any]:
        inner = {
            "Parameters": {"Name": {"Type": "String"}},
            "Resources": {"Q": queue("unused") | {"Properties": {"QueueName": {"Ref": "Name"}}}},
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Q", "Arn"]}}},
        }
        s3.put_object(Bucket=bucket, Key=f"v{version}.json", Body=json.dumps(inner))
        url = f"https://s3.us-east-1.amazonaws.com/{bucket}/v{version}.json"
        properties = {"TemplateURL": url, "Parameters": {"Name": name}}
        return {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": properties}}

    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Arn"]}}}
    assert stack.deploy(nested(1, f"{stack.name}-one"), outputs) == "CREATE_COMPLETE"
    assert stack.deploy(nested(2, f"{stack.name}-two"), outputs) == "UPDATE_COMPLETE"
    assert stack.outputs()["Arn"].endswith(f":{stack.name}-two")
    assert queues(cloud, stack.name) == [f"{stack.name}-two"]
    failing = nested(3, f"{stack.name}-three") | {"Bad": {"Type": "AWS::Nothing::AtAll", "DependsOn": "Inner"}}
    assert stack.deploy(failing, outputs) == "UPDATE_ROLLBACK_COMPLETE"
    assert queues(cloud, stack.name) == [f"{stack.name}-two"]
    stack.client.delete_stack(StackName=stack.name)
    assert queues(cloud, stack.name) == []


def test_change_sets(cloud: Cloud, stack: Stack) -> None:
    client, name = stack.client, stack.name
    template = json.dumps({"Resources": {"A": queue(f"{name}-a")}})
    client.delete_change_set(StackName=name, ChangeSetName="nothing-there")
    client.create_change_set(StackName=name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template)
    assert stack.described()["StackStatus"] == "REVIEW_IN_PROGRESS"
    (change,) = client.describe_change_set(StackName=name, ChangeSetName="first")["Changes"]
    assert change["ResourceChange"]["Action"] == "Add"
    assert queues(cloud, name) == []
    client.execute_change_set(StackName=name, ChangeSetName="first")
    assert stack.described()["StackStatus"] == "CREATE_COMPLETE"
    client.create_change_set(StackName=name, ChangeSetName="same", ChangeSetType="UPDATE", TemplateBody=template)
    same = client.describe_change_set(StackName=name, ChangeSetName="same")
    assert same["Status"] == "FAILED"
    assert "didn't contain changes" in same["StatusReason"]
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        client.describe_change_set(StackName=name, ChangeSetName="nothing-there")


def test_change_sets_of_the_same_name_belong_to_their_stacks(cloud: Cloud) -> None:
    """CDK uses one name for all. It deletes the previous change set and waits until it is gone."""
    first, second = Stack(cloud), Stack(cloud)
    for stack in (first, second):
        template = json.dumps({"Resources": {"A": queue(f"{stack.name}-a")}})
        stack.client.create_change_set(
            StackName=stack.name, ChangeSetName="deploy", ChangeSetType="CREATE", TemplateBody=template
        )
        stack.client.execute_change_set(StackName=stack.name, ChangeSetName="deploy")
    described = first.client.describe_change_set(StackName=first.name, ChangeSetName="deploy")
    assert described["StackName"] == first.name
    first.client.delete_change_set(StackName=first.name, ChangeSetName="deploy")
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        first.client.describe_change_set(StackName=first.name, ChangeSetName="deploy")
    assert second.client.describe_change_set(StackName=second.name, ChangeSetName="deploy")["StackName"] == second.name
    second.client.delete_stack(StackName=second.name)
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        second.client.describe_change_set(StackName=second.name, ChangeSetName="deploy")


def test_a_bucket_that_requires_tls_can_be_used(cloud: Cloud, stack: Stack) -> None:
    """Moto applies a Deny even if its conditions are not met."""
    bucket = f"{stack.name}-bucket"
    everything = [{"Fn::GetAtt": ["B", "Arn"]}, {"Fn::Sub": "${B.Arn}/*"}]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything}
    insecure = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    deletions = {**deny, "Action": "s3:DeleteObject"}
    resources = {
        "B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}},
        "P": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "B"}, "PolicyDocument": {"Statement": [insecure, deletions]}},
        },
    }
    assert stack.deploy(resources) == "CREATE_COMPLETE"
    s3 = client_of(cloud, "s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"
    with pytest.raises(ClientError, match=r"AccessDenied|403"):
        s3.delete_object(Bucket=bucket, Key="a")
