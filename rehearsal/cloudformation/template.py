"""Reads, expands and evaluates templates.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html.
"""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.cloudformation.quotas import QuotaExceeded, check_template

Template = dict[str, Any]

_SAM = "AWS::Serverless-2016-10-31"
_PLACEHOLDER = re.compile(r"\$\{(!?)([A-Za-z0-9:._-]+)\}")
_NO_VALUE: Any = object()


class TemplateError(Exception):
    """The template cannot be deployed. The message is CloudFormation's where it is known."""


@functools.lru_cache(maxsize=64)
def _parse(source: str) -> str:
    """Return the template as JSON, expanded. The cache keeps a string, which callers can't change for each other."""
    if source.lstrip().startswith("{"):
        template = json.loads(source)
    else:
        import yaml

        from rehearsal.cloudformation import safe_yaml

        try:
            template = safe_yaml.load(source)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from None
    return json.dumps(_expanded(template), default=str)


def parse(source: str) -> Template:
    """Parse a template in JSON or YAML, and expand SAM's resources.

    Raises:
        TemplateError: The template is not valid.
    """
    try:
        template: Template = json.loads(_parse(source))
    except RecursionError:
        raise TemplateError("Template format error: it is nested too deeply") from None
    except ValueError as error:
        raise TemplateError(f"Template format error: {error}") from None
    try:
        check_template(template)
    except QuotaExceeded as error:
        raise TemplateError(str(error)) from None
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
    """Yield the names of the parameters, resources and pseudo parameters that a value refers to."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item.split(".")[0] if isinstance(item, str) else item[0]
            elif key == "Fn::Sub":
                pattern, names = (item, {}) if isinstance(item, str) else item
                found = (match[2].split(".")[0] for match in _PLACEHOLDER.finditer(pattern) if not match[1])
                yield from (name for name in found if name not in names)
                yield from references(names)
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def in_order(template: Template) -> list[str]:
    """Return the logical ids of the resources, each after those that it depends on.

    Raises:
        TemplateError: A dependency is circular or doesn't exist.
    """
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
    """Evaluates the expressions of a template.

    Args:
        template: The template.
        names: The values of parameters and pseudo parameters.
        resource: Returns the physical id and the attributes of a resource by its logical id; None if it doesn't exist.
        exported: The values that other stacks export, by their names.
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
        """Return the value of an expression.

        Raises:
            TemplateError: The expression refers to something unknown, or uses an unsupported function.
        """
        found = self._value(value)
        return None if found is _NO_VALUE else found

    def condition(self, name: str) -> bool:
        """Return whether a condition of the template is met.

        Raises:
            TemplateError: The template doesn't have the condition.
        """
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
        match name:
            case "Fn::GetAtt":
                return self._attribute(*(argument.split(".", 1) if isinstance(argument, str) else argument))
            case "Fn::Sub":
                return self._substituted(argument)
            case "Fn::If":
                return self._value(argument[1] if self.condition(argument[0]) else argument[2])
            case "Fn::FindInMap":
                found = self._template.get("Mappings", {})
                for key in self._value(argument):
                    found = found[key]
                return found
            case "Fn::ImportValue":
                exported = self._value(argument)
                if exported not in self._exported:
                    raise TemplateError(f"No export named {exported} found.")
                return self._exported[exported]
            case "Fn::GetAZs":
                return [f"{self._value(argument) or self._names['AWS::Region']}{zone}" for zone in "abc"]
        if name not in _FUNCTIONS:
            raise TemplateError(f"Template error: the function {name} is not supported on this machine")
        return _FUNCTIONS[name](self._value(argument))

    def _substituted(self, argument: Any) -> str:
        pattern, given = (argument, {}) if isinstance(argument, str) else (argument[0], self._value(argument[1]))

        def replace(match: re.Match[str]) -> str:
            if match[1]:
                return f"${{{match[2]}}}"
            if match[2] in given:
                return str(given[match[2]])
            resource, dot, attribute = match[2].partition(".")
            return str(self._attribute(resource, attribute) if dot else self._ref(resource))

        return _PLACEHOLDER.sub(replace, pattern)


# The functions that need nothing but the value of their argument.
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "Fn::Base64": lambda value: base64.b64encode(value.encode()).decode(),
    "Fn::Join": lambda value: value[0].join(map(str, value[1])),
    "Fn::Select": lambda value: value[1][int(value[0])],
    "Fn::Split": lambda value: value[1].split(value[0]),
    "Fn::ToJsonString": json.dumps,
}
