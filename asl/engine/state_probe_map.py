"""What TestState shows of a Map: its items, its limits, and whether too many iterations have failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.engine.branch import Branch
from asl.engine.failures import StateFailure
from asl.engine.items import context_item, join_batches, parse_items
from asl.engine.jsontext import size_bound
from asl.engine.states.expressions import Expressions
from asl.engine.states.map import Map
from asl.language import model

if TYPE_CHECKING:
    from asl.engine.state_probe import Configuration
    from asl.engine.state_probe_inspection import Inspection

THRESHOLD_EXCEEDED = "States.ExceedToleratedFailureThreshold"
THRESHOLD_CAUSE = "The specified tolerated failure threshold was exceeded"


def inspect_map(
    branch: Branch, state: Map, tested: model.MapState, configuration: Configuration, inspection: Inspection
) -> None:
    """Evaluate the fields of a Map up to its iterations, which are mocked.

    Raises `StateFailure` or `ExpressionError` where one of them fails, and if more iterations have failed than the
    state tolerates.
    """
    values = inspection.values
    selected = state.fields.input(branch)
    if tested.item_reader is not None:
        items = parse_items(configuration.map_item_reader_data or "[]", tested.item_reader.config)
        if tested.item_reader.config.items_pointer is not None:
            values["afterItemsPointer"] = items
    else:
        items = state.read_items(branch, selected)
        if not tested.jsonata:
            values["afterItemsPath"] = items
    limits = _limits(branch, state, tested, selected)
    values |= {name: value for name, value in limits.items() if value is not None}
    if state.item_selector is not None:
        items = values["afterItemSelector"] = _select_each(branch, state, selected, items)
    if tested.item_batcher is not None:
        items = values["afterItemBatcher"] = _batches(branch, tested, tested.item_batcher, selected, items)
    failed = configuration.map_iteration_failure_count
    count, percentage = limits["toleratedFailureCount"], limits["toleratedFailurePercentage"]
    share = 100 * failed / (len(items) or 1)
    if (count is not None and failed > count) or (percentage is not None and share > percentage):
        raise StateFailure(THRESHOLD_EXCEEDED, THRESHOLD_CAUSE)


def _limits(branch: Branch, state: Map, tested: model.MapState, selected: Any) -> dict[str, float | None]:
    expressions = Expressions(tested.jsonata)
    count = expressions.quantity(
        "ToleratedFailureCount", tested.tolerated_failure_count, tested.tolerated_failure_count_path
    ).of(branch, selected)
    percentage = expressions.quantity(
        "ToleratedFailurePercentage",
        tested.tolerated_failure_percentage,
        tested.tolerated_failure_percentage_path,
        whole=False,
    ).of(branch, selected)
    return {
        "maxConcurrency": int(state.max_concurrency.of(branch, selected) or 0),
        "toleratedFailureCount": None if count is None else int(count),
        "toleratedFailurePercentage": None if percentage is None else float(percentage),
    }


def _select_each(branch: Branch, state: Map, selected: Any, items: list[Any]) -> list[Any]:
    assert state.item_selector is not None
    chosen = []
    for index, value in enumerate(items):
        scope = branch.scope(selected)
        scope.context = {**branch.context(), "Map": {"Item": context_item(index, value)}}
        chosen.append(state.item_selector(scope))
    return chosen


def _batches(
    branch: Branch, tested: model.MapState, batcher: model.ItemBatcher, selected: Any, items: list[Any]
) -> list[Any]:
    expressions = Expressions(tested.jsonata)
    most_items = expressions.quantity(
        "MaxItemsPerBatch", batcher.max_items_per_batch, batcher.max_items_per_batch_path
    ).of(branch, selected)
    most_bytes = expressions.quantity(
        "MaxInputBytesPerBatch", batcher.max_input_bytes_per_batch, batcher.max_input_bytes_per_batch_path
    ).of(branch, selected)
    template = expressions.either_template(batcher.batch_input, "ItemBatcher/BatchInput")
    batch_input = template(branch.scope(selected)) if template is not None else None
    sizes = [size_bound(item) for item in items]
    return join_batches(items, sizes, int(most_items or 0), int(most_bytes or 0), batch_input)
