"""What one run of a flow does, by its definition: states entered and functions called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.names import EXPRESS
from compiler import CompiledFlow

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Work:
    """States that a run enters, and the names of the functions that it calls, one for each call."""

    states: int = 0
    calls: tuple[str, ...] = ()

    def __add__(self, other: Work) -> Work:
        return Work(self.states + other.states, self.calls + other.calls)

    def times(self, number: int) -> Work:
        """Return the work of so many."""
        return Work(self.states * number, self.calls * number)


@dataclass(frozen=True, slots=True)
class Mix:
    """What a run does on average, if runs are spread evenly over some flows: states, and calls by function."""

    states: float
    calls: Mapping[str, float]

    @classmethod
    def of(cls, works: Sequence[Work]) -> Mix:
        """Return the average of the work of flows."""
        called = Counter(call for work in works for call in work.calls)
        states = sum(work.states for work in works)
        return cls(states / len(works), {name: number / len(works) for name, number in sorted(called.items())})


class FlowWork:
    """Counts the work of flows.

    A run takes the longest way through its states without loops: each branch of a Parallel, `map_items` items of each
    Map, no retries, no errors. What the STANDARD flows do that it starts is a part of it.

    Args:
        flows: The flows of the project.
        map_items: The number of items of each Map.
    """

    def __init__(self, flows: Mapping[str, CompiledFlow], map_items: int) -> None:
        self._flows = flows
        self._map_items = map_items
        self._known: dict[str, Work] = {}

    def of(self, name: str) -> Work:
        """Return the work of one run of a flow."""
        if name not in self._known:
            self._known[name] = Work()  # for a flow that starts itself
            self._known[name] = self._machine(self._flows[name].definition, self._flows[name])
        return self._known[name]

    def _machine(self, machine: Mapping[str, Any], flow: CompiledFlow) -> Work:
        known: dict[str, Work] = {}

        def longest(name: str) -> Work:
            if name not in known:
                known[name] = Work()  # a way back ends here
                state = machine["States"][name]
                ways = [longest(following) for following in _following(state)]
                rest = max(ways, key=lambda way: (way.states, len(way.calls)), default=Work())
                known[name] = self._state(state, flow) + rest
            return known[name]

        return longest(machine["StartAt"])

    def _state(self, state: Mapping[str, Any], flow: CompiledFlow) -> Work:
        own = Work(1) + self._task(state, flow)
        for branch in state.get("Branches", ()):
            own += self._machine(branch, flow)
        processor = state.get("ItemProcessor") or state.get("Iterator")
        return own if processor is None else own + self._machine(processor, flow).times(self._map_items)

    def _task(self, state: Mapping[str, Any], flow: CompiledFlow) -> Work:
        if state["Type"] != "Task":
            return Work()
        texts = [state["Resource"], *_strings(state.get("Parameters")), *_strings(state.get("Arguments"))]
        for name in _PLACEHOLDER.findall(" ".join(texts)):
            target = flow.targets.get(name)
            if target is None:
                continue
            if target.kind == "flow" and target.name in self._flows and self._flows[target.name].type != EXPRESS:
                return self.of(target.name)
            if target.kind in ("function", "framework"):
                return Work(calls=(target.name,))
        return Work()


def _following(state: Mapping[str, Any]) -> list[str]:
    choices = [choice["Next"] for choice in state.get("Choices", ())]
    return [*choices, *(state[key] for key in ("Next", "Default") if key in state)]


def _strings(value: Any) -> list[str]:
    return [each for each in value.values() if isinstance(each, str)] if isinstance(value, dict) else []
