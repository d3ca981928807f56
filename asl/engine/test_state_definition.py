"""The state that TestState tests, taken from its definition or from its state machine's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from asl.engine.branch import Branch
from asl.engine.compiler import compile_state
from asl.engine.states.base import END, State
from asl.engine.states.simple import Choice
from asl.language import model

STATE_NAME = "StateName"
"""What the tested state is called, whatever its name in the definition."""


@dataclass(frozen=True, slots=True)
class TestedState:
    """A state, compiled for one test alone; the states that it leads to are markers of their names."""

    __test__ = False

    model: model.State
    state: State


class Following(State):
    """Stands for the state that comes next: the branch ends in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.needs_context = False

    def enter(self, branch: Branch) -> State | None:
        """See `State`."""
        branch.open = False
        branch.owner.succeeded(branch)
        return None


def compile_tested(definition: dict[str, Any], state_name: str | None) -> TestedState:
    """The state of a definition, or the one named `state_name` of a state machine's.

    Raises `DefinitionError` or `SyntaxProblem` if it cannot be read, LookupError if there is none of that name.
    """
    language = model.QueryLanguage.JSONPATH
    written = definition
    if state_name is not None:
        language = model.QueryLanguage(definition.get("QueryLanguage", language))
        written = find_state(definition, state_name)
    tested = model.parse_state(STATE_NAME, written, language)
    inline = tested
    if isinstance(tested, model.MapState):
        # What is inside is mocked, so it does not matter how its iterations would run.
        inline = replace(tested, item_processor=replace(tested.item_processor, mode="INLINE"))
    state = compile_state(inline)
    state.next = END if tested.next is None else Following(tested.next)
    if isinstance(state, Choice) and isinstance(tested, model.ChoiceState):
        for rule in state.rules:
            rule.next = Following(rule.target)
        state.default = None if tested.default is None else Following(tested.default)
    return TestedState(tested, state)


def find_state(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """A state of a state machine by its name, also of one inside a Parallel or Map.

    Raises LookupError if there is none.
    """
    for found, state in _states(definition):
        if found == name:
            return state
    raise LookupError(f"State not found in definition: {name}")


def _states(flow: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    states = flow.get("States") if isinstance(flow, dict) else None
    for name, state in (states or {}).items():
        yield name, state
        for inner in (*state.get("Branches", ()), state.get("ItemProcessor"), state.get("Iterator")):
            yield from _states(inner)
