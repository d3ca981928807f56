"""Statements of `permissions` that IAM rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity
from compiler.placeholders import PLACEHOLDER

_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_ARN = re.compile(r"\*|arn:[^:]+:[^:]+:[^:]*:[^:]*:.+", re.DOTALL)


def _file(view: FileView) -> Iterator[Finding]:
    written = view.flow.written_permissions
    lists = {"": written} if isinstance(written, list) else {"/allow": None, "/deny": None} | _members(written)
    for at, statements in lists.items():
        for index, statement in enumerate(statements or ()):
            pointer = f"/permissions{at}/{index}"
            if isinstance(statement, str):
                yield from _check("Action", [statement], pointer)
                continue
            for key in ("Action", "Resource"):
                value = statement[key]
                values, inner = (value, "/{}") if isinstance(value, list) else ([value], "")
                yield from _check(key, values, f"{pointer}/{key}{inner}")
            sid = statement.get("Sid", "")
            if not re.fullmatch("[A-Za-z0-9]*", sid):
                yield Finding(f"{pointer}/Sid", f"Invalid Sid {sid!r}: only letters and digits are allowed.")


def _members(written: Any) -> dict[str, Any]:
    return {f"/{key}": value for key, value in written.items()} if isinstance(written, dict) else {}


def _check(key: str, values: list[str], pointer: str) -> Iterator[Finding]:
    for index, text in enumerate(values):
        at = pointer.replace("{}", str(index))
        if key == "Action" and not _ACTION.fullmatch(text):
            yield Finding(at, f"Invalid IAM action {text!r}.", "use SERVICE:ACTION, such as s3:GetObject")
        elif key == "Resource" and not PLACEHOLDER.match(text) and not _ARN.fullmatch(_filled(text)):
            yield Finding(at, f"Invalid ARN {text!r}.", "use an ARN such as arn:aws:s3:::BUCKET/*, or ${NAME}")


def _filled(text: str) -> str:
    return PLACEHOLDER.sub("name", text)


CHECK = Check(
    id="iam-statement",
    severity=Severity.ERROR,
    summary="An action or resource in `permissions` is invalid",
    description=(
        "An action is SERVICE:ACTION, a resource an ARN; both may contain `*` and `?`. IAM rejects a role with "
        "anything else, and the deployment fails."
    ),
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html",
    wrong=flow(tail="permissions:\n  - Action: GetObject  # <-\n    Resource: arn:aws:s3:::reports/*\n"),
    right=flow(tail="permissions:\n  - Action: s3:GetObject\n    Resource: arn:aws:s3:::reports/*\n"),
    file=_file,
)
