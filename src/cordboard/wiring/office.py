"""The office at work, put together: switchboard, transfers, parking, pick-up, voicemail, recordings, the guard."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cordboard.media.convert import convert
from cordboard.office.call_log import CallLog
from cordboard.office.callback_calls import CallbackCalls
from cordboard.office.callbacks import QueuePlaces
from cordboard.office.configuration import Configuration
from cordboard.office.directory import OfficeDirectory
from cordboard.office.feature_codes import FeatureCodeService
from cordboard.office.fixed_rooms import FixedRooms
from cordboard.office.lines.caps import Alarm
from cordboard.office.lines.guard import LineGuard
from cordboard.office.lines.guarded_exchange import GuardedExchange
from cordboard.office.lines.inbound import Door
from cordboard.office.live import LiveEvents
from cordboard.office.parking import Parking
from cordboard.office.phone_prompts import PhonePrompts
from cordboard.office.pickup import GroupTeams, Pickup
from cordboard.office.ports import (
    NOTICE,
    Calendar,
    Callbacks,
    CallHistory,
    NumberLists,
    ParkingLots,
    People,
    Pickups,
    Queues,
    Recordings,
    Switchboard,
    Tags,
    VoicemailBoxes,
    Voicemails,
)
from cordboard.office.queue.model import Group
from cordboard.office.queue.overflow import OverflowRoutes
from cordboard.office.queue.service import QueueService
from cordboard.office.reception import Reception
from cordboard.office.recordings_desk import RecordingDesk
from cordboard.office.retention import Retention
from cordboard.office.rooms import ConferenceRooms
from cordboard.office.supervision import Supervision
from cordboard.office.switchboard import OfficeSwitchboard, VoiceScenarios
from cordboard.office.talk_keys import TalkKeys
from cordboard.office.transfers import Going, Transfers
from cordboard.office.voicemail_desk import VoicemailDesk
from cordboard.office.voicemail_listening import VoicemailService
from cordboard.office.voicemail_words import Recorded
from cordboard.scenario.ports import Effect, Message
from cordboard.scenario.runner import Runner
from cordboard.scenario.values import JsonValue, normal, to_json
from cordboard.store.database import Store
from cordboard.switch.exchange import SipExchange
from cordboard.telephony import Clock, EndReason, Exchange, Lamp, Lamps, Leg, Silence, Sound, Tone
from cordboard.wiring.announcing import QueueAnnouncer, SpokenAnnouncer
from cordboard.wiring.listeners import Listeners
from cordboard.wiring.live import LiveDesk
from cordboard.wiring.user_rules import keeper

HOLD_MUSIC = "hold_music"
"""The prompt that is heard by whoever is on hold; until there is one, it is MELODY."""
MELODY: Sequence[Sound] = (
    *(Tone((hertz,), on=0.35) for hertz in (523.25, 659.25, 783.99, 659.25, 523.25, 392.0, 440.0, 523.25)),
    Silence(2.5),
)
"""A broken chord of C, soft enough to be heard for minutes."""


@dataclass(frozen=True, slots=True)
class Desks:
    """What works in the office while the exchange does."""

    switchboard: OfficeSwitchboard
    reception: Reception
    transfers: Transfers
    parking: Parking
    queues: QueueService
    callbacks: CallbackCalls
    pickup: Pickup
    supervision: Supervision
    people: People
    voicemail: VoicemailDesk
    recordings: RecordingDesk
    door: Door
    live: LiveDesk
    ports: Mapping[type, object]
    """What components ask for."""
    works: Sequence[Callable[[], Coroutine[Any, Any, None]]]
    """To be begun and run beside each other, until they are cancelled."""

    async def close(self) -> None:
        """What has begun to be kept is kept."""
        await self.voicemail.close()
        await self.recordings.close()


async def make_desks(
    store: Store,
    office: OfficeDirectory,
    exchange: Exchange,
    clock: Clock,
    *,
    scenarios: VoiceScenarios,
    runner: Runner,
    rooms: ConferenceRooms,
    announcer: SpokenAnnouncer,
    recordings: Recordings,
    people: People,
    history: CallHistory,
    calendar: Calendar,
    listeners: Listeners,
    call_log: CallLog,
    lamps: Lamps,
    numbers: NumberLists,
    tags: Tags,
    live: LiveEvents,
    after_talk: Callable[[], str],
    ordered: Callable[[], None],
) -> Desks:
    """Put it together. `exchange` is the guarded one; `ordered` is called when a mail or a notice was ordered."""

    async def post(name: str, data: Mapping[str, Any]) -> None:
        values = {each: to_json(normal(value)) for each, value in data.items()}
        await runner.post([Message(name, data=values)])

    exchange.talks.hold_music = await announcer.sounds([Recorded(HOLD_MUSIC)]) or MELODY
    door = Door(numbers, office.settings.country, clock)
    desk_of_live = LiveDesk(live, call_log, office, store, exchange=exchange, runner=runner, wake=ordered)
    switchboard = OfficeSwitchboard(exchange, office, scenarios, after_talk=after_talk, has_talked=call_log.has_talked)
    transfers = Transfers(exchange, office, switchboard)
    transfers.reservations.append(heirs(rooms, runner))
    parking = Parking(exchange, office, switchboard, transfers, announcer=announcer, lamps=lamps, clock=clock)
    voicemail = VoicemailDesk(office, store.voicemail, recordings, announcer, lamps=lamps, clock=clock, ordered=ordered)
    desk = RecordingDesk(
        office,
        store.recordings,
        recordings,
        announcer,
        clock,
        members=lambda: members_of(office),
        convert=lambda wav, to: asyncio.to_thread(convert, wav, to),
        alarm=post,
    )
    listeners.add(desk)
    queues = QueueService(
        exchange,
        office,
        people,
        QueueAnnouncer(announcer, lambda: exchange.talks.hold_music),
        clock=clock,
        history=history,
        tags=tags,
    )
    callbacks = CallbackCalls(
        store.callbacks, office, exchange, queues=queues, switchboard=switchboard, calendar=calendar, clock=clock
    )
    switchboard.people, switchboard.voicemails = people, voicemail
    queues.elsewhere = OverflowRoutes(switchboard, voicemail)
    transfers.reservations.append(queues.heir_of)
    queues.keeper = QueuePlaces(callbacks)
    call_log.told.append(callbacks.call_ended)
    teams = GroupTeams(office)
    pickup, supervision = Pickup(exchange, office, teams), Supervision(exchange, office, teams)
    boxes = VoicemailService(voicemail, switchboard, announcer)
    fixed = FixedRooms(exchange, office, transfers, announcer=announcer, recorder=desk, lamps=lamps)
    switchboard.services += [
        parking,
        fixed,
        queues,
        pickup,
        supervision,
        boxes,
        FeatureCodeService(
            office,
            keeper(Configuration(store.office, clock), office.reload),
            people=people,
            redial=store.call_history,
            switchboard=switchboard,
            announcer=announcer,
        ),
        PhonePrompts(office, announcer, announcer),
    ]
    return Desks(
        switchboard,
        Reception(exchange, office, switchboard, door),
        transfers,
        parking,
        queues,
        callbacks,
        pickup,
        supervision,
        people,
        voicemail,
        desk,
        door,
        desk_of_live,
        {
            Switchboard: switchboard,
            People: people,
            Queues: queues,
            Callbacks: callbacks,
            ParkingLots: parking,
            Pickups: pickup,
            Voicemails: voicemail,
            VoicemailBoxes: boxes,
        },
        (
            lambda: desk.run(exchange),
            voicemail.run,
            *desk_of_live.works(),
            queues.run,
            callbacks.run,
            TalkKeys(exchange, office.by_account, transfers).run,
            Retention(store.recordings, recordings, voicemail, clock).run,
        ),
    )


def members_of(office: OfficeDirectory) -> Mapping[str, Collection[str]]:
    """The logins of each group, by its name."""
    return {name: {each.login for each in group.members} for name, group in office.documents(Group).items()}


def heirs(rooms: ConferenceRooms, runner: Runner) -> Callable[[Leg], Going | None]:
    """Who is handed over by somebody in a scenario, or in a conference room, takes his place there."""

    def reserve(consulted: Leg) -> Going | None:
        takes = [take for take in (rooms.heir_of(consulted), runner.heir_of(consulted)) if take is not None]
        if not takes:
            return None

        async def go(led: Leg) -> EndReason | None:
            # The scenario's end is the end of it; what it does with the room is its own affair.
            await asyncio.gather(*(take(led) for take in takes))
            return None

        return go

    return reserve


@dataclass(frozen=True, slots=True)
class Guarded:
    """The exchange behind the guard of money."""

    exchange: GuardedExchange
    guard: LineGuard
    health: Callable[[str], str]
    """Why a line is down; empty: it is up."""


async def make_guard(
    store: Store,
    office: OfficeDirectory,
    exchange: SipExchange,
    clock: Clock,
    *,
    listeners: Listeners,
) -> Guarded:
    """Count from what is known to have been used up. A line that is down is passed over."""

    async def tell(alarm: Alarm) -> None:
        told: dict[str, JsonValue] = {
            "to": list(alarm.to), "text": alarm.text, "data": dict(alarm.data), "urgent": True
        }  # fmt: skip
        notices = [Effect(NOTICE, alarm.id, told)] if alarm.to else []
        message = Message(alarm.name, alarm.key, alarm.data, id=alarm.id, posted=clock.now())
        await store.runs.emit(notices, [message])

    def health(line: str) -> str:
        down = {state.line: state.note or "down" for state in exchange.line_states() if not state.up}
        return down.get(line, "")

    guard = LineGuard(office, store.line_usage, clock, tell)
    await guard.load()
    listeners.add(guard)
    return Guarded(GuardedExchange(exchange, guard, health), guard, health)


class NoLamps:
    """Implements `telephony.Lamps` where no phone has any."""

    def show(self, number: str, lamp: Lamp) -> None:
        """Nothing."""

    def show_messages(self, account: str, new: int, old: int) -> None:
        """Nothing."""
