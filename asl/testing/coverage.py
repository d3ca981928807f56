"""Which states and branches of flows the tests have run through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from asl.language.model import ChoiceState, MapState, ParallelState, StateMachine, TaskState, walk_states

Branch = tuple[str, str | None]


@dataclass
class FlowCoverage:
    """What there is in a flow, and what of it was run.

    A branch is a way out of a state that has several: the rules and the default of a Choice, the catchers of a state
    and its ordinary end. It is named by the state and where it leads; the end of the flow is None.
    """

    name: str
    states: set[str] = field(default_factory=set)
    branches: set[Branch] = field(default_factory=set)
    entered: set[str] = field(default_factory=set)
    taken: set[Branch] = field(default_factory=set)

    @property
    def uncovered_states(self) -> list[str]:
        """The states that no run entered."""
        return sorted(self.states - self.entered)

    @property
    def uncovered_branches(self) -> list[str]:
        """The branches that no run took, as `State -> Target`."""
        return sorted(f"{state} -> {target or '(end)'}" for state, target in self.branches - self.taken)

    @property
    def percent(self) -> float:
        """How many of the states and branches were covered, in percent."""
        total = len(self.states) + len(self.branches)
        covered = len(self.states & self.entered) + len(self.branches & self.taken)
        return 100.0 * covered / total if total else 100.0


class Coverage:
    """The coverage of any number of flows."""

    def __init__(self) -> None:
        self.flows: dict[str, FlowCoverage] = {}

    def add(self, name: str, model: StateMachine) -> None:
        """A flow is known; flows of one name count together."""
        flow = self.flows.setdefault(name, FlowCoverage(name))
        for state in walk_states(model):
            flow.states.add(state.name)
            ways: set[str | None] = set()
            if isinstance(state, ChoiceState):
                ways = {rule.next for rule in state.choices}
                if state.default is not None:
                    ways.add(state.default)
            elif isinstance(state, (TaskState, ParallelState, MapState)) and state.catch:
                ways = {state.next, *(catcher.next for catcher in state.catch)}
            if len(ways) > 1:
                flow.branches |= {(state.name, way) for way in ways}

    def note(self, name: str, transitions: Iterable[Branch]) -> None:
        """A run made these transitions."""
        flow = self.flows.setdefault(name, FlowCoverage(name))
        for state, target in transitions:
            flow.entered |= {each for each in (state, target) if each}
            flow.taken.add((state, target))

    def dump(self) -> list[list[Any]]:
        """All of it as a JSON value, to be merged elsewhere."""
        return [
            [flow.name, *(sorted(part, key=str) for part in (flow.states, flow.branches, flow.entered, flow.taken))]
            for flow in self.flows.values()
        ]

    def merge(self, dumped: list[list[Any]]) -> None:
        """Add what another process has dumped."""
        for name, states, branches, entered, taken in dumped:
            flow = self.flows.setdefault(name, FlowCoverage(name))
            flow.states.update(states)
            flow.entered.update(entered)
            flow.branches.update((state, target) for state, target in branches)
            flow.taken.update((state, target) for state, target in taken)

    def report(self) -> list[str]:
        """The lines of a table: a flow a line, with what is not covered."""
        width = max((len(name) for name in self.flows), default=0)
        lines = []
        for name in sorted(self.flows):
            flow = self.flows[name]
            states = f"{len(flow.states & flow.entered)}/{len(flow.states)} states"
            branches = f"{len(flow.branches & flow.taken)}/{len(flow.branches)} branches"
            uncovered = ", ".join([*flow.uncovered_states, *flow.uncovered_branches])
            lines.append(
                f"{name:<{width}}  {flow.percent:5.1f}%  {states}, {branches}"
                + (f"; not: {uncovered}" if uncovered else "")
            )
        return lines
