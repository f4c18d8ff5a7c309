"""What goes on beside the calls: folders that are watched, changes that are told, old rows that are deleted."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog

from cordboard.components import catalogue
from cordboard.config import Settings
from cordboard.office.directory import OfficeDirectory
from cordboard.office.live import LiveEvents
from cordboard.office.state_watch import StateWatch
from cordboard.scenario.history import History
from cordboard.scenario.ports import Message
from cordboard.scenario.references import References
from cordboard.scenario.runner import Runner
from cordboard.scenario.watching import EVERY, follow, last_commit, settled, snapshots
from cordboard.store.database import Store
from cordboard.store.errors import StoreError
from cordboard.switch.exchange import SipExchange
from cordboard.telephony import Clock
from cordboard.wiring.known import known_to

_log = structlog.get_logger("app")

_DAY = 24 * 3600.0
_USAGE = timedelta(days=62)
"""Beyond the days of traces for which is known what lines have used up: this month's caps count with it."""
_LOOK = 1.0
"""Seconds until a change of a line or of a user's phones is told as an event."""


async def publish_what_changes(store: Store, settings: Settings) -> None:
    """Publish the watched folder, if there is one, whenever it has changed and is sound; until cancelled."""
    folder = settings.scenarios_watch
    if folder is None:
        return

    async def known() -> References:
        return await known_to(store, settings)

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


async def tell_changes(exchange: SipExchange, office: OfficeDirectory, runner: Runner, live: LiveEvents) -> None:
    """Post an event when a line or a user's phones come or go; until cancelled."""
    watch = StateWatch()
    while True:
        lines = {state.line: (state.up, state.note) for state in exchange.line_states()}
        online = {login for account, login in office.owners().items() if exchange.reachable(account)}
        if changes := watch.look(lines, online):
            for each in changes:
                live.publish(each.name, each.data, logins=[each.key] if each.name == "user.state" else ())
            try:
                await runner.post([Message(each.name, each.key, each.data) for each in changes])
            except StoreError as fault:
                _log.warning("an event could not be posted", events=[each.name for each in changes], error=str(fault))
        await asyncio.sleep(_LOOK)


async def forget_what_is_old(store: Store, clock: Clock, settings: Settings) -> None:
    """Delete traces, ended runs and messages that are too old or too many, at the start and once a day."""
    while True:
        before = clock.now() - timedelta(days=settings.trace_days)
        try:
            runs = await store.traces.forget_before(before) + await store.traces.forget_beyond(settings.trace_runs)
            rows = await store.runs.forget(before) + await store.outbox.forget(before)
            rows += await store.sms_ledger.forget(before)
            rows += await store.line_usage.forget(f"{before - _USAGE:%Y-%m}-01")
            rows += await store.notices.forget(before) + await store.web_answers.forget(clock.now())
            if runs or rows:
                _log.info("what is old is deleted", traces=runs, other_rows=rows)
        except StoreError as fault:
            _log.warning("what is old cannot be deleted; it is tried again tomorrow", error=str(fault))
        await asyncio.sleep(_DAY)
