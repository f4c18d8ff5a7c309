"""What tests of the HTTP API share: tokens in memory, and the whole application with every router that there is."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute

from cordboard import api
from cordboard.api import (
    audit,
    card,
    editing,
    events,
    log,
    notices,
    office,
    outbox,
    prompts,
    releases,
    reports,
    screens,
    session,
    tokens,
    traces,
)
from cordboard.api.access import Access
from cordboard.api.web import build
from cordboard.components import catalogue
from cordboard.office.accounts import Account
from cordboard.office.call_log import CallLog
from cordboard.office.cards import Cards
from cordboard.office.configuration import Configuration
from cordboard.office.directory import OfficeDirectory
from cordboard.office.live import LiveEvents
from cordboard.office.notices import NoticeDesk
from cordboard.office.pins import PinGuard
from cordboard.office.roles import Role
from cordboard.office.screens import PendingForms
from cordboard.office.sessions import SignIn
from cordboard.office.tokens import ApiToken, hashed
from cordboard.scenario.history import History
from cordboard.speech.prompts import PromptStore
from cordboard.store.database import Store
from cordboard.telephony import SystemClock
from cordboard.testing.office import OFFICE
from cordboard.wiring.telling import components_in, told_in

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class HeldTokens:
    """Implements `office.tokens.Tokens` in memory. At first there is one for each role, of anna."""

    def __init__(self, *tokens: ApiToken) -> None:
        given = [ApiToken(role.value, hashed(role.value), (), NOW, NOW, "anna", role.value) for role in Role]
        self.held = {token.name: token for token in (*given, *tokens)}

    async def all(self) -> Sequence[ApiToken]:
        """See Tokens."""
        return sorted(self.held.values(), key=lambda each: each.name)

    async def add(self, token: ApiToken) -> bool:
        """See Tokens."""
        return self.held.setdefault(token.name, token) is token

    async def remove(self, name: str) -> bool:
        """See Tokens."""
        return self.held.pop(name, None) is not None

    async def by_hash(self, digest: str) -> ApiToken | None:
        """See Tokens."""
        return next((each for each in self.held.values() if each.hash == digest), None)

    async def used(self, name: str, at: datetime) -> None:
        """See Tokens."""


def bearer(token: str) -> Mapping[str, str]:
    """The head of a request. The token of a role is its name."""
    return {"Authorization": f"Bearer {token}"}


def program(name: str, *scopes: str) -> ApiToken:
    """The token of a program, its name in clear."""
    return ApiToken(name, hashed(name), scopes, NOW, NOW)


def every_router(access: Access) -> Iterator[tuple[str, APIRouter]]:
    """Each module of the API with its routes. What they are over is not there: asked, they fail after the check."""
    for found in pkgutil.iter_modules(api.__path__):
        module = importlib.import_module(f"cordboard.api.{found.name}")
        make = getattr(module, "routes", None)
        if make is None:
            continue
        needed = [each for each in inspect.signature(make).parameters.values() if each.default is each.empty]
        given = {each.name: _given(each.name, access) for each in needed}
        yield found.name, make(**given)


def _given(name: str, access: Access) -> Any:
    """What a module is given for a parameter of its `routes`."""
    return {"access": access, "configuration": Configuration(MagicMock(), SystemClock())}.get(name, MagicMock())


def whole_app(access: Access | None = None) -> FastAPI:
    """The application with every route of the API."""
    access = access or Access(HeldTokens(), SystemClock())
    return build(MagicMock(), *(router for _, router in every_router(access)), access=access)


def http_routes(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    """Method, path and scope of each; the scope is empty if any token will do, and `open` if none is asked for."""
    for route in routes_of(app):
        if isinstance(route, APIRoute):
            scopes = [scope for scope in scopes_of(route.dependant) if scope is not None]
            for method in sorted(route.methods or ()):
                yield method, route.path, next(iter(scopes), "open")


def socket_routes(app: FastAPI) -> list[str]:
    """The paths of WebSockets."""
    return [route.path for route in routes_of(app) if isinstance(route, APIWebSocketRoute)]


def routes_of(app: Any) -> Iterator[Any]:
    """Every route, also those that are included by reference."""
    for route in app.routes:
        if hasattr(route, "original_router"):
            yield from routes_of(route.original_router)
        else:
            yield route


def scopes_of(dependant: Dependant) -> Iterator[str | None]:
    """What a route asks for."""
    yield getattr(dependant.call, "scope", None)
    for each in dependant.dependencies:
        yield from scopes_of(each)


async def real_app(store: Store, recordings: Path) -> FastAPI:
    """The application over a real store, as far as it needs no exchange that runs."""
    clock = SystemClock()
    held = HeldTokens()
    sign_in = SignIn(lambda: directory.documents(Account), store.sessions, clock)
    access = Access(held, clock, sign_in.token)
    await store.office.save(OFFICE.settings, *OFFICE.users, *OFFICE.phones, *OFFICE.lines, *OFFICE.routes)
    directory = OfficeDirectory(store.office, PinGuard(store.pin_failures, clock))
    await directory.reload()
    call_log = CallLog(store.call_log, directory)
    live = LiveEvents(directory, clock)
    cards = Cards(call_log, directory, lambda _chain: {}, live)
    forms = PendingForms()

    async def recorded(_chain: str) -> Sequence[Mapping[str, Any]]:
        return ()

    def history() -> History:
        return History(store.releases, store.drafts, catalogue(), zone=directory.zone, country="UA")

    return build(
        MagicMock(),
        audit.routes(store.audit, access),
        card.routes(cards, "uk", access),
        editing.routes(history, components_in, told_in, access),
        releases.routes(history, told_in, store.audit, clock, access),
        events.routes(live, access),
        log.routes(store.reports, directory, store.traces, recorded, clock=clock, access=access),
        notices.routes(store.notices, NoticeDesk(store.notices, clock), directory.knows, clock, access),
        office.routes(Configuration(store.office, clock), access),
        outbox.routes(store.outbox, clock, access, lambda: None),
        prompts.routes(PromptStore(recordings / "prompts", "uk"), access),
        reports.routes(store.reports, directory, clock, access),
        screens.routes(forms, access),
        tokens.routes(held, directory.knows, store.audit, clock, access),
        traces.routes(store.traces, directory.phone, access),
        session.routes(sign_in, Configuration(store.office, clock), directory.reload, access),
        access=access,
    )
