"""Messages in memory: for the simulator and for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cordboard.office.voicemail import VoicemailMessage


@dataclass
class HeldVoicemail:
    """Implements `office.voicemail.VoicemailRepository` in memory. `orders` holds mails and notices."""

    messages: dict[int, VoicemailMessage] = field(default_factory=dict)
    begun: dict[int, VoicemailMessage] = field(default_factory=dict)
    """Those that are being spoken."""
    orders: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    passing: set[int] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    """Messages whose mails were taken."""
    _last: int = 0

    async def begin(self, message: VoicemailMessage) -> int:
        """See VoicemailRepository."""
        self._last += 1
        self.begun[self._last] = replace(message, id=self._last)
        return self._last

    async def unfinished(self) -> Sequence[VoicemailMessage]:
        """See VoicemailRepository."""
        return list(self.begun.values())

    async def add(
        self,
        message: VoicemailMessage,
        *,
        mail: Mapping[str, Any] | None = None,
        notice: Mapping[str, Any] | None = None,
        passing: bool = False,
    ) -> int:
        """See VoicemailRepository."""
        for each in self.messages.values():
            if each.file == message.file:
                return each.id
        id_ = next((each.id for each in self.begun.values() if each.file == message.file), 0)
        if not id_:
            id_ = self._last = self._last + 1
        self.begun.pop(id_, None)
        self.messages[id_] = replace(message, id=id_)
        self.orders += [(kind, order) for kind, order in (("mail", mail), ("notice", notice)) if order is not None]
        if passing:
            self.passing.add(id_)
        return id_

    async def of(self, boxes: Sequence[str]) -> Sequence[VoicemailMessage]:
        """See VoicemailRepository."""
        found = [each for each in self.messages.values() if each.box in boxes]
        return sorted(found, key=lambda each: (each.heard is not None, each.id))

    async def get(self, id_: int) -> VoicemailMessage | None:
        """See VoicemailRepository."""
        return self.messages.get(id_)

    async def counts(self, boxes: Sequence[str]) -> tuple[int, int]:
        """See VoicemailRepository."""
        found = [each.heard is None for each in self.messages.values() if each.box in boxes]
        return sum(found), len(found) - sum(found)

    async def mark(self, id_: int, heard: datetime | None) -> bool:
        """See VoicemailRepository."""
        if id_ not in self.messages:
            return False
        self.messages[id_] = replace(self.messages[id_], heard=heard)
        return True

    async def remove(self, id_: int) -> bool:
        """See VoicemailRepository."""
        return (self.messages.pop(id_, None) or self.begun.pop(id_, None)) is not None

    async def mailed(self, limit: int = 100) -> Sequence[VoicemailMessage]:
        """See VoicemailRepository."""
        return [self.messages[id_] for id_ in sorted(self.passing & self.taken) if id_ in self.messages][:limit]

    async def before(self, box: str, moment: datetime, limit: int = 100) -> Sequence[VoicemailMessage]:
        """See VoicemailRepository."""
        return [each for each in self.messages.values() if each.box == box and each.at < moment][:limit]

    async def boxes(self) -> Sequence[str]:
        """See VoicemailRepository."""
        return sorted({each.box for each in self.messages.values()})
