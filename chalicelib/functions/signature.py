"""What a handler takes and returns, told from its signature.

`handler(event, context)` is called as on Lambda. Any other signature is *typed*: its parameters are bound from a JSON
object by name and validated by pydantic, which is imported for typed handlers alone.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import cached_property
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from chalicelib.errors import FieldError
from chalicelib.strict_json import kind

if TYPE_CHECKING:
    from pydantic import BaseModel

EVENT_NAMES = frozenset({"event", "_event"})
CONTEXT_NAMES = frozenset({"context", "_context", "ctx", "_"})


class ValidationError(Exception):
    """A typed function's input does not fit its parameters. In a flow this is the error's name."""

    def __init__(self, errors: list[FieldError]):
        super().__init__("; ".join(f"{e.field}: {e.message}" if e.field else e.message for e in errors))
        self.errors = errors


class Signature:
    """How one handler is called. Compiled when first needed, kept with the imported module."""

    def __init__(self, handler: Callable[..., Any]):
        self._handler = handler
        self._parameters = list(inspect.signature(handler).parameters.values())
        self.typed = not is_lambda_style([p.name for p in self._parameters], self._parameters)

    def call_with_event(self, event: Any, context: Any) -> Any:
        """Call a handler of the Lambda style."""
        return _finished(self._handler(event, context))

    def call_with_input(self, value: Any) -> Any:
        """Bind a typed handler's parameters from a JSON object and call it.

        Keys that are no parameter are ignored (unless the handler takes `**kwargs`), since a flow's input has more
        than one function needs. Raises `ValidationError` naming each field.
        """
        positional, keywords = self._bind(value)
        return _finished(self._handler(*positional, **keywords))

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the input."""
        if not self.typed:
            return {"type": "object"}
        schema = self._model.model_json_schema(by_alias=True, schema_generator=_schema_generator())
        schema.pop("title", None)
        return schema

    @property
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of what the handler returns; `{}` when it does not say."""
        annotation = self._hints.get("return", Any)
        if not self.typed or annotation is Any:
            return {}
        from pydantic import TypeAdapter

        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        return adapter.json_schema(mode="serialization", schema_generator=_schema_generator())

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return typing.get_type_hints(self._handler, include_extras=True)

    @cached_property
    def _fields(self) -> list[tuple[str, Parameter]]:
        """The bindable parameters under the names of their fields: a parameter may be called as pydantic's own are."""
        variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        return [(f"field_{i}", p) for i, p in enumerate(self._parameters) if p.kind not in variable]

    @cached_property
    def _model(self) -> type[BaseModel]:
        from pydantic import ConfigDict, Field, create_model

        definitions: dict[str, Any] = {}
        for field, parameter in self._fields:
            hint = self._hints.get(parameter.name, Any)
            named: Any = Field(alias=parameter.name, title=parameter.name)
            if typing.get_origin(hint) is typing.Annotated:  # what the handler itself says comes later, and wins
                hint = typing.Annotated[(hint.__origin__, named, *hint.__metadata__)]
            else:
                hint = typing.Annotated[hint, named]
            definitions[field] = (hint, ... if parameter.default is Parameter.empty else parameter.default)
        extra: typing.Literal["allow", "ignore"] = "allow" if self._takes_keywords else "ignore"
        # JSON has neither infinity nor NaN, so that none may come in as a string either
        config = ConfigDict(extra=extra, arbitrary_types_allowed=True, allow_inf_nan=False)
        return create_model("Input", __config__=config, **definitions)

    @cached_property
    def _takes_keywords(self) -> bool:
        return any(p.kind is Parameter.VAR_KEYWORD for p in self._parameters)

    def _bind(self, value: Any) -> tuple[list[Any], dict[str, Any]]:
        if not isinstance(value, Mapping):
            raise ValidationError([FieldError("", f"the input must be a JSON object, not {kind(value)}")])
        import pydantic

        try:
            bound = self._model.model_validate(value)
        except pydantic.ValidationError as error:
            raise ValidationError([_field_error(e) for e in error.errors(include_url=False)]) from None
        positional = [getattr(bound, f) for f, p in self._fields if p.kind is Parameter.POSITIONAL_ONLY]
        keywords = {p.name: getattr(bound, f) for f, p in self._fields if p.kind is not Parameter.POSITIONAL_ONLY}
        if self._takes_keywords:
            extra = bound.model_extra or {}
            keywords = {**{k: v for k, v in extra.items() if not k.startswith("__")}, **keywords}
        return positional, keywords


def is_lambda_style(names: list[str], parameters: list[Parameter] | None = None) -> bool:
    """Whether parameters of these names are `(event, context)`, or hidden behind a decorator's `(*args, **kwargs)`."""
    if parameters and all(p.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD) for p in parameters):
        return parameters[0].kind is Parameter.VAR_POSITIONAL
    return len(names) == 2 and names[0] in EVENT_NAMES and names[1] in CONTEXT_NAMES


def field_path(location: typing.Iterable[str | int]) -> str:
    """`("items", 0, "sku")` as `items[0].sku`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def _finished(result: Any) -> Any:
    if not inspect.iscoroutine(result):
        return result
    import asyncio

    return asyncio.run(result)


def _field_error(error: Any) -> FieldError:
    return FieldError(field_path(error["loc"]), error["msg"])


def _schema_generator() -> Any:
    """Schemas as the values are really written: a Decimal is a number (see `serialising`)."""
    from pydantic.json_schema import GenerateJsonSchema
    from pydantic_core import PydanticSerializationError, core_schema

    from chalicelib.functions.serialising import jsonable

    class Generator(GenerateJsonSchema):
        ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  (as the base class has it)

        def decimal_schema(self, schema: Any) -> dict[str, Any]:
            bounds: dict[str, Any] = {
                key: float(schema[key]) for key in ("ge", "gt", "le", "lt", "multiple_of") if key in schema
            }
            return self.float_schema(core_schema.float_schema(**bounds))

        def encode_default(self, dft: Any) -> Any:
            try:
                return jsonable(dft)
            except TypeError:
                return super().encode_default(dft)
            except ValueError as error:  # infinity
                raise PydanticSerializationError(str(error)) from None

    return Generator
