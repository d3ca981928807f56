"""Input and output processing: the fields that select a state's input and make its output, in both query languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from asl.engine.branch import Branch
from asl.engine.failures import too_large
from asl.engine.jsontext import PAYLOAD_LIMIT, size_bound
from asl.language.jsonpath import ReferencePath
from asl.language.scope import MISSING, Scope

Expression = Callable[[Scope], Any]
Output = tuple[Any, int, Mapping[str, Any] | None]


class Fields:
    """The fields of one state."""

    is_jsonata = False

    def input(self, branch: Branch) -> Any:
        """What the state's own fields see: the input after InputPath, or the raw input in JSONata."""
        raise NotImplementedError

    def arguments(self, branch: Branch, selected: Any) -> Any:
        """The payload: Parameters, or Arguments; the selected input where the state has none."""
        raise NotImplementedError

    def output(self, branch: Branch, result: Any, bound: int | None) -> Output:
        """The output, an upper bound of its bytes and the variables to assign, made of a result.

        Raises `StateFailure` (States.DataLimitExceeded) if the output is too large.
        """
        raise NotImplementedError


def within_limit(branch: Branch, output: Any, bound: int | None) -> int:
    """An upper bound of the output's bytes that is within the limit; `StateFailure` if there is none."""
    if bound is None or bound > PAYLOAD_LIMIT:
        bound = size_bound(output)
        if bound > PAYLOAD_LIMIT:
            raise too_large(branch.state.name)
    return bound


def variables(branch: Branch, assign: Expression | None, scope: Scope) -> Mapping[str, Any] | None:
    """What `Assign` assigns, if there is one: no more bytes than a document may have."""
    if assign is None:
        return None
    assigned: Mapping[str, Any] = assign(scope)
    if size_bound(assigned) > PAYLOAD_LIMIT:
        raise too_large(branch.state.name, "assigned variables")
    return assigned


@dataclass(kw_only=True, eq=False)
class PathFields(Fields):
    """InputPath, Parameters, ResultSelector, ResultPath, OutputPath and Assign of a JSONPath state.

    `discard` means that ResultPath is null. `shrinks` means that OutputPath selects one part of the output.
    `passes_result` means that the result is the output, unchanged.
    """

    input_path: Expression | None = None
    parameters: Expression | None = None
    result_selector: Expression | None = None
    result_path: ReferencePath | None = None
    discard: bool = False
    output_path: Expression | None = None
    shrinks: bool = True
    assign: Expression | None = None

    def __post_init__(self) -> None:
        self.passes_result = not (
            self.result_selector or self.result_path or self.discard or self.output_path or self.assign
        )

    def input(self, branch: Branch) -> Any:
        """See `Fields`."""
        if self.input_path is None:
            return branch.data
        return self.input_path(branch.scope(branch.data))

    def arguments(self, branch: Branch, selected: Any) -> Any:
        """See `Fields`."""
        if self.parameters is None:
            return selected
        return self.parameters(branch.scope(selected))

    def output(self, branch: Branch, result: Any, bound: int | None) -> Output:
        """See `Fields`."""
        if self.passes_result:
            return result, within_limit(branch, result, bound), None
        if self.result_selector is not None:
            result = self.result_selector(branch.scope(result))
            bound = None
        assigned = None if self.assign is None else variables(branch, self.assign, branch.scope(result))
        if self.discard:
            output = branch.data
            bound = branch.size
        elif self.result_path is not None:
            output = self.result_path.put(branch.data, result)
            bound = None if bound is None else bound + branch.size + 6 * len(self.result_path.text) + 8
        else:
            output = result
        if self.output_path is not None:
            output = self.output_path(branch.scope(output))
            if not self.shrinks:
                bound = None
        return output, within_limit(branch, output, bound), assigned


class JsonataFields(Fields):
    """Arguments, Output and Assign of a JSONata state."""

    is_jsonata = True

    def __init__(
        self,
        *,
        arguments: Expression | None = None,
        output: Expression | None = None,
        assign: Expression | None = None,
        has_result: bool = True,
    ) -> None:
        self._arguments = arguments
        self._output = output
        self._assign = assign
        self._has_result = has_result

    def input(self, branch: Branch) -> Any:
        """See `Fields`."""
        return branch.data

    def arguments(self, branch: Branch, selected: Any) -> Any:
        """See `Fields`."""
        if self._arguments is None:
            return selected
        return self._arguments(branch.scope(selected))

    def output(self, branch: Branch, result: Any, bound: int | None) -> Output:
        """See `Fields`."""
        if self._output is None and self._assign is None:
            return result, within_limit(branch, result, bound), None
        scope = branch.scope(branch.data, result if self._has_result else MISSING)
        assigned = variables(branch, self._assign, scope)
        if self._output is None:
            return result, within_limit(branch, result, bound), assigned
        output = self._output(scope)
        return output, within_limit(branch, output, None), assigned


class JsonataCatchFields(Fields):
    """Output and Assign of a catcher in a JSONata state; the result is the error output."""

    is_jsonata = True

    def __init__(self, output: Expression | None, assign: Expression | None) -> None:
        self._output = output
        self._assign = assign

    def output(self, branch: Branch, result: Any, bound: int | None) -> Output:
        """See `Fields`."""
        scope = branch.scope(branch.data, MISSING, result)
        assigned = variables(branch, self._assign, scope)
        output = self._output(scope) if self._output is not None else result
        return output, within_limit(branch, output, None), assigned
