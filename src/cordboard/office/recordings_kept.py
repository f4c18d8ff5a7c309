"""Recorded talks as rows: what is known of each file, and who has heard it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeptRecording:
    """A recording of a talk. Times are aware, in UTC."""

    chain: str
    leg: str
    file: str
    """The name within the folder of recordings."""
    started: datetime
    rule: str = ""
    """The rule that wanted it; empty: somebody pressed a key, or a program asked."""
    number: str = ""
    """Of the party outside, or of who called inside, in canonical writing."""
    shown: str = ""
    """The same as it was received or dialled."""
    line: str = ""
    user: str = ""
    """The login of the user who talked; of two, who was called."""
    peer: str = ""
    """The login of the other one, if he is one of the office too."""
    keep_until: datetime | None = None
    """None: for ever."""
    ended: datetime | None = None
    """None while it goes on."""
    seconds: float = 0.0
    size: int = 0
    """Bytes."""
    gone: datetime | None = None
    """When the file was deleted."""
    gone_why: str = ""
    id: int = 0
    """Given by the repository, in the order of beginning."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Somebody has heard a recording, or did something else with it."""

    at: datetime
    who: str
    what: str
    """heard, deleted."""


class RecordingRepository(Protocol):
    """Keeps what is known of recordings. Every method that writes is durable when it returns."""

    async def begin(self, recording: KeptRecording) -> int:
        """Add it; returns its id."""

    async def finish(self, id_: int, *, file: str, seconds: float, size: int, ended: datetime) -> None:
        """It is complete. `file`: it may bear another name since it was converted."""

    async def drop(self, id_: int) -> None:
        """Nothing was recorded after all."""

    async def move(self, chain: str, to: str) -> None:
        """Two calls have become one: what belongs to the one chain belongs to the other."""

    async def unfinished(self) -> Sequence[KeptRecording]:
        """Those without an end: at a start, what a crash has cut."""

    async def get(self, id_: int) -> KeptRecording | None:
        """One of them, also if its file is gone."""

    async def find(
        self,
        *,
        chain: str = "",
        number: str = "",
        users: Collection[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int = 0,
        limit: int = 100,
    ) -> Sequence[KeptRecording]:
        """Those whose file is there, the youngest first; empty arguments do not narrow.

        `number` is canonical. `users`: in which one of these logins talks. `since` and `until` bound the beginning.
        `before` is the id of the last one of the page before.
        """

    async def heard(self, id_: int, hearing: Hearing) -> None:
        """Note it."""

    async def hearings(self, id_: int) -> Sequence[Hearing]:
        """Who did what with it, in order."""

    async def expired(self, now: datetime, limit: int = 100) -> Sequence[KeptRecording]:
        """Complete ones whose time is over and whose file is there."""

    async def oldest(self, limit: int = 100) -> Sequence[KeptRecording]:
        """Complete ones whose file is there, the oldest first."""

    async def total(self) -> int:
        """Bytes of all files that are there."""

    async def gone(self, id_: int, at: datetime, why: str) -> bool:
        """Note that the file was deleted. False if it was gone before."""
