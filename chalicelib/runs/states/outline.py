"""Where the states of a definition are. State names are unique within a definition, so the name finds the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib.pointers import escape


class Place(NamedTuple):
    """A state in its definition.

    `maps` names the Map states around it, outermost first. `children` is the type of the child executions of a
    distributed Map, `STANDARD` or `EXPRESS`, and empty for other states. `error` and `cause` are those of a Fail state,
    if they are constant.
    """

    name: str
    path: str
    type: str
    maps: tuple[str, ...]
    children: str
    error: str | None = None
    cause: str | None = None


class Outline:
    """The places of all states of a definition in the States Language.

    Args:
        definition: The definition.
        is_recorded: Whether it is the one that the execution was started with, and not a later one.
    """

    def __init__(self, definition: Mapping[str, Any], *, is_recorded: bool = False) -> None:
        self.is_recorded = is_recorded
        self._by_name: dict[str, Place] = {}
        self._by_path: dict[str, Place] = {}
        self._read(definition, "", ())

    def named(self, name: str) -> Place | None:
        """Return the state of a name, None if the definition has none."""
        return self._by_name.get(name)

    def at(self, path: str) -> Place | None:
        """Return the state at a JSON pointer, None if there is none."""
        return self._by_path.get(path)

    def in_distributed_maps(self) -> list[Place]:
        """Return the tasks that run in the child executions of distributed Maps."""
        distributed = {place.name for place in self._by_name.values() if place.children}
        return [place for place in self._by_name.values() if place.type == "Task" and distributed & {*place.maps}]

    def failures(self) -> dict[str, tuple[str | None, str | None]]:
        """Return the constant errors and causes of the Fail states, by name."""
        return {place.name: (place.error, place.cause) for place in self._by_name.values() if place.type == "Fail"}

    def _read(self, machine: Any, pointer: str, maps: tuple[str, ...]) -> None:
        states = machine.get("States") if isinstance(machine, Mapping) else None
        for name, state in states.items() if isinstance(states, Mapping) else ():
            if isinstance(state, Mapping):
                self._add(str(name), state, f"{pointer}/States/{escape(str(name))}", maps)

    def _add(self, name: str, state: Mapping[str, Any], path: str, maps: tuple[str, ...]) -> None:
        error, cause = state.get("Error"), state.get("Cause")
        processor = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        inner = state.get(processor)
        config = inner.get("ProcessorConfig") if isinstance(inner, Mapping) else None
        distributed = isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED"
        place = Place(
            name=name,
            path=path,
            type=str(state.get("Type")),
            maps=maps,
            children=str(config.get("ExecutionType", "STANDARD")) if distributed and config else "",
            error=error if isinstance(error, str) and not error.startswith("{%") else None,
            cause=cause if isinstance(cause, str) and not cause.startswith("{%") else None,
        )
        self._by_name[name] = self._by_path[path] = place
        branches = state.get("Branches")
        for number, branch in enumerate(branches if isinstance(branches, list) else ()):
            self._read(branch, f"{path}/Branches/{number}", maps)
        if inner is not None:
            self._read(inner, f"{path}/{processor}", (*maps, name))
