"""`${...}` in definitions and permissions: finding, resolving and replacing them.

A name is looked up in three places, the nearest first: the flow's own functions, its state machine references, and the
names of the whole project (a function alias of other flows if all of them mean the same function, a library function, a
flow). `${AWS::Region}`, `${AWS::AccountId}`, `${AWS::Partition}`, `${Stage}` and `${ResourcePrefix}` (the start of
every name on AWS) are known everywhere, as is `${Framework::ApprovalsArn}`, the function that opens approvals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.names import Names
from chalicelib.pointers import escape

PLACEHOLDER = re.compile(r"\$\{([A-Za-z][A-Za-z0-9_:.-]*)\}")
PSEUDO = ("AWS::AccountId", "AWS::Partition", "AWS::Region", "ResourcePrefix", "Stage")
EXECUTIONS = "executions:"  # in a derived permission `${executions:X}` means every execution of the flow X
STATE_MACHINE = "StateMachine"
APPROVALS = "approvals"
"""The framework's own function that opens approvals (`app.approvals`)."""
APPROVALS_ARN = "Framework::ApprovalsArn"


@dataclass(frozen=True, slots=True)
class Target:
    """What a placeholder means: a library function, a flow, a property of the deployment, or an own function of the
    framework, which every stage has."""

    kind: Literal["function", "flow", "pseudo", "framework"]
    name: str

    def render(self, names: Names) -> str:
        """Return what replaces the placeholder in one stage."""
        if self.kind in ("function", "framework"):
            return names.function_arn(self.name)
        if self.kind == "flow":
            return names.state_machine_arn(self.name)
        pseudo = {
            "AWS::AccountId": names.account,
            "AWS::Partition": names.partition,
            "AWS::Region": names.region,
            "ResourcePrefix": names.resource(""),
        }
        return pseudo.get(self.name, names.stage)


PSEUDO_TARGETS = {name: Target("pseudo", name) for name in PSEUDO} | {APPROVALS_ARN: Target("framework", APPROVALS)}


def names_in(text: str) -> tuple[str, ...]:
    """Return the names of the placeholders in a string, each once, in order."""
    return tuple(dict.fromkeys(PLACEHOLDER.findall(text))) if "${" in text else ()


def occurrences(value: Any, pointer: str = "") -> Iterator[tuple[str, str, int]]:
    """Yield each placeholder of a JSON value: its name, the pointer of its string, and the offset in that string."""
    if isinstance(value, str):
        for match in PLACEHOLDER.finditer(value) if "${" in value else ():
            yield match[1], pointer, match.start()
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from occurrences(item, f"{pointer}/{escape(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from occurrences(item, f"{pointer}/{index}")


def replace(text: str, targets: Mapping[str, Target], names: Names) -> str:
    """Replace every placeholder of `targets` in a plain string."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        target = targets.get(name.removeprefix(EXECUTIONS))
        if target is None:
            return match[0]
        return names.execution_arn(target.name, "*") if name.startswith(EXECUTIONS) else target.render(names)

    return PLACEHOLDER.sub(value, text)


def replace_in_json(text: str, targets: Mapping[str, Target], names: Names) -> str:
    """Replace every placeholder of `targets` in JSON text."""
    rendered = {name: json.dumps(target.render(names), ensure_ascii=False)[1:-1] for name, target in targets.items()}
    return PLACEHOLDER.sub(lambda match: rendered.get(match[1], match[0]), text)


def flow_of_reference(reference: str, flows: Iterable[str] | Mapping[str, Any]) -> str | None:
    """Return the flow that `flow1StateMachine`, `flow1StateMachineArn`, `flow1Arn` or `flow1` refers to, or None."""
    for suffix in ("", STATE_MACHINE, STATE_MACHINE + "Arn", "Arn"):
        if reference.endswith(suffix):
            name = reference[: len(reference) - len(suffix)]
            if name in flows:
                return name
    return None


def function_names(name: str) -> Iterator[str]:
    """Yield the names by which a definition may call a function; `name` is the function's or a flow's own for it.

    It is the name as it is written or in CamelCase, followed by one of four suffixes. The first two are the exact ones,
    which win over those that another name has in another form.
    """
    camel = "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_]", name))
    for form in dict.fromkeys((name, camel)):
        for suffix in ("", "Arn", "FunctionArn", "LambdaFunctionArn"):
            yield form + suffix


def _exact(name: str) -> tuple[str, str]:
    return name, name + "Arn"


def flow_names(flow: str) -> tuple[str, ...]:
    """Return the names by which a definition may start the flow."""
    return (flow, flow + STATE_MACHINE, flow + STATE_MACHINE + "Arn", flow + "Arn")


class Scope:
    """The names of the whole project. Built once and used for every flow."""

    def __init__(self, functions: Iterable[str], flows: Iterable[str], aliases: Iterable[tuple[str, str]]) -> None:
        self.flows = frozenset(flows)
        self.functions = frozenset(functions)
        self._known: dict[str, Target] = {}
        self.ambiguous: dict[str, tuple[str, ...]] = {}
        for flow in sorted(self.flows):
            for name in flow_names(flow):
                self._known.setdefault(name, Target("flow", flow))
        by_name: dict[str, str] = {}
        for function in sorted(self.functions, reverse=True):
            for name in function_names(function):
                by_name[name] = function
        for function in self.functions:  # exact names win over another function's CamelCase form
            by_name.update(dict.fromkeys(_exact(function), function))
        self._known.update((name, Target("function", function)) for name, function in by_name.items())
        meanings: dict[str, set[str]] = {}
        for alias, function in aliases:
            meanings.setdefault(alias, set()).add(function)
        exact = {name for known in (*self.functions, *meanings) for name in _exact(known)}
        for alias, found in meanings.items():
            for name in function_names(alias):
                if name in exact and name not in _exact(alias):
                    continue
                if len(found) == 1:
                    self._known[name] = Target("function", next(iter(found)))
                else:
                    self._known.pop(name, None)
                    self.ambiguous[name] = tuple(sorted(found))

    def resolve(self, name: str, own: Mapping[str, Target]) -> Target | None:
        """Return what `name` means in a flow whose own functions and references are `own`, or None."""
        return own.get(name) or PSEUDO_TARGETS.get(name) or self._known.get(name)

    def candidates(self, own: Mapping[str, Target]) -> set[str]:
        """Return every name that would resolve."""
        return {*own, *PSEUDO_TARGETS, *self._known}


def own_targets(aliases: Mapping[str, str], references: Mapping[str, str]) -> dict[str, Target]:
    """Return the names that a flow defines itself: alias -> function, reference -> flow."""
    own: dict[str, Target] = {}
    for reference, flow in references.items():
        target = Target("flow", flow)
        for name in (
            reference,
            reference + "Arn",
            flow,
            flow + "Arn",
            flow + STATE_MACHINE,
            flow + STATE_MACHINE + "Arn",
        ):
            own[name] = target
    for alias, function in aliases.items():
        own.update(dict.fromkeys(_exact(alias), Target("function", function)))
    for alias, function in aliases.items():
        for name in function_names(alias):
            own.setdefault(name, Target("function", function))
    return own
