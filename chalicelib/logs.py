"""Configures logging: Lambda's own handler, or standard error."""

from __future__ import annotations

import logging

from chalicelib.settings import settings


def configure() -> None:
    """Give the application's loggers a level and, where the process has none, a handler."""
    logger = logging.getLogger("chalicelib")
    level = logging.getLevelName(settings.log_level)
    logger.setLevel(level if isinstance(level, int) else logging.INFO)
    if not logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
