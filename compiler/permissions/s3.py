"""The permissions of S3's API: which actions depends on the arguments, and whether on the bucket or on objects.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.permissions import resources as r
from compiler.permissions.arguments import Arguments
from compiler.permissions.resources import PARTITION, Resources
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
    "GetObjectTagging",
    "PutObjectTagging",
)
# Arguments of PutObject and the like that need an IAM action of their own.
_WITH_OBJECT = {
    "ACL": "PutObjectAcl",
    "GrantRead": "PutObjectAcl",
    "GrantFullControl": "PutObjectAcl",
    "Tagging": "PutObjectTagging",
    "ObjectLockMode": "PutObjectRetention",
    "ObjectLockLegalHoldStatus": "PutObjectLegalHold",
}


def s3_call(operation: str, actions: tuple[str, ...], arguments: Arguments) -> Iterator[Statement]:
    """Yield the statements of an operation of S3.

    Args:
        operation: The operation: `CopyObject`.
        actions: The IAM actions that it needs whatever its arguments are.
        arguments: Its arguments.
    """
    source = arguments.literal("CopySource")
    if len(actions) == 2 and source is not None:  # a copy reads one object and writes another
        yield Statement("", ("s3:GetObject",), (f"{PARTITION}:s3:::{source.lstrip('/')}",))
        actions = ("s3:PutObject",)
    found = _resources(operation, actions, arguments)
    yield Statement("", _with_arguments(operation, actions, arguments), found.arns, note=found.note)
    yield from tagging("s3", operation, arguments, found)


def _with_arguments(operation: str, actions: tuple[str, ...], arguments: Arguments) -> tuple[str, ...]:
    """Return the IAM actions of a call, some of which depend on its arguments."""
    if arguments.computed_as_a_whole:
        return actions
    if operation in _OF_A_VERSION and arguments.given("VersionId"):
        actions = tuple(name.replace("Object", "ObjectVersion") for name in actions)
    if "s3:PutObject" in actions:
        further = (f"s3:{action}" for name, action in _WITH_OBJECT.items() if arguments.given(name))
        actions = (*actions, *dict.fromkeys(further))
    return actions


def _resources(operation: str, actions: tuple[str, ...], arguments: Arguments) -> Resources:
    if operation == "ListBuckets":
        return r.ANY
    if actions[0] in _BUCKET_ACTIONS or "Bucket" in operation or operation in _OF_THE_BUCKET:
        return r.bucket(arguments)
    return r.bucket_objects(arguments)
