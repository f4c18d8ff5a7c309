"""Codes dialled from a phone: what they say is heard, counts for the next call, and through kill -9."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.cli.stage import comes_true
from cordboard.phone import Call, Phone, open_desk
from cordboard.phone.listening import hears_tone, recognise
from cordboard.sip.api import Address
from cordboard.speech.cache import spoken
from cordboard.testing.office_process import OfficeProcess, office_process

pytestmark = [pytest.mark.slow, pytest.mark.wire]

HZ = {"101": 440.0, "102": 620.0, "103": 1000.0}
WITHIN = 15.0


@asynccontextmanager
async def phones(office: OfficeProcess, folder: Path) -> AsyncIterator[dict[str, Phone]]:
    """101 to 103 are signed in, answer, and each has its tone."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - of a test
    server = Address("udp", "127.0.0.1", office.sip_port)

    def taker(account: str) -> Phone:
        async def take(call: Call) -> None:
            await call.answer()
            await call.say_tone(HZ[account])

        return desk.phone(account, office.passwords[account], server, taker=take)

    async with open_desk(rtp_ports=range(35000, 35200), folder=folder) as desk:
        made = {account: taker(account) for account in HZ}
        for phone in made.values():
            await phone.register()
        yield made


async def reaches(phone: Phone, number: str, account: str) -> None:
    """A call to the number is answered by that phone."""
    call = await phone.dial(number)
    assert await call.answered()

    async def heard() -> bool:
        return call.heard.exists() and await asyncio.to_thread(hears_tone, call.heard, HZ[account])

    assert await comes_true(heard, WITHIN), f"{account} is not heard at {number}"
    await call.hang_up()


async def says(office: OfficeProcess, phone: Phone, code: str, words: str) -> None:
    """The code is dialled, and these words are heard."""
    call = await phone.dial(code)
    assert await call.answered()
    await call.ended()

    async def heard() -> bool:
        found = await asyncio.to_thread(recognise, call.heard, spoken(office.folder / "speech"))
        return any(one.text.startswith(words) for one in found)

    assert await comes_true(heard, WITHIN), f"{words} is not heard"


def test_forwarding_by_a_code_counts_at_once_and_survives_kill_nine(tmp_path: Path) -> None:
    async def before(office: OfficeProcess) -> None:
        async with phones(office, tmp_path / "before") as there:
            await reaches(there["103"], "101", "101")
            await says(office, there["101"], "*72102", "Усі дзвінки йдуть на номер")
            await reaches(there["103"], "101", "102")
            os.kill(office.pid, signal.SIGKILL)

    async def after(office: OfficeProcess) -> None:
        async with phones(office, tmp_path / "after") as there:
            await reaches(there["103"], "101", "102")
            await reaches(there["101"], "103", "103")
            await says(office, there["101"], "*73", "Переадресацію вимкнено.")
            await reaches(there["103"], "101", "101")
            await reaches(there["101"], "*66", "103")

    with office_process(tmp_path / "office") as office:
        asyncio.run(before(office))
    with office_process(tmp_path / "office", again=True) as office:
        asyncio.run(after(office))
