"""The Amazon States Language in pure Python: what a definition means, an engine that runs it, a kit to test it with.

>>> from asl import Engine, SkippingClock, StateMachine
>>> machine = StateMachine("arn:aws:states:us-east-1:123456789012:stateMachine:greet", "greet", definition)
>>> Engine(tasks, clock=SkippingClock()).run(machine, '{"name": "Ann"}').output
"""

from asl.engine.clock import Clock, RealClock, SkippingClock
from asl.engine.engine import Engine
from asl.engine.execution import Execution
from asl.engine.failures import EngineError
from asl.engine.machine import StateMachine
from asl.engine.tasks import Completion, TaskRefused, TaskRequest, TaskRunner

__all__ = [
    "Clock",
    "Completion",
    "Engine",
    "EngineError",
    "Execution",
    "RealClock",
    "SkippingClock",
    "StateMachine",
    "TaskRefused",
    "TaskRequest",
    "TaskRunner",
]
