"""Tags of state machines and activities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepfunctions.arns import parse_arn
from stepfunctions.errors import ServiceError, resource_not_found, wrong_resource_type

# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html (Restrictions related to tagging)
MAX_TAGS = 50


def read_tags(given: list[dict[str, str]] | None, known: dict[str, str], arn: str) -> dict[str, str]:
    """Return the tags of a resource after more have been added.

    Args:
        given: The tags of a request: `[{"key": ..., "value": ...}]`.
        known: The tags that the resource has.
        arn: The resource's ARN, for the error.

    Raises:
        ServiceError: TooManyTags.
    """
    tags = known | {tag.get("key", ""): tag.get("value", "") for tag in given or ()}
    if len(tags) > MAX_TAGS:
        raise ServiceError("TooManyTags", f"Too many tags: '{arn}' may have {MAX_TAGS}, not {len(tags)}")
    return tags


class Tags:
    """The operations on tags. `find` returns a resource's own dict of tags, or None if there is no such resource."""

    def __init__(self, find: Callable[[str], dict[str, str] | None]) -> None:
        self._find = find

    def tag(self, request: dict[str, Any]) -> dict[str, Any]:
        """TagResource.

        Raises:
            ServiceError: InvalidArn, ResourceNotFound or TooManyTags.
        """
        arn, tags = self._tags_of(request)
        tags.update(read_tags(request["tags"], tags, arn))
        return {}

    def untag(self, request: dict[str, Any]) -> dict[str, Any]:
        """UntagResource.

        Raises:
            ServiceError: InvalidArn or ResourceNotFound.
        """
        _, tags = self._tags_of(request)
        for key in request["tagKeys"]:
            tags.pop(key, None)
        return {}

    def list_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource.

        Raises:
            ServiceError: InvalidArn or ResourceNotFound.
        """
        _, tags = self._tags_of(request)
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _tags_of(self, request: dict[str, Any]) -> tuple[str, dict[str, str]]:
        arn: str = request["resourceArn"]
        resource_type = parse_arn(arn).resource_type
        if resource_type not in ("stateMachine", "activity"):
            raise wrong_resource_type(resource_type)
        tags = self._find(arn)
        if tags is None:
            raise resource_not_found(arn)
        return arn, tags
