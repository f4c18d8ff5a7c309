"""Lines against real far ends: another exchange of ours as the provider, and peers by address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cordboard.sip.api import Credentials, EndedBy
from cordboard.telephony import EndReason, Leg, Line, LineTarget, Party, PhoneTarget
from cordboard.telephony.directory import LineMode
from cordboard.testing.exchange import serving, until
from cordboard.testing.real_exchange import Accounts, Office, open_office
from cordboard.testing.switch import BOTH, open_peer

pytestmark = [pytest.mark.slow, pytest.mark.wire]

US = Party("100")


@asynccontextmanager
async def provider_and_office(folder: Path) -> AsyncIterator[tuple[Office, Office]]:
    """A provider with the accounts 2327757 and 101, and an office without lines yet."""
    (folder / "provider").mkdir()
    (folder / "office").mkdir()
    async with (
        open_office(
            folder / "provider",
            Accounts("2327757", "101", realm="provider"),
            rtp_ports=range(34800, 34840),
            phone_ports=range(34840, 34880),
        ) as provider,
        open_office(folder / "office", Accounts("201")) as office,
    ):
        yield provider, office


def line_to(provider: Office, **changes: object) -> Line:
    """The line that the provider gives: an account there."""
    line = Line(
        "Городская 1",
        LineMode.REGISTER,
        provider.server.host,
        provider.server.port,
        number="+380322327757",
        username="2327757",
        password="2327757",
    )
    return replace(line, **changes)  # type: ignore[arg-type]  # a test's words


def state(office: Office) -> tuple[bool, str] | None:
    """How the first line stands."""
    return next(((one.up, one.note) for one in office.exchange.line_states()), None)


async def test_a_line_signs_in_and_carries_calls_both_ways(tmp_path: Path) -> None:
    at_office: asyncio.Queue[Leg] = asyncio.Queue()
    at_provider: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        at_office.put_nowait(leg)
        await leg.answer()
        await leg.ended()

    async def connect(leg: Leg) -> None:
        """The provider: a subscriber's number is a phone; all else is answered."""
        at_provider.put_nowait(leg)
        if leg.record.dialled == "2327757":
            called = await provider.exchange.originate([PhoneTarget("2327757")], caller=leg.record.caller)
            if await called.answer() and await leg.answer():
                await (await provider.exchange.join(leg, called)).ended()
        else:
            await leg.answer()
            await leg.ended()

    async with provider_and_office(tmp_path) as (provider, office):
        office.directory.wanted = [line_to(provider)]
        await until(lambda: state(office) == (True, "registered"))
        assert provider.exchange.reachable("2327757")
        async with serving(office.exchange, take), serving(provider.exchange, connect):
            # In: the provider calls our contact; what was dialled is the line's number.
            outside = await provider.desk.phone("101", "101", provider.server).dial("2327757")
            leg = await asyncio.wait_for(at_office.get(), 5.0)
            assert await outside.answered()
            assert (leg.record.line, leg.record.account) == ("Городская 1", "")
            assert (leg.record.dialled, leg.record.caller.number) == ("+380322327757", "101")
            await leg.hang_up()
            assert (await asyncio.wait_for(outside.ended(), 3.0)).by is EndedBy.REMOTE
            assert (await at_provider.get()).record.account == "101"

            # Out: the provider challenges, and the line's password answers.
            target = LineTarget("Городская 1", "0671234567")
            out = await office.exchange.originate([target], caller=Party("2327757"))
            assert await asyncio.wait_for(out.answer(), 5.0)
            there = await at_provider.get()
            assert (there.record.account, there.record.dialled) == ("2327757", "0671234567")
            assert (out.record.line, out.record.dialled) == ("Городская 1", "0671234567")
            await there.hang_up()
            assert await asyncio.wait_for(out.ended(), 3.0) is EndReason.HUNG_UP

            # Taken out of the directory: it signs out, and carries nothing any more.
            office.directory.wanted = []
            await until(lambda: not office.exchange.line_states())
            await until(lambda: not provider.exchange.reachable("2327757"))
            out = await office.exchange.originate([target], caller=US)
            assert await asyncio.wait_for(out.ended(), 1.0) is EndReason.UNREACHABLE


async def test_a_line_signs_out_when_the_office_closes(tmp_path: Path) -> None:
    async with provider_and_office(tmp_path) as (provider, office):
        (tmp_path / "third").mkdir()
        async with open_office(tmp_path / "third", phone_ports=range(34880, 34900)) as third:
            third.directory.wanted = [line_to(provider)]
            await until(lambda: provider.exchange.reachable("2327757"))
        assert not provider.exchange.reachable("2327757")
        assert state(office) is None


async def test_a_wrong_password_is_told_in_the_providers_words_and_mended_at_run_time(tmp_path: Path) -> None:
    async with provider_and_office(tmp_path) as (provider, office):
        office.directory.wanted = [line_to(provider, password="wrong")]
        await until(lambda: state(office) == (False, "403 Forbidden"))
        assert provider.exchange.counters()["sip_auth_failures"] == 1
        office.directory.wanted = [line_to(provider)]
        await until(lambda: state(office) == (True, "registered"))


async def test_a_host_that_is_not_found(tmp_path: Path) -> None:
    async with provider_and_office(tmp_path) as (_, office):
        for mode in LineMode:
            office.directory.wanted = [Line("far", mode, "no-such-host.invalid")]
            await until(lambda: (state(office) or (True, ""))[1].startswith("the host no-such-host.invalid is not"))
            leg = await office.exchange.originate([LineTarget("far", "1")], caller=US)
            assert await asyncio.wait_for(leg.ended(), 1.0) is EndReason.UNREACHABLE


async def test_a_line_by_address_is_known_by_its_port(tmp_path: Path) -> None:
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        legs.put_nowait(leg)
        await leg.ended()

    async with provider_and_office(tmp_path) as (_, office), open_peer() as peer, open_peer() as stranger:
        office.directory.wanted = [peer.line()]
        await until(lambda: state(office) == (True, "by address"))
        async with serving(office.exchange, take):
            for caller, shown in (("0671234567", "0671234567"), ("Anonymous", "")):
                call = await peer.dial(office.server, "2327757", *BOTH, caller=caller)
                leg = await legs.get()
                assert (leg.record.line, leg.record.dialled, leg.record.caller.number) == ("city", "2327757", shown)
                await leg.reject(EndReason.BUSY)
                assert (await call.end()).status == 486
            # Any other program of that host is a stranger, whatever it calls itself.
            call = await stranger.dial(office.server, "2327757", *BOTH)
            assert (await call.end()).status == 401
            wrong = Credentials("201", "guess")
            call = await stranger.dial(office.server, "2327757", *BOTH, caller="201", credentials=wrong)
            assert (await call.end()).status == 403
            assert legs.empty()
            # An account that has proved itself is the account, whatever stands in From.
            call = await stranger.dial(
                office.server, "2327757", *BOTH, caller="director", credentials=Credentials("201", "201")
            )
            leg = await legs.get()
            assert (leg.record.account, leg.record.caller.number, leg.record.line) == ("201", "201", "")
