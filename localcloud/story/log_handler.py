"""Tells log records in the story."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from typing_extensions import override

from localcloud.story.events import Notice
from localcloud.story.frames import OwnFrames


class StoryHandler(logging.Handler):
    """A handler of loggers whose records become notices.

    Of an exception only the user's own frames are told; the whole traceback if there are none, since then the
    framework is at fault.

    Args:
        tell: Takes the notices, and returns at once.
        root: The project's folder.
    """

    def __init__(self, tell: Callable[[Notice], None], root: Path) -> None:
        super().__init__()
        self._tell = tell
        self._own = OwnFrames(root)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        message, *details = record.getMessage().splitlines() or [""]
        if record.exc_info and record.exc_info[1] is not None:
            details += self._of(record.exc_info[1])
        self._tell(Notice(record.created, message, record.levelname.lower(), tuple(details)))

    def _of(self, error: BaseException) -> list[str]:
        for one in reversed(list(_chain(error))):  # the first that happened
            lines = "".join(traceback.format_tb(one.__traceback__)).splitlines()
            if own := self._own.of(lines):
                return [*own, "".join(traceback.format_exception_only(one)).strip()]
        return "".join(traceback.format_exception(error)).splitlines()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
