"""Map, inline: the same states for each item of a list, inside the execution."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from asl.engine.branch import Branch, Step
from asl.engine.failures import framed, too_large
from asl.engine.history import (
    ITERATION_ABORTED,
    ITERATION_FAILED,
    ITERATION_STARTED,
    ITERATION_SUCCEEDED,
    MAP_FAILED,
    MAP_STARTED,
    MAP_SUCCEEDED,
)
from asl.engine.items import context_item, members
from asl.engine.jsontext import dumps, size_bound
from asl.engine.observing import MapSucceeded, place_of
from asl.engine.states.base import State
from asl.engine.states.container import Container, ContainerState, abort
from asl.engine.states.expressions import Expressions
from asl.engine.states.fields import Expression, Fields
from asl.engine.states.retrying import Rules
from asl.language import model
from asl.language.errors import QUERY_EVALUATION, RUNTIME, ExpressionError, TooLarge
from asl.language.scope import MISSING

MOST_ITERATIONS = 40
"""The most iterations of an inline Map that run at the same time
(https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html)."""


class MapIterations(Container):
    """One run of an inline Map: at most `width` iterations at a time, each following the one whose place it takes.

    As AWS does, the run starts all iterations that it may before the first of them enters a state.
    """

    __slots__ = ("following", "items", "selected", "width")

    state: Map

    def __init__(self, branch: Branch, state: Map, items: list[Any], selected: Any, width: int) -> None:
        super().__init__(branch, state, len(items))
        self.items = items
        self.selected = selected
        self.width = width
        self.following = 0

    def begin(self) -> None:
        """Let the first iterations begin."""
        previous = self.branch.previous
        step = _start_iteration if self.width > 1 else _begin_iteration
        for _ in range(min(self.width, len(self.items))):
            self.begin_next(previous, step)

    def begin_next(self, previous: int, step: Step) -> None:
        """Let the next iteration begin, by a step."""
        index = self.following
        self.following += 1
        value = self.items[index]
        child = self.child(index, self.state.start, value, self.branch.size)
        child.previous = child.base = previous
        child.item = context_item(index, value)
        child.resume(step, self)

    @override
    def child_succeeded(self, branch: Branch) -> None:
        done = self.record(ITERATION_SUCCEEDED, branch.previous, self.state.name, branch.index)
        if self.following < len(self.items):
            self.begin_next(branch.previous, _begin_iteration)
        elif self.missing == 0:
            tell_success(self.branch, len(self.items))
            self.complete(done)

    @override
    def iterations_of(self, branch: Branch) -> tuple[int, ...]:
        return (*self.branch.iterations(), branch.index)

    @override
    def redrive(self) -> None:
        """An iteration that had not begun begins with its start."""
        events = self.branch.events
        for child in list(self.children.values()):
            if not child.entered_id:
                child.open = True
                child.resume(_begin_iteration, self)
            elif events[child.entered_id - 1][0] is ITERATION_STARTED:
                child.open = True
                child.previous = child.base = self.branch.previous
                child.resume(_enter_iteration, self)
            else:
                child.redrive(self.branch.previous)

    @override
    def record_failure(self, branch: Branch) -> int:
        self.record(ITERATION_FAILED, branch.previous, self.state.name, branch.index)
        return branch.previous

    @override
    def abort_child(self, child: Branch) -> None:
        began = child.entered_id
        abort(child)
        if began:
            self.record(ITERATION_ABORTED, child.previous, self.state.name, child.index)


class Map(ContainerState):
    """Runs its states for each item of a list."""

    kind = "Map"
    takes_objects = False
    started_event = MAP_STARTED
    succeeded_event = MAP_SUCCEEDED
    failed_event = MAP_FAILED

    def __init__(
        self,
        model: model.MapState,
        fields: Fields,
        expressions: Expressions,
        rules: Rules,
        start: State,
    ) -> None:
        super().__init__(model, fields, expressions, rules)
        self.items = self._items(model, expressions)
        self.items_path = model.items_path
        self.start = start
        self.item_selector = expressions.either_template(model.item_selector, "ItemSelector")
        self.max_concurrency = expressions.quantity("MaxConcurrency", model.max_concurrency, model.max_concurrency_path)
        self.needs_context = expressions.needs_context

    def _items(self, model: model.MapState, expressions: Expressions) -> Expression | None:
        """Where the items are; None for the whole input."""
        if not expressions.jsonata:
            return expressions.selection(model.items_path, "ItemsPath")
        if model.items is MISSING:
            return None
        if isinstance(model.items, str) and not self.takes_objects:
            return expressions.value(model.items, "Items", "array")
        return expressions.jsonata_template(model.items, "Items")

    @override
    def again(self, branch: Branch) -> State | None:
        selected = self.fields.input(branch)
        width = min(int(self.max_concurrency.of(branch, selected) or 0) or MOST_ITERATIONS, MOST_ITERATIONS)
        items = self.read_items(branch, selected)
        self.record_step(branch, self.started_event, len(items))
        run = MapIterations(branch, self, items, selected, width)
        branch.blocker = run
        if not items:
            run.complete(branch.previous)
        else:
            run.begin()
        return None

    def read_items(self, branch: Branch, selected: Any) -> list[Any]:
        """The items in the state's input."""
        items = selected if self.items is None else self.items(branch.scope(selected))
        if isinstance(items, list):
            return items
        if isinstance(items, dict) and self.takes_objects:
            return members(items)
        if self.fields.is_jsonata:
            cause = f"Map state input must be an array but was: {dumps(items)}"
            raise framed(ExpressionError(QUERY_EVALUATION, cause), self.name, branch.entered_id)
        path = self.items_path if isinstance(self.items_path, str) else "$"
        # AWS shows a path into the context object as if it were one into the data.
        path = path.removeprefix("$") if path.startswith("$$") else path
        cause = f'Reference path "{path}" must point to array.'
        raise framed(ExpressionError(RUNTIME, cause), self.name, branch.entered_id)


def tell_success(branch: Branch, items: int, failed: int = 0) -> None:
    """Tell the observer that the items of the Map in which a branch is are done."""
    engine = branch.execution.engine
    if engine.observer is not None:
        now = engine.now()
        engine.observer(MapSucceeded(now, place_of(branch), now - branch.entered_at, items, failed))


def _begin_iteration(branch: Branch, run: MapIterations) -> State | None:
    """Write that the iteration starts, and go to its first state."""
    previous = run.record(ITERATION_STARTED, branch.previous, run.state.name, branch.index)
    branch.previous = branch.base = branch.entered_id = previous
    return _enter_iteration(branch, run)


def _start_iteration(branch: Branch, run: MapIterations) -> None:
    """Write that the iteration starts. It goes on after the others that start at the same time have started."""
    previous = run.record(ITERATION_STARTED, branch.previous, run.state.name, branch.index)
    branch.previous = branch.base = branch.entered_id = previous
    branch.resume(_enter_iteration, run)


def _enter_iteration(branch: Branch, run: MapIterations) -> State | None:
    """Select the iteration's input, and go to its first state.

    The selector is a field of the Map. Where it fails, the Map does, and no catcher inside the iteration is asked.
    """
    state = run.state
    if state.item_selector is not None:
        # It sees the Map's context, with the item.
        scope = run.branch.scope(run.selected)
        if state.needs_context:
            scope.context = {**run.branch.context(), "Map": {"Item": branch.item}}
        try:
            branch.data = state.item_selector(scope)
        except ExpressionError as problem:
            is_large = isinstance(problem, TooLarge)
            failure = too_large(state.name) if is_large else framed(problem, state.name, run.branch.entered_id)
            state.record_evaluation(branch, failure)
            branch.fail(failure)
            return None
        branch.size = size_bound(branch.data)
    return state.start
