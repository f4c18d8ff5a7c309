"""How the running exchange writes its log: lines for people, each beginning with what it is about."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ABOUT = ("chain", "leg", "line", "account")
"""What a line may be about; these come first, in this order."""


def configure_logging(level: str) -> None:
    """Write to the standard error what is at least as grave as `level`."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=number, format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr)
    # httpx2 tells whole addresses, in which a provider's key may stand.
    for chatty in ("alembic", "asyncio", "httpx2", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(number, logging.WARNING))
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.processors.format_exc_info,
            line,
        ],
        cache_logger_on_first_use=True,
    )


def line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """One entry as a line; a traceback follows it. The last processor of structlog."""
    head = f"{event.pop('timestamp', '')} {event.pop('level', '').upper():7}"
    words, trace = event.pop("event", ""), event.pop("exception", "")
    about = " ".join(f"{name} {_shown(event.pop(name))}" for name in _ABOUT if name in event)
    rest = "".join(f" {name}={_shown(value)}" for name, value in event.items())
    text = f"{head} {about + ': ' if about else ''}{words}{rest}"
    return f"{text}\n{trace}" if trace else text


def _shown(value: object) -> str:
    text = str(value)
    # What strangers sent may not begin a line of its own.
    return text if text.isprintable() and " " not in text else repr(text)
