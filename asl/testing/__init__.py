"""A kit to test state machines with: run them with real or stubbed tasks, in skipped time, and say what must hold.

>>> from asl.testing import FlowUnderTest
>>> flow = FlowUnderTest("greet", definition)
>>> flow.task("Greet").fails("Busy", times=2).then.returns("hello")
>>> run = flow.run({"name": "Ann"})
>>> run.assert_succeeded(output="hello")
>>> run.retries("Greet")
2

`asl.testing.plugin` is a pytest plugin with a fixture `flows` and a report of the states that the tests covered.
"""

from asl.testing.coverage import Coverage, FlowCoverage
from asl.testing.flow import FlowSource, FlowUnderTest
from asl.testing.mock_config import MockConfig
from asl.testing.remote import RemoteFlow
from asl.testing.run import FlowRun
from asl.testing.started import StartedRun, WaitingTask
from asl.testing.stubs import Task, TaskCall, TaskFailed, UnstubbedTask

__all__ = [
    "Coverage",
    "FlowCoverage",
    "FlowRun",
    "FlowSource",
    "FlowUnderTest",
    "MockConfig",
    "RemoteFlow",
    "StartedRun",
    "Task",
    "TaskCall",
    "TaskFailed",
    "UnstubbedTask",
    "WaitingTask",
]
