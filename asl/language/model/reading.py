"""Reads definitions into the model.

Reading is strict about what the model needs and silent about the rest: `asl.language.diagnose` says everything that is
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
    Quantity,
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
from asl.language.scope import MISSING
from asl.language.values import read_json


class DefinitionError(ValueError):
    """A definition that cannot be read; `pointer` is the JSON pointer of what is wrong."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(f"{message} at {pointer or '/'}")
        self.message = message
        self.pointer = pointer


def escape_pointer(token: str) -> str:
    """A name as a token of a JSON pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


def load_definition(definition: str | dict[str, Any]) -> dict[str, Any]:
    """The definition as an object, parsed if it is a text. Raises `DefinitionError` if it is none."""
    if isinstance(definition, str):
        try:
            definition = read_json(definition)
        except (ValueError, RecursionError) as error:
            raise DefinitionError(f"Definition is not JSON: {error}") from None
    if not isinstance(definition, dict):
        raise DefinitionError("Definition must be a valid JSON object")
    return definition


def parse_definition(definition: str | dict[str, Any]) -> StateMachine:
    """Read a definition, given as its JSON text or as the parsed object.

    Raises `DefinitionError` where the definition lacks what a model must have.
    """
    fields = _Fields(load_definition(definition), "")
    language = _language(fields, QueryLanguage.JSONPATH)
    return StateMachine(
        start_at=fields.text("StartAt"),
        states=_states(fields, language),
        query_language=language,
        comment=fields.comment(),
        version=fields.optional_text("Version") or "1.0",
        timeout_seconds=fields.optional_integer("TimeoutSeconds"),
    )


def parse_state(
    name: str, state: dict[str, Any], query_language: QueryLanguage = QueryLanguage.JSONPATH, pointer: str | None = None
) -> State:
    """Read one state. `query_language` is the state machine's, which the state may override.

    Raises `DefinitionError` where the state lacks what its model must have.
    """
    fields = _Fields(state, f"/States/{escape_pointer(name)}" if pointer is None else pointer)
    kind = fields.text("Type")
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
        "next": fields.optional_text("Next"),
        "end": fields.any("End") is True,
    }
    return reader(fields, common, query_language)


class _Fields:
    """The fields of one object, read with their types checked."""

    __slots__ = ("pointer", "values")

    def __init__(self, values: Any, pointer: str) -> None:
        if not isinstance(values, dict):
            raise DefinitionError("Expected a JSON object", pointer)
        self.values = values
        self.pointer = pointer

    def at(self, name: str) -> str:
        return f"{self.pointer}/{escape_pointer(name)}"

    def any(self, name: str) -> Any:
        return self.values.get(name, MISSING)

    def _typed(self, name: str, types: tuple[type, ...], what: str) -> Any:
        value = self.values.get(name)
        if value is not None and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
            raise DefinitionError(f"The field '{name}' must be {what}", self.at(name))
        return value

    def text(self, name: str) -> str:
        value = self.optional_text(name)
        if value is None:
            raise DefinitionError(f"The field '{name}' is required but was missing", self.pointer)
        return value

    def optional_text(self, name: str) -> str | None:
        value: str | None = self._typed(name, (str,), "a string")
        return value

    def comment(self) -> str | None:
        """A comment means nothing to a machine, so one of another type is no reason to refuse to read."""
        value = self.values.get("Comment")
        return value if isinstance(value, str) else None

    def optional_integer(self, name: str) -> int | None:
        value: int | None = self._typed(name, (int,), "an integer")
        return value

    def optional_number(self, name: str) -> float | None:
        value: float | None = self._typed(name, (int, float), "a number")
        return value

    def quantity(self, name: str) -> Quantity | None:
        value: Quantity | None = self._typed(name, (int, float, str), "a number")
        return value

    def object(self, name: str) -> _Fields:
        if name not in self.values:
            raise DefinitionError(f"The field '{name}' is required but was missing", self.pointer)
        return _Fields(self.values[name], self.at(name))

    def optional_object(self, name: str) -> _Fields | None:
        return self.object(name) if self.values.get(name) is not None else None

    def objects(self, name: str) -> list[_Fields]:
        items = self._typed(name, (list,), "an array") or []
        return [_Fields(item, f"{self.at(name)}/{index}") for index, item in enumerate(items)]

    def texts(self, name: str) -> tuple[str, ...]:
        items = self._typed(name, (list,), "an array") or []
        if not all(isinstance(item, str) for item in items):
            raise DefinitionError(f"The field '{name}' must be an array of strings", self.at(name))
        return tuple(items)


def _language(fields: _Fields, default: QueryLanguage) -> QueryLanguage:
    text = fields.optional_text("QueryLanguage")
    if text is None:
        return default
    try:
        return QueryLanguage(text)
    except ValueError:
        raise DefinitionError(f"Unknown query language '{text}'", fields.at("QueryLanguage")) from None


def _states(fields: _Fields, language: QueryLanguage) -> dict[str, State]:
    states = fields.object("States")
    return {name: parse_state(name, state, language, states.at(name)) for name, state in states.values.items()}


def _flow(fields: _Fields, language: QueryLanguage) -> Flow:
    return Flow(start_at=fields.text("StartAt"), states=_states(fields, language), pointer=fields.pointer)


def _retry(fields: _Fields) -> tuple[Retrier, ...]:
    return tuple(_retrier(entry) for entry in fields.objects("Retry"))


def _retrier(entry: _Fields) -> Retrier:
    interval, attempts = entry.optional_integer("IntervalSeconds"), entry.optional_integer("MaxAttempts")
    rate = entry.optional_number("BackoffRate")
    return Retrier(
        error_equals=entry.texts("ErrorEquals"),
        interval_seconds=1 if interval is None else interval,
        max_attempts=3 if attempts is None else attempts,
        backoff_rate=2.0 if rate is None else rate,
        max_delay_seconds=entry.optional_integer("MaxDelaySeconds"),
        jitter_strategy=entry.optional_text("JitterStrategy") or "NONE",
    )


def _catch(fields: _Fields) -> tuple[Catcher, ...]:
    return tuple(
        Catcher(
            error_equals=entry.texts("ErrorEquals"),
            next=entry.text("Next"),
            result_path=entry.any("ResultPath"),
            assign=entry.any("Assign"),
            output=entry.any("Output"),
        )
        for entry in fields.objects("Catch")
    )


def _pass(fields: _Fields, common: dict[str, Any], _: QueryLanguage) -> PassState:
    return PassState(
        **common,
        parameters=fields.any("Parameters"),
        result=fields.any("Result"),
        result_path=fields.any("ResultPath"),
    )


def _task(fields: _Fields, common: dict[str, Any], _: QueryLanguage) -> TaskState:
    return TaskState(
        **common,
        resource=fields.text("Resource"),
        parameters=fields.any("Parameters"),
        arguments=fields.any("Arguments"),
        result_selector=fields.any("ResultSelector"),
        result_path=fields.any("ResultPath"),
        retry=_retry(fields),
        catch=_catch(fields),
        timeout_seconds=fields.quantity("TimeoutSeconds"),
        timeout_seconds_path=fields.optional_text("TimeoutSecondsPath"),
        heartbeat_seconds=fields.quantity("HeartbeatSeconds"),
        heartbeat_seconds_path=fields.optional_text("HeartbeatSecondsPath"),
        credentials=fields.any("Credentials"),
    )


def _choice(fields: _Fields, common: dict[str, Any], _: QueryLanguage) -> ChoiceState:
    rules = tuple(
        ChoiceRule(
            condition=rule.values.get("Condition", rule.values),
            next=rule.text("Next"),
            assign=rule.any("Assign"),
            output=rule.any("Output"),
            comment=rule.comment(),
        )
        for rule in fields.objects("Choices")
    )
    return ChoiceState(**common, choices=rules, default=fields.optional_text("Default"))


def _wait(fields: _Fields, common: dict[str, Any], _: QueryLanguage) -> WaitState:
    return WaitState(
        **common,
        seconds=fields.quantity("Seconds"),
        timestamp=fields.optional_text("Timestamp"),
        seconds_path=fields.optional_text("SecondsPath"),
        timestamp_path=fields.optional_text("TimestampPath"),
    )


def _succeed(_: _Fields, common: dict[str, Any], __: QueryLanguage) -> SucceedState:
    return SucceedState(**common)


def _fail(fields: _Fields, common: dict[str, Any], _: QueryLanguage) -> FailState:
    return FailState(
        **common,
        error=fields.optional_text("Error"),
        error_path=fields.optional_text("ErrorPath"),
        cause=fields.optional_text("Cause"),
        cause_path=fields.optional_text("CausePath"),
    )


def _parallel(fields: _Fields, common: dict[str, Any], language: QueryLanguage) -> ParallelState:
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


def _processor(fields: _Fields, language: QueryLanguage) -> ItemProcessor:
    config = fields.optional_object("ProcessorConfig")
    flow = _flow(fields, language)
    return ItemProcessor(
        start_at=flow.start_at,
        states=flow.states,
        pointer=flow.pointer,
        mode=(config.optional_text("Mode") if config else None) or "INLINE",
        execution_type=config.optional_text("ExecutionType") if config else None,
    )


def _item_reader(fields: _Fields) -> ItemReader:
    config = fields.optional_object("ReaderConfig")
    return ItemReader(
        resource=fields.text("Resource"),
        parameters=fields.any("Parameters"),
        arguments=fields.any("Arguments"),
        config=_reader_config(config) if config else ReaderConfig(),
    )


def _reader_config(config: _Fields) -> ReaderConfig:
    return ReaderConfig(
        input_type=config.optional_text("InputType"),
        csv_delimiter=config.optional_text("CSVDelimiter"),
        csv_header_location=config.optional_text("CSVHeaderLocation"),
        csv_headers=config.texts("CSVHeaders") if "CSVHeaders" in config.values else None,
        transformation=config.optional_text("Transformation"),
        items_pointer=config.optional_text("ItemsPointer"),
        max_items=config.quantity("MaxItems"),
        max_items_path=config.optional_text("MaxItemsPath"),
    )


def _item_batcher(fields: _Fields) -> ItemBatcher:
    return ItemBatcher(
        batch_input=fields.any("BatchInput"),
        max_items_per_batch=fields.quantity("MaxItemsPerBatch"),
        max_items_per_batch_path=fields.optional_text("MaxItemsPerBatchPath"),
        max_input_bytes_per_batch=fields.quantity("MaxInputBytesPerBatch"),
        max_input_bytes_per_batch_path=fields.optional_text("MaxInputBytesPerBatchPath"),
    )


def _result_writer(fields: _Fields) -> ResultWriter:
    config = fields.optional_object("WriterConfig")
    return ResultWriter(
        resource=fields.optional_text("Resource"),
        parameters=fields.any("Parameters"),
        arguments=fields.any("Arguments"),
        transformation=config.optional_text("Transformation") if config else None,
        output_type=config.optional_text("OutputType") if config else None,
    )


def _map(fields: _Fields, common: dict[str, Any], language: QueryLanguage) -> MapState:
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
        max_concurrency_path=fields.optional_text("MaxConcurrencyPath"),
        tolerated_failure_count=fields.quantity("ToleratedFailureCount"),
        tolerated_failure_count_path=fields.optional_text("ToleratedFailureCountPath"),
        tolerated_failure_percentage=fields.quantity("ToleratedFailurePercentage"),
        tolerated_failure_percentage_path=fields.optional_text("ToleratedFailurePercentagePath"),
        label=fields.optional_text("Label"),
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
