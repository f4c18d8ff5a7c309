"""S11 on the real wire: the cheaper line is taken, a full or dead one passed over, a killed phone is found."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from cordboard.office.directory import OfficeDirectory
from cordboard.office.documents import Document
from cordboard.office.lines.gateways import Gateway, Modem
from cordboard.office.lines.guard import LineGuard
from cordboard.office.lines.guarded_exchange import GuardedExchange
from cordboard.office.lines.rules import LineRules
from cordboard.office.lines.usage import Scope, Used
from cordboard.office.model import OfficeData, OfficeLine, OfficeSettings, Route, User, UserPhone
from cordboard.office.reception import Reception
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.sip.api import Address, Credentials, EndedBy
from cordboard.sip.digest import ha1_of
from cordboard.switch.exchange import SipExchange, open_exchange
from cordboard.switch.settings import SwitchSettings
from cordboard.telephony import EndReason, Leg, Line, SystemClock
from cordboard.telephony.directory import LineMode
from cordboard.testing.exchange import Listened, serving, until
from cordboard.testing.lines import Both, HeldUsage, office_of
from cordboard.testing.real_exchange import Forgetful
from cordboard.testing.switch import BOTH, Peer, PeerCall, description, open_peer

pytestmark = [pytest.mark.slow, pytest.mark.wire]

NUMBER = "0671234567"
ME = Credentials("101", "101")
MENU = "inbound"


@dataclass
class Scenarios:
    """Notes what came in, and refuses it."""

    came: list[tuple[str, str, str]] = field(default_factory=list)

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        self.came.append((name, leg.record.line, leg.record.dialled))
        await leg.reject(EndReason.BUSY)


@dataclass
class Wire:
    """An office on loopback, and its phone."""

    exchange: SipExchange
    guard: LineGuard
    office: OfficeDirectory
    phone: Peer
    usage: HeldUsage
    listener: Listened
    scenarios: Scenarios

    @property
    def server(self) -> Address:
        return self.exchange.agent.addresses[0]

    def health(self, line: str) -> str:
        return next((each.note for each in self.exchange.line_states() if each.line == line and not each.up), "")

    async def dial(self, number: str = NUMBER) -> PeerCall:
        return await self.phone.dial(self.server, number, *BOTH, caller="101", credentials=ME)


async def accepts(line: Peer) -> PeerCall:
    """The next call of a line, answered."""
    async with asyncio.timeout(5):
        session, call = await line.taken.get()
    session.accept(description(call.rtp.port, "8 PCMA"))
    return call


@asynccontextmanager
async def wire(*documents: Document, lines: Mapping[str, Address], silence: float = 20.0) -> AsyncIterator[Wire]:
    realm = OfficeSettings().realm
    data = OfficeData(
        OfficeSettings(main_scenario=MENU),
        users=(User("anna", "Анна", "101", allowed_prefixes=("+380",)),),
        phones=(UserPhone("101", "anna", ha1_of("MD5", "101", realm, "101")),),
        lines=tuple(
            OfficeLine(Line(name, LineMode.ADDRESS, at.host, at.port, number=f"+38032{len(name)}00000"))
            for name, at in lines.items()
        ),
        routes=(Route("mobiles", "0", ("dear", "cheap", "modem-2", "modem-1"), least_cost=True),),
        documents=documents,
    )
    clock = SystemClock()
    office, usage = await office_of(data, clock), HeldUsage()
    guard, listener = LineGuard(office, usage, clock), Listened()
    settings = SwitchSettings(
        [Address("udp", "127.0.0.1", 0)], range(35600, 35700), rtp_host="127.0.0.1", silence=silence
    )
    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(open_peer())
        exchange = await stack.enter_async_context(
            open_exchange(settings, office, Forgetful(), Both(guard, listener), clock)
        )
        made = Wire(exchange, guard, office, phone, usage, listener, Scenarios())
        guarded = GuardedExchange(exchange, guard, made.health)
        reception = Reception(guarded, office, OfficeSwitchboard(guarded, office, made.scenarios))
        counting = asyncio.create_task(guard.run(guarded))
        async with serving(guarded, reception):
            await until(lambda: len(exchange.line_states()) == len(office.lines()))
            await until(lambda: all(each.note != "not tried yet" for each in exchange.line_states()))
            yield made
        counting.cancel()
        with suppress(asyncio.CancelledError):
            await counting


def rules(line: str, price: str, **fields: Any) -> LineRules:
    return LineRules.model_validate({"name": line, "prices": {"+380": price}, **fields})


async def test_the_cheaper_line_is_taken_and_a_full_one_is_passed_over() -> None:
    async with open_peer() as cheap, open_peer() as dear:
        documents = (rules("cheap", "0.60", calls_out=1, charged_by=60), rules("dear", "1.20"))
        async with wire(*documents, lines={"dear": dear.address, "cheap": cheap.address}) as office:
            first = await office.dial()
            at_cheap = await accepts(cheap)
            await first.answer()
            second = await office.dial()
            await accepts(dear)
            await second.answer()
            assert office.guard.occupied("cheap") == office.guard.occupied("dear") == (0, 1)
            assert first.session is not None
            await first.session.bye()
            assert (await at_cheap.end()).by is EndedBy.REMOTE
            await until(lambda: office.guard.occupied("cheap") == (0, 0))
            assert office.guard.used(Scope.LINE, "cheap") == Used(1, 60, 600_000)
            third = await office.dial()
            await accepts(cheap)
            await third.answer()


async def test_a_dead_trunk_is_passed_over_at_once() -> None:
    async with open_peer() as gone:
        nobody = gone.address
    async with open_peer() as dear:
        documents = (rules("cheap", "0.60"), rules("dear", "1.20"))
        async with wire(*documents, lines={"dear": dear.address, "cheap": nobody}) as office:
            await until(lambda: office.health("cheap"))
            call = await office.dial()
            await accepts(dear)  # an INVITE to the dead one would have taken half a minute
            await call.answer()
            assert [leg.line for leg in office.listener.legs if leg.line == "cheap"] == []


async def test_a_phone_that_is_killed_in_a_call_is_found_and_the_line_is_free() -> None:
    async with (
        open_peer() as cheap,
        wire(rules("cheap", "0.60", calls=1), lines={"cheap": cheap.address}, silence=1.0) as office,
    ):
        call = await office.dial()
        outside = await accepts(cheap)
        await call.answer()
        await until(lambda: office.listener.connections)
        await office.phone.close()
        async with asyncio.timeout(15):
            assert (await asyncio.shield(outside.over)).by is EndedBy.REMOTE
        reasons = {leg.reason for leg in office.listener.legs if leg.account == "101" and leg.reason}
        assert reasons == {EndReason.VANISHED}
        await until(lambda: office.guard.occupied("cheap") == (0, 0))


async def test_the_modems_of_a_gateway_call_and_are_called() -> None:
    async with open_peer() as box:
        gateway = Gateway(
            name="box",
            host=box.address.host,
            port=box.address.port,
            modems=(
                Modem(line="modem-1", number="+380671111111", prefix="01", called="gsm1"),
                Modem(line="modem-2", number="+380502222222", prefix="02", called="gsm2", scenario="second"),
            ),
        )
        documents = (gateway, rules("modem-1", "0.10", calls=1), rules("modem-2", "0.20"))
        async with wire(*documents, lines={}) as office:
            dialled, shown = [], []
            for _ in range(2):
                call = await office.dial()
                async with asyncio.timeout(5):
                    session, there = await box.taken.get()
                dialled.append(session.uri.user)
                shown.append(session.caller.user)
                session.accept(description(there.rtp.port, "8 PCMA"))
                await call.answer()
            assert dialled == ["010671234567", "020671234567"]
            assert shown == ["+380671111111", "+380502222222"]
            for called in ("gsm1", "gsm2"):
                inbound = await box.dial(office.server, called, *BOTH, caller="0501112233")
                assert (await inbound.end()).status == 486
            assert office.scenarios.came == [
                (MENU, "modem-1", "+380671111111"),
                ("second", "modem-2", "+380502222222"),
            ]
