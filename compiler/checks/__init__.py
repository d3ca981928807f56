"""The checks of flow files, one a module: each module here with a `CHECK` is one, and nothing else lists them.

To add a check, add a module named after its id (`missing-key` is `missing_key.py`). The command line, the reports and
the tests find it, and its examples are tested. The checks of definitions are in `asl.language.checks`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from compiler.checks.base import Check

_WITHOUT_CHECK = frozenset({"base", "listing"})


def _checks_here() -> tuple[Check, ...]:
    names = sorted(module.name for module in iter_modules(__path__) if module.name not in _WITHOUT_CHECK)
    return tuple(import_module(f"{__name__}.{name}").CHECK for name in names)


CHECKS: tuple[Check, ...] = _checks_here()
FILE_CHECKS = tuple(check for check in CHECKS if check.file is not None)
PROJECT_CHECKS = tuple(check for check in CHECKS if check.project is not None)
SILENCEABLE_ERRORS = frozenset(check.id for check in CHECKS if check.silenceable)
