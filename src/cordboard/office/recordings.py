"""The folder in which recordings are kept."""

import asyncio
import re
import sys
import wave
from array import array
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Protocol

_STRANGE = re.compile(r"[^A-Za-z0-9-]+")
_BLOCK = 0.02
"""Seconds that are judged together."""
_LOUD = 500
"""The amplitude, of 32767, from which a block counts as voice: -36 dB. The noise of a line is at about -50 dB."""


class RecordingNotes(Protocol):
    """Notes what is recorded of living calls."""

    def recorded(self, chain: str, file: str) -> None:
        """A recording of that call begins, by its name within the folder."""

    def discarded(self, file: str) -> None:
        """It was nothing."""


class RecordingFolder:
    """Implements `office.ports.Recordings`: a folder a day, and in it files by time and call."""

    def __init__(self, folder: Path, notes: RecordingNotes | None = None) -> None:
        self._folder = folder.resolve()
        self._notes = notes

    def new(self, chain: str, at: datetime) -> str:
        """See Recordings. The empty file is there at once: that is how a name is taken, by other nodes as well."""
        call = _STRANGE.sub("-", chain).strip("-")
        day = self._folder / f"{at:%Y-%m-%d}"
        day.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            path = day / f"{at:%H-%M-%S}-{call}{f'-{number}' if number > 1 else ''}.wav"
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                continue
            name = path.relative_to(self._folder).as_posix()
            if self._notes is not None:
                self._notes.recorded(chain, name)
            return name
        raise AssertionError("count has no end")

    def path(self, name: str) -> Path:
        """See Recordings."""
        path = (self._folder / name).resolve()
        if not name or not path.is_relative_to(self._folder):
            raise ValueError(f"the recording {name!r} lies outside the folder {self._folder}")
        return path

    def discard(self, name: str) -> None:
        """See Recordings."""
        self.path(name).unlink(missing_ok=True)
        if self._notes is not None:
            self._notes.discarded(name)

    async def has_voice(self, name: str, seconds: float) -> bool:
        """See Recordings. Reads no more than it needs: a silent minute takes 40 ms, in small steps."""
        wanted, loud = seconds / _BLOCK, 0
        try:
            with wave.open(str(self.path(name)), "rb") as file:
                block = max(1, round(file.getframerate() * _BLOCK)) * file.getnchannels()
                while loud < wanted and (raw := file.readframes(file.getframerate())):
                    loud += _loud_blocks(array("h", raw), block)
                    await asyncio.sleep(0)
        except (FileNotFoundError, wave.Error, EOFError):
            return False
        return loud >= wanted


def _loud_blocks(samples: "array[int]", block: int) -> int:
    """How many blocks have a loud sample."""
    if sys.byteorder == "big":
        samples.byteswap()
    blocks = (samples[start : start + block] for start in range(0, len(samples), block))
    return sum(max(each) >= _LOUD or min(each) <= -_LOUD for each in blocks)
