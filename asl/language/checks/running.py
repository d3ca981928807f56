"""Applies the rules to a definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asl.language.checks import documents
from asl.language.checks.base import FlowView, MachineView, Report, Rules
from asl.language.checks.registry import RULES
from asl.language.diagnosis import Diagnosis

MAX_NESTING = 64


def run_checks(definition: str | dict[str, Any], machine_type: str, rules: Sequence[Rules] = RULES) -> list[Diagnosis]:
    """Apply rules to a definition.

    Args:
        definition: Its JSON text, or the parsed object.
        machine_type: STANDARD or EXPRESS.
        rules: The rules, in the order in which their diagnoses are listed.
    """
    report = Report(definition)
    document, repeated = documents.read(definition, report)
    if document is None:
        return report.diagnoses
    report.document = document
    machine = MachineView(document, machine_type == "EXPRESS", repeated)
    for each in rules:
        if each.document is not None:
            each.document(document, report)
    _Walk(machine, rules, report).flow(FlowView(document, "", None, machine), 0)
    for each in rules:
        if each.machine is not None:
            each.machine(machine, report)
    return report.diagnoses


class _Walk:
    """Applies the rules of single flows and states from the top down, and lists the flows in the machine's view."""

    def __init__(self, machine: MachineView, rules: Sequence[Rules], report: Report) -> None:
        self._machine = machine
        self._report = report
        self._flow_checks = [each.flow for each in rules if each.flow is not None]
        self._state_checks = [each.state for each in rules if each.state is not None]

    def flow(self, flow: FlowView, depth: int) -> None:
        self._machine.flows.append(flow)
        for check_flow in self._flow_checks:
            check_flow(flow, self._report)
        if depth > MAX_NESTING:
            self._report.add(documents.TOO_DEEP, "The states are too deeply nested", flow.pointer)
            return
        for state in flow.states.values():
            for check_state in self._state_checks:
                check_state(state, self._report)
            for inner, pointer in state.inner_flows():
                self.flow(FlowView(inner, pointer, state, self._machine), depth + 1)
