"""The leg of a call that was not made: it never was on any wire, and the call log knows nothing of it."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cordboard.telephony import (
    Clock,
    ConnectionRecord,
    Direction,
    EndReason,
    LegLife,
    LegRecord,
    LegState,
    LineTarget,
    LivingLeg,
    Party,
    Played,
    PlayEnd,
    Sound,
    Target,
)


class BarredLeg(LivingLeg):
    """Implements `telephony.Leg`: it has ended as UNREACHABLE before anybody gets it."""

    def __init__(self, targets: Sequence[Target], *, caller: Party, chain: str, now: datetime) -> None:
        first = next((target for target in targets if isinstance(target, LineTarget)), None)
        record = LegRecord(
            id=uuid.uuid4().hex,
            chain=chain or uuid.uuid4().hex,
            direction=Direction.OUTBOUND,
            state=LegState.CALLING,
            caller=caller,
            dialled=first.number if first is not None else "",
            account="",
            line=first.line if first is not None else "",
            started=now,
        )
        super().__init__(LegLife(record, _Nobody(), _Then(now)))
        self.life.end(EndReason.UNREACHABLE)

    async def ring(self) -> None:
        """See telephony.Leg. Nothing, as all that follows."""

    async def early_media(self) -> bool:
        """See telephony.Leg."""
        return False

    async def answer(self) -> bool:
        """See telephony.Leg."""
        return False

    async def reject(self, reason: EndReason) -> None:
        """See telephony.Leg."""

    async def hang_up(self, reason: EndReason = EndReason.HUNG_UP) -> None:
        """See telephony.Leg."""

    async def play(self, sounds: Sequence[Sound], *, interrupt: str = "") -> Played:  # noqa: ARG002 - the port's words
        """See telephony.Leg."""
        return Played(PlayEnd.STOPPED)

    async def background(self, sounds: Sequence[Sound]) -> None:
        """See telephony.Leg."""

    async def send_digits(self, digits: str) -> None:
        """See telephony.Leg."""

    async def record_to(
        self,
        path: Path,  # noqa: ARG002 - the port's words
        *,
        limit: float = 3600.0,  # noqa: ARG002 - the port's words
        stop_on: str = "",  # noqa: ARG002 - the port's words
        silence: float | None = None,  # noqa: ARG002 - the port's words
    ) -> float:
        """See telephony.Leg."""
        return 0.0

    async def start_recording(self, path: Path, *, stereo: bool = False) -> bool:  # noqa: ARG002 - the port's words
        """See telephony.Leg."""
        return False

    async def stop_recording(self) -> float:
        """See telephony.Leg."""
        return 0.0


class _Nobody:
    def leg_changed(self, record: LegRecord) -> None:
        pass

    def connection_changed(self, record: ConnectionRecord) -> None:
        pass


class _Then(Clock):
    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment
