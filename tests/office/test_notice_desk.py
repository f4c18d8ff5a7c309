"""The desk of notices: taken in, told to open pages, and nothing lost while the store is away."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from cordboard.office.notices import Notice, NoticeDesk
from cordboard.simulation.virtual_time import VirtualClock, settle, virtual_time


class Held:
    """The part of Notices that the desk asks for, in memory."""

    def __init__(self, *ordered: str) -> None:
        self.ordered = list(ordered)
        self.notices: list[Notice] = []
        self.fails = False

    async def take_in(self, now: datetime, limit: int = 100) -> int:
        if self.fails:
            raise OSError("the store is away")
        ordered, self.ordered = self.ordered[:limit], self.ordered[limit:]
        for each in ordered:
            login, _, text = each.partition(" ")
            self.notices.append(Notice(len(self.notices) + 1, login, now, text, {}, urgent=False))
        return len(ordered)

    async def after(self, id_: int, limit: int = 1000) -> Sequence[Notice]:
        return [each for each in self.notices if each.id > id_][:limit]

    async def last(self) -> int:
        return len(self.notices)


@asynccontextmanager
async def running(held: Held) -> AsyncIterator[NoticeDesk]:
    desk = NoticeDesk(held, VirtualClock())  # type: ignore[arg-type]  # the part that is asked
    task = asyncio.create_task(desk.run())
    await settle()
    yield desk
    task.cancel()
    await asyncio.wait([task])


@virtual_time
async def test_a_page_is_told_what_is_for_its_user() -> None:
    held = Held("anna before")
    async with running(held) as desk:
        with desk.stream("anna") as page, desk.stream("anna") as other, desk.stream("olena") as olena:
            held.ordered += ["olena one", "anna two"]
            desk.wake()
            assert [(await stream.next()).text for stream in (page, other, olena)] == ["two", "two", "one"]
        held.ordered += ["anna three"]
        desk.wake()
        with pytest.raises(TimeoutError):  # the page is closed
            async with asyncio.timeout(5):
                await page.next()
    assert [each.text for each in held.notices] == ["before", "one", "two", "three"]


@virtual_time
async def test_what_another_node_has_taken_in_is_told_within_a_second() -> None:
    held = Held()
    async with running(held) as desk:
        with desk.stream("anna") as page:
            held.notices.append(Notice(1, "anna", VirtualClock().now(), "from there", {}, urgent=False))
            async with asyncio.timeout(1.1):
                assert (await page.next()).text == "from there"


@virtual_time
async def test_a_store_that_is_away_delays_and_loses_nothing() -> None:
    held = Held()
    held.fails = True
    async with running(held) as desk:
        with desk.stream("anna") as page:
            held.ordered = ["anna later"]
            await asyncio.sleep(10)
            held.fails = False
            assert (await page.next()).text == "later"


@virtual_time
async def test_a_page_that_does_not_listen_is_told_that_it_has_missed_some() -> None:
    held = Held()
    async with running(held) as desk:
        with desk.stream("anna") as page:
            held.ordered = [f"anna {number}" for number in range(150)]
            desk.wake()
            await settle(50)
            assert page.missed
            assert [(await page.next()).text for _ in range(100)] == [str(number) for number in range(100)]
