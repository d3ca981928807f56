"""The short form: `steps:` expanded to a definition in Amazon States Language.

    steps:
      - validate_order                      # a function or a flow, by name
      - parallel: [reserve_stock, charge_payment]
      - choose:
          - when: $states.input.paid
            do: [notify]
          - otherwise: [{fail: NotPaid}]

The result is an ordinary definition with JSONata as its query language: `show FLOW` prints it, and it can replace the
steps at any time. Each step's output is the next step's input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.names import STARTED_BY_KEY, USER_KEY
from chalicelib.pointers import escape
from compiler.file_schema import Violation
from compiler.input_schemas import schema_faults
from compiler.placeholders import APPROVALS_ARN

TRANSIENT_ERRORS = (
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
)
"""What a step retries by default: a function that crashed or timed out, or that Lambda could not run."""
_TIMEOUT = "States.Timeout"
_STARTER = f"$states.context.Execution.Input.{USER_KEY}"
_TRANSIENT_FLOW_ERRORS = ("StepFunctions.ExecutionLimitExceeded", "StepFunctions.SdkClientException")

KINDS = ("call", "parallel", "foreach", "choose", "wait", "approve", "state", "fail", "succeed")
_ALLOWED_WITH = {
    "call": {"input", "output", "assign", "timeout", "retry", "catch"},
    "parallel": {"input", "output", "assign", "retry", "catch"},
    "foreach": {"do", "concurrency", "output", "assign", "retry", "catch"},
    "choose": set(),
    "wait": {"output", "assign"},
    "approve": {"on_reject", "output", "assign", "retry", "catch"},
    "state": set(),
    "fail": set(),
    "succeed": {"output"},
}
OPTIONAL_KEYS = frozenset().union(*_ALLOWED_WITH.values()) - {"do"} | {"name", "comment"}
"""The keys that a step may lack."""
_DEFAULT_APPROVAL = 7 * 86_400  # seconds
_MAX_SECONDS = 99_999_999
_DURATION = re.compile(r"(\d+) *(s|seconds?|m|minutes?|h|hours?|d|days?)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")


@dataclass
class Expansion:
    """The definition that steps represent. `origins` maps its pointers to those of the file."""

    definition: dict[str, Any]
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[Violation] = field(default_factory=list)


def expand(steps: list[Any], flows: frozenset[str], pointer: str = "/steps") -> Expansion:
    """Expand steps whose shape the schema allows.

    Args:
        steps: What is written as `steps`.
        flows: The names that mean flows; any other name is a function.
        pointer: The JSON pointer of `steps` in the file.
    """
    expansion = Expansion({"QueryLanguage": "JSONata"})
    builder = _Builder(expansion, flows)
    builder.name_all(steps, pointer)
    expansion.definition |= builder.machine(steps, pointer, "/definition")
    expansion.origins["/definition"] = pointer
    return expansion


def as_steps(value: Any) -> list[Any]:
    """Return a step or a list of steps as a list."""
    return value if isinstance(value, list) else [value]


def kind_of(step: Any) -> str | None:
    """Return the action of a step, or None if it does not have exactly one."""
    if isinstance(step, str):
        return "call"
    found = [kind for kind in KINDS if kind in step]
    return found[0] if len(found) == 1 else None


@dataclass
class _Place:
    """Where a state is built.

    `pointer` is the step's pointer in the file; `state` and `machine` are those of its state and state machine in the
    definition. `following` is the next state (None at the end), and `extra` collects further states of the step.
    """

    pointer: str
    state: str
    machine: str
    following: str | None
    extra: dict[str, Any] = field(default_factory=dict)


class _Builder:
    def __init__(self, expansion: Expansion, flows: frozenset[str]) -> None:
        self.expansion = expansion
        self.flows = flows
        self.names: dict[str, str] = {}  # the pointer of a step -> its state's name
        self.used: set[str] = set()
        self.decisions = 0  # how many variables hold the decision of an approval

    # Names are assigned from the top down, so that the first of two equal steps gets the plain name.

    def name_all(self, steps: list[Any], pointer: str) -> None:
        for index, step in enumerate(steps):
            at = f"{pointer}/{index}"
            kind = kind_of(step)
            if kind is None:
                actions = ", ".join(key for key in KINDS if key in step) or "none"
                message = f"A step must have exactly one action; found: {actions}."
                self.problem(at, message, f"use one of {', '.join(KINDS)}")
                continue
            self.names[at] = self.unique(self.proposed(step, kind))
            if isinstance(step, dict):
                self.check(step, kind, at)
                for inner, inner_pointer in _inner(step, at):
                    self.name_all(inner, inner_pointer)

    def check(self, step: dict[str, Any], kind: str, at: str) -> None:
        allowed = _ALLOWED_WITH[kind] | {kind, "name", "comment"}
        for key in step:
            if key not in allowed:
                message = f"{key!r} can't be combined with {kind!r}."
                self.expansion.problems.append(Violation("steps", f"{at}/{key}", message, at_key=True))
        if kind == "foreach" and "do" not in step:
            self.problem(at, "`foreach` needs `do`.", "add the steps to run for each item")
        if kind == "approve":
            self.check_approval(step["approve"], f"{at}/approve")
        if kind == "choose":
            for index, choice in enumerate(step["choose"]):
                if ("when" in choice) == ("otherwise" in choice) or ("when" in choice) != ("do" in choice):
                    self.problem(f"{at}/choose/{index}", "A choice must have either `when` and `do`, or `otherwise`.")
                elif "otherwise" in choice and index < len(step["choose"]) - 1:
                    self.problem(f"{at}/choose/{index}", "`otherwise` must be the last choice.")

    def check_approval(self, value: dict[str, Any], at: str) -> None:
        who = value.get("who", {})
        if not (who.get("groups") or who.get("users") or "notify" in value):
            self.problem(at, "Nobody can answer: `approve` needs `who`.", "add who: {groups: [...]} or {users: [...]}")
        if "timeout" in value and _seconds(value["timeout"]) is None:
            self.problem(
                f"{at}/timeout", f"Invalid duration {value['timeout']!r}.", "use 3600, `5 minutes` or `3 days`"
            )
        for pointer, message, hint in schema_faults(value.get("form", True), f"{at}/form"):
            self.problem(pointer, message, hint)

    def problem(self, pointer: str, message: str, hint: str = "") -> None:
        self.expansion.problems.append(Violation("steps", pointer, message, hint))

    def proposed(self, step: Any, kind: str) -> str:
        if isinstance(step, str):
            return step
        if "name" in step:
            return str(step["name"])
        value = step[kind]
        if kind == "call":
            return str(value)
        if kind == "fail":
            return str(value if isinstance(value, str) else value.get("error", "fail"))
        return kind

    def unique(self, name: str) -> str:
        name = name[:76]  # state names have at most 80 characters
        candidate, number = name, 1
        while candidate in self.used:
            number += 1
            candidate = f"{name} {number}"
        self.used.add(candidate)
        return candidate

    # States are built from the last to the first, so that the next state of each is known.

    def machine(self, steps: list[Any], pointer: str, at: str) -> dict[str, Any]:
        states: dict[str, Any] = {}
        start = self.chain(steps, pointer, at, states, None)
        return {"StartAt": start, "States": states}

    def chain(self, steps: list[Any], pointer: str, at: str, states: dict[str, Any], following: str | None) -> str:
        built: dict[str, Any] = {}
        for index in reversed(range(len(steps))):
            step_pointer = f"{pointer}/{index}"
            name = self.names.get(step_pointer)
            if name is None:
                continue
            step, kind = steps[index], kind_of(steps[index])
            if isinstance(step, str):
                step = {"call": step}
            place = _Place(step_pointer, f"{at}/States/{escape(name)}", at, following)
            self.expansion.origins[place.state] = step_pointer
            state = self.state(step, str(kind), place)
            if "comment" in step:
                state = {"Comment": step["comment"], **state}
            built = {name: state, **place.extra, **built}
            following = name
        states.update(built)
        return following or ""

    def state(self, step: dict[str, Any], kind: str, place: _Place) -> dict[str, Any]:
        build: Callable[[dict[str, Any], _Place], dict[str, Any]] = getattr(self, f"_{kind}")
        state = build(step, place)
        for key, name in (("output", "Output"), ("assign", "Assign"), ("timeout", "TimeoutSeconds")):
            if key in step:
                state[name] = step[key]
                self.came_from(place, name, key)
        if kind in ("call", "parallel", "foreach", "approve"):
            self.errors(step, kind, state, place)
        if kind == "approve" and "on_reject" in step:
            place = replace(place, following=self.rejection(step, state, place))
        if kind not in ("choose", "fail", "succeed", "state"):
            state |= _onward(place.following)
        return state

    def rejection(self, step: dict[str, Any], state: dict[str, Any], place: _Place) -> str:
        """Add the choice after an approval that has steps for a rejection, and return its name.

        It looks at a variable, since `output` may leave nothing of the answer.
        """
        self.decisions += 1
        variable = f"decision{self.decisions}"
        state["Assign"] = {**state.get("Assign", {}), variable: "{% $states.result.decision %}"}
        name = self.unique(f"{self.names[place.pointer]} answered")
        steps, pointer = step["on_reject"], f"{place.pointer}/on_reject"
        onward = self.onward_name(place)
        target = self.chain(steps, pointer, place.machine, place.extra, onward)
        place.extra[name] = {
            "Type": "Choice",
            "Choices": [{"Condition": f"{{% ${variable} = 'reject' %}}", "Next": target}],
            "Default": onward,
        }
        self.expansion.origins[f"{place.machine}/States/{escape(name)}"] = pointer
        return name

    def errors(self, step: dict[str, Any], kind: str, state: dict[str, Any], place: _Place) -> None:
        retriers = list(_retriers(step.get("retry", kind in ("call", "approve")), step.get("call") in self.flows))
        if kind == "approve":
            retriers = _without_timeouts(retriers)
        if retriers:
            state["Retry"] = retriers
            self.came_from(place, "Retry", "retry")
        if "catch" not in step:
            return
        catchers = []
        for errors, steps, steps_pointer in _catches(step["catch"], f"{place.pointer}/catch"):
            target = self.chain(steps, steps_pointer, place.machine, place.extra, self.onward_name(place))
            catchers.append({"ErrorEquals": errors, "Next": target})
        state["Catch"] = catchers
        self.came_from(place, "Catch", "catch")

    def came_from(self, place: _Place, field: str, key: str) -> None:
        self.expansion.origins[f"{place.state}/{field}"] = f"{place.pointer}/{key}"

    def onward_name(self, place: _Place) -> str:
        """Return the next state; at the end of a chain add one that ends it, for paths that skip its last step."""
        if place.following is None:
            place.following = self.unique("done")
            place.extra[place.following] = {"Type": "Succeed"}
            self.expansion.origins[f"{place.machine}/States/{escape(place.following)}"] = place.pointer
        return place.following

    def _call(self, step: dict[str, Any], place: _Place) -> dict[str, Any]:
        called = step["call"]
        self.came_from(place, "Resource", "call")
        if called not in self.flows:
            state: dict[str, Any] = {"Type": "Task", "Resource": f"${{{called}}}"}
            if "input" in step:
                state["Arguments"] = step["input"]
                self.came_from(place, "Arguments", "input")
            return state
        self.came_from(place, "Arguments/StateMachineArn", "call")
        self.came_from(place, "Arguments/Input", "input")
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": {"StateMachineArn": f"${{{called}}}", "Input": _with_starter(step.get("input"))},
        }
        if "output" not in step:
            state["Output"] = "{% $states.result.Output %}"
        return state

    def _parallel(self, step: dict[str, Any], place: _Place) -> dict[str, Any]:
        state: dict[str, Any] = {"Type": "Parallel"}
        if "input" in step:
            state["Arguments"] = step["input"]
            self.came_from(place, "Arguments", "input")
        state["Branches"] = [
            self.machine(inner, inner_pointer, f"{place.state}/Branches/{index}")
            for index, (inner, inner_pointer) in enumerate(_branches(step, place.pointer))
        ]
        return state

    def _foreach(self, step: dict[str, Any], place: _Place) -> dict[str, Any]:
        self.came_from(place, "Items", "foreach")
        items = step["foreach"]
        state: dict[str, Any] = {"Type": "Map", "Items": _expression(items) if isinstance(items, str) else items}
        if "concurrency" in step:
            state["MaxConcurrency"] = step["concurrency"]
            self.came_from(place, "MaxConcurrency", "concurrency")
        processor = self.machine(step.get("do", []), f"{place.pointer}/do", f"{place.state}/ItemProcessor")
        state["ItemProcessor"] = {"ProcessorConfig": {"Mode": "INLINE"}, **processor}
        return state

    def _choose(self, step: dict[str, Any], place: _Place) -> dict[str, Any]:
        choices: list[dict[str, Any]] = []
        default: str | None = None
        following = place.following
        for index, choice in enumerate(step["choose"]):
            at = f"{place.pointer}/choose/{index}"
            if "otherwise" in choice:
                default = self.chain(choice["otherwise"], f"{at}/otherwise", place.machine, place.extra, following)
                continue
            target = self.chain(choice.get("do", []), f"{at}/do", place.machine, place.extra, following)
            self.came_from(place, f"Choices/{len(choices)}", f"choose/{index}")
            self.came_from(place, f"Choices/{len(choices)}/Condition", f"choose/{index}/when")
            choices.append({"Condition": _expression(choice.get("when", "true")), "Next": target})
        return {"Type": "Choice", "Choices": choices, "Default": default or self.onward_name(place)}

    def _wait(self, step: dict[str, Any], place: _Place) -> dict[str, Any]:
        value = step["wait"]
        self.came_from(place, "Seconds", "wait")
        self.came_from(place, "Timestamp", "wait")
        if isinstance(value, str):
            duration = _DURATION.fullmatch(value.strip())
            if duration:
                return {"Type": "Wait", "Seconds": int(duration[1]) * _SECONDS[duration[2][0]]}
            if _TIME.fullmatch(value):
                return {"Type": "Wait", "Timestamp": value}
            if not value.startswith("{%"):
                self.problem(
                    f"{place.pointer}/wait",
                    f"Invalid duration or time {value!r}.",
                    "use 30, `5 minutes` or 2030-01-31T12:00:00Z",
                )
        return {"Type": "Wait", "Seconds": value}

    def _approve(self, step: dict[str, Any], place: _Place) -> dict[str, Any]:
        value = step["approve"]
        seconds = _seconds(value.get("timeout", _DEFAULT_APPROVAL))
        payload: dict[str, Any] = {
            "token": "{% $states.context.Task.Token %}",
            "execution": "{% $states.context.Execution.Id %}",
            "user": f"{{% $exists({_STARTER}) ? {_STARTER} : null %}}",
            "state": "{% $states.context.State.Name %}",
            "timeout": seconds,
        }
        for key in ("who", "form", "title", "message"):
            if key in value:
                payload[key] = value[key]
                self.came_from(place, f"Arguments/Payload/{key}", f"approve/{key}")
        if "notify" in value:
            payload["notify"] = f"${{{value['notify']}}}"
            self.came_from(place, "Arguments/Payload/notify", "approve/notify")
        self.came_from(place, "TimeoutSeconds", "approve/timeout")
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": {"FunctionName": f"${{{APPROVALS_ARN}}}", "Payload": payload},
            "TimeoutSeconds": seconds,
        }

    def _state(self, step: dict[str, Any], place: _Place) -> dict[str, Any]:
        self.expansion.origins[place.state] = f"{place.pointer}/state"
        state = dict(step["state"])
        if state.get("Type") not in ("Choice", "Succeed", "Fail") and "Next" not in state and "End" not in state:
            state |= _onward(place.following)
        return state

    def _fail(self, step: dict[str, Any], place: _Place) -> dict[str, Any]:
        value = step["fail"]
        if isinstance(value, str):
            return {"Type": "Fail", "Error": value}
        names = {"error": "Error", "cause": "Cause"}
        return {"Type": "Fail", **{names[key]: text for key, text in value.items()}}

    def _succeed(self, step: dict[str, Any], place: _Place) -> dict[str, Any]:
        return {"Type": "Succeed"}


def _seconds(value: Any) -> Any:
    """Return a duration in seconds, or as the expression that it is; None if it is not a duration."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 1 <= value <= _MAX_SECONDS else None
    if not isinstance(value, str):
        return None
    duration = _DURATION.fullmatch(value.strip())
    if duration is None:
        return value if value.startswith("{%") else None
    return _seconds(int(duration[1]) * _SECONDS[duration[2][0]])


def _without_timeouts(retriers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return retriers that ask nobody again because nobody answered in time, unless that is what they are for."""
    kept = []
    for retrier in retriers:
        errors = retrier["ErrorEquals"]
        if errors == list(TRANSIENT_ERRORS):  # the default
            retrier = {**retrier, "ErrorEquals": [error for error in errors if error != _TIMEOUT]}
        elif errors == ["States.ALL"]:
            kept.append({"ErrorEquals": [_TIMEOUT], "MaxAttempts": 0})
        kept.append(retrier)
    return kept


def _onward(following: str | None) -> dict[str, Any]:
    return {"End": True} if following is None else {"Next": following}


def _expression(text: str) -> str:
    return text if text.lstrip().startswith("{%") else f"{{% {text} %}}"


def _inner(step: dict[str, Any], pointer: str) -> Iterator[tuple[list[Any], str]]:
    """Yield the steps inside a step with their pointers, in the order in which they are written."""
    if "parallel" in step:
        yield from _branches(step, pointer)
    for key in ("do", "on_reject"):
        if isinstance(step.get(key), list):
            yield step[key], f"{pointer}/{key}"
    for index, choice in enumerate(step.get("choose", ())):
        for key in ("do", "otherwise"):
            if key in choice:
                yield choice[key], f"{pointer}/choose/{index}/{key}"
    for _, steps, steps_pointer in _catches(step.get("catch", []), f"{pointer}/catch"):
        yield steps, steps_pointer


def _branches(step: dict[str, Any], pointer: str) -> Iterator[tuple[list[Any], str]]:
    """Yield the branches of `parallel`. A single step is a list of one; the file lacks the index in its pointer."""
    for index, branch in enumerate(step["parallel"]):
        yield as_steps(branch), f"{pointer}/parallel/{index}"


def _catches(value: list[Any], pointer: str) -> Iterator[tuple[list[str], list[Any], str]]:
    """Yield the error names, steps and pointer of each entry of `catch`; a plain list of steps catches everything."""
    if all(isinstance(item, dict) and "do" in item and kind_of(item) is None for item in value):
        for index, item in enumerate(value):
            yield item.get("errors", ["States.ALL"]), item["do"], f"{pointer}/{index}/do"
    else:
        yield ["States.ALL"], value, pointer


def _retriers(value: Any, calls_flow: bool) -> Iterator[dict[str, Any]]:
    if value is False or value == 0:
        return
    if value is True:
        errors = _TRANSIENT_FLOW_ERRORS if calls_flow else TRANSIENT_ERRORS
        yield {"ErrorEquals": list(errors), "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 2}
    elif isinstance(value, int):
        yield {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": value, "BackoffRate": 2}
    else:
        for item in as_steps(value):
            retrier = {
                "ErrorEquals": item.get("errors", ["States.ALL"]),
                "IntervalSeconds": item.get("delay", 1),
                "MaxAttempts": item.get("attempts", 3),
                "BackoffRate": item.get("backoff", 2),
            }
            if "max_delay" in item:
                retrier["MaxDelaySeconds"] = item["max_delay"]
            yield retrier


def _with_starter(value: Any) -> Any:
    """Return the input of a flow that a flow starts, with the starter's execution, which the record then names.

    An input that is an expression stays as it is written, so that its mistakes are found where they are.
    """
    starter = {STARTED_BY_KEY: "{% $states.context.Execution.Id %}"}
    if value is None:
        merged = f"$merge([$states.input, {{'{STARTED_BY_KEY}': $states.context.Execution.Id}}])"
        return f"{{% $type($states.input) = 'object' ? {merged} : $states.input %}}"
    return {**value, **starter} if isinstance(value, dict) else value
