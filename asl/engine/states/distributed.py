"""Map, distributed: an execution for each item or batch of items, the items perhaps read from S3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from asl.engine.branch import Blocker, Branch, as_failure
from asl.engine.changes import EXIT_FOLLOWS_MAP_RUN_STARTED, applies
from asl.engine.execution import RUNNING, Execution
from asl.engine.failures import StateFailure, reader_failure
from asl.engine.history import MAP_RUN_FAILED, MAP_RUN_REDRIVEN, MAP_RUN_STARTED, MAP_RUN_SUCCEEDED
from asl.engine.items import Member, context_item, join_batches
from asl.engine.jsontext import size_bound
from asl.engine.map_run import Limits, MapRun, new_arn
from asl.engine.names import new_name
from asl.engine.scheduler import Abandoned
from asl.engine.states.base import State
from asl.engine.states.expressions import Expressions
from asl.engine.states.fields import Fields
from asl.engine.states.map import Map, tell_success
from asl.engine.states.reading import Reading
from asl.engine.states.retrying import Rules
from asl.engine.states.writer import Writer
from asl.language import model


class Reader:
    """Reads the items of a distributed Map through the task runner, call after call."""

    def __init__(self, reader: model.ItemReader, expressions: Expressions) -> None:
        self.config = reader.config
        self.lists = reader.resource.endswith(":listObjectsV2")
        payload = reader.arguments if expressions.jsonata else reader.parameters
        self.arguments = expressions.either_template(payload, "ItemReader/Arguments")
        self.max_items = expressions.quantity(
            "MaxItems", reader.config.max_items, reader.config.max_items_path, of_reader=True
        )


class DistributedMap(Map):
    """Runs its processor as child executions."""

    takes_objects = True

    def __init__(
        self,
        model: model.MapState,
        fields: Fields,
        expressions: Expressions,
        rules: Rules,
        start: State,
    ) -> None:
        super().__init__(model, fields, expressions, rules, start)
        self.label = model.label
        self.execution_type = model.item_processor.execution_type or "STANDARD"
        self.reader = Reader(model.item_reader, expressions) if model.item_reader is not None else None
        self.writer = Writer(model.result_writer, expressions) if model.result_writer is not None else None
        self.tolerated_count = expressions.quantity(
            "ToleratedFailureCount", model.tolerated_failure_count, model.tolerated_failure_count_path
        )
        self.tolerated_percentage = expressions.quantity(
            "ToleratedFailurePercentage",
            model.tolerated_failure_percentage,
            model.tolerated_failure_percentage_path,
            whole=False,
        )
        self.batches = model.item_batcher is not None
        batcher = model.item_batcher
        if batcher is not None:
            self.batch_input = expressions.either_template(batcher.batch_input, "ItemBatcher/BatchInput")
            self.most_items = expressions.quantity(
                "MaxItemsPerBatch", batcher.max_items_per_batch, batcher.max_items_per_batch_path
            )
            self.most_bytes = expressions.quantity(
                "MaxInputBytesPerBatch", batcher.max_input_bytes_per_batch, batcher.max_input_bytes_per_batch_path
            )
        self.needs_context = expressions.needs_context

    @override
    def again(self, branch: Branch) -> State | None:
        selected = self.fields.input(branch)
        width = self.max_concurrency.of(branch, selected)
        items = self.read_items(branch, selected) if self.reader is None else []
        self.record_step(branch, self.started_event, len(items))
        count = self.tolerated_count.of(branch, selected)
        percentage = self.tolerated_percentage.of(branch, selected)
        limits = self._limits(branch, selected)
        self.record_step(branch, MAP_RUN_STARTED, new_arn(branch.execution, self.label or new_name()))
        run = MapRun(branch, self, branch.events[-1][3], _start_child)
        run.source = selected, items
        run.limits = limits
        run.max_concurrency = int(width or 0)
        run.tolerated_failure_count = count
        run.tolerated_failure_percentage = percentage
        branch.blocker = run
        run.started_event = branch.previous
        branch.execution.engine.begin_map_run(run)
        return None

    def _limits(self, branch: Branch, selected: Any) -> Limits:
        most = self.reader.max_items.of(branch, selected) if self.reader is not None else None
        if not self.batches:
            return Limits(int(most or 0))
        batch_items = self.most_items.of(branch, selected)
        return Limits(int(most or 0), int(batch_items or 0), int(self.most_bytes.of(branch, selected) or 0))

    def find_items(self, branch: Branch, run: MapRun) -> None:
        """Find the items of a run, perhaps by calls, and let it begin."""
        self._guard(branch, run, lambda: self._find_items(branch, run))

    def _find_items(self, branch: Branch, run: MapRun) -> None:
        selected, items = run.source
        if self.reader is None:
            self._begin(branch, run, selected, items, "STATE_DATA")
        else:
            self._read(branch, run, selected, self.reader)

    def _guard(self, branch: Branch, run: MapRun, call: Callable[[], None]) -> None:
        """Make a call on behalf of a run, which fails with whatever fails in it."""
        try:
            call()
        except (KeyboardInterrupt, Abandoned):
            raise
        except BaseException as problem:
            run.fail(as_failure(branch, problem))

    def _read(self, branch: Branch, run: MapRun, selected: Any, reader: Reader) -> None:
        if run.limits.items < 0:
            raise reader_failure("field MaxItems must be positive")
        arguments = reader.arguments(branch.scope(selected)) if reader.arguments is not None else {}

        def guard(call: Callable[[], None]) -> None:
            if run.status == RUNNING:
                self._guard(branch, run, call)

        def found(items: list[Any], source: str | list[str]) -> None:
            self._begin(branch, run, selected, items, source)

        Reading(run, reader.config, arguments, guard, found).begin(lists=reader.lists)

    def _begin(self, branch: Branch, run: MapRun, selected: Any, items: list[Any], source: str | list[str]) -> None:
        """Select, batch, and let the children begin. `source` is that of all items, or of each."""
        if self.item_selector is not None:
            scope = branch.scope(selected)
            context = branch.context() if self.needs_context else None
            chosen = []
            for index, value in enumerate(items):
                if context is not None:
                    origin = source if isinstance(source, str) else source[index]
                    scope.context = {**context, "Map": {"Item": context_item(index, value, origin)}}
                chosen.append(self.item_selector(scope))
            items = chosen
        else:
            items = [dict(item) if isinstance(item, Member) else item for item in items]
        counts = [1] * len(items)
        if self.batches:
            sizes = [size_bound(item) for item in items]
            batch_input = self.batch_input(branch.scope(selected)) if self.batch_input is not None else None
            limits = run.limits
            items = join_batches(items, sizes, limits.batch_items, limits.batch_bytes, batch_input)
            counts = [len(batch["Items"]) for batch in items]
        run.begin(items, counts)

    @override
    def redrive(self, branch: Branch, run: Blocker | None) -> None:
        """The children that have not succeeded run again."""
        if not isinstance(run, MapRun) or not run.has_begun:
            super().redrive(branch, None)
            return
        branch.blocker = run
        branch.execution.engine.restart_map_run(run)
        self.record_step(branch, MAP_RUN_REDRIVEN, run.arn, run.redrive_count)

    def run_failed(self, branch: Branch, failure: StateFailure) -> None:
        """The run has failed: say so, and let the state fail."""
        self.record_step(branch, MAP_RUN_FAILED, failure.error, failure.cause)
        branch.failed_run = branch.blocker
        branch.resume(_fail, failure)

    def children_done(self, branch: Branch, run: MapRun) -> None:
        """All children have ended: write the results, or take them for the output."""
        counts = run.item_counts()
        tell_success(branch, counts["total"], counts["total"] - counts["succeeded"])
        if self.writer is None:
            self.succeed(branch, run, [child.output_value for child in run.succeeded_children()])
        else:
            writer = self.writer
            self._guard(
                branch, run, lambda: writer.write(branch, run, lambda result: self.succeed(branch, run, result))
            )

    def succeed(self, branch: Branch, run: MapRun, result: Any) -> None:
        """The run has succeeded."""
        self.record_step(branch, MAP_RUN_SUCCEEDED)
        branch.resume(_leave, self, run, result)


def _fail(_: Branch, failure: StateFailure) -> State:
    raise StateFailure(failure.error, failure.cause)


def _leave(branch: Branch, state: DistributedMap, run: MapRun, result: Any) -> State:
    branch.events.append((state.succeeded_event, branch.execution.engine.now(), branch.previous))
    output, branch.size, assigned = state.fields.output(branch, result, None)
    if applies(EXIT_FOLLOWS_MAP_RUN_STARTED, branch.execution):
        branch.previous = run.started_event
    state.record_exit(branch, output, assigned)
    return state.next


def _start_child(run: MapRun, value: Any) -> Execution:
    return run.execution.engine.start_child(run, value)  # its engine of the moment: another one replays it
