"""Reads definitions into the model.

Reading is strict about what the model needs and ignores the rest: `asl.language.diagnose` finds everything that is
wrong with a definition.
"""

from __future__ import annotations

from typing import Any

from asl.language.model.classes import (
    Catcher,
    ChoiceRule,
    ChoiceState,
    FailState,
    Flow,
    ItemBatcher,
    ItemProcessor,
    ItemReader,
    MapState,
    ParallelState,
    PassState,
    QueryLanguage,
    ReaderConfig,
    ResultWriter,
    Retrier,
    State,
    StateMachine,
    SucceedState,
    TaskState,
    WaitState,
)
from asl.language.model.fields import DefinitionError, Fields, escape_pointer
from asl.language.values import read_json


def load_definition(definition: str | dict[str, Any]) -> dict[str, Any]:
    """Return a definition as an object, parsed if it is JSON text.

    Raises:
        DefinitionError: It is not JSON, or not an object.
    """
    if isinstance(definition, str):
        try:
            definition = read_json(definition)
        except (ValueError, RecursionError) as error:
            raise DefinitionError(f"Definition is not JSON: {error}") from None
    if not isinstance(definition, dict):
        raise DefinitionError("Definition must be a valid JSON object")
    return definition


def parse_definition(definition: str | dict[str, Any]) -> StateMachine:
    """Read a definition.

    Args:
        definition: Its JSON text, or the parsed object.

    Raises:
        DefinitionError: A field that the model needs is missing or has another type.
    """
    fields = Fields(load_definition(definition), "")
    language = _language(fields, QueryLanguage.JSONPATH)
    return StateMachine(
        start_at=fields.string("StartAt"),
        states=_states(fields, language),
        query_language=language,
        comment=fields.comment(),
        version=fields.optional_string("Version") or "1.0",
        timeout_seconds=fields.optional_integer("TimeoutSeconds"),
    )


def parse_state(
    name: str, state: dict[str, Any], query_language: QueryLanguage = QueryLanguage.JSONPATH, pointer: str | None = None
) -> State:
    """Read one state.

    Args:
        name: The state's name.
        state: Its fields.
        query_language: The state machine's language, which the state may override.
        pointer: The state's JSON pointer; `/States/NAME` if None.

    Raises:
        DefinitionError: A field that the model needs is missing or has another type.
    """
    fields = Fields(state, f"/States/{escape_pointer(name)}" if pointer is None else pointer)
    kind = fields.string("Type")
    reader = _READERS.get(kind)
    if reader is None:
        raise DefinitionError(f"Unknown state type '{kind}'", fields.at("Type"))
    common = {
        "name": name,
        "pointer": fields.pointer,
        "query_language": _language(fields, query_language),
        "comment": fields.comment(),
        "input_path": fields.any("InputPath"),
        "output_path": fields.any("OutputPath"),
        "assign": fields.any("Assign"),
        "output": fields.any("Output"),
        "next": fields.optional_string("Next"),
        "end": fields.any("End") is True,
    }
    return reader(fields, common, query_language)


def _language(fields: Fields, default: QueryLanguage) -> QueryLanguage:
    text = fields.optional_string("QueryLanguage")
    if text is None:
        return default
    try:
        return QueryLanguage(text)
    except ValueError:
        raise DefinitionError(f"Unknown query language '{text}'", fields.at("QueryLanguage")) from None


def _states(fields: Fields, language: QueryLanguage) -> dict[str, State]:
    states = fields.object("States")
    return {name: parse_state(name, state, language, states.at(name)) for name, state in states.values.items()}


def _flow(fields: Fields, language: QueryLanguage) -> Flow:
    return Flow(start_at=fields.string("StartAt"), states=_states(fields, language), pointer=fields.pointer)


def _retry(fields: Fields) -> tuple[Retrier, ...]:
    return tuple(_retrier(entry) for entry in fields.objects("Retry"))


def _retrier(entry: Fields) -> Retrier:
    interval, attempts = entry.optional_integer("IntervalSeconds"), entry.optional_integer("MaxAttempts")
    rate = entry.optional_number("BackoffRate")
    return Retrier(
        error_equals=entry.strings("ErrorEquals"),
        interval_seconds=1 if interval is None else interval,
        max_attempts=3 if attempts is None else attempts,
        backoff_rate=2.0 if rate is None else rate,
        max_delay_seconds=entry.optional_integer("MaxDelaySeconds"),
        jitter_strategy=entry.optional_string("JitterStrategy") or "NONE",
    )


def _catch(fields: Fields) -> tuple[Catcher, ...]:
    return tuple(
        Catcher(
            error_equals=entry.strings("ErrorEquals"),
            next=entry.string("Next"),
            result_path=entry.any("ResultPath"),
            assign=entry.any("Assign"),
            output=entry.any("Output"),
        )
        for entry in fields.objects("Catch")
    )


def _pass(fields: Fields, common: dict[str, Any], _: QueryLanguage) -> PassState:
    return PassState(
        **common,
        parameters=fields.any("Parameters"),
        result=fields.any("Result"),
        result_path=fields.any("ResultPath"),
    )


def _task(fields: Fields, common: dict[str, Any], _: QueryLanguage) -> TaskState:
    return TaskState(
        **common,
        resource=fields.string("Resource"),
        parameters=fields.any("Parameters"),
        arguments=fields.any("Arguments"),
        result_selector=fields.any("ResultSelector"),
        result_path=fields.any("ResultPath"),
        retry=_retry(fields),
        catch=_catch(fields),
        timeout_seconds=fields.quantity("TimeoutSeconds"),
        timeout_seconds_path=fields.optional_string("TimeoutSecondsPath"),
        heartbeat_seconds=fields.quantity("HeartbeatSeconds"),
        heartbeat_seconds_path=fields.optional_string("HeartbeatSecondsPath"),
        credentials=fields.any("Credentials"),
    )


def _choice(fields: Fields, common: dict[str, Any], _: QueryLanguage) -> ChoiceState:
    rules = tuple(
        ChoiceRule(
            condition=rule.values.get("Condition", rule.values),
            next=rule.string("Next"),
            assign=rule.any("Assign"),
            output=rule.any("Output"),
            comment=rule.comment(),
        )
        for rule in fields.objects("Choices")
    )
    return ChoiceState(**common, choices=rules, default=fields.optional_string("Default"))


def _wait(fields: Fields, common: dict[str, Any], _: QueryLanguage) -> WaitState:
    return WaitState(
        **common,
        seconds=fields.quantity("Seconds"),
        timestamp=fields.optional_string("Timestamp"),
        seconds_path=fields.optional_string("SecondsPath"),
        timestamp_path=fields.optional_string("TimestampPath"),
    )


def _succeed(_: Fields, common: dict[str, Any], __: QueryLanguage) -> SucceedState:
    return SucceedState(**common)


def _fail(fields: Fields, common: dict[str, Any], _: QueryLanguage) -> FailState:
    return FailState(
        **common,
        error=fields.optional_string("Error"),
        error_path=fields.optional_string("ErrorPath"),
        cause=fields.optional_string("Cause"),
        cause_path=fields.optional_string("CausePath"),
    )


def _parallel(fields: Fields, common: dict[str, Any], language: QueryLanguage) -> ParallelState:
    return ParallelState(
        **common,
        branches=tuple(_flow(branch, language) for branch in fields.objects("Branches")),
        parameters=fields.any("Parameters"),
        arguments=fields.any("Arguments"),
        result_selector=fields.any("ResultSelector"),
        result_path=fields.any("ResultPath"),
        retry=_retry(fields),
        catch=_catch(fields),
    )


def _processor(fields: Fields, language: QueryLanguage) -> ItemProcessor:
    config = fields.optional_object("ProcessorConfig")
    flow = _flow(fields, language)
    return ItemProcessor(
        start_at=flow.start_at,
        states=flow.states,
        pointer=flow.pointer,
        mode=(config.optional_string("Mode") if config else None) or "INLINE",
        execution_type=config.optional_string("ExecutionType") if config else None,
    )


def _item_reader(fields: Fields) -> ItemReader:
    config = fields.optional_object("ReaderConfig")
    return ItemReader(
        resource=fields.string("Resource"),
        parameters=fields.any("Parameters"),
        arguments=fields.any("Arguments"),
        config=_reader_config(config) if config else ReaderConfig(),
    )


def _reader_config(config: Fields) -> ReaderConfig:
    return ReaderConfig(
        input_type=config.optional_string("InputType"),
        csv_delimiter=config.optional_string("CSVDelimiter"),
        csv_header_location=config.optional_string("CSVHeaderLocation"),
        csv_headers=config.strings("CSVHeaders") if "CSVHeaders" in config.values else None,
        transformation=config.optional_string("Transformation"),
        items_pointer=config.optional_string("ItemsPointer"),
        max_items=config.quantity("MaxItems"),
        max_items_path=config.optional_string("MaxItemsPath"),
    )


def _item_batcher(fields: Fields) -> ItemBatcher:
    return ItemBatcher(
        batch_input=fields.any("BatchInput"),
        max_items_per_batch=fields.quantity("MaxItemsPerBatch"),
        max_items_per_batch_path=fields.optional_string("MaxItemsPerBatchPath"),
        max_input_bytes_per_batch=fields.quantity("MaxInputBytesPerBatch"),
        max_input_bytes_per_batch_path=fields.optional_string("MaxInputBytesPerBatchPath"),
    )


def _result_writer(fields: Fields) -> ResultWriter:
    config = fields.optional_object("WriterConfig")
    return ResultWriter(
        resource=fields.optional_string("Resource"),
        parameters=fields.any("Parameters"),
        arguments=fields.any("Arguments"),
        transformation=config.optional_string("Transformation") if config else None,
        output_type=config.optional_string("OutputType") if config else None,
    )


def _map(fields: Fields, common: dict[str, Any], language: QueryLanguage) -> MapState:
    iterator = "ItemProcessor" not in fields.values and "Iterator" in fields.values
    reader = fields.optional_object("ItemReader")
    batcher = fields.optional_object("ItemBatcher")
    writer = fields.optional_object("ResultWriter")
    return MapState(
        **common,
        item_processor=_processor(fields.object("Iterator" if iterator else "ItemProcessor"), language),
        iterator=iterator,
        items=fields.any("Items"),
        items_path=fields.any("ItemsPath"),
        item_selector=fields.any("ItemSelector" if "ItemSelector" in fields.values else "Parameters"),
        item_reader=_item_reader(reader) if reader else None,
        item_batcher=_item_batcher(batcher) if batcher else None,
        result_writer=_result_writer(writer) if writer else None,
        max_concurrency=fields.quantity("MaxConcurrency"),
        max_concurrency_path=fields.optional_string("MaxConcurrencyPath"),
        tolerated_failure_count=fields.quantity("ToleratedFailureCount"),
        tolerated_failure_count_path=fields.optional_string("ToleratedFailureCountPath"),
        tolerated_failure_percentage=fields.quantity("ToleratedFailurePercentage"),
        tolerated_failure_percentage_path=fields.optional_string("ToleratedFailurePercentagePath"),
        label=fields.optional_string("Label"),
        result_selector=fields.any("ResultSelector"),
        result_path=fields.any("ResultPath"),
        retry=_retry(fields),
        catch=_catch(fields),
    )


_READERS = {
    "Pass": _pass,
    "Task": _task,
    "Choice": _choice,
    "Wait": _wait,
    "Succeed": _succeed,
    "Fail": _fail,
    "Parallel": _parallel,
    "Map": _map,
}
