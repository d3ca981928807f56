"""The values on a tested state's way from its input to its output, by the names of the API's InspectionData."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from asl.engine.branch import Branch
from asl.engine.states.base import State
from asl.engine.states.fields import Expression, Fields, Output, PathFields
from asl.engine.states.simple import Pass
from asl.language.scope import MISSING, Scope

# Which states show what, in JSONPath; AWS leaves out the rest.
_SHOW_INPUT_PATH = frozenset({"Choice", "Fail", "Map", "Pass", "Succeed", "Task", "Wait"})
_SHOW_PARAMETERS = frozenset({"Pass", "Task"})
_SHOW_RESULT_PATH = frozenset({"Map", "Parallel", "Pass", "Task"})


class Inspection:
    """What has been seen of a state so far: JSON values by their names in InspectionData."""

    def __init__(self, state: State) -> None:
        self.values: dict[str, Any] = {}
        self.kind = state.kind
        self.jsonata = state.fields.is_jsonata
        self.has_fixed_result = isinstance(state, Pass) and state.result is not MISSING

    def saw_input(self, selected: Any) -> None:
        """The input after InputPath."""
        if not self.jsonata and self.kind in _SHOW_INPUT_PATH:
            self.values["afterInputPath"] = selected

    def saw_arguments(self, arguments: Any) -> None:
        """The payload."""
        if self.jsonata and self.kind == "Task":
            self.values["afterArguments"] = arguments
        elif not self.jsonata and self.kind in _SHOW_PARAMETERS:
            self.values["afterParameters"] = arguments

    def saw_result(self, result: Any) -> None:
        """The raw result."""
        if self.kind == "Task" or (self.has_fixed_result and not self.jsonata):
            self.values["result"] = result

    def saw_output(self, selected: Any, combined: Any) -> None:
        """The result after ResultSelector, and after ResultPath."""
        if not self.jsonata and self.kind in _SHOW_RESULT_PATH:
            self.values["afterResultSelector"] = selected
            self.values["afterResultPath"] = combined


class RecordingFields(Fields):
    """The fields of a state, and an inspection that sees what they make."""

    def __init__(self, fields: Fields, inspection: Inspection) -> None:
        self._fields = fields
        self._inspection = inspection
        self._selected: Any = MISSING
        self.is_jsonata = fields.is_jsonata
        if isinstance(fields, PathFields) and fields.result_selector is not None:
            fields.result_selector = self._remembering(fields.result_selector)

    @override
    def input(self, branch: Branch) -> Any:
        selected = self._fields.input(branch)
        self._inspection.saw_input(selected)
        return selected

    @override
    def arguments(self, branch: Branch, selected: Any) -> Any:
        arguments = self._fields.arguments(branch, selected)
        self._inspection.saw_arguments(arguments)
        return arguments

    @override
    def output(self, branch: Branch, result: Any, bound: int | None) -> Output:
        self._inspection.saw_result(result)
        data, self._selected = branch.data, result
        output = self._fields.output(branch, result, bound)
        fields = self._fields
        if isinstance(fields, PathFields):
            combined = self._selected
            if fields.discard:
                combined = data
            elif fields.result_path is not None:
                combined = fields.result_path.put(data, self._selected)
            self._inspection.saw_output(self._selected, combined)
        return output

    def _remembering(self, selector: Expression) -> Expression:
        def select(scope: Scope) -> Any:
            self._selected = selector(scope)
            return self._selected

        return select
