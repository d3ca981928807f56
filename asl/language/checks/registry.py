"""All rules: the `RULES` of every module in this package."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from asl.language import checks
from asl.language.checks.base import Check, Rules

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_WITHOUT_RULES = frozenset({"base", "examples", "registry", "running"})


def find_rules() -> tuple[Rules, ...]:
    """Import the modules of this package and return their rules, in the order in which they are applied."""
    names = sorted(module.name for module in iter_modules(checks.__path__) if module.name not in _WITHOUT_RULES)
    modules = [import_module(f"{checks.__name__}.{name}") for name in names]
    return tuple(sorted((module.RULES for module in modules), key=lambda rules: rules.order))


RULES = find_rules()
CHECKS: dict[str, Check] = {check.id: check for rules in RULES for check in rules.checks}


def examples() -> dict[str, Example]:
    """Return the examples of all rules, by the ids of the rules."""
    return {check: example for rules in RULES for check, example in rules.examples().items()}
