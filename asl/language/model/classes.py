"""The States Language as data classes (https://states-language.net/spec.html).

A model is a faithful reading of a definition, with defaults filled in and the legacy spellings of a Map (`Iterator`,
`Parameters`) mapped to today's. It holds expressions as their texts; nothing here is evaluated. A field that is absent
is `MISSING` where `null` means something else (`"ResultPath": null` discards the result), else None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from asl.language.scope import MISSING

# A number of seconds, items or percent; in a JSONata state it may be an expression's text, "{% ... %}".
Quantity: TypeAlias = int | float | str


class QueryLanguage(StrEnum):
    """The language of a state's expressions."""

    JSONPATH = "JSONPath"
    JSONATA = "JSONata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    """One entry of `Retry`. Intervals are in seconds."""

    error_equals: tuple[str, ...]
    interval_seconds: int = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay_seconds: int | None = None
    jitter_strategy: str = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catcher:
    """One entry of `Catch`."""

    error_equals: tuple[str, ...]
    next: str
    result_path: Any = MISSING
    assign: Any = MISSING
    output: Any = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What every state has. `pointer` is the state's JSON pointer in the definition."""

    name: str
    pointer: str
    query_language: QueryLanguage
    comment: str | None = None
    input_path: Any = MISSING
    output_path: Any = MISSING
    assign: Any = MISSING
    output: Any = MISSING
    next: str | None = None
    end: bool = False

    @property
    def type(self) -> str:
        """The value of `Type`."""
        return type(self).__name__.removesuffix("State")

    @property
    def jsonata(self) -> bool:
        """Whether the state's expressions are JSONata."""
        return self.query_language is QueryLanguage.JSONATA


@dataclass(frozen=True, slots=True, kw_only=True)
class PassState(State):
    """Passes its input on, or a fixed result."""

    parameters: Any = MISSING
    result: Any = MISSING
    result_path: Any = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState(State):
    """Does a piece of work by a resource."""

    resource: str
    parameters: Any = MISSING
    arguments: Any = MISSING
    result_selector: Any = MISSING
    result_path: Any = MISSING
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()
    timeout_seconds: Quantity | None = None
    timeout_seconds_path: str | None = None
    heartbeat_seconds: Quantity | None = None
    heartbeat_seconds_path: str | None = None
    credentials: Any = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRule:
    """One entry of `Choices`. `condition` is the rule as written: an operator object, or a JSONata text."""

    condition: Any
    next: str
    assign: Any = MISSING
    output: Any = MISSING
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceState(State):
    """Goes on by the first rule that holds, else to `default`."""

    choices: tuple[ChoiceRule, ...]
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitState(State):
    """Waits for a time or until one."""

    seconds: Quantity | None = None
    timestamp: str | None = None
    seconds_path: str | None = None
    timestamp_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SucceedState(State):
    """Ends the flow well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailState(State):
    """Ends the flow with an error."""

    error: str | None = None
    error_path: str | None = None
    cause: str | None = None
    cause_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """States and where they start: a state machine, a branch of a Parallel, the processor of a Map."""

    start_at: str
    states: Mapping[str, State]
    pointer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelState(State):
    """Runs branches side by side."""

    branches: tuple[Flow, ...]
    parameters: Any = MISSING
    arguments: Any = MISSING
    result_selector: Any = MISSING
    result_path: Any = MISSING
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemProcessor(Flow):
    """What a Map does with each item. `mode` is INLINE or DISTRIBUTED, `execution_type` STANDARD or EXPRESS."""

    mode: str = "INLINE"
    execution_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderConfig:
    """How an `ItemReader` reads its data set."""

    input_type: str | None = None
    csv_delimiter: str | None = None
    csv_header_location: str | None = None
    csv_headers: tuple[str, ...] | None = None
    transformation: str | None = None
    items_pointer: str | None = None
    max_items: Quantity | None = None
    max_items_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReader:
    """Where a distributed Map reads its items."""

    resource: str
    parameters: Any = MISSING
    arguments: Any = MISSING
    config: ReaderConfig = ReaderConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemBatcher:
    """How a distributed Map joins items into batches."""

    batch_input: Any = MISSING
    max_items_per_batch: Quantity | None = None
    max_items_per_batch_path: str | None = None
    max_input_bytes_per_batch: Quantity | None = None
    max_input_bytes_per_batch_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultWriter:
    """Where a distributed Map writes its results."""

    resource: str | None = None
    parameters: Any = MISSING
    arguments: Any = MISSING
    transformation: str | None = None
    output_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapState(State):
    """Runs its processor for each item of a list. `iterator` tells the legacy spelling from today's."""

    item_processor: ItemProcessor
    iterator: bool = False
    items: Any = MISSING
    items_path: Any = MISSING
    item_selector: Any = MISSING
    item_reader: ItemReader | None = None
    item_batcher: ItemBatcher | None = None
    result_writer: ResultWriter | None = None
    max_concurrency: Quantity | None = None
    max_concurrency_path: str | None = None
    tolerated_failure_count: Quantity | None = None
    tolerated_failure_count_path: str | None = None
    tolerated_failure_percentage: Quantity | None = None
    tolerated_failure_percentage_path: str | None = None
    label: str | None = None
    result_selector: Any = MISSING
    result_path: Any = MISSING
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()

    @property
    def distributed(self) -> bool:
        """Whether each item (or batch) is an execution of its own."""
        return self.item_processor.mode == "DISTRIBUTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMachine(Flow):
    """A whole definition."""

    query_language: QueryLanguage = QueryLanguage.JSONPATH
    comment: str | None = None
    version: str = "1.0"
    timeout_seconds: int | None = None


def walk_states(flow: Flow) -> Iterator[State]:
    """Every state of a flow, those of its branches and processors included, from the top down."""
    for state in flow.states.values():
        yield state
        if isinstance(state, ParallelState):
            for branch in state.branches:
                yield from walk_states(branch)
        elif isinstance(state, MapState):
            yield from walk_states(state.item_processor)
