"""Live calls over HTTP: seen, made, transferred, held, parked, picked up, watched; each by who may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import calls
from cordboard.api.access import Access
from cordboard.office.live_calls import LiveCalls
from cordboard.office.parking import Parking, ParkingLot
from cordboard.office.pickup import GroupTeams, Pickup
from cordboard.office.queue.model import Group, Member
from cordboard.office.supervision import Supervision, Supervisor
from cordboard.office.tokens import ApiToken, hashed
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import EndReason, LegState, Tone
from cordboard.testing.api import NOW, HeldTokens, bearer, program
from cordboard.testing.office import HandClock
from cordboard.testing.talks import CLIENT, Announcing, OfficeTalkers, ShownLamps, hears, office_talkers

ALL = ("calls:read", "calls:write", "calls:monitor")


def own(login: str) -> ApiToken:
    """A user's own token, its name in clear."""
    return ApiToken(login, hashed(login), ALL, NOW, NOW, login)


@dataclass
class Scene:
    at: OfficeTalkers
    web: httpx2.AsyncClient
    running: list[dict[str, Any]]

    async def calls(self, token: str = "crm") -> list[dict[str, Any]]:
        answer = await self.web.get("/api/v1/calls", headers=bearer(token))
        assert answer.status_code == 200
        found: list[dict[str, Any]] = answer.json()
        return found

    async def post(self, path: str, token: str = "crm", **body: str) -> tuple[int, Any]:
        answer = await self.web.post(f"/api/v1/calls{path}", json=body, headers=bearer(token))
        return answer.status_code, answer.json() if answer.content else None

    async def leg_of(self, login: str) -> str:
        return next(
            str(party["id"]) for call in await self.calls() for party in call["parties"] if party["login"] == login
        )


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    documents = (
        ParkingLot(name="lot", number="710", places=("711", "712"), announce=False),
        Group(name="sales", members=(Member(login="u102"), Member(login="u103"))),
        Supervisor(name="chief", login="u105"),
    )
    async with office_talkers(*documents) as at:
        at.exchange.talks.hold_music = (Tone((333.0,), on=3600.0),)
        teams = GroupTeams(at.directory)
        parking = Parking(
            at.exchange,
            at.directory,
            at.switchboard,
            at.transfers,
            announcer=Announcing(),
            lamps=ShownLamps(),
            clock=VirtualClock(),
        )
        pickup, supervision = Pickup(at.exchange, at.directory, teams), Supervision(at.exchange, at.directory, teams)
        at.switchboard.services += [parking, pickup, supervision]
        live = LiveCalls(
            at.exchange,
            at.directory,
            at.switchboard,
            at.transfers,
            parking=parking,
            pickup=pickup,
            supervision=supervision,
            serves=lambda number: any(service.takes(number) for service in at.switchboard.services),
        )
        tokens = HeldTokens(program("crm", *ALL), *(own(login) for login in ("u101", "u102", "u103", "u105")))
        running: list[dict[str, Any]] = []
        app = FastAPI()
        app.include_router(calls.routes(live, parking, lambda: running, access=Access(tokens, HandClock())))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as web:
            yield Scene(at, web, running)


@virtual_time
async def test_who_talks_with_whom_since_when_and_where_a_scenario_stands() -> None:
    async with scene() as on:
        anna, boris = await on.at.talk("101", "102")
        boris.hold()
        client = on.at.client()
        await client.wait_state(LegState.ANSWERED)
        on.running.append({"leg_id": client.leg.id, "scenario": "main", "step": "menu", "since": NOW})
        first, second = await on.calls()
        a, b = first["parties"]
        assert (a["login"], a["number"], a["inbound"], a["state"], a["talks_with"]) == (
            "u101", "101", True, "answered", b["id"],
        )  # fmt: skip
        assert (b["login"], b["inbound"], b["held"], b["talks_with"]) == ("u102", False, True, a["id"])
        assert first["since"].startswith("2026-11-23T10:00:00")
        (c,) = second["parties"]
        assert (c["number"], c["name"], c["line"], c["login"]) == (CLIENT, "Client", "city", "")
        assert (c["scenario"]["scenario"], c["scenario"]["step"]) == ("main", "menu")
        # A user sees his own calls alone.
        assert [call["chain"] for call in await on.calls("u102")] == [first["chain"]]
        assert await on.calls("u103") == []
        for phone in (anna, client):
            phone.hang_up()
        await asyncio.sleep(1)
        assert await on.calls() == []


@virtual_time
async def test_click_to_call_rings_the_user_then_the_number_and_is_one_chain() -> None:
    async with scene() as on:
        status, begun = await on.post("", "u101", login="u101", number=CLIENT)
        assert status == 202
        await asyncio.sleep(0.5)
        own_phone = on.at.rung("101")
        assert own_phone.leg.record.caller.number == CLIENT
        await own_phone.wait_state(LegState.ANSWERED)
        await asyncio.sleep(0.5)
        (call,) = await on.calls()
        assert [party["state"] for party in call["parties"]] == ["answered", "ringing"]
        assert call["parties"][0]["calls"] == call["parties"][1]["id"]
        await asyncio.sleep(1)
        assert hears(own_phone) == "99"
        assert on.at.chains() == {begun["chain"]}
        own_phone.hang_up()
        await on.at.over()


@pytest.mark.parametrize(
    ("token", "login", "number", "status"),
    [
        ("u101", "u102", "103", 403),  # for somebody else
        ("crm", "nobody", "103", 404),
        ("crm", "u108", CLIENT, 403),  # his rights count
        ("crm", "u101", "199", 404),
    ],
)
@virtual_time
async def test_calls_that_are_not_made(token: str, login: str, number: str, status: int) -> None:
    async with scene() as on:
        assert (await on.post("", token, login=login, number=number))[0] == status
        assert on.at.exchange.called == []


@virtual_time
async def test_a_user_who_does_not_come_to_his_phone_is_not_connected() -> None:
    async with scene() as on:
        on.at.there("101", FarEnd.no_answer())
        assert (await on.post("", login="u101", number="102"))[0] == 202
        await asyncio.sleep(31)
        assert [phone.target for phone in on.at.exchange.called] == [on.at.rung("101").target]
        await on.at.over()


@virtual_time
async def test_transfer_parking_and_hang_up() -> None:
    async with scene() as on:
        on.at.there("103", FarEnd.busy())
        anna, boris = await on.at.talk("101", "102")
        leg = await on.leg_of("u101")
        assert await on.post(f"/legs/{leg}/transfer", "u102", number="104") == (
            403,
            {"detail": "that is the leg of somebody else: name your own"},
        )
        assert (await on.post(f"/legs/{leg}/transfer", "u103", number="104"))[0] == 404
        assert await on.post(f"/legs/{leg}/transfer", "u101", number="103") == (409, {"detail": "it is busy there"})
        await asyncio.sleep(0.1)
        assert hears(boris) == "101"
        assert (await on.post(f"/legs/{leg}/transfer", "u101", number="710"))[0] == 202
        await asyncio.sleep(3)
        assert anna.told is EndReason.HUNG_UP
        (place,) = (await on.web.get("/api/v1/calls/parked", headers=bearer("u103"))).json()
        assert (place["number"], place["lot"], place["party"], place["name"]) == ("711", "lot", "102", "User 102")
        (call,) = await on.calls()
        assert call["parties"][0]["parked"] == "711"
        assert (await on.post("/pick-up", "u101", login="u101", place="711"))[0] == 202
        await asyncio.sleep(2)
        assert hears(boris) == "101"
        (call,) = await on.calls()
        assert len(call["parties"]) == 2
        led = await on.leg_of("u102")
        assert (await on.post(f"/legs/{led}/hang-up", "u101"))[0] == 403
        assert (await on.post(f"/legs/{led}/hang-up"))[0] == 204
        assert boris.told is EndReason.HUNG_UP
        assert (await on.post(f"/legs/{led}/hang-up"))[0] == 404
        await on.at.over()


@virtual_time
async def test_hold_and_resume() -> None:
    async with scene() as on:
        anna, boris = await on.at.talk("101", "102")
        leg = await on.leg_of("u102")
        assert (await on.post(f"/legs/{leg}/hold", "u102"))[0] == 204
        assert (await on.post(f"/legs/{leg}/hold", "u102"))[0] == 204
        await asyncio.sleep(0.1)
        assert (hears(anna), hears(boris)) == ("333", "")
        assert [party["held"] for party in (await on.calls())[0]["parties"]] == [False, True]
        for _ in range(2):
            assert (await on.post(f"/legs/{leg}/resume", "u102"))[0] == 204
        await asyncio.sleep(0.1)
        assert (hears(anna), hears(boris)) == ("102", "101")
        await on.post(f"/legs/{leg}/hold", "u102")
        await asyncio.sleep(0.1)
        boris.hang_up()
        await anna.wait_state(LegState.ENDED)
        await on.at.over()


@virtual_time
async def test_picking_up_and_watching() -> None:
    async with scene() as on:
        on.at.there("102", FarEnd.no_answer())
        anna = on.at.dials("101", "102")
        await asyncio.sleep(1)
        assert (await on.post("/pick-up", "u103", login="u103"))[0] == 202
        await asyncio.sleep(2)
        assert (hears(anna), hears(on.at.rung("103"))) == ("103", "101")
        assert (await on.post("/monitor", "u101", login="u105", whom="u103"))[0] == 403
        assert (await on.post("/monitor", "u101", login="u101", whom="u103"))[0] == 403
        assert (await on.post("/monitor", "u105", login="u105", whom="u102"))[0] == 404
        assert (await on.post("/monitor", "u105", login="u105", whom="u103", mode="whisper"))[0] == 202
        await asyncio.sleep(2)
        chief = on.at.rung("105")
        assert {f"{sound.frequencies[0]:g}" for sound in chief.hearing_all if isinstance(sound, Tone)} == {"101", "103"}
        assert len(await on.calls()) == 1
        anna.hang_up()
        await chief.wait_state(LegState.ENDED)
        await on.at.over()
