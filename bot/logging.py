"""Structured logs: one JSON object a line, events and numbers, never anybody's words or ids."""

from __future__ import annotations

import logging
import sys

import structlog

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
# These log whole URLs, and WeChat's and Telegram's URLs carry signatures, openids and tokens.
QUIET = ("httpx", "httpx2", "httpcore", "httpcore2", "uvicorn.access", "telegram", "apscheduler")


def set_up_logging(level: str) -> None:
    """Send structlog, and the standard library's loggers, to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_values,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        level=LEVELS[level], stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_values(
    _logger: object, _name: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """A traceback shows where; an exception's text may quote what somebody wrote, so it goes."""
    error = event.pop("exc_info", None)
    if error:
        found = sys.exc_info() if error is True else error
        trace = found[2] if isinstance(found, tuple) else getattr(found, "__traceback__", None)
        frames = []
        while trace is not None:
            frames.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
            trace = trace.tb_next
        event["frames"] = frames[-8:]
    return event
