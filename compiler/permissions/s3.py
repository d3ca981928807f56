"""The permissions of S3's API: which actions depends on the arguments, and whether on the bucket or on objects.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from compiler.permissions import resources as r
from compiler.permissions.arguments import Arguments
from compiler.permissions.resources import PARTITION, Resources, is_arn
from compiler.permissions.statement import Statement
from compiler.permissions.tagging import tagging

_BUCKET_ACTIONS = ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads")
_OF_THE_BUCKET = (
    "GetPublicAccessBlock",
    "PutPublicAccessBlock",
    "DeletePublicAccessBlock",
    "GetObjectLockConfiguration",
)
# For these IAM has another action if a version of the object is given.
_OF_A_VERSION = (
    "DeleteObject",
    "DeleteObjectTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "HeadObject",
    "PutObjectAcl",
    "PutObjectTagging",
)
# For arguments of these operations IAM has an action of its own.
_BY_ARGUMENT = {
    "PutObject CopyObject CreateMultipartUpload": {
        **dict.fromkeys(("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP"), "PutObjectAcl"),
        "Tagging": "PutObjectTagging",
        "ObjectLockMode": "PutObjectRetention",
        "ObjectLockRetainUntilDate": "PutObjectRetention",
        "ObjectLockLegalHoldStatus": "PutObjectLegalHold",
    },
    "CreateBucket": {
        "ACL": "PutBucketAcl",
        **dict.fromkeys(("GrantFullControl", "GrantRead", "GrantReadACP"), "PutBucketAcl"),
        **dict.fromkeys(("GrantWrite", "GrantWriteACP"), "PutBucketAcl"),
        "ObjectLockEnabledForBucket": "PutBucketObjectLockConfiguration PutBucketVersioning",
        "ObjectOwnership": "PutBucketOwnershipControls",
    },
    "DeleteObject DeleteObjects PutObjectRetention": {"BypassGovernanceRetention": "BypassGovernanceRetention"},
}


def s3_call(operation: str, actions: tuple[str, ...], arguments: Arguments) -> Iterator[Statement]:
    """Yield the statements of an operation of S3.

    Args:
        operation: The operation: `CopyObject`.
        actions: The IAM actions that it needs whatever its arguments are.
        arguments: Its arguments.
    """
    if operation in ("CopyObject", "UploadPartCopy"):  # reads one object and writes another
        yield _copied(arguments)
        actions = ("s3:PutObject",)
    found = _resources(operation, actions, arguments)
    yield Statement("", _with_arguments(operation, actions, arguments), found.arns, note=found.note)
    yield from tagging("s3", operation, arguments, found)


def _copied(arguments: Arguments) -> Statement:
    """Return the statement for the object in `CopySource`: `bucket/key`, or the ARN of one behind an access point."""
    source = arguments.literal("CopySource")
    if source is None:
        note = "CopySource is computed at run time"
        return Statement("", ("s3:GetObject", "s3:GetObjectVersion"), (f"{PARTITION}:s3:::*/*",), note=note)
    path, _, version = source.partition("?versionId=")
    path = unquote(path)
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    return Statement("", (action,), (path if is_arn(path) else f"{PARTITION}:s3:::{path.lstrip('/')}",))


def _with_arguments(operation: str, actions: tuple[str, ...], arguments: Arguments) -> tuple[str, ...]:
    """Return the IAM actions of a call, some of which depend on its arguments."""
    if arguments.computed_as_a_whole:
        return actions
    if operation in _OF_A_VERSION and arguments.given("VersionId"):
        actions = tuple(name.replace("Object", "ObjectVersion") for name in actions)
    if operation == "DeleteObjects" and any(item.given("VersionId") for item in _objects(arguments)):
        actions = (*actions, "s3:DeleteObjectVersion")
    further = (
        f"s3:{action}"
        for operations, by_argument in _BY_ARGUMENT.items()
        if operation in operations.split()
        for argument, written in by_argument.items()
        if arguments.given(argument) and arguments.value(argument) not in (False, "false")
        for action in written.split()
    )
    return (*actions, *dict.fromkeys(further))


def _objects(arguments: Arguments) -> list[Arguments]:
    return arguments.nested("Delete").items("Objects")


def _resources(operation: str, actions: tuple[str, ...], arguments: Arguments) -> Resources:
    if operation == "ListBuckets":
        return r.ANY
    if actions[0] in _BUCKET_ACTIONS or "Bucket" in operation or operation in _OF_THE_BUCKET:
        return r.bucket(arguments)
    return r.bucket_objects(arguments)
