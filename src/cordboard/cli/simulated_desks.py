"""The desks of the office in a simulation: groups with their queues, parking, pick-up, voicemail, one switchboard."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from cordboard.office.call_history import HeldCalls, LoggedCallHistory
from cordboard.office.directory import OfficeDirectory
from cordboard.office.parking import Parking
from cordboard.office.people import HeldPresence, OfficePeople
from cordboard.office.pickup import GroupTeams, Pickup
from cordboard.office.ports import (
    ParkingLots,
    People,
    Pickups,
    Queues,
    Recordings,
    Switchboard,
    VoicemailBoxes,
    Voicemails,
)
from cordboard.office.queue.overflow import OverflowRoutes
from cordboard.office.queue.service import QueueService
from cordboard.office.reception import Reception
from cordboard.office.rooms import ConferenceRooms
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.office.transfers import Transfers
from cordboard.office.voicemail_desk import VoicemailDesk
from cordboard.office.voicemail_held import HeldVoicemail
from cordboard.office.voicemail_listening import VoicemailService
from cordboard.scenario.runner import Runner
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.speech.api import Prompts, Speech
from cordboard.telephony import Leg, PhoneTarget
from cordboard.wiring.announcing import QueueAnnouncer, SpokenAnnouncer
from cordboard.wiring.office import NoLamps, heirs
from cordboard.wiring.scenarios import Scenarios


class SimulatedDesks:
    """Those of one simulation. Everybody whose phone is there is ready; nobody has called before."""

    def __init__(
        self,
        office: OfficeDirectory,
        exchange: SimulatedExchange,
        rooms: ConferenceRooms,
        *,
        speech: Speech,
        prompts: Prompts,
        recordings: Recordings,
    ) -> None:
        clock = exchange.clock
        announcer = SpokenAnnouncer(speech, prompts, lambda: office.zone, lambda: office.settings.language)
        self._office = office
        self._exchange = exchange
        self._scenarios = _Later()
        self._switchboard = OfficeSwitchboard(exchange, office, self._scenarios)
        self._transfers = Transfers(exchange, office, self._switchboard)
        self._rooms = rooms
        self._people = OfficePeople(
            office, HeldPresence(), clock, lambda account: PhoneTarget(account) in exchange.far_ends
        )
        lamps = NoLamps()
        parking = Parking(
            exchange, office, self._switchboard, self._transfers, announcer=announcer, lamps=lamps, clock=clock
        )
        voicemail = VoicemailDesk(office, HeldVoicemail(), recordings, announcer, lamps=lamps, clock=clock)
        self._switchboard.people, self._switchboard.voicemails = self._people, voicemail
        boxes = VoicemailService(voicemail, self._switchboard, announcer)
        pickup = Pickup(exchange, office, GroupTeams(office))
        self._queues = QueueService(
            exchange,
            office,
            self._people,
            QueueAnnouncer(announcer, lambda: exchange.talks.hold_music),
            clock=clock,
            elsewhere=OverflowRoutes(self._switchboard, voicemail),
            history=LoggedCallHistory(HeldCalls(), office),
        )
        self._switchboard.services += [parking, self._queues, pickup, boxes]
        self.ports: Mapping[type, object] = {
            Switchboard: self._switchboard,
            People: self._people,
            Queues: self._queues,
            ParkingLots: parking,
            Pickups: pickup,
            Voicemails: voicemail,
            VoicemailBoxes: boxes,
        }

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """For as long as the simulation lasts."""
        await self._people.load()
        self._exchange.listeners.append(self._people)
        # Nothing here may look at the clock by itself: a simulation can last for a year.
        work = asyncio.create_task(self._queues.run())
        try:
            yield
        finally:
            work.cancel()
            await asyncio.wait([work])

    def reception(self, runner: Runner) -> Reception:
        """Takes inbound calls as the office does, from now on with the scenarios of `runner`."""
        self._scenarios.found = Scenarios(runner)
        self._transfers.reservations.append(heirs(self._rooms, runner))
        self._exchange.transfer = self._transfers
        return Reception(self._exchange, self._office, self._switchboard)


class _Later:
    """Scenarios that are there as soon as somebody can run them."""

    found: Scenarios | None = None

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        """See VoiceScenarios."""
        if self.found is None:
            raise LookupError(name)
        await self.found.run(name, leg, values)
