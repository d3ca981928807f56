"""The rules that a definition must keep, a file a rule or small family of rules.

Each file lists its rules as `CHECKS` and has a function `check_state`, `check_flow` or `check_machine` that applies
them. Everything is found in one pass; what compiling an expression costs is paid once, its cache serves the engine too.
"""

from __future__ import annotations

from typing import Any

from asl.language.checks import (
    activities,
    choice_rules,
    documents,
    error_handling,
    express,
    fields,
    jsonata_expressions,
    maps,
    names,
    numbers,
    paths,
    query_languages,
    resources,
    static_text,
    templates,
    transitions,
    values,
    variables,
)
from asl.language.checks.base import Check, FlowView, Report, StateView
from asl.language.diagnosis import Diagnosis
from asl.language.model import QueryLanguage

# In the order in which they are applied and reported.
_STATE_MODULES = (
    fields,
    values,
    numbers,
    query_languages,
    paths,
    templates,
    jsonata_expressions,
    choice_rules,
    error_handling,
    maps,
    resources,
    activities,
    static_text,
)
_STATE_CHECKS = tuple(module.check_state for module in _STATE_MODULES)

CHECKS: dict[str, Check] = {
    check.id: check
    for module in (documents, *_STATE_MODULES, express, transitions, names, variables)
    for check in module.CHECKS
}

MAX_NESTING = 64


def run_checks(definition: str | dict[str, Any], machine_type: str) -> list[Diagnosis]:
    """Apply all rules to a definition, given as its JSON text or as the parsed object."""
    report = Report(definition)
    document, repeated = documents.read(definition, report)
    if document is None:
        return report.diagnoses
    report.document = document
    jsonata = document.get("QueryLanguage") not in (None, QueryLanguage.JSONPATH)
    documents.check_machine(document, report)
    walk = _Walk(report, jsonata, machine_type == "EXPRESS")
    machine = FlowView(document, "", None, jsonata)
    walk.flow(machine, 0)
    transitions.check_machine(machine, walk.flows, report)
    names.check_machine(walk.flows, repeated, report)
    variables.check_machine(walk.flows, report)
    return report.diagnoses


class _Walk:
    """Applies the rules of single flows and states, from the top down, and keeps the flows for those of the whole."""

    def __init__(self, report: Report, jsonata: bool, is_express: bool) -> None:
        self.flows: list[FlowView] = []
        self._report = report
        self._jsonata = jsonata
        self._checks = (*_STATE_CHECKS, express.check_state) if is_express else _STATE_CHECKS

    def flow(self, flow: FlowView, depth: int) -> None:
        self.flows.append(flow)
        fields.check_flow(flow, self._report)
        if depth > MAX_NESTING:
            self._report.add(documents.TOO_DEEP, "The states are too deeply nested", flow.pointer)
            return
        for state in flow.states.values():
            for check in self._checks:
                check(state, self._report)
            for inner, pointer in inner_flows(state):
                self.flow(FlowView(inner, pointer, state, self._jsonata), depth + 1)


def inner_flows(state: StateView) -> list[tuple[dict[str, Any], str]]:
    """The branches or the processor of a state, each with its pointer."""
    if state.type == "Parallel":
        return list(state.entries("Branches"))
    if state.type == "Map":
        for field in ("ItemProcessor", "Iterator"):
            processor = state.fields.get(field)
            if isinstance(processor, dict):
                return [(processor, state.at(field))]
    return []
