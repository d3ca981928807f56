"""Reads AWS's MockConfigFile, in which tests for Step Functions Local say what tasks return.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asl.language.values import read_json
from asl.testing.stubs import Task

AddStep = Callable[[Task], object]


@dataclass(frozen=True, slots=True)
class MockConfig:
    """The content of a MockConfigFile: test cases by state machine, and the responses that they name."""

    cases: dict[str, dict[str, dict[str, str]]]
    responses: dict[str, dict[str, Any]]

    @classmethod
    def load(cls, path: str | Path) -> MockConfig:
        """Read a file.

        Raises:
            OSError: It cannot be read.
            ValueError: It is not a MockConfigFile.
        """
        document = read_json(Path(path).read_text(encoding="utf-8-sig"))
        if not isinstance(document, dict) or not isinstance(document.get("StateMachines"), dict):
            raise ValueError(f"{path} is not a MockConfigFile: it has no object StateMachines")
        machines = document["StateMachines"]
        cases = {name: machine.get("TestCases", {}) for name, machine in machines.items()}
        return cls(cases, document.get("MockedResponses", {}))

    def steps(self, machine: str, case: str) -> dict[str, list[AddStep]]:
        """Return the steps of each state's stub, to be called with the stub.

        Args:
            machine: The name of the state machine.
            case: The name of the test case.

        Raises:
            ValueError: There is no such test case, or a response is missing or malformed.
        """
        cases = self.cases.get(machine)
        if cases is None:
            raise ValueError(f"the MockConfigFile has no state machine {machine!r}; it has: {_list(self.cases)}")
        if case not in cases:
            raise ValueError(f"the state machine {machine!r} has no test case {case!r}; it has: {_list(cases)}")
        return {state: list(self._steps(response)) for state, response in cases[case].items()}

    def _steps(self, name: str) -> Iterator[AddStep]:
        response = self.responses.get(name)
        if not isinstance(response, dict) or not response:
            raise ValueError(f"the MockConfigFile has no response {name!r}; it has: {_list(self.responses)}")
        following = 0
        for first, last, what in sorted(_numbered(name, response), key=lambda entry: entry[0]):
            if first != following:
                raise ValueError(f"the response {name!r} says nothing of attempt {following}")
            following = last + 1
            yield _step(name, what, last - first + 1)


def _numbered(name: str, response: dict[str, Any]) -> Iterator[tuple[int, int, Any]]:
    """Yield the first and the last attempt of each entry (`"0"`, `"1-3"`)."""
    for key, what in response.items():
        first, _, last = key.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            raise ValueError(f"the response {name!r} has the key {key!r}: write the attempt, such as 0, or 1-3")
        yield int(first), int(last or first), what


def _step(name: str, what: Any, times: int) -> AddStep:
    if isinstance(what, dict) and "Return" in what:
        return lambda stub: stub.returns(what["Return"], times=times)
    if isinstance(what, dict) and isinstance(what.get("Throw"), dict):
        thrown = what["Throw"]
        return lambda stub: stub.fails(str(thrown.get("Error", "")), str(thrown.get("Cause", "")), times=times)
    raise ValueError(f"the response {name!r} has an attempt without Return or Throw")


def _list(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"
