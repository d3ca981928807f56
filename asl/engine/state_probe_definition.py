"""The state that TestState tests, taken from its definition or from its state machine's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from typing_extensions import override

from asl.engine.branch import Branch
from asl.engine.compiler import compile_state
from asl.engine.states.base import END, State
from asl.engine.states.simple import Choice
from asl.language import model

STATE_NAME = "StateName"
"""What the tested state is called, whatever its name in the definition."""


@dataclass(frozen=True, slots=True)
class TestedState:
    """A state, compiled for a single test; the states that it leads to are markers of their names.

    `in_map` is the mode of the Map that the state is inside of: INLINE, DISTRIBUTED, or None for none.
    """

    __test__ = False

    model: model.State
    state: State
    in_map: str | None = None


class Following(State):
    """Stands for the state that comes next: the branch ends in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.needs_context = False

    @override
    def enter(self, branch: Branch) -> State | None:
        branch.open = False
        branch.owner.succeeded(branch)
        return None


def compile_tested(definition: dict[str, Any], state_name: str | None) -> TestedState:
    """The state of a definition, or the one named `state_name` of a state machine's.

    Raises `DefinitionError` or `SyntaxProblem` if it cannot be read, LookupError if there is none of that name.
    """
    language = model.QueryLanguage.JSONPATH
    written, in_map = definition, None
    if state_name is not None:
        language = model.QueryLanguage(definition.get("QueryLanguage", language))
        written, in_map = _find(definition, state_name)
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
    return TestedState(tested, state, in_map)


def find_state(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """A state of a state machine by its name, also of one inside a Parallel or Map.

    Raises LookupError if there is none.
    """
    return _find(definition, name)[0]


def _find(definition: dict[str, Any], name: str) -> tuple[dict[str, Any], str | None]:
    for found, state, in_map in _states(definition, None):
        if found == name:
            return state, in_map
    raise LookupError(f"State not found in definition: {name}")


def _states(flow: Any, in_map: str | None) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """The states by name, each with the mode of the innermost Map around it."""
    states = flow.get("States") if isinstance(flow, dict) else None
    for name, state in (states or {}).items():
        yield name, state, in_map
        for branch in state.get("Branches", ()):
            yield from _states(branch, in_map)
        for processor in (state.get("ItemProcessor"), state.get("Iterator")):
            config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
            mode = config.get("Mode") if isinstance(config, dict) else None
            yield from _states(processor, "DISTRIBUTED" if mode == "DISTRIBUTED" else "INLINE")
