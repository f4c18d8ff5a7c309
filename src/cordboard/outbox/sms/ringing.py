"""An inbox that tells at once that something has come."""

from collections.abc import Callable, Sequence
from datetime import datetime

from cordboard.outbox.sms.keeping import ReceivedSms, SmsArchive
from cordboard.outbox.sms.ports import IncomingSms, SmsReport


class RingingInbox:
    """Implements `SmsArchive` over another one. Scenarios that wait for an event need not wait for the next look."""

    def __init__(self, archive: SmsArchive, ring: Callable[[], None]) -> None:
        """`ring` is called after each change; it returns at once."""
        self._archive = archive
        self._ring = ring

    async def received(self, line: str, sms: IncomingSms) -> None:
        """See SmsInbox."""
        await self._archive.received(line, sms)
        self._ring()

    async def reported(self, line: str, report: SmsReport) -> None:
        """See SmsInbox."""
        await self._archive.reported(line, report)
        self._ring()

    async def awaited(self, line: str, limit: int = 100) -> Sequence[str]:
        """See SmsArchive."""
        return await self._archive.awaited(line, limit)

    async def tidy(self, now: datetime) -> None:
        """See SmsArchive."""
        await self._archive.tidy(now)
        self._ring()

    async def inbox(self, *, phone: str = "", limit: int = 100) -> Sequence[ReceivedSms]:
        """See SmsArchive."""
        return await self._archive.inbox(phone=phone, limit=limit)
