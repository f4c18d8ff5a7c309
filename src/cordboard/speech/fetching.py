"""How far `tools/fetch-speech` is with fetching the voices, which goes on beside the exchange."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_STATE = "state"
_LONGEST = 300


def state_of(speech_dir: Path) -> str:
    """A sentence on the voices that are on their way; empty if none are.

    The file holds the process id of the fetcher and the sentence. Of a fetcher that is no more nothing is said.
    """
    try:
        pid, _, sentence = (speech_dir / _STATE).read_text(encoding="utf-8").partition(" ")
        os.kill(max(int(pid), 1), 0)
    except (OSError, ValueError, UnicodeDecodeError, OverflowError):
        return ""
    return sentence.strip()[:_LONGEST]


async def follow(speech_dir: Path, warm_up: Callable[[], Awaitable[None]], every: float = 10.0) -> None:
    """Warm the voices up; if more are on their way, log how far they are, and warm them up when they have come."""
    await warm_up()
    told = ""
    while state := state_of(speech_dir):
        if state != told:
            log.info("voices are on their way", state=state)
        told = state
        await asyncio.sleep(every)
    if told:
        log.info("the voices have come")
        await warm_up()
