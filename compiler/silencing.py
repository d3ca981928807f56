"""Comments that silence a check: `# flows: ignore[no-retry] the callee is idempotent and retried by its caller`.

A comment at the end of a line applies to that line; one on its own line applies to the next line that is not a comment.
The reason is required: it tells readers why the check does not apply.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from compiler.diagnostic import Diagnostic, Position, Severity
from compiler.source import Source

_COMMENT = re.compile(r"(?:^|\s)#\s*flows:\s*ignore\b(?:\[(?P<checks>[^\]]*)\])?(?P<reason>.*)$")


@dataclass(frozen=True, slots=True)
class Silence:
    """One such comment: the checks that it silences, the line, the reason, and the position of the comment."""

    checks: tuple[str, ...]
    line: int
    reason: str
    position: Position


def find_silences(source: Source) -> tuple[Silence, ...]:
    """Return the silencing comments of a file."""
    if "flows:" not in source.text:
        return ()
    lines = source.text.split("\n")
    found = []
    for number, line in enumerate(lines, 1):
        match = _COMMENT.search(line)
        if match is None or source.is_in_string(number, line.index("#", match.start()) + 1):
            continue
        target = number
        if line.lstrip().startswith("#"):
            while target < len(lines) and (not lines[target].strip() or lines[target].lstrip().startswith("#")):
                target += 1
            target += 1
        checks = tuple(name.strip() for name in (match["checks"] or "").split(",") if name.strip())
        start = line.index("#", match.start()) + 1
        position = Position(number, start, number, len(line) + 1)
        reason = match["reason"].partition(" #")[0].strip(" :-")
        found.append(Silence(checks, target, reason, position))
    return tuple(found)


def apply_silences(
    file: str, diagnostics: Iterable[Diagnostic], silences: Iterable[Silence], silenceable_errors: Collection[str]
) -> list[Diagnostic]:
    """Return the findings that no comment silences, and what is wrong with the comments.

    Args:
        file: The file, relative to the project.
        diagnostics: Its findings.
        silences: Its silencing comments.
        silenceable_errors: The ids of the checks whose errors may be silenced; other errors stop the deployment.
    """
    kept = list(diagnostics)
    for silence in silences:
        problem = ""
        if not silence.checks:
            problem = "The comment names no check; write `# flows: ignore[CHECK] REASON`."
        elif not silence.reason:
            problem = "The comment gives no reason; write why the check does not apply here."
        if problem:
            kept.append(Diagnostic("silence-without-reason", Severity.ERROR, problem, file, silence.position))
            continue
        for check in silence.checks:
            silenced = [item for item in kept if item.line == silence.line and item.check == check]
            if not silenced:
                message = f"{check!r} finds nothing on line {silence.line}."
                kept.append(
                    Diagnostic(
                        "unused-silence", Severity.ADVICE, message, file, silence.position, hint="remove the comment"
                    )
                )
            elif silenced[0].severity is Severity.ERROR and check not in silenceable_errors:
                message = f"{check!r} is an error that stops the deployment and can't be silenced."
                kept.append(Diagnostic("silence-without-reason", Severity.ERROR, message, file, silence.position))
            else:
                kept = [item for item in kept if item not in silenced]
    return kept
