"""A queue over real SIP and RTP on loopback. Everybody is known by the tone that his phone sends."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cordboard.office.calendar import OfficeCalendar
from cordboard.office.callback_calls import CallbackCalls
from cordboard.office.callback_rules import CallbackRules
from cordboard.office.callbacks import QueuePlaces
from cordboard.office.directory import OfficeDirectory
from cordboard.office.model import OfficeData, User, UserPhone
from cordboard.office.queue.model import Group
from cordboard.office.queue.ports import QueueExit, Wish
from cordboard.office.queue.service import QueueService
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.telephony import Leg, Sound, SystemClock, Tone
from cordboard.testing.callbacks import MemoryCallbacks
from cordboard.testing.office import HeldOffice, loaded_directory
from cordboard.testing.queue import HeldPeople
from cordboard.testing.real_exchange import Accounts, Office, RealExchange, RealPhone, open_office

MUSIC = 800.0
NUMBERS = ("101", "102", "103", "104", "105")


class ToneAnnouncer:
    """Implements `office.queue.ports.Announcer`: music is a tone of MUSIC, an announcement one of 1800 Hz."""

    async def music(self, name: str, language: str) -> Sequence[Sound]:  # noqa: ARG002  (one music for all)
        """See Announcer."""
        return (Tone((MUSIC,), on=3600.0),)

    async def position(self, leg: Leg, place: int, wait: float | None, language: str, *, key: str = "") -> None:  # noqa: ARG002
        """See Announcer. Who hears the tone, is told."""
        await leg.play([Tone((1800.0,), on=0.6)])

    async def promised(self, leg: Leg, language: str) -> None:  # noqa: ARG002  (see above)
        """See Announcer."""
        await leg.play([Tone((1800.0,), on=0.6)])


class _NoScenarios:
    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:  # noqa: ARG002  (there are none)
        raise LookupError(name)


@dataclass
class WireQueue:
    """What is at work. Users `u101` … have a phone each; a caller's priority is the last digit of what he dials."""

    office: Office
    x: RealExchange
    queues: QueueService
    people: HeldPeople
    directory: OfficeDirectory
    exits: list[tuple[str, QueueExit]]
    callbacks: MemoryCallbacks

    async def calls(self, account: str, number: str, hz: float) -> RealPhone:
        """A phone calls the queue."""
        return await self.x.call_in(number, account=account, hz=hz)

    def rung(self, account: str) -> int:
        """How often that phone was rung."""
        return len({leg.id for leg in self.office.listener.legs if leg.account == account and leg.dialled == account})

    def waiting(self) -> list[str]:
        """The accounts of those who wait, in the order of being served."""
        return [each.number for each in self.queues.live()[0].waiting]

    def talks(self) -> dict[str, str]:
        """Who talks with whom."""
        return dict(self.queues.live()[0].talks)


@asynccontextmanager
async def wire_queue(folder: Path, group: Group, *, silence: float = 20.0) -> AsyncIterator[WireQueue]:
    """A queue whose callers come from any phone, for as long as the context lasts."""
    data = OfficeData(
        users=tuple(User(f"u{each}", f"User {each}", each) for each in NUMBERS),
        phones=tuple(UserPhone(each, f"u{each}", "") for each in NUMBERS),
        documents=(group, CallbackRules(name="default", quiet="")),
    )
    directory = await loaded_directory(HeldOffice(data))
    people = HeldPeople(*(f"u{each}" for each in NUMBERS))
    exits: list[tuple[str, QueueExit]] = []
    async with open_office(
        folder, Accounts(*NUMBERS), rtp_ports=range(39000, 39200), phone_ports=range(39200, 39400), silence=silence
    ) as office:
        queues = QueueService(office.exchange, directory, people, ToneAnnouncer(), clock=SystemClock())

        async def take(leg: Leg) -> None:
            wish = Wish(int(leg.record.dialled[-1]))
            exits.append((leg.record.caller.number, await queues.enter(leg, group.name, wish)))

        kept = MemoryCallbacks()
        callbacks = CallbackCalls(
            kept,
            directory,
            office.exchange,
            queues=queues,
            switchboard=OfficeSwitchboard(office.exchange, directory, _NoScenarios()),
            calendar=OfficeCalendar(),
            clock=SystemClock(),
        )
        queues.keeper = QueuePlaces(callbacks)
        works = (office.exchange.serve(take), queues.run(), callbacks.run())
        tasks = [asyncio.create_task(work) for work in works]
        await asyncio.sleep(0)
        try:
            yield WireQueue(office, RealExchange(office), queues, people, directory, exits, kept)
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
