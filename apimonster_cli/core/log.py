"""Logging: structlog to stderr, in lines for people in a terminal and as JSON lines otherwise."""

import logging
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from apimonster_cli.core.redact import Redactor

if TYPE_CHECKING:
    import structlog

_lock = threading.Lock()
_wanted: list[Callable[[], None]] = []
"""What `configure` was asked for, until the first line is written: structlog takes a fifth of the time that a start may take."""


def configure(redactor: Redactor, *, json_lines: bool | None = None, warnings_only: bool = False) -> None:
    """Set up logging for this process; every line passes through `redactor` before it is written, and shows no phone and no e-mail.

    warnings_only: for a command that has a progress bar where the daemon has its log.
    """
    least = logging.WARNING if warnings_only else logging.INFO
    with _lock:
        _wanted[:] = [lambda: _configure(redactor, json_lines=json_lines, least=least)]


def get() -> "structlog.stdlib.BoundLogger":
    """Return the logger; keyword arguments are fields: event_id, delivery_id, bundle, step, connection."""
    import structlog

    if _wanted:
        with _lock:
            if _wanted:
                _wanted[0]()
                _wanted.clear()  # not before: another thread would write unredacted, to where structlog does by itself
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    return logger


def _without_people(redactor: Redactor) -> "structlog.types.Processor":
    """Return what masks phones and e-mails: services quote them in errors, and a thing may go by one."""
    from apimonster_cli.core.personal import in_text

    def masked(_logger: Any, _method: str, event: "structlog.types.EventDict") -> "structlog.types.EventDict":
        for name, value in event.items():
            if isinstance(value, str) and in_text(value, free=True) != value:
                event[name] = in_text(redactor.text(value), free=True)  # half a secret would not be known as one later
        return event

    return masked


def _configure(redactor: Redactor, *, json_lines: bool | None, least: int) -> None:
    import structlog

    for_machines = not sys.stderr.isatty() if json_lines is None else json_lines
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if for_machines
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )

    def redacted(logger: Any, method: str, event: "structlog.types.EventDict") -> str:
        return redactor.text(str(renderer(logger, method, event)))

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            _without_people(redactor),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("message") if for_machines else _as_it_is,
            redacted,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: _Lines(sys.stderr),
        cache_logger_on_first_use=False,
    )


class _Lines:
    """Writes lines to a stream. A full disk or a closed pipe behind it costs the line, not the delivery it tells of."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        """Write one line, if that can be done."""
        with suppress(OSError, ValueError):
            # With its end, which print would write apart: lines of several threads would get mixed.
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = error = critical = write


def _as_it_is(_logger: Any, _method: str, event: "structlog.types.EventDict") -> "structlog.types.EventDict":
    return event
