"""A rule is added by adding one module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from asl.language import checks
from asl.language.checks import registry
from asl.language.checks.registry import CHECKS, RULES, find_rules
from asl.language.checks.running import run_checks

SHOUTING = """
from asl.language.checks.base import Rules, advice
from asl.language.checks.examples import Example, pass_state

QUIET = advice("quiet-comment", "A comment doesn't shout.")


def check_state(state, report):
    if str(state.fields.get("Comment", "")).endswith("!"):
        report.add(QUIET, "Don't shout", state.at("Comment"))


def examples():
    return {"quiet-comment": Example(pass_state(Comment="Go!"), "/States/A/Comment", "", pass_state(Comment="Go."))}


RULES = Rules(checks=(QUIET,), state=check_state, examples=examples)
"""


def test_a_new_module_is_found_and_applied_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "quiet_comments.py").write_text(SHOUTING)
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path)])
    try:
        rules = find_rules()
        assert [each.checks[0].id for each in rules][-1] == "quiet-comment"
        assert rules[:-1] == RULES
        for check, example in rules[-1].examples().items():
            found = run_checks(example.broken, "STANDARD", rules)
            assert [(d.check, d.pointer) for d in found] == [(check, example.pointer)]
            assert run_checks(example.right, "STANDARD", rules) == []
    finally:
        sys.modules.pop("asl.language.checks.quiet_comments", None)


def test_ids_and_places_in_the_order_are_unique() -> None:
    assert len(CHECKS) == sum(len(rules.checks) for rules in RULES)
    assert len({rules.order for rules in RULES}) == len(RULES)
    assert list(registry.examples()) == list(CHECKS)


def test_neither_the_rules_nor_their_examples_are_imported_before_they_are_needed() -> None:
    program = (
        "import sys, asl.language\n"
        "assert not [name for name in sys.modules if name.startswith('asl.language.checks')]\n"
        "asl.language.diagnose({})\n"
        "assert 'asl.language.checks.examples' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
