"""How far `tools/fetch-speech` is with fetching the voices, which goes on beside the exchange."""

import os
from pathlib import Path

_STATE = "state"
_LONGEST = 300


def state_of(speech_dir: Path) -> str:
    """A sentence on the voices that are on their way; empty if none are.

    The file holds the process id of the fetcher and the sentence. Of a fetcher that is no more nothing is said.
    """
    try:
        pid, _, sentence = (speech_dir / _STATE).read_text(encoding="utf-8").partition(" ")
        os.kill(int(pid), 0)
    except (OSError, ValueError, UnicodeDecodeError, OverflowError):
        return ""
    return sentence.strip()[:_LONGEST]
