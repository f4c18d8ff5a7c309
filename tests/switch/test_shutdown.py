"""The exchange stops in the midst of calls, and after a hundred calls nothing is left."""

import asyncio
import os
import socket
from functools import partial
from pathlib import Path

import pytest

from cordboard.sip.api import Address, EndedBy, PortTakenError
from cordboard.telephony import EndReason, Exchange, Leg, LegState, Party, PhoneTarget, Tone
from cordboard.testing.exchange import serving, until
from cordboard.testing.real_exchange import Office, open_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]

US = Party("100")


@pytest.mark.parametrize("how", ["serve is cancelled", "the exchange is closed"])
async def test_phones_are_told_within_two_seconds(tmp_path: Path, how: str) -> None:
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        legs.put_nowait(leg)
        await asyncio.Event().wait()  # a handler that takes its time

    # The desk must outlive the exchange: it is that of another office.
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with open_office(tmp_path / "b", rtp_ports=range(34400, 34420), phone_ports=range(34420, 34520)) as other:
        office_context = open_office(tmp_path / "a")
        office = await office_context.__aenter__()
        serving_task = asyncio.create_task(office.exchange.serve(take))
        await asyncio.sleep(0)
        server = office.server
        talking = await other.desk.phone("101", "101", server).dial("200")
        answered = await legs.get()
        assert await answered.answer()
        assert await talking.answered()
        waiting = await other.desk.phone("102", "102", server).dial("200")
        await (await legs.get()).ring()
        assert await waiting.ringing()
        callee = other.desk.phone("103", "103", server)
        await callee.register()
        called = await office.exchange.originate([PhoneTarget("103")], caller=US)
        rung = await callee.incoming.get()

        async with asyncio.timeout(2.0):
            if how == "serve is cancelled":
                serving_task.cancel()
            else:
                await office_context.__aexit__(None, None, None)
            assert (await talking.ended()).status is None
            assert (await waiting.ended()).status == 503
            assert (await rung.ended()).by is EndedBy.REMOTE
            assert await called.ended() is EndReason.SHUTDOWN
            assert await answered.ended() is EndReason.SHUTDOWN
        if how == "serve is cancelled":
            refused = await other.desk.phone("101", "101", server).dial("200")
            assert (await asyncio.wait_for(refused.ended(), 2.0)).status == 503
            await office_context.__aexit__(None, None, None)
        serving_task.cancel()
        await asyncio.gather(serving_task, return_exceptions=True)


async def test_a_port_that_is_taken_is_told_and_leaves_no_worker(tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(PortTakenError):
            async with open_office(tmp_path, listen=Address("udp", "127.0.0.1", taken.getsockname()[1])):
                pytest.fail("it cannot have been opened")
    children = Path("/proc/self/task").joinpath(str(os.getpid()), "children").read_text(encoding="ascii")
    assert not [pid for pid in children.split() if _is_worker(pid)]


def _is_worker(pid: str) -> bool:
    return b"cordboard.media.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()


async def _take(exchange: Exchange, leg: Leg) -> None:
    match leg.record.dialled:
        case "busy":
            await leg.reject(EndReason.BUSY)
        case "fault":
            raise RuntimeError("a fault of the scenario")
        case "rings":
            await leg.ring()
            await leg.ended()
        case "prompt":
            await leg.answer()
            await leg.play([Tone((440.0,), 0.04)])
        case "joined":
            await leg.answer()
            b = await exchange.originate([PhoneTarget("104")], caller=US, chain=leg.chain)
            if await b.answer():
                bridge = await exchange.join(leg, b)
                await bridge.ended()
                await b.hang_up()


async def _call(office: Office, dialled: str) -> str:
    call = await office.phone("101").dial(dialled)
    if dialled == "rings":
        await call.ringing()
        await call.hang_up()
    if dialled == "joined" and await call.answered():
        await until(lambda: any(leg.record.account == "104" for leg in office.exchange.legs()))
        await call.hang_up()
    end = await asyncio.wait_for(call.ended(), 20.0)
    return f"{dialled} {end.by} {end.status}"


async def test_a_hundred_mixed_calls_leave_nothing(tmp_path: Path) -> None:
    pairs = range(34600, 34616)  # eight calls at a time
    async with open_office(tmp_path, rtp_ports=pairs) as office:
        exchange = office.exchange
        async with serving(exchange, partial(_take, exchange)):
            await office.phone("104", taker=lambda call: call.answer()).register()
            limit = asyncio.Semaphore(4)

            async def one(number: int) -> str:
                async with limit:
                    return await _call(office, ("busy", "fault", "rings", "prompt", "joined")[number % 5])

            tasks_before = set(asyncio.all_tasks())
            told = await asyncio.gather(*(one(number) for number in range(100)))
            assert {one: told.count(one) for one in sorted(set(told))} == {
                "busy remote 486": 20,
                "fault remote 500": 20,
                "joined local None": 20,
                "prompt remote None": 20,
                "rings local 487": 20,
            }
            await until(lambda: not exchange.legs() and exchange.agent.sessions == 0)
            await until(lambda: not {task for task in asyncio.all_tasks() - tasks_before if not task.done()})
            inbound = [record for record in office.listener.legs if record.state is LegState.CALLING]
            ended = [record for record in office.listener.legs if record.state is LegState.ENDED]
            assert len(inbound) == len(ended) == 100 + 20
            begun = [record for record in office.listener.connections if record.ended is None]
            assert len(office.listener.connections) == 2 * len(begun)
            counters = exchange.counters()
            assert counters["rtp_sent"] > 0
            assert counters["rtp_malformed"] == counters["media_restarts"] == counters["faults"] == 0
            _all_ports_are_free(pairs)


def _all_ports_are_free(ports: range) -> None:
    for port in ports:
        with socket.socket(type=socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", port))


async def test_when_all_ports_are_in_use_the_next_caller_is_told_and_the_others_talk(tmp_path: Path) -> None:
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        if await leg.answer():
            legs.put_nowait(leg)
            await leg.ended()

    async with open_office(tmp_path, rtp_ports=range(34700, 34704)) as office, serving(office.exchange, take):
        for _ in range(2):
            call = await office.phone("101").dial("200")
            assert await call.answered()
        refused = await office.phone("102").dial("200")
        end = await asyncio.wait_for(refused.ended(), 3.0)
        assert (end.by, end.status, end.phrase) == (EndedBy.REMOTE, 503, "No Free Media Port")
        assert office.listener.legs[-1].reason is EndReason.ERROR
        out = await office.exchange.originate([PhoneTarget("101")], caller=US)
        assert await asyncio.wait_for(out.ended(), 3.0) is EndReason.UNREACHABLE
        await office.phone("103").register()
        out = await office.exchange.originate([PhoneTarget("103")], caller=US)
        assert await asyncio.wait_for(out.ended(), 3.0) is EndReason.ERROR
        first = await legs.get()
        assert first.state is LegState.ANSWERED
        assert (await first.play([Tone((440.0,), 0.1)])).seconds == pytest.approx(0.1, abs=0.03)
        await first.hang_up()
        await until(lambda: len(office.exchange.legs()) == 1)
        call = await office.phone("102").dial("200")
        assert await call.answered()
