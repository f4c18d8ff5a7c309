"""A transfer that a simulated phone asks for, as a desk phone does by REFER."""

import asyncio

from cordboard.telephony import EndReason, Leg


class AskedTransfer:
    """Implements `telephony.TransferRequest`, and keeps what the phone is told."""

    def __init__(self, number: str, consulted: Leg | None) -> None:
        self.number = number
        self.consulted = consulted
        self.rings = False
        """Whether it was told that it rings there."""
        self.failure: EndReason | None = None
        self.over = asyncio.Event()
        """Set when it was told how it ended: `failure`, or None if it has come about."""

    def ringing(self) -> None:
        """See TransferRequest."""
        self.rings = self.rings or not self.over.is_set()

    def done(self, failure: EndReason | None = None) -> None:
        """See TransferRequest."""
        if not self.over.is_set():
            self.failure = failure
            self.over.set()
