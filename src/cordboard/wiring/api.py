"""The HTTP API of the office, put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from cordboard.api import (
    audit,
    callbacks,
    calls,
    editing,
    groups,
    lines,
    log,
    office,
    people,
    recordings,
    releases,
    reports,
    session,
    tokens,
    voicemail,
)
from cordboard.api.access import Access
from cordboard.components import catalogue
from cordboard.config import Settings
from cordboard.office.configuration import Configuration
from cordboard.office.directory import OfficeDirectory
from cordboard.office.lines.explaining import RouteTester
from cordboard.office.live_calls import LiveCalls
from cordboard.office.recordings import RecordingFolder
from cordboard.office.sessions import SignIn
from cordboard.scenario.history import History
from cordboard.scenario.references import References
from cordboard.store.database import Store
from cordboard.switch.exchange import SipExchange
from cordboard.telephony import Clock
from cordboard.wiring.known import known_to
from cordboard.wiring.office import Desks, Guarded, members_of
from cordboard.wiring.telling import components_in, told_in
from cordboard.wiring.user_rules import keeper


def office_routes(
    store: Store,
    directory: OfficeDirectory,
    exchange: SipExchange,
    guarded: Guarded,
    desks: Desks,
    *,
    files: RecordingFolder,
    runs: Callable[[], Sequence[Mapping[str, Any]]],
    clock: Clock,
    access: Access,
    sign_in: SignIn,
    settings: Settings,
) -> list[APIRouter]:
    """The routes of everything that the office does."""

    def serves(number: str) -> bool:
        return any(service.takes(number) for service in desks.switchboard.services)

    def states() -> Mapping[str, tuple[bool, str]]:
        return {state.line: (state.up, state.note) for state in exchange.line_states()}

    async def recorded(chain: str) -> Sequence[Mapping[str, Any]]:
        return [asdict(each) for each in await store.recordings.find(chain=chain)]

    configuration = Configuration(store.office, clock)
    tester = RouteTester(directory, guarded.guard, desks.door, clock, health=guarded.health, services=serves)
    live = LiveCalls(
        guarded.exchange,
        directory,
        desks.switchboard,
        desks.transfers,
        parking=desks.parking,
        pickup=desks.pickup,
        supervision=desks.supervision,
        serves=serves,
    )

    async def known() -> References:
        return await known_to(store, settings)

    def history() -> History:
        country = directory.settings.country
        return History(store.releases, store.drafts, catalogue(), zone=directory.zone, country=country, known=known)

    return [
        editing.routes(history, components_in, told_in, access),
        releases.routes(history, told_in, store.audit, clock, access),
        session.routes(sign_in, configuration, directory.reload, access),
        office.routes(configuration, access),
        tokens.routes(store.tokens, directory.knows, store.audit, clock, access),
        audit.routes(store.audit, access),
        people.routes(directory, desks.people, keeper(configuration, directory.reload), configuration, access),
        calls.routes(live, desks.parking, runs, access=access),
        groups.routes(desks.queues, access),
        callbacks.routes(desks.callbacks, store.callbacks, clock, access),
        lines.routes(directory, guarded.guard, tester, states, access),
        log.routes(store.reports, directory, store.traces, recorded, clock=clock, access=access),
        reports.routes(store.reports, directory, clock, access),
        recordings.routes(
            store.recordings,
            files,
            desks.recordings,
            directory,
            lambda: members_of(directory),
            access=access,
            clock=clock,
        ),
        voicemail.routes(desks.voicemail, access),
    ]
