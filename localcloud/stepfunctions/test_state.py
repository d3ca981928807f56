"""TestState."""

from __future__ import annotations

from typing import Any

from asl import Engine


class TestStates:
    __test__ = False

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def test(self, request: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError
