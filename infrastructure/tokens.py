"""Names whose account, region and partition CloudFormation fills in when it deploys."""

from __future__ import annotations

import re
from typing import Any

from chalicelib.names import Names

# Private-use characters, which no flow has, so that CloudFormation's own `${...}` in a definition stays a plain text.
_OPEN, _CLOSE = "\ue000", "\ue001"
_TOKEN = re.compile(f"{_OPEN}([A-Za-z:]+){_CLOSE}")
LIVE = "live"
"""The alias of every state machine that callers go through."""


def template_names(stage: str) -> Names:
    """The names of a stage, to be passed through `with_pseudo_parameters` once they are in a text."""
    region, account, partition = _token("AWS::Region"), _token("AWS::AccountId"), _token("AWS::Partition")
    return Names(stage=stage, region=region, account=account, partition=partition, alias=LIVE)


def with_pseudo_parameters(value: Any) -> Any:
    """A JSON value in which texts made from `template_names` are CloudFormation expressions."""
    if isinstance(value, str):
        return _joined(value)
    if isinstance(value, dict):
        return {key: with_pseudo_parameters(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [with_pseudo_parameters(item) for item in value]
    return value


def substitutions(text: str) -> tuple[str, dict[str, Any]]:
    """A definition kept in a file of its own, with names for Step Functions to replace, and what they stand for."""
    found = {name.replace("::", ""): {"Ref": name} for name in _TOKEN.findall(text)}
    return _TOKEN.sub(lambda match: "${" + match[1].replace("::", "") + "}", text), found


def _joined(text: str) -> Any:
    if _OPEN not in text:
        return text
    pieces = _TOKEN.split(text)  # text, name, text, name, ..., text
    parts = [piece if index % 2 == 0 else {"Ref": piece} for index, piece in enumerate(pieces) if piece]
    return parts[0] if len(parts) == 1 else {"Fn::Join": ["", parts]}


def _token(name: str) -> str:
    return f"{_OPEN}{name}{_CLOSE}"
