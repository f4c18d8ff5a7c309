"""What the tests of SMS share: lines that do as they are told, and an inbox in memory."""

import asyncio
from collections.abc import Mapping, Sequence

from cordboard.outbox.sms.ports import IncomingSms, OutgoingSms, SmsInbox, SmsReport


class ScriptedLine:
    """Implements `SmsLine`: each message is noted, and ends as the next of `fates` says (None: taken)."""

    def __init__(self, name: str = "scripted", *fates: Exception | None, seconds: float = 0.0) -> None:
        self._name = name
        self._fates = list(fates)
        self._seconds = seconds
        self.sent: list[OutgoingSms] = []
        self.inboxes: list[SmsInbox] = []
        """One for each time that it was served."""
        self.served = 0
        """How many serve it now."""
        self.breaks = asyncio.Event()
        self.is_up = True
        self.note = ""

    @property
    def name(self) -> str:
        """See SmsLine."""
        return self._name

    @property
    def up(self) -> bool:
        """See SmsLine."""
        return self.is_up

    async def send(self, sms: OutgoingSms) -> Sequence[str]:
        """See SmsLine."""
        self.sent.append(sms)
        await asyncio.sleep(self._seconds)
        fate = self._fates.pop(0) if self._fates else None
        if fate is not None:
            raise fate
        return [f"{self._name}-{len(self.sent)}-{place}" for place, _ in enumerate(sms.parts, 1)]

    async def serve(self, inbox: SmsInbox) -> None:
        """See SmsLine; breaks down when `breaks` is set."""
        self.inboxes.append(inbox)
        self.served += 1
        try:
            await self.breaks.wait()
            self.breaks.clear()
            raise RuntimeError("broken")
        finally:
            self.served -= 1


class DirectLines:
    """What the gateway needs of `SmsLines`, without anything that runs."""

    def __init__(self, *lines: ScriptedLine) -> None:
        self.lines: Mapping[str, ScriptedLine] = {line.name: line for line in lines}

    async def send(self, name: str, sms: OutgoingSms) -> Sequence[str]:
        """See SmsLines.send."""
        return await self.lines[name].send(sms)


class MemoryInbox:
    """Implements `SmsInbox`: notes what it is given."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, IncomingSms]] = []
        self.reports: list[tuple[str, SmsReport]] = []

    async def received(self, line: str, sms: IncomingSms) -> None:
        """See SmsInbox."""
        self.messages.append((line, sms))

    async def reported(self, line: str, report: SmsReport) -> None:
        """See SmsInbox."""
        self.reports.append((line, report))
