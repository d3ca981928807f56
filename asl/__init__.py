"""The Amazon States Language in pure Python: what a definition means, an engine that runs it, a kit to test it with.

>>> from asl import Engine, SkippingClock, StateMachine
>>> machine = StateMachine("arn:aws:states:us-east-1:123456789012:stateMachine:greet", "greet", definition)
>>> Engine(tasks, clock=SkippingClock()).run(machine, '{"name": "Ann"}').output

The engine is imported when one of its names is first used: who only reads or diagnoses definitions doesn't load it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asl.engine.clock import Clock, RealClock, SkippingClock
    from asl.engine.engine import Engine
    from asl.engine.execution import Execution
    from asl.engine.failures import EngineError
    from asl.engine.machine import StateMachine
    from asl.engine.observing import AttemptFailed, ExecutionChanged, MapSucceeded, Observation, Observer, Waiting
    from asl.engine.tasks import Completion, TaskRefused, TaskRequest, TaskRunner

__all__ = [
    "AttemptFailed",
    "Clock",
    "Completion",
    "Engine",
    "EngineError",
    "Execution",
    "ExecutionChanged",
    "MapSucceeded",
    "Observation",
    "Observer",
    "RealClock",
    "SkippingClock",
    "StateMachine",
    "TaskRefused",
    "TaskRequest",
    "TaskRunner",
    "Waiting",
]

_MODULES = {
    "clock": ("Clock", "RealClock", "SkippingClock"),
    "engine": ("Engine",),
    "execution": ("Execution",),
    "failures": ("EngineError",),
    "machine": ("StateMachine",),
    "observing": ("AttemptFailed", "ExecutionChanged", "MapSucceeded", "Observation", "Observer", "Waiting"),
    "tasks": ("Completion", "TaskRefused", "TaskRequest", "TaskRunner"),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"asl.engine.{module}"), name)
            return value
    raise AttributeError(f"module 'asl' has no attribute {name!r}")
