"""The view of connections after real calls: SIP and RTP into an exchange that runs, then its database is read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from cordboard.office.recording_rules import RecordingRule
from cordboard.office.repositories import LoggedChain
from cordboard.phone import Call, Desk, Phone, open_desk
from cordboard.sip.api import Address, Identity
from cordboard.store.database import open_store
from cordboard.telephony import EndReason
from cordboard.testing.office_process import DATABASE, OfficeProcess, office_process, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]

MAIN = """\
scenario: main
kind: voice
variables:
  - {name: file}
start: patient
steps:
  patient:
    component: compare
    condition: =caller_name = "patient"
    exits: {yes: ring, no: menu}
  ring:
    component: ring
    exits: {done: wait}
  wait:
    component: pause
    duration: 20s
  menu:
    component: menu
    text: "1"
    language: en
    keys:
      - {id: people, key: "1", to: record}
      - {id: nobody, key: "2", to: alone}
  alone:
    component: pause
    duration: 20s
  record:
    component: start_recording
    file: file
    exits: {done: first}
  first:
    component: dial
    who: olena
    exits: {answered: second}
  second:
    component: dial
    who: ivan
"""
CALLER = "0671112233"
WITHIN = 10.0
_SECOND = 16_000
"""Bytes of a recording."""


@dataclass
class Stage:
    """An exchange with two people at their phones, and the world outside."""

    office: OfficeProcess
    inside: Desk
    outside: Desk
    phones: dict[str, Phone]

    @property
    def server(self) -> Address:
        return Address("udp", "127.0.0.1", self.office.sip_port)

    async def call_in(self, number: str = CALLER, name: str = "") -> Call:
        """Somebody outside calls the office."""
        return await self.outside.dial(
            f"sip:2327757@127.0.0.1:{self.office.sip_port}",
            via=self.server,
            caller=Identity(number, "127.0.0.1", name),
            called=Identity("2327757", "127.0.0.1"),
        )

    async def joined(self, count: int) -> None:
        """Wait until the log knows so many connections."""
        await self._log(lambda chains: sum(len(chain.connections) for chain in chains) == count)

    async def rows(self, count: int) -> Sequence[dict[str, Any]]:
        """The view, the oldest first, once so many calls have ended."""
        await self._log(lambda chains: len(chains) == count and all(leg.ended for one in chains for leg in one.legs))
        query = text('SELECT * FROM "A_Stat_Connections_1x1" ORDER BY "TimeAnswer", "Id"')
        async with await open_store(self.office.folder / DATABASE) as store:
            found = await store.reader.read(lambda connection: connection.execute(query).mappings().all())
        return [dict(row) for row in found]

    async def _log(self, shows: Callable[[Sequence[LoggedChain]], bool]) -> None:
        async with await open_store(self.office.folder / DATABASE) as store, asyncio.timeout(WITHIN):
            while not shows(await store.call_log.recent(10)):  # noqa: ASYNC110  (another process writes it)
                await asyncio.sleep(0.02)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[OfficeProcess]:
    with office_process(tmp_path, {"main": MAIN}, numbers={"700": "main"}) as office:
        yield office


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[OfficeProcess]:
    """Of Ivan all is recorded."""

    async def rule() -> None:
        async with await open_store(tmp_path / DATABASE) as store:
            await store.office.save(RecordingRule(name="ivan", users=("ivan",)))

    with office_process(tmp_path):
        pass
    asyncio.run(rule())
    with office_process(tmp_path, again=True) as office:
        yield office


@asynccontextmanager
async def staged(office: OfficeProcess) -> AsyncIterator[Stage]:
    city = Address("udp", "127.0.0.1", office.city_port)
    async with open_desk() as inside, open_desk(city, rtp_ports=range(32000, 32400)) as outside:
        stage = Stage(office, inside, outside, {})
        for number in ("101", "102"):
            stage.phones[number] = inside.phone(number, office.passwords[number], stage.server)
            await stage.phones[number].register()
        yield stage


async def taken(phone: Phone) -> Call:
    async with asyncio.timeout(WITHIN):
        call = await phone.incoming.get()
    await call.answer()
    return call


def without_times(rows: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """All but the ids and the times; these are looked at here."""
    now = datetime.now(ZoneInfo("Europe/Kyiv")).replace(tzinfo=None)
    for row in rows:
        start, answer, stop = (
            datetime.strptime(row[name], "%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ007 - as it stands there
            for name in ("TimeStart", "TimeAnswer", "TimeStop")
        )
        assert now - timedelta(minutes=1) < start <= answer <= stop <= now
        assert row["Id"]
    return [[*row.values()][5:] for row in rows]


async def test_an_employee_dials_outside_and_a_robot_inside(office: OfficeProcess) -> None:
    async with staged(office) as stage:
        stage.outside.answer_anybody(Call.answer)
        call = await stage.phones["101"].dial("90671234567")
        assert await call.answered()
        await call.hang_up()
        again = await stage.phones["102"].dial("700")
        assert await again.answered()
        await again.hang_up()
        rows = await stage.rows(2)
    assert without_times(rows) == [
        [1, 1, 0, "101", "101", "90671234567", "olena", "city", "0671234567", None],
        [2, 1, 0, "102", "102", "700", "ivan", "IVR", "700", None],
    ]


async def test_which_talks_a_rule_has_recorded_stands_in_the_view_and_in_the_content(recording: OfficeProcess) -> None:
    def enough() -> bool:
        return sum(path.stat().st_size for path in (recording.folder / "recordings").rglob("*.wav")) > _SECOND

    async with staged(recording) as stage:
        mary = stage.inside.phone("103", recording.passwords["103"], stage.server)
        await mary.register()
        for number in ("101", "102"):
            call = await mary.dial(number)
            await taken(stage.phones[number])
            assert await call.answered()
            await call.say_tone(440.0)
            if number == "102":
                await asyncio.to_thread(until, enough)
            await call.hang_up()
        rows = await stage.rows(2)
    async with await open_store(recording.folder / DATABASE) as store:
        (kept,) = await store.recordings.find()
        told = await store.runs.messages(name="call.ended")
    assert [(row["BUserId"], row["IsRecorded"]) for row in rows] == [("olena", 0), ("ivan", 1)]
    assert (kept.chain, kept.user) == (rows[1]["IdChain"], "ivan")
    assert {message.chain: message.data["recordings"] for message in told} == {
        rows[0]["IdChain"]: [],
        rows[1]["IdChain"]: [kept.file],
    }


async def test_a_menu_two_people_a_menu_alone_and_a_missed_call(office: OfficeProcess) -> None:
    async with staged(office) as stage:
        call = await stage.call_in()
        assert await call.answered()
        await call.press("1")
        first = await taken(stage.phones["101"])
        await stage.joined(1)
        await first.hang_up()
        second = await taken(stage.phones["102"])
        await stage.joined(2)
        await call.hang_up()
        await second.ended()
        alone = await stage.call_in()
        assert await alone.answered()
        await alone.press("2")
        await alone.hang_up()
        missed = await stage.call_in(name="patient")
        assert await missed.ringing()
        await missed.hang_up()
        rows = await stage.rows(3)
        chains = await asyncio.to_thread(stage.office.chains)
    assert without_times(rows) == [
        [4, 1, 1, "city", CALLER, "2327757", None, "IVR", "2327757", None],
        [5, 2, 1, "city", CALLER, "2327757", None, "101", "101", "olena"],
        [5, 2, 1, "city", CALLER, "2327757", None, "102", "102", "ivan"],
        [4, 1, 0, "city", CALLER, "2327757", None, "IVR", "2327757", None],
    ]
    assert len({row["IdChain"] for row in rows}) == 2
    robot, one, other, _ = rows
    assert robot["TimeStop"] == one["TimeAnswer"] < one["TimeStop"] <= other["TimeStart"] < other["TimeAnswer"]
    assert [leg.reason for leg in chains[0].legs] == [EndReason.CANCELLED]
