"""Diagnoses of definitions in the API's shape: CreateStateMachine's errors, and ValidateStateMachineDefinition."""

from __future__ import annotations

from typing import Any

from asl.language.diagnosis import ADVICE, Diagnosis, Severity, diagnose, refusal_message
from stepfunctions.errors import ServiceError

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
MAX_DIAGNOSTICS = 100


def check_definition(definition: str, machine_type: str, *, root: str = "") -> None:
    """Refuse a definition that has errors.

    Args:
        definition: The definition, as JSON.
        machine_type: STANDARD or EXPRESS.
        root: The JSON pointer that locations in the message are relative to.

    Raises:
        ServiceError: InvalidDefinition, with all errors in one message.
    """
    message = refusal_message(diagnose(definition, machine_type=machine_type), root=root)
    if message is not None:
        raise ServiceError("InvalidDefinition", message)


def validate_state_machine_definition(request: dict[str, Any]) -> dict[str, Any]:
    """ValidateStateMachineDefinition: returns errors only, unless `severity` is WARNING.

    The project's own advice, which AWS doesn't give, is left out.
    """
    found = diagnose(request["definition"], machine_type=request.get("type", "STANDARD"))
    found = [diagnosis for diagnosis in found if diagnosis.code != ADVICE]
    if request.get("severity", "ERROR") == "ERROR":
        found = [diagnosis for diagnosis in found if diagnosis.severity is Severity.ERROR]
    limit = request.get("maxResults") or MAX_DIAGNOSTICS
    return {
        "result": "FAIL" if any(d.severity is Severity.ERROR for d in found) else "OK",
        "diagnostics": [_render(diagnosis) for diagnosis in found[:limit]],
        "truncated": len(found) > limit,
    }


def _render(diagnosis: Diagnosis) -> dict[str, Any]:
    rendered = {"severity": str(diagnosis.severity), "code": diagnosis.code, "message": diagnosis.message}
    if diagnosis.location:
        rendered["location"] = diagnosis.location
    return rendered
