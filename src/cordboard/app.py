"""Wires the rooms together: from settings to an exchange that runs."""

import asyncio
import contextlib
import gc
import random
import resource
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from cordboard import __version__
from cordboard.api import scenarios, screens, traces
from cordboard.api.access import Access
from cordboard.api.server import serving
from cordboard.api.web import build
from cordboard.components import catalogue
from cordboard.components.prompt_folder import PromptFolder
from cordboard.config import Settings
from cordboard.office.calendar import CalendarFile
from cordboard.office.call_log import CallLog
from cordboard.office.directory import OfficeDirectory
from cordboard.office.model import OfficeData
from cordboard.office.pins import PinGuard
from cordboard.office.ports import Calendar, Numbering, Recordings, Rooms, Screens, Staff, Tags
from cordboard.office.reception import Reception
from cordboard.office.recordings import RecordingFolder
from cordboard.office.rooms import ConferenceRooms
from cordboard.office.screens import PendingForms
from cordboard.office.state_watch import StateWatch
from cordboard.office.tags import CallTags
from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.email import EmailGateway
from cordboard.outbox.ports import EMAIL, WEBHOOK, Gateway
from cordboard.outbox.webhooks import WebhookGateway
from cordboard.scenario.context import ScenarioError
from cordboard.scenario.history import History
from cordboard.scenario.ports import Message
from cordboard.scenario.references import References, known_things
from cordboard.scenario.runner import Runner
from cordboard.scenario.triggers import Triggers
from cordboard.scenario.watching import EVERY, follow, last_commit, settled, snapshots
from cordboard.sip.api import Address
from cordboard.speech.api import Speech, SpeechError
from cordboard.speech.service import SpeechService, find_engines
from cordboard.store.database import Store, open_store
from cordboard.store.errors import StoreError
from cordboard.switch.exchange import SipExchange, open_exchange
from cordboard.switch.settings import SwitchSettings
from cordboard.telephony import Clock, Leg, LegRecord, SystemClock

_log = structlog.get_logger("app")

_DAY = 24 * 3600.0
_LOOK = 1.0
"""Seconds until a change of a line or of a user's phones is told as an event."""


def known_to(office: OfficeData, settings: Settings) -> References:
    """What scenarios may name of the office."""
    return known_things(
        users=(user.login for user in office.users),
        lines=(each.line.name for each in office.lines),
        prompts=settings.prompts,
    )


class Cordboard:
    """One running exchange. Made by `running`."""

    def __init__(
        self, store: Store, office: OfficeDirectory, exchange: SipExchange, runner: Runner, voices: Sequence[str]
    ) -> None:
        self.store = store
        self.office = office
        self.exchange = exchange
        self.runner = runner
        self.voices = voices
        """The speech engines, the best first; with none, a step that has to speak leaves by its exit `error`."""
        self.web_port = 0
        self._started = time.monotonic()

    # --- api.ports.Insight ------------------------------------------------------------------------------------

    def health(self) -> Mapping[str, Any]:
        """See api.ports.Insight."""
        lines = {state.line: {"up": state.up, "note": state.note} for state in self.exchange.line_states()}
        return {
            "ok": self.exchange.media_up and all(line["up"] for line in lines.values()),
            "version": __version__,
            "up_seconds": round(time.monotonic() - self._started, 1),
            "media": "up" if self.exchange.media_up else "down",
            "lines": lines,
            "sip": [str(address) for address in self.exchange.agent.addresses],
        }

    def live_legs(self) -> Sequence[LegRecord]:
        """See api.ports.Insight."""
        return [leg.record for leg in self.exchange.legs()]

    def live_runs(self) -> Sequence[Mapping[str, Any]]:
        """See api.ports.Insight."""
        return [asdict(position) | {"id": position.run_id} for position in self.runner.live()]

    def counters(self) -> Mapping[str, float]:
        """See api.ports.Insight."""
        return self.exchange.counters()

    def gauges(self) -> Mapping[str, float]:
        """See api.ports.Insight."""
        return {"legs": len(self.exchange.legs()), "runs": len(self.runner.live())}


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Cordboard]:
    """An exchange that takes calls for as long as the context lasts.

    Raises StoreError, PortTakenError or WebPortTakenError, each a sentence.
    """
    _more_files()
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(await open_store(settings.store, folder=settings.data, clock=clock))
        office = OfficeDirectory(store.office, PinGuard(store.pin_failures, clock))
        await office.reload()
        call_log = CallLog(store.call_log, office)
        stack.push_async_callback(call_log.flush)
        if cut := await call_log.close_open():
            _log.warning("legs of an exchange that was killed are closed", legs=cut)
        engines = find_engines(settings.speech)
        speech = SpeechService(engines, settings.sounds, office.settings.language)
        stack.push_async_callback(speech.close)
        exchange = await stack.enter_async_context(
            open_exchange(_switch_settings(settings), office, store.registrations, call_log, clock)
        )
        recordings = RecordingFolder(settings.recordings)
        rooms, forms, tags = ConferenceRooms(exchange), PendingForms(), CallTags(store.tags)
        stack.push_async_callback(rooms.close)
        stack.push_async_callback(tags.close)
        runner = Runner(
            catalogue(),
            store.releases,
            store.runs,
            exchange,
            zone=ZoneInfo(office.settings.time_zone),
            country=office.settings.country,
            ports={
                Speech: speech,
                Numbering: office,
                Staff: office,
                PromptFolder: PromptFolder(settings.prompts),
                Recordings: recordings,
                Calendar: CalendarFile(settings.calendar),
                Rooms: rooms,
                Screens: forms,
                Tags: tags,
                random.Random: random.Random(),
            },
            clock=clock,
            traces=store.traces,
            goodbye=Goodbye(speech, office),
            node=_node_name(settings.data),
        )
        stack.push_async_callback(runner.close)
        access = Access(store.tokens, clock)
        triggers = Triggers(store.hooks, store.runs, runner, clock, ZoneInfo(office.settings.time_zone))
        runner.mailroom.listen(triggers.wake)
        gateways: dict[str, Gateway] = {
            EMAIL: EmailGateway(store.outbox_settings, recordings, lambda: office.settings.language),
            WEBHOOK: WebhookGateway(store.outbox_settings),
        }
        deliverer = Deliverer(store.outbox, gateways, clock, _node_name(settings.data))
        runner.mailroom.listen(deliverer.wake)
        cordboard = Cordboard(store, office, exchange, runner, [engine.name for engine in engines])
        cordboard.web_port = await stack.enter_async_context(
            serving(
                build(
                    cordboard,
                    scenarios.routes(runner, access),
                    traces.routes(store.traces, office.phone, access),
                    screens.routes(forms, access),
                ),
                settings.web_host,
                settings.web_port,
            )
        )
        reception = Reception(
            exchange,
            office,
            Scenarios(runner),
            after_talk=lambda: triggers.after_talk,
            has_talked=call_log.has_talked,
        )
        tasks = [
            asyncio.create_task(exchange.serve(reception)),
            asyncio.create_task(runner.serve()),
            asyncio.create_task(triggers.run()),
            asyncio.create_task(deliverer.run()),
            asyncio.create_task(_tell_changes(exchange, office, runner)),
            asyncio.create_task(office.watch()),
            asyncio.create_task(call_log.run()),
            asyncio.create_task(_forget_what_is_old(store, clock, settings)),
            asyncio.create_task(_publish_what_changes(store, settings)),
        ]
        # What stands by now stands for ever: without it each full collection would hold all calls up for 0.1 s.
        gc.collect()
        gc.freeze()
        try:
            yield cordboard
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)


class Scenarios:
    """Runs scenarios for the reception. Implements office.reception.VoiceScenarios."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        """See VoiceScenarios."""
        try:
            await self._runner.run_voice(name, leg, values)
        except ScenarioError as fault:
            raise LookupError(str(fault)) from fault


class Goodbye:
    """What a caller hears whose scenario has failed: the last words before the call ends."""

    WORDS: Mapping[str, str] = MappingProxyType(
        {
            "en": "Sorry, something went wrong. Please call again later.",
            "ru": "Извините, произошла ошибка. Пожалуйста, перезвоните позже.",
            "uk": "Вибачте, сталася помилка. Будь ласка, зателефонуйте пізніше.",
        }
    )

    def __init__(self, speech: Speech, office: OfficeDirectory) -> None:
        self._speech = speech
        self._office = office

    async def __call__(self, leg: Leg) -> None:
        """Say it, in the office's language, and hang up."""
        with contextlib.suppress(SpeechError):
            language = self._office.settings.language
            clip = await self._speech.say(self.WORDS.get(language, self.WORDS["en"]), language)
            await leg.answer()
            await leg.play([clip])
        await leg.hang_up()


async def _publish_what_changes(store: Store, settings: Settings) -> None:
    """Publish the watched folder, if there is one, whenever it has changed and is sound; until cancelled."""
    folder = settings.scenarios_watch
    if folder is None:
        return

    async def known() -> References:
        return known_to(await store.office.load(), settings)

    office = (await store.office.load()).settings
    zone = ZoneInfo(office.time_zone)
    history = History(store.releases, store.drafts, catalogue(), zone=zone, country=office.country, known=known)
    async for watched in follow(settled(snapshots(folder, EVERY)), history, lambda: last_commit(folder)):
        for name, faults in watched.faults.items():
            for fault in faults:
                _log.warning("watched scenario", scenario=name, fault=str(fault))
        if watched.published is None:
            _log.error("the watched folder was not published; the old release stays", error=watched.error)
        elif watched.published.number:
            _log.info("the watched folder was published", release=watched.published.number)


async def _tell_changes(exchange: SipExchange, office: OfficeDirectory, runner: Runner) -> None:
    """Post an event when a line or a user's phones come or go; until cancelled."""
    watch = StateWatch()
    while True:
        lines = {state.line: (state.up, state.note) for state in exchange.line_states()}
        online = {login for account, login in office.owners().items() if exchange.reachable(account)}
        if changes := watch.look(lines, online):
            try:
                await runner.post([Message(each.name, each.key, each.data) for each in changes])
            except StoreError as fault:
                _log.warning("an event could not be posted", events=[each.name for each in changes], error=str(fault))
        await asyncio.sleep(_LOOK)


async def _forget_what_is_old(store: Store, clock: Clock, settings: Settings) -> None:
    """Delete traces, ended runs and messages that are too old or too many, at the start and once a day."""
    while True:
        before = clock.now() - timedelta(days=settings.trace_days)
        try:
            runs = await store.traces.forget_before(before) + await store.traces.forget_beyond(settings.trace_runs)
            rows = await store.runs.forget(before) + await store.outbox.forget(before)
            if runs or rows:
                _log.info("what is old is deleted", traces=runs, other_rows=rows)
        except StoreError as fault:
            _log.warning("what is old cannot be deleted; it is tried again tomorrow", error=str(fault))
        await asyncio.sleep(_DAY)


def _node_name(data: Path) -> str:
    """The name under which this exchange holds leases. It stays, so that after kill -9 they are its own again at once.

    It lives in the data folder, of which only one exchange at a time has the lock.
    """
    file = data / "node"
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True)
        file.write_text(uuid.uuid4().hex, encoding="ascii")
    return file.read_text(encoding="ascii").strip()


def _switch_settings(settings: Settings) -> SwitchSettings:
    return SwitchSettings(
        listen=[Address(transport, settings.sip_host, settings.sip_port) for transport in ("udp", "tcp")],
        rtp_ports=range(settings.rtp_first, settings.rtp_last + 1),
        rtp_host=settings.sip_host,
        external_address=settings.external_address,
        local_networks=settings.local_networks,
    )


def _more_files() -> None:
    """A leg takes two sockets: let the process, and the worker after it, open as many as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
