"""Parallel: branches side by side on the same input."""

from __future__ import annotations

from typing_extensions import override

from asl.engine.branch import Branch
from asl.engine.history import PARALLEL_FAILED, PARALLEL_STARTED, PARALLEL_SUCCEEDED
from asl.engine.jsontext import size_bound
from asl.engine.states.base import State
from asl.engine.states.container import Container, ContainerState, abort, begin
from asl.engine.states.expressions import Expressions
from asl.engine.states.fields import Fields
from asl.engine.states.retrying import Rules
from asl.language import model


class ParallelRun(Container):
    """One run of a Parallel state."""

    __slots__ = ()

    @override
    def child_succeeded(self, branch: Branch) -> None:
        if self.missing == 0:
            self.complete(branch.previous)

    @override
    def record_failure(self, branch: Branch) -> int:
        """A task that failed counts as aborted, beside the chain."""
        abort(branch)
        return branch.previous


class Parallel(ContainerState):
    """Runs branches side by side."""

    kind = "Parallel"
    started_event = PARALLEL_STARTED
    succeeded_event = PARALLEL_SUCCEEDED
    failed_event = PARALLEL_FAILED

    def __init__(
        self,
        model: model.ParallelState,
        fields: Fields,
        expressions: Expressions,
        rules: Rules,
        branches: tuple[State, ...],
    ) -> None:
        super().__init__(model, fields, expressions, rules)
        self.branches = branches

    @override
    def again(self, branch: Branch) -> State | None:
        data = self.fields.arguments(branch, self.fields.input(branch))
        bound = branch.size if data is branch.data else size_bound(data)
        self.record_step(branch, self.started_event)
        run = ParallelRun(branch, self, len(self.branches))
        branch.blocker = run
        for index, start in enumerate(self.branches):
            run.child(index, start, data, bound).resume(begin, start)
        return None
