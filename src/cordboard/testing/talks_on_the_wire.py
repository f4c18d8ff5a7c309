"""An office with everything that happens during a talk, over real SIP and RTP on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cordboard.office.call_log import CallLog
from cordboard.office.directory import OfficeDirectory
from cordboard.office.documents import Document
from cordboard.office.fixed_rooms import FixedRooms
from cordboard.office.model import OfficeData, User, UserPhone
from cordboard.office.parking import Parking
from cordboard.office.pickup import GroupTeams, Pickup
from cordboard.office.reception import Reception
from cordboard.office.recordings import RecordingFolder
from cordboard.office.recordings_desk import RecordingDesk
from cordboard.office.repositories import LoggedChain
from cordboard.office.supervision import Supervision
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.office.talk_keys import TalkKeys
from cordboard.office.transfers import Transfers
from cordboard.simulation.far_end import FarEnd
from cordboard.sip.api import Address
from cordboard.telephony import ConnectionRecord, LegRecord, LegState, SystemClock, Tone
from cordboard.testing.exchange import VOICES, Listened, until, voice
from cordboard.testing.office import HeldOffice, loaded_directory
from cordboard.testing.real_exchange import Accounts, RealExchange, RealPhone, open_office
from cordboard.testing.store import sqlite_store
from cordboard.testing.talks import ACCOUNTS, Announcing, Scenarios, ShownLamps

HZ = dict(zip(ACCOUNTS, VOICES, strict=False))
"""The voices of 101 to 104."""
MUSIC = 800.0


class _Logged(Listened):
    def __init__(self, log: CallLog) -> None:
        super().__init__()
        self._log = log

    def leg_changed(self, record: LegRecord) -> None:
        super().leg_changed(record)
        self._log.leg_changed(record)

    def connection_changed(self, record: ConnectionRecord) -> None:
        super().connection_changed(record)
        self._log.connection_changed(record)


@dataclass(frozen=True, slots=True)
class WireOffice:
    """What is at work."""

    x: RealExchange
    server: Address
    parking: Parking
    transfers: Transfers
    switchboard: OfficeSwitchboard
    lamps: ShownLamps
    directory: OfficeDirectory
    log: CallLog

    async def signs_in(self, *accounts: str, after: float = 0.2) -> None:
        """Their phones answer, and speak."""
        for account in accounts:
            await self.x.phone(account, FarEnd(answers_after=after, voice=voice(HZ[account])))

    async def dials(self, account: str, number: str) -> RealPhone:
        """A phone calls, and speaks as soon as it is answered."""
        return await self.x.call_in(number, account=account, hz=HZ.get(account, 0.0))

    async def talk(self, a: str, b: str) -> tuple[RealPhone, RealPhone]:
        """Two in a talk, which `a` has begun."""
        caller = await self.dials(a, b)
        await caller.reaches(LegState.ANSWERED)
        callee = await self.x.rung(b)
        await caller.hears(HZ[b])
        await callee.hears(HZ[a])
        return caller, callee

    async def chain(self) -> LoggedChain:
        """The one call that the log knows, when nobody talks any more."""
        await until(lambda: not self.x.exchange.legs())
        (chain,) = await self.log.recent()
        return chain


@asynccontextmanager
async def wire_office(
    folder: Path, *documents: Document, phones: int = 100, silence: float = 20.0
) -> AsyncIterator[WireOffice]:
    """Users `u101` … with a phone each, for as long as the context lasts. Music on hold is MUSIC.

    `silence`: see SwitchSettings.
    """
    held = HeldOffice(
        OfficeData(
            users=tuple(User(f"u{each}", f"User {each}", each) for each in ACCOUNTS),
            phones=tuple(UserPhone(each, f"u{each}", "") for each in ACCOUNTS),
            documents=documents,
        )
    )
    directory = await loaded_directory(held)
    async with sqlite_store(folder) as store:
        log = CallLog(store.call_log, directory)
        async with open_office(
            folder,
            Accounts(*ACCOUNTS),
            rtp_ports=range(37000, 37000 + 4 * phones),
            phone_ports=range(38000, 38000 + 4 * phones),
            listener=_Logged(log),
            silence=silence,
        ) as office:
            exchange, lamps = office.exchange, ShownLamps()
            exchange.talks.hold_music = (Tone((MUSIC,), on=3600.0),)
            switchboard = OfficeSwitchboard(exchange, directory, Scenarios())
            transfers = Transfers(exchange, directory, switchboard)
            parking = Parking(
                exchange,
                directory,
                switchboard,
                transfers,
                announcer=Announcing(),
                lamps=lamps,
                clock=SystemClock(),
            )
            desk = RecordingDesk(
                directory, store.recordings, RecordingFolder(folder / "recordings"), Announcing(), SystemClock()
            )
            teams = GroupTeams(directory)
            switchboard.services += [
                parking,
                Pickup(exchange, directory, teams),
                Supervision(exchange, directory, teams),
                FixedRooms(
                    exchange,
                    directory,
                    transfers,
                    announcer=Announcing(),
                    recorder=desk,
                    lamps=lamps,
                ),
            ]
            keys = TalkKeys(exchange, directory.by_account, transfers)
            tasks = [
                asyncio.create_task(exchange.serve(Reception(exchange, directory, switchboard), transfer=transfers)),
                asyncio.create_task(keys.run()),
            ]
            await asyncio.sleep(0)
            try:
                yield WireOffice(
                    RealExchange(office), office.server, parking, transfers, switchboard, lamps, directory, log
                )
            finally:
                for task in tasks:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
                await desk.close()
        await log.flush()
