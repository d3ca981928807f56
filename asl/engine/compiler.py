"""Compiles the model of a definition into states that run. Nothing of a definition is read again afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from asl.engine.failures import InvalidDefinition
from asl.engine.states.base import END, State
from asl.engine.states.expressions import Expressions
from asl.engine.states.fields import Fields, JsonataCatchFields, JsonataFields, PathFields
from asl.engine.states.map import Map
from asl.engine.states.parallel import Parallel
from asl.engine.states.retrying import CatchRule, RetryingState, RetryRule, Rules
from asl.engine.states.simple import Choice, Fail, Pass, Rule, Succeed
from asl.engine.states.task import Task
from asl.engine.states.wait import Wait
from asl.language import model
from asl.language.errors import SyntaxProblem
from asl.language.scope import MISSING


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled definition. `states` holds those of the top level."""

    start: State
    states: dict[str, State]
    timeout_seconds: int | None


@lru_cache(maxsize=1024)
def compile_definition(text: str) -> Program:
    """Compile a definition's JSON text; equal texts share one program.

    Raises `InvalidDefinition` where the definition cannot be run. It does not look for every problem: see
    `asl.language.diagnose`.
    """
    try:
        machine = model.parse_definition(text)
    except model.DefinitionError as problem:
        raise InvalidDefinition(f"Invalid State Machine Definition: '{problem}'") from None
    states = compile_states(machine)
    return Program(states[machine.start_at], states, machine.timeout_seconds)


def compile_states(flow: model.Flow) -> dict[str, State]:
    """The states of one `States` object, linked with each other."""
    states: dict[str, State] = {}
    for name, state in flow.states.items():
        try:
            states[name] = compile_state(state)
        except SyntaxProblem as problem:
            where = f"{problem.message} in {problem.text!r}" if problem.text else problem.message
            raise InvalidDefinition(f"Invalid State Machine Definition: '{where} at {state.pointer}'") from None
    for name, compiled in states.items():
        _link(compiled, flow.states[name], states)
    if flow.start_at not in states:
        raise InvalidDefinition(
            f"Invalid State Machine Definition: 'no state {flow.start_at!r} at {flow.pointer}/StartAt'"
        )
    return states


def compile_state(state: model.State) -> State:
    """One state, not yet linked with others. Raises `SyntaxProblem` where an expression cannot be compiled."""
    return _COMPILERS[type(state)](state, Expressions(state.jsonata))


def _link(compiled: State, state: model.State, states: dict[str, State]) -> None:
    def target(name: str) -> State:
        try:
            return states[name]
        except KeyError:
            raise InvalidDefinition(
                f"Invalid State Machine Definition: 'no state {name!r}, to which {state.pointer} leads'"
            ) from None

    compiled.next = END if state.next is None else target(state.next)
    if isinstance(compiled, Choice):
        for rule in compiled.rules:
            rule.next = target(rule.target)
        default = state.default if isinstance(state, model.ChoiceState) else None
        compiled.default = None if default is None else target(default)
    elif isinstance(compiled, RetryingState):
        for catcher in compiled.catchers:
            catcher.next = target(catcher.target)


def _fields(state: model.State, expressions: Expressions, *, has_result: bool = True) -> Fields:
    def field(name: str) -> Any:
        return getattr(state, name, MISSING)

    if state.jsonata:
        fields: Fields = JsonataFields(
            arguments=expressions.jsonata_template(field("arguments"), "Arguments"),
            output=expressions.jsonata_template(state.output, "Output"),
            assign=expressions.jsonata_template(state.assign, "Assign"),
            has_result=has_result,
        )
    else:
        result_path = field("result_path")
        output_path = state.output_path
        fields = PathFields(
            input_path=expressions.selection(state.input_path, "InputPath"),
            parameters=expressions.template(field("parameters")),
            result_selector=expressions.template(field("result_selector")),
            result_path=expressions.result_path(result_path),
            discard=result_path is None,
            output_path=expressions.selection(output_path, "OutputPath"),
            shrinks=not isinstance(output_path, str) or expressions.shrinks(output_path),
            assign=expressions.template(state.assign),
        )
    return fields


def _rules(state: model.TaskState | model.ParallelState | model.MapState, expressions: Expressions) -> Rules:
    return Rules(
        tuple(RetryRule(retrier) for retrier in state.retry),
        tuple(_catcher(state, number, catcher, expressions) for number, catcher in enumerate(state.catch)),
    )


def _catcher(state: model.State, number: int, catcher: model.Catcher, expressions: Expressions) -> CatchRule:
    where = f"Catch[{number}]"
    if state.jsonata:
        fields: Fields = JsonataCatchFields(
            expressions.jsonata_template(catcher.output, f"{where}/Output"),
            expressions.jsonata_template(catcher.assign, f"{where}/Assign"),
        )
    else:
        fields = PathFields(
            result_path=expressions.result_path(catcher.result_path),
            discard=catcher.result_path is None,
            assign=expressions.template(catcher.assign),
        )
    return CatchRule(catcher, fields)


def _pass(state: model.PassState, expressions: Expressions) -> State:
    return Pass(state, _fields(state, expressions, has_result=False), expressions)


def _succeed(state: model.SucceedState, expressions: Expressions) -> State:
    return Succeed(state, _fields(state, expressions, has_result=False), expressions)


def _fail(state: model.FailState, expressions: Expressions) -> State:
    error = expressions.text_or_path(state.error, state.error_path, "Error")
    cause = expressions.text_or_path(state.cause, state.cause_path, "Cause")
    return Fail(state, _fields(state, expressions), expressions, error, cause)


def _choice(state: model.ChoiceState, expressions: Expressions) -> State:
    fields = _fields(state, expressions, has_result=False)
    rules = tuple(_rule(state, fields, number, rule, expressions) for number, rule in enumerate(state.choices))
    return Choice(state, fields, expressions, rules)


def _rule(
    state: model.ChoiceState, fields: Fields, number: int, rule: model.ChoiceRule, expressions: Expressions
) -> Rule:
    where = f"Choices[{number}]"
    if state.jsonata:
        # A rule's Output and Assign stand in place of the state's, which belong to Default.
        fields = JsonataFields(
            output=expressions.jsonata_template(rule.output, f"{where}/Output"),
            assign=expressions.jsonata_template(rule.assign, f"{where}/Assign"),
            has_result=False,
        )
    else:
        fields = PathFields(
            output_path=expressions.selection(state.output_path, "OutputPath"),
            shrinks=not isinstance(state.output_path, str) or expressions.shrinks(state.output_path),
            assign=expressions.template(rule.assign),
        )
    return Rule(expressions.condition(rule.condition, f"{where}/Condition"), fields, rule.next)


def _wait(state: model.WaitState, expressions: Expressions) -> State:
    fields = _fields(state, expressions, has_result=False)
    if state.seconds_path is not None:
        return Wait(state, fields, expressions, "SecondsPath", expressions.path(state.seconds_path, "SecondsPath"))
    if state.timestamp_path is not None:
        return Wait(
            state, fields, expressions, "TimestampPath", expressions.path(state.timestamp_path, "TimestampPath")
        )
    if state.timestamp is not None:
        return Wait(state, fields, expressions, "Timestamp", expressions.value(state.timestamp, "Timestamp", "string"))
    if state.seconds is not None:
        return Wait(state, fields, expressions, "Seconds", expressions.value(state.seconds, "Seconds", "number"))
    raise SyntaxProblem("a Wait state needs one of Seconds, SecondsPath, Timestamp and TimestampPath")


def _task(state: model.TaskState, expressions: Expressions) -> State:
    return Task(
        state,
        _fields(state, expressions),
        expressions,
        _rules(state, expressions),
    )


def _parallel(state: model.ParallelState, expressions: Expressions) -> State:
    return Parallel(
        state,
        _fields(state, expressions),
        expressions,
        _rules(state, expressions),
        tuple(compile_states(branch)[branch.start_at] for branch in state.branches),
    )


def _map(state: model.MapState, expressions: Expressions) -> State:
    parts = (
        state,
        _fields(state, expressions),
        expressions,
        _rules(state, expressions),
    )
    start = compile_states(state.item_processor)[state.item_processor.start_at]
    if state.distributed:
        from asl.engine.states.distributed import DistributedMap

        return DistributedMap(*parts, start)
    return Map(*parts, start)


_COMPILERS: dict[type[model.State], Callable[[Any, Expressions], State]] = {
    model.PassState: _pass,
    model.SucceedState: _succeed,
    model.FailState: _fail,
    model.ChoiceState: _choice,
    model.WaitState: _wait,
    model.TaskState: _task,
    model.ParallelState: _parallel,
    model.MapState: _map,
}
