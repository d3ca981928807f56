"""Names with placeholders for the account, region and partition, which CloudFormation fills in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from chalicelib.names import LIVE, Names

# Private-use characters, which do not occur in flows, so that a `${...}` in a definition is not mistaken for a token.
_OPEN, _CLOSE = "\ue000", "\ue001"
_LONGEST = {"AWS::Region": "us-isof-south-1", "AWS::AccountId": "0" * 12, "AWS::Partition": "aws-us-gov"}
_TOKEN = re.compile(f"{_OPEN}([A-Za-z:]+){_CLOSE}")


def template_names(stage: str, express: Iterable[str] = ()) -> Names:
    """Return the names of a stage. Pass what contains them through `with_pseudo_parameters`.

    Args:
        stage: The stage's name.
        express: The names of its EXPRESS flows.
    """
    region, account, partition = _token("AWS::Region"), _token("AWS::AccountId"), _token("AWS::Partition")
    return Names(
        stage=stage, region=region, account=account, partition=partition, alias=LIVE, express=frozenset(express)
    )


def with_pseudo_parameters(value: Any) -> Any:
    """Replace strings that contain `template_names` in a JSON value by CloudFormation expressions."""
    if isinstance(value, str):
        return _joined(value)
    if isinstance(value, dict):
        return {key: with_pseudo_parameters(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [with_pseudo_parameters(item) for item in value]
    return value


def substitutions(text: str) -> tuple[str, dict[str, Any]]:
    """Prepare a definition that is kept in a file.

    Returns:
        The definition with `${Name}` for each pseudo parameter, and the `DefinitionSubstitutions` that fill them in.
    """
    found = {name.replace("::", ""): {"Ref": name} for name in _TOKEN.findall(text)}
    return _TOKEN.sub(lambda match: "${" + match[1].replace("::", "") + "}", text), found


def longest(text: str) -> str:
    """Return the text with the longest value of each placeholder, to compare its size with a quota."""
    return _TOKEN.sub(lambda match: _LONGEST[match[1]], text)


def _joined(text: str) -> Any:
    if _OPEN not in text:
        return text
    pieces = _TOKEN.split(text)  # text, name, text, name, ..., text
    parts = [piece if index % 2 == 0 else {"Ref": piece} for index, piece in enumerate(pieces) if piece]
    return parts[0] if len(parts) == 1 else {"Fn::Join": ["", parts]}


def _token(name: str) -> str:
    return f"{_OPEN}{name}{_CLOSE}"
