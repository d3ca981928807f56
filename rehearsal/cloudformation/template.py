"""Templates: read, expanded, and evaluated.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Template = dict[str, Any]

_SAM = "AWS::Serverless-2016-10-31"
_PLACEHOLDER = re.compile(r"\$\{(!?)([A-Za-z0-9:._-]+)\}")
_NO_VALUE: Any = object()


class TemplateError(Exception):
    """The template cannot be deployed; the text is CloudFormation's where it is known."""


@functools.lru_cache(maxsize=64)
def _parse(text: str) -> str:
    """The template as JSON, expanded. Cached as a text, so that nobody shares what another changes."""
    if text.lstrip().startswith("{"):
        template = json.loads(text)
    else:
        import yaml
        from moto.cloudformation.utils import yaml_tag_constructor

        yaml.add_multi_constructor("", yaml_tag_constructor)
        template = yaml.load(text, Loader=yaml.Loader)  # noqa: S506 - the tags are those of CloudFormation
    return json.dumps(_expanded(template), default=str)


def parse(text: str) -> Template:
    """A template from its text, JSON or YAML, with SAM's resources expanded. Raises TemplateError."""
    try:
        template: Template = json.loads(_parse(text))
    except ValueError as error:
        raise TemplateError(f"Template format error: {error}") from None
    return template


def _expanded(template: Template) -> Template:
    transforms = template.pop("Transform", None) or []
    if _SAM not in ([transforms] if isinstance(transforms, str) else transforms):
        return template
    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    try:
        session = boto3.Session(region_name="us-east-1")
        expanded: Template = Translator({}, Parser(), boto_session=session).translate(template, {})
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"Transform {_SAM} failed with: {causes}") from None
    return expanded


def references(value: Any) -> Iterator[str]:
    """The names that a value refers to: of parameters, resources and pseudo parameters."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item.split(".")[0] if isinstance(item, str) else item[0]
            elif key == "Fn::Sub":
                text, names = (item, {}) if isinstance(item, str) else item
                found = (match[2].split(".")[0] for match in _PLACEHOLDER.finditer(text) if not match[1])
                yield from (name for name in found if name not in names)
                yield from references(names)
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def in_order(template: Template) -> list[str]:
    """The logical ids of the resources, each after those it depends on. Raises TemplateError."""
    resources: dict[str, Any] = template["Resources"]
    done: dict[str, None] = {}
    under_way: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in under_way:
            circle = ", ".join(under_way[under_way.index(name) :])
            raise TemplateError(f"Circular dependency between resources: [{circle}]")
        under_way.append(name)
        explicit = resources[name].get("DependsOn") or []
        for dependency in [explicit] if isinstance(explicit, str) else explicit:
            if dependency not in resources:
                raise TemplateError(f"Template format error: Unresolved resource dependencies [{dependency}]")
            visit(dependency)
        for dependency in references(resources[name].get("Properties", {})):
            if dependency in resources:
                visit(dependency)
        under_way.pop()
        done[name] = None

    for name in resources:
        visit(name)
    return list(done)


class Evaluator:
    """Gives the values of a template's expressions.

    Args:
        template: The template.
        names: What `Ref` finds besides resources: parameters and pseudo parameters.
        resource: Finds a resource by its logical id: its physical id and attributes; None where there is none yet.
        exported: The values that other stacks export.
    """

    def __init__(
        self,
        template: Template,
        names: Mapping[str, Any],
        resource: Callable[[str], tuple[str, Mapping[str, Any]] | None],
        exported: Mapping[str, Any],
    ) -> None:
        self._template = template
        self._names = names
        self._resource = resource
        self._exported = exported

    def value(self, value: Any) -> Any:
        """The value of an expression. Raises TemplateError."""
        found = self._value(value)
        return None if found is _NO_VALUE else found

    def condition(self, name: str) -> bool:
        """Whether a condition of the template is met."""
        try:
            return self._met(self._template["Conditions"][name])
        except KeyError:
            raise TemplateError(f"Template format error: Unresolved condition {name}") from None

    def _met(self, condition: Any) -> bool:
        ((function, arguments),) = condition.items()
        if function == "Condition":
            return self.condition(arguments)
        if function == "Fn::Equals":
            first, second = (self._value(argument) for argument in arguments)
            return bool(first == second)
        met = [self._met(argument) for argument in arguments]
        return {"Fn::And": all(met), "Fn::Or": any(met), "Fn::Not": not met[0]}[function]

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._value, value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key == "Ref":
                return self._ref(argument)
            if key.startswith("Fn::"):
                return self._function(key, argument)
        evaluated = ((key, self._value(item)) for key, item in value.items())
        return {key: item for key, item in evaluated if item is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self._names:
            return self._names[name]
        found = self._resource(name)
        if found is None:
            raise TemplateError(f"Template format error: Unresolved resource dependencies [{name}]")
        return found[0]

    def _attribute(self, name: str, attribute: str) -> Any:
        found = self._resource(name)
        if found is None:
            raise TemplateError(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
        if attribute not in found[1]:
            raise TemplateError(f"Template error: resource {name} does not support attribute type {attribute}")
        return found[1][attribute]

    def _function(self, name: str, argument: Any) -> Any:
        if name == "Fn::GetAtt":
            return self._attribute(*(argument.split(".", 1) if isinstance(argument, str) else argument))
        if name == "Fn::Sub":
            return self._substituted(argument)
        if name == "Fn::If":
            return self._value(argument[1] if self.condition(argument[0]) else argument[2])
        if name == "Fn::FindInMap":
            found = self._template.get("Mappings", {})
            for key in self._value(argument):
                found = found[key]
            return found
        value = self._value(argument)
        if name == "Fn::Join":
            return value[0].join(map(str, value[1]))
        if name == "Fn::Select":
            return value[1][int(value[0])]
        if name == "Fn::Split":
            return value[1].split(value[0])
        if name == "Fn::Base64":
            return base64.b64encode(value.encode()).decode()
        if name == "Fn::ToJsonString":
            return json.dumps(value)
        if name == "Fn::ImportValue":
            if value not in self._exported:
                raise TemplateError(f"No export named {value} found.")
            return self._exported[value]
        if name == "Fn::GetAZs":
            return [f"{value or self._names['AWS::Region']}{zone}" for zone in "abc"]
        raise TemplateError(f"Template error: the function {name} is not supported on this machine")

    def _substituted(self, argument: Any) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else (argument[0], self._value(argument[1]))

        def replace(match: re.Match[str]) -> str:
            if match[1]:
                return f"${{{match[2]}}}"
            if match[2] in given:
                return str(given[match[2]])
            resource, dot, attribute = match[2].partition(".")
            return str(self._attribute(resource, attribute) if dot else self._ref(resource))

        return _PLACEHOLDER.sub(replace, text)
