"""CloudFormation's quotas for templates and operations.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html. Where
AWS documents no message, the message is this project's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Template = Mapping[str, Any]

RESOURCES = 500
OUTPUTS = 200
PARAMETERS = 200
TEMPLATE_SIZE = 1_000_000
"""Bytes of a template in S3."""
OPERATION = 2_500
"""Resources that one operation may create, update or delete in a stack and its nested stacks."""

NESTED = "AWS::CloudFormation::Stack"
Nested = Callable[[str, Any], tuple[Template, Template]]
"""Returns the templates of a nested stack, by its logical id and its new description: the new one and the former one.
Without a description the new one is empty."""


class QuotaExceeded(Exception):
    """CloudFormation would refuse this."""


def check_template(template: Template) -> None:
    """Check how much a template declares.

    Raises:
        QuotaExceeded: It is too much.
    """
    for section, limit in (("Resources", RESOURCES), ("Outputs", OUTPUTS), ("Parameters", PARAMETERS)):
        count = len(template.get(section) or {})
        if count > limit:
            raise QuotaExceeded(
                f"Template format error: Number of {section.lower()}, {count}, is greater than maximum allowed, {limit}"
            )


def check_size(template: bytes) -> None:
    """Check the size of a template in S3.

    Raises:
        QuotaExceeded: It is too large.
    """
    if len(template) > TEMPLATE_SIZE:
        raise QuotaExceeded(f"Template may not exceed {TEMPLATE_SIZE} bytes in size.")


def check_operation(new: Template, former: Template, nested: Nested) -> None:
    """Check how many resources an operation changes.

    Args:
        new: The template to deploy; empty to delete the stack.
        former: The template that is deployed; empty for a new stack.
        nested: Finds the templates of nested stacks.

    Raises:
        QuotaExceeded: They are too many.
    """
    count = _changes(new, former, nested)
    if count > OPERATION:
        raise QuotaExceeded(
            f"The operation would create, update or delete {count} resources in nested stacks, but the maximum is "
            f"{OPERATION}"
        )


def _changes(new: Template, former: Template, nested: Nested) -> int:
    wanted, existing = new.get("Resources") or {}, former.get("Resources") or {}
    changed = [name for name in {**existing, **wanted} if wanted.get(name) != existing.get(name)]
    count = len(changed)
    for name in changed:
        described = wanted.get(name)
        if (described or existing[name])["Type"] == NESTED:
            inner_new, inner_former = nested(name, described)
            parameters = [
                (item or {}).get("Properties", {}).get("Parameters") for item in (described, existing.get(name))
            ]
            if described is not None and name in existing and parameters[0] != parameters[1]:
                count += len({**(inner_new.get("Resources") or {}), **(inner_former.get("Resources") or {})})
            else:
                count += _changes(inner_new, inner_former, nested)
    return count
