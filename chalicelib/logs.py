"""Configures logging: Lambda's own handler, or standard error.

A deployed stage logs JSON, by its functions' `LoggingConfig`. Lambda's handler writes each record as an object with the
request's id, and any attributes that were added to the record: the ids of its trace and of its run.
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import logging
from typing import Any

from chalicelib.settings import settings

_NOISY = ("boto3", "botocore", "s3transfer", "urllib3")
"""Libraries that at the level DEBUG would log what they send and receive, secrets included."""


def configure() -> None:
    """Give the application's loggers a level and, where the process has none, a handler."""
    if settings.on_lambda:
        logging.setLogRecordFactory(identified)
        for name in _NOISY:
            logging.getLogger(name).setLevel(logging.WARNING)
    logger = logging.getLogger("chalicelib")
    level = logging.getLevelName(settings.log_level)
    logger.setLevel(level if isinstance(level, int) else logging.INFO)
    if not logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)


def identified(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """Return a log record with the ids of the trace (`traceId`) and of the run that it belongs to (`runId`), if any.

    A function of a flow that another flow started has the id of the run in which all began.
    """
    record = logging.LogRecord(*args, **kwargs)
    header = settings.trace_header
    if header:
        from chalicelib.runs.trace import execution_id_of, root_of

        trace = root_of(header)
        run = None if trace is None else execution_id_of(trace)
        for name, value in (("traceId", trace), ("runId", run)):
            if value is not None:
                setattr(record, name, value)
    return record
