"""The office survives what happens to machines: kill -9 in the midst of calls, a locked database, a full disk."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from cordboard.office.repositories import LoggedChain
from cordboard.office.webhooks import Webhook
from cordboard.phone import Call, Desk, Phone, open_desk
from cordboard.phone.listening import read_sound
from cordboard.sip.api import Address
from cordboard.store.database import open_store
from cordboard.telephony import EndReason
from cordboard.testing.audio import strongest_frequency
from cordboard.testing.office_process import DATABASE, OfficeProcess, office_process, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]
_PHONES = range(18000, 18200)


@asynccontextmanager
async def desk_of(office: OfficeProcess, folder: Path) -> AsyncIterator[tuple[Phone, Phone, Desk]]:
    """Two phones of the demo office, signed in; 102 answers and says a tone."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - of a test
    server = Address("udp", "127.0.0.1", office.sip_port)

    async def take(call: Call) -> None:
        await call.answer()
        await call.say_tone(440.0)

    async with open_desk(rtp_ports=_PHONES, folder=folder) as desk:
        olena, ivan = (desk.phone(account, office.passwords[account], server, taker=take) for account in ("101", "102"))
        await olena.register()
        await ivan.register()
        yield olena, ivan, desk


async def talks(phone: Phone, number: str = "102") -> Call:
    """A call that is answered and in which the other one's tone is heard."""
    call = await phone.dial(number)
    assert await call.answered()
    async with asyncio.timeout(10.0):
        while not hears(call, 440.0):  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.05)
    return call


def hears(call: Call, hz: float) -> bool:
    """Whether a tone has arrived."""
    if not call.heard.exists():
        return False
    sound = read_sound(call.heard).astype(np.int16)
    windows = [sound[start : start + 1600] for start in range(0, len(sound) - 1600, 1600)]
    return any(abs(strongest_frequency(window) - hz) < 10 for window in windows)


def over(office: OfficeProcess) -> list[LoggedChain]:
    """The calls that the log knows to have ended."""
    return [chain for chain in office.chains() if all(leg.ended for leg in chain.legs)]


def test_kill_nine_in_a_talk_closes_the_log_and_the_same_phones_talk_again(tmp_path: Path) -> None:
    async def before(office: OfficeProcess) -> None:
        async with desk_of(office, tmp_path / "before") as (olena, _, _):
            await talks(olena)
            # What the log knows is what survives: it is a moment behind.
            await asyncio.to_thread(until, lambda: [c for c in office.chains() if c.connections], within=10.0)
            os.kill(office.pid, signal.SIGKILL)

    async def after(office: OfficeProcess) -> None:
        async with desk_of(office, tmp_path / "after") as (olena, _, _):
            call = await talks(olena)
            await call.hang_up()

    with office_process(tmp_path / "office") as office:
        asyncio.run(before(office))
    with office_process(tmp_path / "office", again=True) as office:
        (cut,) = office.chains()
        assert {leg.reason for leg in cut.legs} == {EndReason.ERROR}
        assert all(leg.ended for leg in cut.legs)
        assert all(connection.ended for connection in cut.connections)
        assert list(office.calls()) == []
        asyncio.run(after(office))
        until(lambda: [c for c in office.chains() if c.id != cut.id and all(leg.ended for leg in c.legs)])


def test_a_webhook_is_promised_the_end_of_each_call_also_of_one_that_kill_nine_has_cut(tmp_path: Path) -> None:
    folder = tmp_path / "office"
    hook = Webhook(name="crm", address="http://127.0.0.1:9/calls", events=("call.ended", "call.content"))

    async def subscribe() -> None:
        async with await open_store(folder / DATABASE) as store:
            await store.office.save(hook)

    async def promised() -> list[tuple[str, str, str]]:
        async with await open_store(folder / DATABASE) as store:
            taken = [each.payload for each in await store.outbox.find(limit=100)]
            payloads = [*taken, *(each.payload for each in await store.runs.effects())]
        bodies = [json.loads(str(payload["body"])) for payload in payloads]
        return sorted((body["chain"], body["topic"], body["data"]["reason"]) for body in bodies)

    async def calls(office: OfficeProcess) -> None:
        async with desk_of(office, tmp_path / "calls") as (olena, _, _):
            whole = await talks(olena)
            await whole.hang_up()
            await asyncio.to_thread(until, lambda: over(office), within=10.0)
            await talks(olena)
            await asyncio.to_thread(until, lambda: len(office.chains()) == 2, within=10.0)
            os.kill(office.pid, signal.SIGKILL)

    with office_process(folder):
        pass
    asyncio.run(subscribe())
    with office_process(folder, again=True) as office:
        asyncio.run(calls(office))
        cut, whole = (chain.id for chain in office.chains())
    told = [(whole, "call.content", "hung_up"), (whole, "call.ended", "hung_up")]
    assert asyncio.run(promised()) == told
    told += [(cut, "call.content", "error"), (cut, "call.ended", "error")]
    for _ in range(2):
        with office_process(folder, again=True):
            assert asyncio.run(promised()) == sorted(told)


def test_a_database_that_is_locked_for_five_seconds_delays_the_log_and_no_call(tmp_path: Path) -> None:
    async def call(office: OfficeProcess) -> None:
        async with desk_of(office, tmp_path / "calls") as (olena, _, _):
            lock = sqlite3.connect(office.folder / DATABASE, isolation_level=None)
            lock.execute("BEGIN IMMEDIATE")
            try:
                async with asyncio.timeout(5.0):  # the call comes and goes while nobody can write
                    talk = await talks(olena)
                    await talk.hang_up()
                await asyncio.sleep(5.0)  # the time for which it is locked is what is tried
            finally:
                lock.execute("ROLLBACK")
                lock.close()

    with office_process(tmp_path / "office") as office:
        asyncio.run(call(office))
        (chain,) = until(lambda: over(office), within=10.0)
        assert [leg.reason for leg in chain.legs] == [EndReason.HUNG_UP, EndReason.HUNG_UP]
        assert len(chain.connections) == 1


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own in memory."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_ends_no_call_and_the_log_is_written_when_there_is_room_again(tmp_path: Path) -> None:
    async def call(office: OfficeProcess, filling: Path) -> None:
        async with desk_of(office, tmp_path / "calls") as (olena, _, _):
            with filling.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(1 << 12))
            for _ in range(3):
                talk = await talks(olena)
                await talk.hang_up()
            filling.unlink()  # noqa: ASYNC240 - of a test
            last = await talks(olena)
            await last.hang_up()

    with small_disk(tmp_path / "disk", 24) as disk, office_process(disk / "office") as office:
        asyncio.run(call(office, disk / "filling"))
        ended = until(lambda: found if len(found := over(office)) == 4 else [], within=20.0)
        assert all(leg.reason is EndReason.HUNG_UP for chain in ended for leg in chain.legs)
