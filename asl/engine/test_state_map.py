"""What TestState shows of a Map: its items, its limits, and whether too many iterations have failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.engine.branch import Branch
from asl.engine.failures import StateFailure
from asl.engine.jsontext import dumps, loads
from asl.engine.states.expressions import Expressions
from asl.engine.states.map import Map
from asl.language import model

if TYPE_CHECKING:
    from asl.engine.test_state import Configuration
    from asl.engine.test_state_inspection import Inspection

THRESHOLD_EXCEEDED = "States.ExceedToleratedFailureThreshold"
THRESHOLD_CAUSE = "The specified tolerated failure threshold was exceeded"


def inspect_map(
    branch: Branch, state: Map, tested: model.MapState, configuration: Configuration, inspection: Inspection
) -> None:
    """Evaluate the fields of a Map up to its iterations, which are mocked.

    Raises `StateFailure` or `ExpressionError` where one of them fails, and if more iterations have failed than the
    state tolerates.
    """
    selected = state.fields.input(branch)
    items = _items(branch, state, tested, selected, configuration, inspection)
    limits = _limits(branch, state, tested, selected)
    inspection.values |= {name: value for name, value in limits.items() if value is not None}
    if items is not None:
        if state.item_selector is not None:
            items = inspection.values["afterItemSelector"] = _select_each(branch, state, selected, items)
        if tested.item_batcher is not None:
            inspection.values["afterItemBatcher"] = _batches(branch, state, tested.item_batcher, selected, items)
    failed = configuration.map_iteration_failure_count
    count, percentage = limits["toleratedFailureCount"], limits["toleratedFailurePercentage"]
    total = len(items) if items else 1
    if (count is not None and failed > count) or (percentage is not None and 100 * failed / total > percentage):
        raise StateFailure(THRESHOLD_EXCEEDED, THRESHOLD_CAUSE)


def _items(
    branch: Branch,
    state: Map,
    tested: model.MapState,
    selected: Any,
    configuration: Configuration,
    inspection: Inspection,
) -> list[Any] | None:
    """The items that the iterations would get; None where an ItemReader would read what is not known."""
    if tested.item_reader is None:
        items = state.read_items(branch, selected)
        if not tested.jsonata:
            inspection.values["afterItemsPath"] = items
        return items
    if configuration.map_item_reader_data is None:
        return None
    data = _read(tested.item_reader.config, configuration.map_item_reader_data)
    pointer = tested.item_reader.config.items_pointer
    if pointer is not None:
        data = inspection.values["afterItemsPointer"] = resolve_pointer(data, pointer)
    return data if isinstance(data, list) else [data]


def _read(config: model.ReaderConfig, text: str) -> Any:
    if config.input_type == "JSONL":
        return [loads(line) for line in text.splitlines() if line.strip()]
    try:
        return loads(text)
    except ValueError:
        return text.splitlines()


def resolve_pointer(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901). Raises `StateFailure` (States.ItemReaderFailed) if there is none."""
    value = document
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(token)] if isinstance(value, list) else value[token]
        except (KeyError, IndexError, TypeError, ValueError):
            raise StateFailure("States.ItemReaderFailed", f"The ItemsPointer {pointer} points to nothing") from None
    return value


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
        scope.context = {**branch.context(), "Map": {"Item": {"Index": index, "Value": value}}}
        chosen.append(state.item_selector(scope))
    return chosen


def _batches(
    branch: Branch, state: Map, batcher: model.ItemBatcher, selected: Any, items: list[Any]
) -> list[dict[str, Any]]:
    expressions = Expressions(state.fields.is_jsonata)
    most = expressions.quantity("MaxItemsPerBatch", batcher.max_items_per_batch, batcher.max_items_per_batch_path).of(
        branch, selected
    )
    bytes_most = expressions.quantity(
        "MaxInputBytesPerBatch", batcher.max_input_bytes_per_batch, batcher.max_input_bytes_per_batch_path
    ).of(branch, selected)
    common: dict[str, Any] = {}
    template = expressions.either_template(batcher.batch_input, "ItemBatcher/BatchInput")
    if template is not None:
        common["BatchInput"] = template(branch.scope(selected))
    batches: list[list[Any]] = []
    for item in items:
        full = not batches or (most is not None and len(batches[-1]) >= most)
        if not full and bytes_most is not None:
            full = len(dumps(common | {"Items": [*batches[-1], item]}).encode()) > bytes_most
        if full:
            batches.append([])
        batches[-1].append(item)
    return [common | {"Items": batch} for batch in batches]
