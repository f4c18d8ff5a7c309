"""Who may do what: every route of the application, asked by every role."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from cordboard.api.access import WRONG_LIMIT, Access
from cordboard.office.roles import GRANTS, Role
from cordboard.office.tokens import SCOPES
from cordboard.testing.api import HeldTokens, bearer, http_routes, program, socket_routes, whole_app
from cordboard.testing.office import HandClock

OPEN = {
    ("GET", "/health"),
    ("GET", "/metrics"),
    ("GET", "/calls"),
    ("GET", "/api/v1/sms/{line}/{secret}"),  # a provider, who has been given this address
    ("POST", "/api/v1/sms/{line}/{secret}"),
    ("POST", "/api/v1/session"),  # who signs in
}
"""What is asked without a token; the first three by this machine alone, see test_web."""
SOCKETS = {"/api/v1/notices/ws", "/api/v1/events"}
"""Each has its own test of who may listen."""

LEADERS = {"administrator", "supervisor"}
READERS = LEADERS | {"auditor"}
PEOPLE = LEADERS | {"operator", "user"}
MAY = {
    "": {role.value for role in Role},
    "scenarios": LEADERS,
    "scenarios:read": READERS,
    "scenarios:write": {"administrator"},
    "runs": LEADERS,
    "events": LEADERS,
    "screens": LEADERS | {"operator"},
    "prompts": LEADERS,
    "notices": PEOPLE,
    "outbox": {"administrator"},
    "workbooks": LEADERS,
    "office:read": READERS,
    "office:write": {"administrator"},
    "tokens": {"administrator"},
    "people:read": PEOPLE | {"auditor"},
    "people:write": PEOPLE,
    "audit": {"administrator", "auditor"},
    "log": READERS,
    "reports": READERS,
    "live": READERS,
    "calls:read": PEOPLE | {"auditor"},
    "calls:write": PEOPLE,
    "calls:monitor": LEADERS,
    "recordings:read": PEOPLE | {"auditor"},
    "recordings:write": LEADERS,
    "voicemail": PEOPLE,
    "callbacks:read": READERS | {"operator"},
    "callbacks:write": LEADERS | {"operator"},
    "own": PEOPLE,
}
"""Who may do what, by the scope of a route."""

APP = whole_app()
ROUTES = list(http_routes(APP))


@pytest.fixture
async def web() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=APP, raise_app_exceptions=False)  # what the routes are over is not there
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def test_each_scope_has_its_line_in_the_table() -> None:
    assert set(MAY) - {""} == set(SCOPES)
    assert {scope: {"administrator", *roles} for scope, roles in GRANTS.items()} == {
        scope: roles for scope, roles in MAY.items() if scope
    }


def test_no_route_is_open_but_those_that_are_meant_to_be() -> None:
    assert {(method, path) for method, path, scope in ROUTES if scope == "open"} == OPEN
    assert set(socket_routes(APP)) == SOCKETS


@pytest.mark.parametrize(("method", "path", "scope"), [route for route in ROUTES if route[:2] not in OPEN])
async def test_a_route_is_for_the_roles_of_its_scope(
    web: httpx2.AsyncClient, method: str, path: str, scope: str
) -> None:
    address = re.sub(r"{\w+(:path)?}", "anna", path)
    assert (await web.request(method, address)).status_code == 401
    let_in = set()
    for role in Role:
        status = (await web.request(method, address, headers=bearer(role.value))).status_code
        assert status != 401
        if status != 403:
            let_in.add(role.value)
    assert let_in == MAY[scope]


async def test_a_user_sees_to_himself_alone(web: httpx2.AsyncClient) -> None:
    for role, refused in (("operator", True), ("supervisor", False), ("administrator", False)):
        for path in ("/api/screens/boris", "/api/v1/notices?user=boris"):
            assert ((await web.get(path, headers=bearer(role))).status_code == 403) is refused, (role, path)
    assert (await web.get("/api/v1/notices?user=boris", headers=bearer("user"))).status_code == 403


async def test_who_may_write_may_read() -> None:
    access = Access(HeldTokens(program("crm", "office:write")), HandClock())
    assert (await access.holder("crm", "office:read")).name == "crm"


async def test_guessing_is_slowed_down_and_holders_do_not_suffer() -> None:
    clock = HandClock()
    app = whole_app(Access(HeldTokens(), clock))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False, client=("10.0.0.9", 5000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as web:
        assert (await web.get("/api/v1/audit", headers=bearer("auditor"))).status_code == 500
        for guess in range(WRONG_LIMIT):
            assert (await web.get("/api/v1/audit", headers=bearer(f"guess {guess}"))).status_code == 401
            clock.advance(seconds=1)
        refused = await web.get("/api/v1/audit", headers=bearer("guess"))
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "41")
        assert (await web.get("/api/v1/audit", headers=bearer("supervisor"))).status_code == 429
        assert (await web.get("/api/v1/audit", headers=bearer("auditor"))).status_code == 500
        clock.advance(seconds=42)
        assert (await web.get("/api/v1/audit", headers=bearer("guess"))).status_code == 401
