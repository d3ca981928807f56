"""What the parts of the cloud need of the Step Functions API."""

from __future__ import annotations

from typing import Any, Protocol


class StepFunctionsService(Protocol):
    """Answers requests: `stepfunctions.Service`, or something in front of it."""

    def handle(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer one request; raises `ServiceError`."""
