"""The user's own part of an error: its message without ids, and the frames of a traceback that are the user's code."""

from __future__ import annotations

import json
import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path

_FRAME = re.compile(r'^ *File "(?P<file>.+?)",? [Ll]ine (?P<line>\d+)(?:, in (?P<function>.+))?$')
_REQUEST = re.compile(r"^RequestId: (?P<id>\S+) Error: ")
_FRAMEWORK = (
    *("app.py", "admin", "asl", "compiler", "infrastructure", "localcloud", "plugin_manager", "rehearsal"),
    *("stepfunctions", "chalicelib"),
)
_USERS = (Path("chalicelib") / "lib",)  # within the framework's folders
LONGEST_MESSAGE = 2000


@dataclass(frozen=True, slots=True)
class Failure:
    """What a person wants to know of an error.

    Attributes:
        message: What went wrong.
        frames: `file:line in function: source`, the innermost last; files of the project by their path in it.
        request_id: The id of the invocation that failed, empty if it was none.
    """

    message: str | None
    frames: tuple[str, ...] = ()
    request_id: str = ""


class OwnFrames:
    """Tells a user's code from that of the framework, of packages and of Python.

    Args:
        root: The project's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._standard = Path(sysconfig.get_path("stdlib")).resolve()

    def of(self, traceback: list[str]) -> tuple[str, ...]:
        """Return the user's frames of a traceback.

        Args:
            traceback: Lines of `traceback.format_list`, split at their ends.
        """
        frames: list[str] = []
        is_own = False
        for line in traceback:
            match = _FRAME.match(line)
            if match is None:
                source = line.strip()
                if is_own and source.strip("~^ "):
                    frames[-1] += f": {source}"
                is_own = False
                continue
            shown = self._shown(match["file"])
            is_own = shown is not None
            if is_own:
                place = f" in {match['function']}" if match["function"] else ""
                frames.append(f"{shown}:{match['line']}{place}")
        return tuple(frames)

    def failure(self, cause: str | None) -> Failure:
        """Return what a person wants to know of the cause of a failed task: Lambda's error document, or any text."""
        document = None
        if cause is not None and cause.startswith("{"):
            try:
                document = json.loads(cause)
            except ValueError:
                document = None
        if not isinstance(document, dict) or "errorMessage" not in document:
            return Failure(_short(cause), request_id=_request_id(cause))
        message = document["errorMessage"]
        text = message if isinstance(message, str) else json.dumps(message)
        stack = document.get("stackTrace")
        lines = [line for entry in stack for line in str(entry).splitlines()] if isinstance(stack, list) else []
        request_id = str(document.get("requestId") or _request_id(text))
        return Failure(_short(_REQUEST.sub("", text)), self.of(lines), request_id)

    def _shown(self, file: str) -> str | None:
        """How a file is shown; None if it is not the user's."""
        path = Path(file)
        if file.startswith("<") or "site-packages" in path.parts or path.is_relative_to(self._standard):
            return None
        if not path.is_relative_to(self._root):
            return file
        inside = path.relative_to(self._root)
        if inside.parts[0] in _FRAMEWORK and not any(inside.is_relative_to(folder) for folder in _USERS):
            return None
        return str(inside)


def _request_id(text: str | None) -> str:
    match = _REQUEST.match(text or "")
    return match["id"] if match else ""


def _short(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST_MESSAGE:
        return text
    return f"{text[:LONGEST_MESSAGE]}... ({len(text)} characters)"
