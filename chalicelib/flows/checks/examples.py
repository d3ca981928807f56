"""For each check of `asl.language`, a flow that breaks it and one that does not."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, str]] = {}
