"""Templates in YAML, read with a safe loader.

Moto reads templates with `yaml.Loader`, which lets a template such as `!!python/object/apply:os.system [id]` run code.
CloudFormation knows its own tags only, and so does `TemplateLoader`.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import yaml


class TemplateLoader(yaml.SafeLoader):
    """Plain YAML, and CloudFormation's short forms: `!Ref x`, `!GetAtt a.b`, `!Sub ...`."""


def load(source: str) -> Any:
    """Read a template.

    Raises:
        yaml.YAMLError: It isn't YAML, or has a tag that CloudFormation doesn't know.
    """
    return yaml.load(source, Loader=TemplateLoader)  # noqa: S506 - a subclass of SafeLoader  # nosec B506


def install() -> None:
    """Let moto read templates with this loader too."""
    from moto.cloudformation import models, responses

    safe = SimpleNamespace(**{**vars(yaml), "Loader": TemplateLoader, "add_multi_constructor": _keep_constructors})
    for module in (models, responses):
        module.yaml = safe  # type: ignore[attr-defined]


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Any:
    if not name:
        raise yaml.constructor.ConstructorError(None, None, "A tag needs a name", node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        value: Any = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        value = node.value
        if name == "GetAtt":
            value = value.split(".")
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


def _keep_constructors(*_: Any) -> None:
    """Take no constructors of moto's: those of the loader are complete."""


TemplateLoader.add_multi_constructor("!", _short_form)
