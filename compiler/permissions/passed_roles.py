"""The roles that a call passes to a service: its caller needs `iam:PassRole` on each of them.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.aws_services import argument_names
from compiler.permissions.arguments import Arguments, is_expression
from compiler.permissions.resources import PARTITION, role
from compiler.permissions.statement import Statement
from compiler.placeholders import PLACEHOLDER

COMPUTED = "is computed at run time; only roles of this stage may be passed"
ROLES_OF_THIS_STAGE = f"{PARTITION}:iam::${{AWS::AccountId}}:role/${{ResourcePrefix}}*"
_ROLE = re.compile(r"arn:[\w${}:-]*:iam::[^:]*:role/.+")
_PROFILE = re.compile(r"(?P<account>arn:[\w${}:-]*:iam::[^:]*:)instance-profile/(?P<name>.+)")
_ROLE_ARGUMENT = re.compile(r"(?i).*role_?arns?(update)?")
# Other arguments whose value is a role, by ARN or by name.
_ROLE_ARGUMENTS = frozenset(
    {"accessrole", "associationdispatchassumerole", "autosubdomainiamrole", "autoscalingrole", "awsiamrole"}
    | {"channelrole", "codebuildservicerole", "dataaccessrole", "executionrole", "fleetservicerole", "iamfleetrole"}
    | {"iamrole", "infrastructurerole", "invocationrole", "loggingrole", "noderole", "operationsrole"}
    | {"resourceaccessrole", "secretsrole", "servicerole", "serviceexecutionrole", "servicerolearnoverride"}
    | {"serviceroleoverride", "spotiamfleetrole", "tmpdiriamrole", "twowaychannelrole"}
    | {"catalogencryptionservicerole", "clusterrole", "datatransferrole", "defaultlambdarole", "domainexecutionrole"}
    | {"domainiamrolename", "ehrrole", "firmwareupdaterole", "iamrolefordatasourcearn", "lambdarole", "operatorrole"}
    | {"iamroleforidentitycenterapplicationarn", "locationregistrationrole", "manageaccessrole", "rolenamearn"}
    | {"projectexecutionrole", "rolearnforlogging", "s3urlsignerrole", "serviceexecutionroleupdate", "syncrole"}
    | {"streamskmsrole", "taskexecutionrole", "updatedatarole", "userrole", "v2botrole", "validationrole"}
)
# Arguments of these names that are roles of the service's own, such as ADMIN.
_ROLES_OF_USERS = frozenset({("quicksight", "userrole"), ("repostspace", "channelrole")})
# Services for which an argument named `Role` is a role of IAM.
_PLAIN_ROLE = frozenset(
    {"ecs", "elastictranscoder", "glue", "guardduty", "iottwinmaker", "lambda", "mediaconvert", "s3", "s3control"}
    | {"transfer"}
)
_PROFILE_ARGUMENTS = frozenset({"iaminstanceprofile", "instanceprofile", "instanceprofilearn", "jobflowrole"})
# In a Batch compute environment, this is the ARN of an instance profile.
_PROFILE_OF_BATCH = "instancerole"
# Services whose calls are about a role, and do not pass it to a service.
_NOT_PASSED = ("iam", "sts", "sso", "signin")


@dataclass(frozen=True, slots=True)
class PassedRole:
    """A role that a call passes: the argument that names it, its ARN or a pattern, and why it is a pattern."""

    argument: str
    arn: str
    note: str = ""

    def statement(self, condition: Mapping[str, Any] | None = None) -> Statement:
        """Return the statement that allows to pass the role, if the condition holds."""
        return Statement("", ("iam:PassRole",), (self.arn,), condition=condition, note=self.note)


def passed_roles(service: str, arguments: Arguments) -> Iterator[PassedRole]:
    """Yield each role that a call passes.

    Args:
        service: The service as Step Functions writes it, which decides what `Role` is.
        arguments: The call's arguments.
    """
    if service not in _NOT_PASSED:
        yield from dict.fromkeys(_in(service, "", arguments.values))


def role_arguments(service: str, action: str) -> tuple[str, ...]:
    """Return the names of the arguments by which an action (`createPipeline`) passes roles, sorted."""
    if service in _NOT_PASSED:
        return ()
    names = argument_names(service, action)
    passing = (name for name in names if _is_role(service, name) or _is_profile(service, name.lower()))
    return tuple(sorted({name[:1].upper() + name[1:] for name in passing}))


def computed_roles(names: Sequence[str], condition: Mapping[str, Any] | None = None) -> Iterator[Statement]:
    """Yield the statement for the roles in arguments of these names, when all arguments are computed together."""
    if names:
        note = f"{' or '.join(names)} {COMPUTED}"
        yield PassedRole("", ROLES_OF_THIS_STAGE, note).statement(condition)


def _in(service: str, name: str, value: Any) -> Iterator[PassedRole]:
    """Yield the roles in the value of an argument of this name."""
    if isinstance(value, Mapping):
        if name.lower() in _PROFILE_ARGUMENTS:  # the profile's `Arn` or `Name`
            for key, item in value.items():
                yield from _in(service, name + (".$" if key.endswith(".$") else ""), item)
            return
        for key, item in value.items():
            yield from _in(service, key, item)
    elif isinstance(value, list):
        for item in value:
            yield from _in(service, name, item)
    elif isinstance(value, str):
        yield from _of_string(service, name, value)


def _of_string(service: str, name: str, value: str) -> Iterator[PassedRole]:
    plain = name.removesuffix(".$")
    is_profile = _is_profile(service, plain.lower())
    is_role = _is_role(service, plain)
    if name.endswith(".$") or is_expression(value):
        if is_profile or is_role:
            yield PassedRole(plain, ROLES_OF_THIS_STAGE, f"{plain} {COMPUTED}")
    elif _ROLE.fullmatch(value):
        yield PassedRole(plain, value)
    elif is_profile or _PROFILE.fullmatch(value):
        match = _PROFILE.fullmatch(value)
        account, path = (
            (match["account"], match["name"]) if match else (f"{PARTITION}:iam::${{AWS::AccountId}}:", value)
        )
        note = "the role of an instance profile is expected to have its name"
        yield PassedRole(plain, f"{account}role/{path}", note)
    elif is_role and (PLACEHOLDER.fullmatch(value) or not value.startswith("arn:")):
        yield PassedRole(plain, role(value))


def _is_profile(service: str, name: str) -> bool:
    return name in _PROFILE_ARGUMENTS or (service == "batch" and name == _PROFILE_OF_BATCH)


def _is_role(service: str, name: str) -> bool:
    if _ROLE_ARGUMENT.fullmatch(name) or name.lower() in _ROLE_ARGUMENTS:
        return (service, name.lower()) not in _ROLES_OF_USERS
    return name.lower() == "role" and service in _PLAIN_ROLE
