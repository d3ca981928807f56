"""The checks of flows, one a file. What concerns a definition alone is in `asl.language.checks`."""

from __future__ import annotations

from chalicelib.flows.checks import unknown_handler, unresolved_name
from chalicelib.flows.checks.base import Check

CHECKS: tuple[Check, ...] = (unknown_handler.CHECK, unresolved_name.CHECK)
FILE_CHECKS = tuple(check for check in CHECKS if check.file is not None)
PROJECT_CHECKS = tuple(check for check in CHECKS if check.project is not None)
