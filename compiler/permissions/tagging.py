"""The tagging action that a call needs in addition if it tags what it creates.

Source: "Granting permission to tag resources on creation" in the guides of the services, and the actions of access
level Tagging in the Service Authorization Reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.permissions.arguments import Arguments
from compiler.permissions.resources import PARTITION, Resources, arn
from compiler.permissions.statement import Statement

# Arguments with the tags of what a call creates.
_TAGS = (
    *("Tags", "TagList", "TagsList", "TagSpecifications", "TagSpecification", "ResourceTags", "AddTags", "JobTags"),
    *("BackupPlanTags", "BackupVaultTags", "FrameworkTags", "RecoveryPointTags", "ReportPlanTags"),
    *("BotTags", "ChangeSetTags", "ChildConnectionTags", "FlowTags", "IdentityPoolTags", "OverrideTags"),
    *("CustomModelTags", "ImportedModelTags", "ModelTags", "TargetModelTags", "TestSetTags", "TagsOverride"),
    *("TieringConfigurationTags", "UserPoolTags"),
)
# Arguments by which the service copies tags from elsewhere, unless they have this value.
_COPIED = {"PropagateTags": (False, "NONE"), "EnableECSManagedTags": (False,)}
# Operations that create nothing: their tags are a filter, or tagging is all that they do.
_OTHERWISE = re.compile(r"Describe|Get|List|Search|Lookup|Delete|Remove|Tag|Untag|AddTags|Create(OrUpdate)?Tags")

# The tagging action of a service, where it is not `TagResource`; empty: tags need no permission of their own.
_ACTIONS = {
    **dict.fromkeys(("artifact", "codebuild", "polly", "serverlessrepo"), ""),
    **dict.fromkeys(("apigateway", "iotthingsgraph", "route53", "inspector"), ""),
    **dict.fromkeys(("dms", "ds", "elasticache", "rds", "ssm", "storagegateway"), "AddTagsToResource"),
    **dict.fromkeys(("cloudtrail", "datapipeline", "elasticbeanstalk", "elasticloadbalancing", "es"), "AddTags"),
    **dict.fromkeys(("elasticmapreduce", "sagemaker"), "AddTags"),
    **dict.fromkeys(("ec2", "medialive", "mq", "redshift", "workspaces"), "CreateTags"),
    "acm": "AddTagsToCertificate",
    "acm-pca": "TagCertificateAuthority",
    "autoscaling": "CreateOrUpdateTags",
    "ebs": "ec2:CreateTags",
    "firehose": "TagDeliveryStream",
    "resource-groups": "Tag",
    "sqs": "TagQueue",
    "sts": "TagSession",
}
# IAM has a tagging action for each kind of resource.
_IAM = {
    "VirtualMFADevice": "TagMFADevice",
    "ServerCertificate": "TagServerCertificate",
    **{
        kind: f"Tag{kind}"
        for kind in ("InstanceProfile", "OpenIDConnectProvider", "Policy", "Role", "SAMLProvider", "User")
    },
}
# What is tagged, where the call's own resource is another.
_TAGGED = {"batch": arn("batch", "job/*"), "ecs": arn("ecs", "task/*")}
_CALLS_OF_TAGGED = ("SubmitJob", "SubmitServiceJob", "RunTask", "StartTask")
# Services whose resources have the name of another service in their ARNs, or sometimes have.
_OTHER_ARNS = frozenset(
    {
        "aco-automation",
        "arc-zonal-shift",
        "backup",
        "bcm-data-exports",
        "ce",
        "connect",
        "ebs",
        "ec2",
        "es",
        "greengrass",
        "iotwireless",
    }
    | {"qapps", "route53-recovery-control-config", "servicecatalog", "ssm", "sts", "waf-regional"}
    | {"wafv2", "workspaces-instances"}
)


def tagging(prefix: str, operation: str, arguments: Arguments, found: Resources) -> Iterator[Statement]:
    """Yield the statement of the tagging action, if the call needs one.

    Args:
        prefix: The IAM prefix of the service: `ecs`.
        operation: The operation: `RunTask`.
        arguments: The call's arguments.
        found: The resources of the call itself.
    """
    if _OTHERWISE.match(operation) or not _tags(arguments):
        return
    action = tagging_action(prefix, operation)
    if not action:
        return
    if operation in _CALLS_OF_TAGGED and prefix in _TAGGED:
        resources = Resources((_TAGGED[prefix],), "the ids of what is tagged are assigned at run time")
    elif found.arns != ("*",):
        resources = found
    else:
        resources = Resources((tagged_pattern(prefix),), "the ARN of what is created and tagged is not known")
    yield Statement("", (action,), resources.arns, note=resources.note)


def tagging_action(prefix: str, operation: str) -> str:
    """Return the action that a call of an operation with tags needs, or "" if it needs none."""
    if prefix == "iam":
        kind = re.sub(r"^(Create|Upload)", "", operation)
        return f"iam:{_IAM[kind]}" if kind in _IAM else ""
    if prefix == "s3" and operation != "CreateBucket":
        return ""  # objects are tagged by an argument of another name
    name = _ACTIONS.get(prefix, "TagResource")
    return name if ":" in name or not name else f"{prefix}:{name}"


def tagged_pattern(prefix: str) -> str:
    """Return a pattern of the ARNs of a service's resources."""
    return "*" if prefix in _OTHER_ARNS else f"{PARTITION}:{prefix}:*:*:*"


def _tags(arguments: Arguments) -> bool:
    if arguments.computed_as_a_whole:
        return False
    if any(arguments.given(name) for name in _TAGS) or arguments.nested("CreateBucketConfiguration").given("Tags"):
        return True
    return any(arguments.given(name) and arguments.value(name) not in without for name, without in _COPIED.items())
