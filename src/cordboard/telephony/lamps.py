"""Lamps on phones: who talks, and whose voicemail has something new."""

from enum import StrEnum
from typing import Protocol


class Lamp(StrEnum):
    """What the lamp of a number shows."""

    FREE = "free"
    RINGING = "ringing"
    BUSY = "busy"


class Lamps(Protocol):
    """Keeps what each lamp shows, and tells the phones that watch it (RFC 4235, RFC 3842). Returns at once."""

    def show(self, number: str, lamp: Lamp) -> None:
        """The lamp of an internal number, a parking place, a room. One that was never shown is free."""

    def show_messages(self, account: str, new: int, old: int) -> None:
        """How many messages wait for the owner of that phone account, not heard and heard."""
