"""What services do with the rights of their caller, by the arguments that make them do it.

Objects in S3 are in `buckets`. Sources: "Using the Data API" in the guides of Aurora and Redshift, "Permissions to use
guardrails" of Bedrock, "Asynchronous synthesis" of Polly, "Using server-side encryption with KMS keys" of S3, and
"Secret encryption" and "SecureString parameters" of Secrets Manager and Systems Manager.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compiler.permissions.arguments import Arguments
from compiler.permissions.resources import ResourceOf, arn, key_in, named, secret_in
from compiler.permissions.statement import Statement


@dataclass(frozen=True, slots=True)
class _Right:
    """With `argument`, inside `outer`, a service needs `actions` on `resource`."""

    argument: str
    actions: tuple[str, ...]
    resource: ResourceOf
    outer: str = ""


_SECRET = _Right("SecretArn", ("secretsmanager:GetSecretValue",), secret_in("SecretArn"))
_GUARDRAIL = (
    "GuardrailIdentifier",
    ("bedrock:ApplyGuardrail",),
    named("GuardrailIdentifier", "bedrock", "guardrail/{}"),
)
_KEY = ("kms:Decrypt", "kms:GenerateDataKey")

_RIGHTS: dict[str, tuple[_Right, ...]] = {
    "bedrock": (_Right(*_GUARDRAIL),),
    "bedrockruntime": (_Right(*_GUARDRAIL), _Right(*_GUARDRAIL, outer="GuardrailConfig")),
    "polly": (_Right("SnsTopicArn", ("sns:Publish",), named("SnsTopicArn", "sns", "{}")),),
    "rdsdata": (_SECRET,),
    "redshiftdata": (_SECRET,),
    "s3": (_Right("SSEKMSKeyId", _KEY, key_in("SSEKMSKeyId")),),
    "secretsmanager": (_Right("KmsKeyId", _KEY, key_in("KmsKeyId")),),
    "ssm": (_Right("KeyId", ("kms:Encrypt", "kms:GenerateDataKey"), key_in("KeyId")),),
}


def with_rights_of_caller(service: str, arguments: Arguments) -> Iterator[Statement]:
    """Yield the statements for what a call makes its service do with the caller's rights.

    Args:
        service: The service as Step Functions writes it: `redshiftdata`.
        arguments: The call's arguments. Those computed as a whole name only the secrets of databases.
    """
    for right in _RIGHTS.get(service, ()):
        if arguments.computed_as_a_whole and right is not _SECRET:
            continue
        inner = arguments.nested(right.outer) if right.outer else arguments
        if inner.given(right.argument):
            found = right.resource(inner)
            yield Statement("", right.actions, found.arns, note=found.note)
    if service == "redshiftdata" and not arguments.given("SecretArn"):
        yield from _temporary_credentials(arguments)


def _temporary_credentials(arguments: Arguments) -> Iterator[Statement]:
    """Yield what Redshift's Data API needs to sign in without a secret.

    Source: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-access.html.
    """
    if arguments.given("WorkgroupName"):
        # A workgroup's ARN has its id, not its name.
        note = "IAM identifies workgroups by id"
        yield Statement(
            "", ("redshift-serverless:GetCredentials",), (arn("redshift-serverless", "workgroup/*"),), note=note
        )
        return
    if not arguments.given("ClusterIdentifier"):
        return
    cluster, database, user = (arguments.literal(name) or "*" for name in ("ClusterIdentifier", "Database", "DbUser"))
    note = "" if "*" not in (cluster, database, user) else "the database or its user is computed at run time"
    name = arn("redshift", f"dbname:{cluster}/{database}")
    if not arguments.given("DbUser"):
        yield Statement("", ("redshift:GetClusterCredentialsWithIAM",), (name,), note=note)
        return
    names = (name, arn("redshift", f"dbuser:{cluster}/{user}"))
    yield Statement("", ("redshift:GetClusterCredentials",), names, note=note)
