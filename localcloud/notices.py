"""What the cloud has to say of itself: that a flow is broken, that a delivery failed, that nothing can be kept.

It goes through the logger `localcloud`. Its handler writes to standard error, unless whoever runs the cloud has put
another one in its place.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging import INFO, WARNING

from typing_extensions import override

__all__ = ["INFO", "WARNING", "handled_by", "notice"]


class _ToStandardError(logging.Handler):
    """Writes the message as it is, to what is standard error at that time."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(record.getMessage() + "\n")


_logger = logging.getLogger("localcloud")
_logger.setLevel(INFO)
_logger.propagate = False
_logger.addHandler(_ToStandardError())


def notice(text: str, level: int = WARNING) -> None:
    """Say something.

    Args:
        text: The message; further lines belong to it.
        level: `WARNING`, or `INFO` for what went as it should.
    """
    _logger.log(level, "%s", text)


@contextmanager
def handled_by(handler: logging.Handler) -> Iterator[None]:
    """Let another handler have the notices meanwhile."""
    previous, _logger.handlers = _logger.handlers, [handler]
    try:
        yield
    finally:
        _logger.handlers = previous
