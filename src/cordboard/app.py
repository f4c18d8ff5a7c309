"""Wires the rooms together: from settings to an exchange that runs."""

import gc
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from cordboard import __version__
from cordboard.api import card, events, notices, outbox, prompts, scenarios, screens, sms, traces, workbooks
from cordboard.api.access import Access
from cordboard.api.events import RunEvents, call_told
from cordboard.api.server import serving
from cordboard.api.web import build
from cordboard.components import catalogue
from cordboard.config import Settings
from cordboard.datasource.web.guarded import GuardedClient
from cordboard.office.accounts import Account
from cordboard.office.after_call import CallNotes
from cordboard.office.calendar import CalendarFile
from cordboard.office.call_history import LoggedCallHistory
from cordboard.office.call_log import CallLog
from cordboard.office.directory import OfficeDirectory
from cordboard.office.live import LiveEvents
from cordboard.office.number_lists import OfficeNumberLists
from cordboard.office.people import OfficePeople
from cordboard.office.pins import PinGuard
from cordboard.office.ports import (
    Calendar,
    CallHistory,
    Numbering,
    NumberLists,
    Recordings,
    Rooms,
    Screens,
    Staff,
    Tags,
)
from cordboard.office.recordings import RecordingFolder
from cordboard.office.rooms import ConferenceRooms
from cordboard.office.screens import PendingForms
from cordboard.office.sessions import SignIn
from cordboard.office.tags import CallTags
from cordboard.office.user_lamps import UserLamps
from cordboard.office.webhooks import WebhookPromises
from cordboard.outbox.ports import Templates
from cordboard.outbox.templates import TemplateFolder
from cordboard.scenario.runner import Runner
from cordboard.scenario.triggers import Triggers
from cordboard.speech.api import Prompts, Speech
from cordboard.speech.config import load_or_usual
from cordboard.speech.fetching import follow
from cordboard.speech.prompts import PromptStore
from cordboard.speech.service import SpeechService
from cordboard.store.database import Store, open_store
from cordboard.switch.exchange import SipExchange, open_exchange
from cordboard.telephony import LegRecord, SystemClock
from cordboard.wiring.announcing import SpokenAnnouncer
from cordboard.wiring.api import office_routes
from cordboard.wiring.background import forget_what_is_old, publish_what_changes, tell_changes
from cordboard.wiring.data import open_data
from cordboard.wiring.listeners import Listeners
from cordboard.wiring.machine import at_work, more_files, node_name, switch_settings
from cordboard.wiring.messages import Messages, make_messages
from cordboard.wiring.office import make_desks, make_guard
from cordboard.wiring.scenarios import Goodbye, Scenarios

_log = structlog.get_logger("app")


class Cordboard:
    """One running exchange. Made by `running`."""

    def __init__(
        self,
        store: Store,
        office: OfficeDirectory,
        exchange: SipExchange,
        runner: Runner,
        messages: Messages,
        *,
        voices: Sequence[str],
    ) -> None:
        self.store = store
        self.office = office
        self.exchange = exchange
        self.runner = runner
        self.messages = messages
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
            "sms": {state.name: {"up": state.up, "note": state.note} for state in self.messages.lines.states()},
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
    more_files()
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(await open_store(settings.store, folder=settings.data, clock=clock))
        office = OfficeDirectory(store.office, PinGuard(store.pin_failures, clock), clock)
        await office.reload()
        notes, live = CallNotes(), LiveEvents(office, clock)
        call_log = CallLog(store.call_log, office, notes, written=call_told(live), orders=WebhookPromises(office))
        stack.push_async_callback(call_log.flush)
        if cut := await call_log.close_open():
            _log.warning("legs of an exchange that was killed are closed", legs=cut)
        voices = load_or_usual(settings.speech_file, settings.speech)
        speech = SpeechService(
            voices.engines,
            settings.sounds,
            office.settings.language,
            voices.manner,
            cache_megabytes=voices.cache_megabytes,
        )
        stack.push_async_callback(speech.close)
        listeners = Listeners(call_log, live)
        exchange = await stack.enter_async_context(
            open_exchange(switch_settings(settings), office, store.registrations, listeners, clock)
        )
        people = OfficePeople(office, store.presence, clock, exchange.reachable)
        await people.load()
        listeners.add(people, UserLamps(office, exchange.lamps))
        guarded = await make_guard(store, office, exchange, clock, listeners=listeners)
        stack.push_async_callback(guarded.guard.flush)
        recordings = RecordingFolder(settings.recordings, notes)
        prompt_store = PromptStore(settings.prompts, office.settings.language)
        rooms, forms, tags = ConferenceRooms(guarded.exchange), PendingForms(), CallTags(store.tags)
        stack.push_async_callback(rooms.close)
        stack.push_async_callback(tags.close)
        client, node = GuardedClient(), node_name(settings.data)
        data = await stack.enter_async_context(open_data(store, settings, office, client, clock=clock, node=node))
        calendar, history = CalendarFile(settings.calendar), LoggedCallHistory(store.call_history, office)
        numbers = OfficeNumberLists(store.number_lists, clock)
        ports: dict[type, object] = {
            Speech: speech,
            Numbering: office,
            Staff: office,
            Prompts: prompt_store,
            Recordings: recordings,
            Calendar: calendar,
            Rooms: rooms,
            Screens: forms,
            Tags: tags,
            CallHistory: history,
            NumberLists: numbers,
            Templates: TemplateFolder(settings.templates),
            **data.ports,
            random.Random: random.Random(),
        }
        runner = Runner(
            catalogue(),
            store.releases,
            store.runs,
            guarded.exchange,
            zone=ZoneInfo(office.settings.time_zone),
            country=office.settings.country,
            ports=ports,
            clock=clock,
            traces=RunEvents(store.traces, live, notes),
            goodbye=Goodbye(speech, office),
            node=node,
        )
        stack.push_async_callback(runner.close)
        sign_in = SignIn(lambda: office.documents(Account), store.sessions, clock)
        access = Access(store.tokens, clock, sign_in.token)
        triggers = Triggers(store.hooks, store.runs, runner, clock, ZoneInfo(office.settings.time_zone))
        runner.mailroom.listen(triggers.wake)
        messages = make_messages(
            store,
            office,
            client,
            clock,
            node,
            attachments=recordings,
            calendar=calendar,
            texts=exchange.texts,
            ring=runner.mailroom.ring,
        )
        runner.mailroom.listen(messages.wake)
        runner.mailroom.listen(data.writer.wake)
        desks = await make_desks(
            store,
            office,
            guarded.exchange,
            clock,
            scenarios=Scenarios(runner),
            runner=runner,
            rooms=rooms,
            announcer=SpokenAnnouncer(speech, prompt_store, lambda: office.zone, lambda: office.settings.language),
            recordings=recordings,
            people=people,
            history=history,
            calendar=calendar,
            listeners=listeners,
            call_log=call_log,
            lamps=exchange.lamps,
            numbers=numbers,
            tags=tags,
            live=live,
            after_talk=lambda: triggers.after_talk,
            ordered=runner.mailroom.ring,
        )
        ports |= desks.ports
        stack.push_async_callback(desks.close)
        cordboard = Cordboard(
            store,
            office,
            exchange,
            runner,
            messages,
            voices=list(dict.fromkeys(engine for engine, _ in speech.voices())),
        )
        cordboard.web_port = await stack.enter_async_context(
            serving(
                build(
                    cordboard,
                    scenarios.routes(runner, access),
                    traces.routes(store.traces, office.phone, access),
                    screens.routes(forms, access),
                    prompts.routes(prompt_store, access),
                    outbox.routes(store.outbox, clock, access, messages.deliverer.wake),
                    sms.routes(messages.lines, access),
                    workbooks.routes(data.books, store.workbooks, access),
                    notices.routes(store.notices, messages.notices, office.knows, clock, access),
                    events.routes(live, access),
                    card.routes(desks.live.cards, office.settings.language, access),
                    *office_routes(
                        store,
                        office,
                        exchange,
                        guarded,
                        desks,
                        files=recordings,
                        runs=cordboard.live_runs,
                        clock=clock,
                        access=access,
                        sign_in=sign_in,
                        settings=settings,
                    ),
                    access=access,
                    names=settings.web_names,
                ),
                settings.web_host,
                settings.web_port,
                certificate=settings.web_certificate,
                key=settings.web_key,
            )
        )
        # What stands by now stands for ever: without it each full collection would hold all calls up for 0.1 s.
        gc.collect()
        gc.freeze()
        async with at_work(
            guarded.exchange.serve(desks.reception, transfer=desks.transfers),
            guarded.guard.run(exchange),
            people.run(),
            *(work() for work in desks.works),
            runner.serve(),
            triggers.run(),
            data.writer.run(),
            messages.deliverer.run(),
            messages.notices.run(),
            tell_changes(exchange, office, runner, live),
            office.watch(),
            call_log.run(),
            forget_what_is_old(store, clock, settings),
            publish_what_changes(store, settings),
            follow(settings.speech, speech.warm_up),
            last=messages.lines.run(),
        ):
            yield cordboard
