"""What keeps data: AWS::DynamoDB, AWS::S3, AWS::SSM, AWS::ECR, AWS::SQS, AWS::SNS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.cloudformation.provider import Aws, Made, Properties, Provider, changed, tag_map, without


class Table(Provider):
    type = "AWS::DynamoDB::Table"
    replaced_by = frozenset({"TableName", "KeySchema", "AttributeDefinitions"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("TableName") or aws.generated_name(logical_id, 255)
        parameters = aws.accepted("dynamodb", "CreateTable", properties)
        made = aws.client("dynamodb").create_table(**{**parameters, "TableName": name})["TableDescription"]
        return self._set(aws, Made(name, {"Arn": made["TableArn"]}), properties, {})

    def find(self, aws: Aws, properties: Properties) -> Made | None:
        client = aws.client("dynamodb")
        try:
            found = client.describe_table(TableName=properties.get("TableName", "-"))["Table"]
        except client.exceptions.ResourceNotFoundException:
            return None
        return Made(found["TableName"], {"Arn": found["TableArn"]})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        settings = changed(properties, former, ("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled"))
        if settings:
            aws.client("dynamodb").update_table(TableName=made.id, **settings)
        return self._set(aws, made, properties, former)

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("dynamodb").delete_table(TableName=made.id)

    def _set(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        client = aws.client("dynamodb")
        for name, operation in (
            ("TimeToLiveSpecification", client.update_time_to_live),
            ("PointInTimeRecoverySpecification", client.update_continuous_backups),
        ):
            if setting := changed(properties, former, (name,)):
                operation(TableName=made.id, **setting)
        return made


class Bucket(Provider):
    type = "AWS::S3::Bucket"
    replaced_by = frozenset({"BucketName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("BucketName") or aws.generated_name(logical_id, 63).lower()
        aws.client("s3").create_bucket(Bucket=name)
        attributes = {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{aws.region}.amazonaws.com",
        }
        made = Made(name, attributes)
        return self.update(aws, made, properties, {})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        client = aws.client("s3")
        if setting := changed(properties, former, ("VersioningConfiguration",)):
            client.put_bucket_versioning(Bucket=made.id, **setting)
        if encryption := changed(properties, former, ("BucketEncryption",)):
            rules = [
                {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
                for rule in encryption["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            ]
            client.put_bucket_encryption(Bucket=made.id, ServerSideEncryptionConfiguration={"Rules": rules})
        if block := changed(properties, former, ("PublicAccessBlockConfiguration",)):
            client.put_public_access_block(Bucket=made.id, **block)
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("s3").delete_bucket(Bucket=made.id)


class BucketPolicy(Provider):
    type = "AWS::S3::BucketPolicy"
    replaced_by = frozenset({"Bucket"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        return self.update(aws, Made(properties["Bucket"]), properties, {})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        aws.client("s3").put_bucket_policy(Bucket=made.id, Policy=json.dumps(properties["PolicyDocument"]))
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("s3").delete_bucket_policy(Bucket=made.id)


class Parameter(Provider):
    type = "AWS::SSM::Parameter"
    replaced_by = frozenset({"Name"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        return self.update(aws, Made(properties.get("Name") or aws.generated_name(logical_id)), properties, {})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        parameters = {**without(properties, "Tags"), "Name": made.id, "Overwrite": True}
        aws.client("ssm").put_parameter(**parameters)
        return Made(made.id, {"Value": properties["Value"], "Type": properties["Type"]})

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("ssm").delete_parameter(Name=made.id)


class Repository(Provider):
    type = "AWS::ECR::Repository"
    replaced_by = frozenset({"RepositoryName", "EncryptionConfiguration"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("RepositoryName") or aws.generated_name(logical_id, 256).lower()
        mutability = properties.get("ImageTagMutability", "MUTABLE")
        client = aws.client("ecr")
        made = client.create_repository(repositoryName=name, imageTagMutability=mutability)["repository"]
        found = Made(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})
        return self.update(aws, found, properties, {})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        client = aws.client("ecr")
        if policy := changed(properties, former, ("RepositoryPolicyText",)):
            client.set_repository_policy(repositoryName=made.id, policyText=json.dumps(policy["RepositoryPolicyText"]))
        if lifecycle := changed(properties, former, ("LifecyclePolicy",)):
            text = lifecycle["LifecyclePolicy"]["LifecyclePolicyText"]
            client.put_lifecycle_policy(repositoryName=made.id, lifecyclePolicyText=text)
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("ecr").delete_repository(repositoryName=made.id)


class Queue(Provider):
    type = "AWS::SQS::Queue"
    replaced_by = frozenset({"QueueName", "FifoQueue"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("QueueName") or aws.generated_name(logical_id, 80)
        client = aws.client("sqs")
        made = client.create_queue(QueueName=name, Attributes=_attributes(properties), tags=tag_map(properties))
        arn = f"arn:aws:sqs:{aws.region}:{aws.account}:{name}"
        return Made(made["QueueUrl"], {"Arn": arn, "QueueName": name, "QueueUrl": made["QueueUrl"]})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        aws.client("sqs").set_queue_attributes(QueueUrl=made.id, Attributes=_attributes(properties))
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("sqs").delete_queue(QueueUrl=made.id)


class QueuePolicy(Provider):
    type = "AWS::SQS::QueuePolicy"

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        return self.update(aws, Made(aws.generated_name(logical_id)), properties, {})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        self._put(aws, properties["Queues"], json.dumps(properties["PolicyDocument"]))
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        self._put(aws, properties["Queues"], "")

    def _put(self, aws: Aws, queues: list[str], policy: str) -> None:
        for queue in queues:
            aws.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


class Topic(Provider):
    type = "AWS::SNS::Topic"
    replaced_by = frozenset({"TopicName", "FifoTopic"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("TopicName") or aws.generated_name(logical_id, 256)
        attributes = {"DisplayName": properties["DisplayName"]} if "DisplayName" in properties else {}
        tags = properties.get("Tags", [])
        arn = aws.client("sns").create_topic(Name=name, Attributes=attributes, Tags=tags)["TopicArn"]
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        if name := changed(properties, former, ("DisplayName",)):
            client = aws.client("sns")
            client.set_topic_attributes(
                TopicArn=made.id, AttributeName="DisplayName", AttributeValue=name["DisplayName"]
            )
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("sns").delete_topic(TopicArn=made.id)


def _attributes(properties: Mapping[str, Any]) -> dict[str, str]:
    settings = without(properties, "QueueName", "Tags")
    return {
        key: json.dumps(value) if isinstance(value, (dict, bool)) else str(value) for key, value in settings.items()
    }
