"""The objects in S3 that a service reads or writes with the rights of its caller, and the action that this needs.

Services with a role of their own for this (Comprehend's `DataAccessRoleArn`, say) are not here: their caller only
passes the role. Source: "identity-based policies" in the guide of each service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from compiler.permissions.arguments import Arguments
from compiler.permissions.resources import PARTITION, is_arn, object_arn
from compiler.permissions.statement import Statement

_READ = ("s3:GetObject",)
_WRITE = ("s3:PutObject",)
_BUCKET_URL = re.compile(r"https?://(?:(?P<host>[^./]+)\.)?s3[.-][^/]*amazonaws\.com(?:\.cn)?/(?P<path>.+)")


@dataclass(frozen=True, slots=True)
class _Place:
    """Arguments that name objects: `outer` is the path to them, and `bucket` and `key` name them; or `uri` does.

    A path may go through lists. `prefix` says that `key` is only the beginning of the object's name. With the argument
    `unless` the service uses another identity than its caller's.
    """

    outer: str = ""
    bucket: str = ""
    key: str = ""
    uri: str = ""
    actions: tuple[str, ...] = _READ
    prefix: bool = False
    unless: str = ""


def _image(outer: str) -> _Place:
    return _Place(f"{outer}.S3Object", "Bucket", "Name")


def _code(outer: str = "") -> _Place:
    return _Place(outer, "S3Bucket", "S3Key")


def _output(outer: str, bucket: str, key: str) -> _Place:
    return _Place(outer, bucket, key, actions=_WRITE, prefix=True)


_TRANSCRIBE_ROLE = "JobExecutionSettings.DataAccessRoleArn"
_PLACES: dict[str, tuple[_Place, ...]] = {
    "bedrock": (_Place("Input", uri="S3Uri"), _Place("Output", uri="S3Uri", actions=_WRITE)),
    "bedrockdataautomationruntime": (
        _Place("InputConfiguration", uri="S3Uri"),
        _Place("OutputConfiguration", uri="S3Uri", actions=_WRITE, prefix=True),
    ),
    "bedrockruntime": (_Place("OutputDataConfig.S3OutputDataConfig", uri="S3Uri", actions=_WRITE, prefix=True),),
    "cloudformation": (_Place(uri="TemplateURL"), _Place(uri="StackPolicyURL")),
    "dynamodb": (
        _Place(
            "", "S3Bucket", "S3Prefix", actions=("s3:AbortMultipartUpload", *_WRITE, "s3:PutObjectAcl"), prefix=True
        ),
        _Place("S3BucketSource", "S3Bucket", "S3KeyPrefix", prefix=True),
    ),
    "elasticbeanstalk": (_code("SourceBundle"),),
    "lambda": (_code(), _code("Code"), _code("Content")),
    "polly": (_output("", "OutputS3BucketName", "OutputS3KeyPrefix"),),
    "rekognition": (
        *map(_image, ("Image", "SourceImage", "TargetImage", "Video", "Input")),
        *map(_image, ("DatasetSource.GroundTruthManifest", "TrainingData.Assets.GroundTruthManifest")),
        _image("TestingData.Assets.GroundTruthManifest"),
        _output("OutputConfig", "S3Bucket", "S3KeyPrefix"),
    ),
    "signer": (_Place("Source.S3", "BucketName", "Key"), _output("Destination.S3", "BucketName", "Prefix")),
    "textract": (
        _image("Document"),
        _image("DocumentLocation"),
        _image("DocumentPages"),
        _output("OutputConfig", "S3Bucket", "S3Prefix"),
    ),
    "transcribe": (
        _Place("Media", uri="MediaFileUri", unless=_TRANSCRIBE_ROLE),
        _Place("Media", uri="RedactedMediaFileUri", unless=_TRANSCRIBE_ROLE),
        _Place("", "OutputBucketName", "OutputKey", actions=_WRITE, prefix=True),
        _Place(uri="OutputLocation", actions=_WRITE, prefix=True),
        _Place(uri="VocabularyFileUri"),
        _Place(uri="VocabularyFilterFileUri"),
    ),
}


def objects_of_call(service: str, arguments: Arguments) -> Iterator[Statement]:
    """Yield the statements for the objects that a call makes its service read or write.

    Args:
        service: The service as Step Functions writes it: `rekognition`.
        arguments: The call's arguments. Those computed as a whole name nothing.
    """
    if arguments.computed_as_a_whole:
        return
    for place in _PLACES.get(service, ()):
        if place.unless and arguments.at(place.unless) is not None:
            continue
        for inner in _inside(arguments, place.outer):
            found = _place(place, inner)
            if found is not None:
                resource, note = found
                yield Statement("", place.actions, (resource,), note=note)


def _inside(arguments: Arguments, path: str) -> list[Arguments]:
    """Return what is at a path of members; each item of a list on the way."""
    found = [arguments]
    for name in filter(None, path.split(".")):
        found = [
            inner
            for outer in found
            for inner in (outer.items(name) if isinstance(outer.value(name), list) else [outer.nested(name)])
        ]
    return found


def _place(place: _Place, inner: Arguments) -> tuple[str, str] | None:
    if inner.computed_as_a_whole:
        return f"{PARTITION}:s3:::*/*", f"{place.outer} is computed at run time"
    if place.uri:
        return _uri(place, inner)
    if not inner.given(place.bucket):
        return None
    bucket = inner.literal(place.bucket)
    if bucket is None:
        return f"{PARTITION}:s3:::*/*", f"{place.bucket} is computed at run time"
    key = inner.literal(place.key)
    of_bucket = bucket if is_arn(bucket) else f"{PARTITION}:s3:::{bucket}"
    if key is None:
        return object_arn(of_bucket, "*"), f"{place.key} is computed at run time" if inner.given(place.key) else ""
    return object_arn(of_bucket, f"{key}*" if place.prefix else key), ""


def _uri(place: _Place, arguments: Arguments) -> tuple[str, str] | None:
    if not arguments.given(place.uri):
        return None
    uri = arguments.literal(place.uri)
    if uri is None:
        return f"{PARTITION}:s3:::*/*", f"{place.uri} is computed at run time"
    match = _BUCKET_URL.fullmatch(uri)
    if match:
        path = f"{match['host']}/{match['path']}" if match["host"] else match["path"]
    elif uri.startswith("s3://"):
        path = uri.removeprefix("s3://")
    else:
        return None  # not an object of S3
    if "/" not in path:
        path += "/"
    return f"{PARTITION}:s3:::{path}{'*' if place.prefix or path.endswith('/') else ''}", ""
