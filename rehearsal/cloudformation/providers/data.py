"""Services that store data or messages: AWS::DynamoDB, AWS::S3, AWS::SSM, AWS::ECR, AWS::SQS, AWS::SNS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider, changed, tag_map, without


def _index_updates(properties: Properties, former: Properties) -> list[dict[str, Any]]:
    """Return the creation or deletion of an index.

    Raises:
        ValueError: There is more than one: DynamoDB, and so CloudFormation, makes one at a time.
    """
    new, old = (
        {index["IndexName"]: index for index in one.get("GlobalSecondaryIndexes", [])} for one in (properties, former)
    )
    updates: list[dict[str, Any]] = [{"Create": new[name]} for name in new.keys() - old.keys()]
    updates += [{"Delete": {"IndexName": name}} for name in old.keys() - new.keys()]
    if len(updates) > 1:
        raise ValueError("Cannot perform more than one GSI creation or deletion in a single update")
    return updates


class Table(Provider):
    type = "AWS::DynamoDB::Table"
    replaced_by = frozenset({"TableName", "KeySchema"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("TableName") or aws.generated_name(logical_id, 255)
        parameters = aws.accepted("dynamodb", "CreateTable", properties)
        created = aws.client("dynamodb").create_table(**{**parameters, "TableName": name})["TableDescription"]
        return self._set(aws, Physical(name, {"Arn": created["TableArn"]}), properties, {})

    def find(self, aws: Aws, properties: Properties) -> Physical | None:
        client = aws.client("dynamodb")
        try:
            found = client.describe_table(TableName=properties.get("TableName", "-"))["Table"]
        except client.exceptions.ResourceNotFoundException:
            return None
        return Physical(found["TableName"], {"Arn": found["TableArn"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        settings = changed(properties, former, ("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled"))
        if settings:
            aws.client("dynamodb").update_table(TableName=physical.id, **settings)
        if updates := _index_updates(properties, former):
            aws.client("dynamodb").update_table(
                TableName=physical.id,
                AttributeDefinitions=properties["AttributeDefinitions"],
                GlobalSecondaryIndexUpdates=updates,
            )
        return self._set(aws, physical, properties, former)

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("dynamodb").delete_table(TableName=physical.id)

    def _set(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        client = aws.client("dynamodb")
        for name, operation in (
            ("TimeToLiveSpecification", client.update_time_to_live),
            ("PointInTimeRecoverySpecification", client.update_continuous_backups),
        ):
            if setting := changed(properties, former, (name,)):
                operation(TableName=physical.id, **setting)
        return physical


class Bucket(Provider):
    type = "AWS::S3::Bucket"
    replaced_by = frozenset({"BucketName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("BucketName") or aws.generated_name(logical_id, 63).lower()
        aws.client("s3").create_bucket(Bucket=name)
        attributes = {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{aws.region}.amazonaws.com",
        }
        physical = Physical(name, attributes)
        return self.update(aws, physical, properties, {})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        client = aws.client("s3")
        if setting := changed(properties, former, ("VersioningConfiguration",)):
            client.put_bucket_versioning(Bucket=physical.id, **setting)
        if encryption := changed(properties, former, ("BucketEncryption",)):
            rules = [
                {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
                for rule in encryption["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            ]
            client.put_bucket_encryption(Bucket=physical.id, ServerSideEncryptionConfiguration={"Rules": rules})
        if block := changed(properties, former, ("PublicAccessBlockConfiguration",)):
            client.put_public_access_block(Bucket=physical.id, **block)
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("s3").delete_bucket(Bucket=physical.id)


class BucketPolicy(Provider):
    type = "AWS::S3::BucketPolicy"
    replaced_by = frozenset({"Bucket"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        return self.update(aws, Physical(properties["Bucket"]), properties, {})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        aws.client("s3").put_bucket_policy(Bucket=physical.id, Policy=json.dumps(properties["PolicyDocument"]))
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("s3").delete_bucket_policy(Bucket=physical.id)


class Parameter(Provider):
    type = "AWS::SSM::Parameter"
    replaced_by = frozenset({"Name"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        return self.update(aws, Physical(properties.get("Name") or aws.generated_name(logical_id)), properties, {})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        parameters = {**without(properties, "Tags"), "Name": physical.id, "Overwrite": True}
        aws.client("ssm").put_parameter(**parameters)
        return Physical(physical.id, {"Value": properties["Value"], "Type": properties["Type"]})

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("ssm").delete_parameter(Name=physical.id)


class Repository(Provider):
    type = "AWS::ECR::Repository"
    replaced_by = frozenset({"RepositoryName", "EncryptionConfiguration"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("RepositoryName") or aws.generated_name(logical_id, 256).lower()
        mutability = properties.get("ImageTagMutability", "MUTABLE")
        client = aws.client("ecr")
        created = client.create_repository(repositoryName=name, imageTagMutability=mutability)["repository"]
        found = Physical(name, {"Arn": created["repositoryArn"], "RepositoryUri": created["repositoryUri"]})
        return self.update(aws, found, properties, {})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        client = aws.client("ecr")
        if policy := changed(properties, former, ("RepositoryPolicyText",)):
            client.set_repository_policy(
                repositoryName=physical.id, policyText=json.dumps(policy["RepositoryPolicyText"])
            )
        if lifecycle := changed(properties, former, ("LifecyclePolicy",)):
            text = lifecycle["LifecyclePolicy"]["LifecyclePolicyText"]
            client.put_lifecycle_policy(repositoryName=physical.id, lifecyclePolicyText=text)
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("ecr").delete_repository(repositoryName=physical.id)


class Queue(Provider):
    type = "AWS::SQS::Queue"
    replaced_by = frozenset({"QueueName", "FifoQueue"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("QueueName") or aws.generated_name(logical_id, 80)
        client = aws.client("sqs")
        created = client.create_queue(QueueName=name, Attributes=_attributes(properties), tags=tag_map(properties))
        arn = f"arn:aws:sqs:{aws.region}:{aws.account}:{name}"
        return Physical(created["QueueUrl"], {"Arn": arn, "QueueName": name, "QueueUrl": created["QueueUrl"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        aws.client("sqs").set_queue_attributes(QueueUrl=physical.id, Attributes=_attributes(properties))
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("sqs").delete_queue(QueueUrl=physical.id)


class QueuePolicy(Provider):
    type = "AWS::SQS::QueuePolicy"

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        return self.update(aws, Physical(aws.generated_name(logical_id)), properties, {})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        self._put(aws, properties["Queues"], json.dumps(properties["PolicyDocument"]))
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        self._put(aws, properties["Queues"], "")

    def _put(self, aws: Aws, queues: list[str], policy: str) -> None:
        for queue in queues:
            aws.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


class Topic(Provider):
    type = "AWS::SNS::Topic"
    replaced_by = frozenset({"TopicName", "FifoTopic"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("TopicName") or aws.generated_name(logical_id, 256)
        attributes = {"DisplayName": properties["DisplayName"]} if "DisplayName" in properties else {}
        tags = properties.get("Tags", [])
        arn = aws.client("sns").create_topic(Name=name, Attributes=attributes, Tags=tags)["TopicArn"]
        return Physical(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        if name := changed(properties, former, ("DisplayName",)):
            client = aws.client("sns")
            client.set_topic_attributes(
                TopicArn=physical.id, AttributeName="DisplayName", AttributeValue=name["DisplayName"]
            )
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("sns").delete_topic(TopicArn=physical.id)


def _attributes(properties: Mapping[str, Any]) -> dict[str, str]:
    settings = without(properties, "QueueName", "Tags")
    return {
        key: json.dumps(value) if isinstance(value, (dict, bool)) else str(value) for key, value in settings.items()
    }
