"""Story S4 on real SIP and RTP: the debtors of a workbook are called, and each one's result stands in his row."""

import asyncio
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from cordboard.phone import Call, recognise
from cordboard.phone.listening import RATE, read_sound
from cordboard.testing.audio import write_wav
from cordboard.testing.stories_on_the_wire import ROOT, Props, Told, told, until
from cordboard.testing.workbooks import opened, parts, without

pytestmark = [pytest.mark.slow, pytest.mark.wire]

SHIPPED = ROOT / "examples" / "s04-auto-informer" / "tables" / "debtors.xlsx"
OLENA, IVAN, MARY = "+380671234567", "+380501112233", "+380931112233"
ABSENT, REJECTS, NOWHERE = "+380631112233", "+380661112233", "+380731112233"
MORE = [
    (6, "не підходить", "063 111-22-33", 2, "uk"),
    (7, "поганий номер", "12-34", 3, "uk"),
    (8, "відхиляє", 661112233, 4, "uk"),
    (9, "вимкнено", "+380 73 111 22 33", 5, "uk"),
]
SHEET = "xl/worksheets/sheet1.xml"
STYLES = "xl/styles.xml"
HOURS = {"- {days: mon-sat, hours: 09:00-20:00}": '- {hours: "00:00-24:00"}', "ring_time: 40s": "ring_time: 2s"}
"""The test runs at any hour, and nobody waits for who does not answer."""
PROMPT = "debt_notice.wav"
Results = dict[int, tuple[str, str]]
"""By id: result and reason."""
Parts = Mapping[str, Callable[[Call], Awaitable[None]]]


# --- the story ----------------------------------------------------------------------------------------------------


async def test_the_list_is_called_and_the_results_stand_in_the_workbook(tmp_path: Path) -> None:
    before = workbook()
    notice = recorded_notice(tmp_path)
    edits = {"inform_row": HOURS, "inform": {"duration: 1h": "duration: 1s"}}
    recording = notice.read_bytes()
    async with story_of(tmp_path, before, edits, recording) as (story, people):
        book = story.tables / "debtors.xlsx"
        mark = book.with_name(f"~${book.name}")
        mark.write_bytes(b"\x04Anna".ljust(165, b"\0"))  # as Excel does while somebody has it open
        rejected_once: list[Call] = []

        async def ivan(call: Call) -> None:
            await call.answer()
            await until(lambda: hears_recording(call, notice))
            await call.hang_up()

        async def mary(call: Call) -> None:
            if rejected_once:
                await listens(call)
                return
            rejected_once.append(call)
            # Two are through, and the workbook is still open in Excel: nothing is written, and nothing is lost.
            assert book.read_bytes() == before
            mark.unlink()
            call.refuse(486)

        people.parts = {
            OLENA: listens,
            IVAN: ivan,
            MARY: mary,
            ABSENT: rings,
            REJECTS: refuses(603),
            NOWHERE: refuses(404),
        }
        run = await story.start("inform")
        assert await story.start("inform") == run
        await story.all_over(within=90.0)

        first, again, last = (
            [OLENA, IVAN, MARY, ABSENT, REJECTS, NOWHERE],
            [MARY, ABSENT, REJECTS, NOWHERE],
            [ABSENT, REJECTS, NOWHERE],
        )
        assert people.called == first + again + last
        expected = {
            1: ("Дослушал", ""),
            2: ("Положил трубку", ""),
            3: ("Дослушал", ""),
            4: ("", ""),
            5: ("Нет номера", ""),
            6: ("Неудача", "не отвечает"),
            7: ("Неверный номер", "12-34"),
            8: ("Неудача", "сбросил"),
            9: ("Неудача", "недоступен"),
        }
        await until(lambda: say(book, expected), what=lambda: repr(results(book)))
        assert_the_rest_stands(before, book.read_bytes())
        [olena], [_, mary_listened] = people.calls[OLENA], people.calls[MARY]
        assert hears_now(olena, notice)
        assert heard_texts(story, olena) == [
            "сто двадцять гривень п'ятдесят копійок Будь ласка, сплатіть до кінця місяця. Дякуємо."
        ]
        assert heard_texts(story, mary_listened) == [
            "one million hryvnias Please pay by the end of the month. Thank you."
        ]


async def test_no_row_is_dialled_twice_and_none_is_lost_through_a_crash(tmp_path: Path) -> None:
    before = workbook(())
    async with story_of(tmp_path, before, {"inform_row": HOURS}) as (story, people):
        book = story.tables / "debtors.xlsx"
        talks = asyncio.Event()

        async def ivan(call: Call) -> None:
            await call.answer()
            talks.set()

        people.parts = {OLENA: leaves, IVAN: ivan, MARY: leaves}
        await story.start("inform")
        await asyncio.wait_for(talks.wait(), 20.0)
        await until(lambda: logged(story, IVAN))
        await story.on.exchange.kill()
        assert people.called == [OLENA, IVAN]
        await story.on.exchange.start()
        expected = {
            1: ("Положил трубку", ""),
            2: ("Прервано", ""),
            3: ("Положил трубку", ""),
            4: ("", ""),
            5: ("Нет номера", ""),
        }
        await until(lambda: say(book, expected), what=lambda: repr(results(book)))
        assert people.called == [OLENA, IVAN, MARY]
        # Nothing was recorded here: what the shipped file says is spoken.
        [mary] = people.calls[MARY]
        [heard] = story.heard(mary)
        assert heard.text.startswith("Good day. We remind you that your debt is")
        assert_the_rest_stands(before, book.read_bytes())


async def test_three_are_called_at_once_and_no_more(tmp_path: Path) -> None:
    numbers = [f"+38067222220{place}" for place in range(1, 6)]
    before = workbook([(10 + place, "", number, 1) for place, number in enumerate(numbers)])
    recording = recorded_notice(tmp_path).read_bytes()
    edits = {"inform_row": {**HOURS, "ring_time: 40s": "ring_time: 20s"}}
    async with story_of(tmp_path, before, edits, recording) as (story, people):
        book = story.tables / "debtors.xlsx"
        ringing: set[str] = set()
        most: list[int] = []
        three = asyncio.Event()

        async def rings_until_three_do(call: Call) -> None:
            ringing.add(call.called.user)
            most.append(len(ringing))
            call.ring()
            await asyncio.wait_for(three.wait(), 20.0)
            ringing.discard(call.called.user)
            call.refuse(486)

        people.parts = dict.fromkeys([OLENA, IVAN, MARY, *numbers], rings_until_three_do)
        await story.start("inform_parallel")
        await until(lambda: rung(story, 3))
        assert len(ringing) == 3
        three.set()
        await story.all_over(within=40.0)
        assert max(most) == 3
        assert sorted(people.called) == sorted([OLENA, IVAN, MARY, *numbers])
        busy = dict.fromkeys((1, 2, 3, *range(10, 15)), ("Неудача", "занято"))
        expected = {4: ("", ""), 5: ("Нет номера", "")} | busy
        await until(lambda: say(book, expected), what=lambda: repr(results(book)))


# --- who is called ------------------------------------------------------------------------------------------------


class People:
    """Everybody in the city: what each does with a call, and who was called."""

    def __init__(self, story: Told) -> None:
        self.parts: Parts = {}
        self.called: list[str] = []
        self.calls: dict[str, list[Call]] = {}
        self._story = story

    async def live(self) -> None:
        """Take calls, for ever."""
        async with asyncio.TaskGroup() as at_their_phones:
            while True:
                call = await self._story.on.city.get()
                number = call.called.user
                self.called.append(number)
                self.calls.setdefault(number, []).append(call)
                at_their_phones.create_task(self.parts[number](call))  # type: ignore[arg-type]  # all are coroutines


async def listens(call: Call) -> None:
    await call.answer()
    await call.ended()


async def leaves(call: Call) -> None:
    await call.answer()
    await until(lambda: hears_anything(call))
    await call.hang_up()


async def rings(call: Call) -> None:
    call.ring()
    await call.ended()


def refuses(status: int) -> Callable[[Call], Awaitable[None]]:
    async def refuse(call: Call) -> None:
        call.refuse(status)

    return refuse


# --- within -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def story_of(
    folder: Path, book: bytes, edits: Mapping[str, Mapping[str, str]], notice: bytes = b""
) -> AsyncIterator[tuple[Told, People]]:
    props = Props(
        "s04-auto-informer", edits, "uk", tables={"debtors.xlsx": book}, prompts={PROMPT: notice} if notice else {}
    )
    async with told(folder, props) as story:
        people = People(story)
        living = asyncio.create_task(people.live())
        try:
            yield story, people
            assert not living.done(), living
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)


def workbook(more: Sequence[Sequence[Any]] = MORE) -> bytes:
    """The shipped workbook, as its owner has gone on with it: more rows, a formula beside them, colours, a comment."""
    book = openpyxl.load_workbook(SHIPPED)
    sheet: Any = book.worksheets[0]
    for row in more:
        sheet.append(row)
    last = sheet.max_row
    sheet.tables[next(iter(sheet.tables))].ref = f"A1:H{last}"
    sheet["J2"] = f"=SUM(D2:D{last})"
    sheet["D2"].fill = PatternFill("solid", fgColor="FFFFCC00")
    sheet["B3"].comment = Comment("Передзвонити після шостої", "Анна")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def recorded_notice(folder: Path) -> Path:
    """What stands for the office's recording: a noise that is like no other sound."""
    noise = np.random.default_rng(4).normal(0, 1, RATE * 3 // 2 + 8)
    smooth = (np.convolve(noise, np.ones(9) / 3, "valid") * 3000).clip(-32768, 32767).astype(np.int16)
    return write_wav(folder / PROMPT, smooth)


def hears_now(call: Call, notice: Path) -> bool:
    return any(one.seconds > 1.0 for one in recognise(call.heard, {"the recording": notice}))


async def hears_recording(call: Call, notice: Path) -> bool:
    return call.heard.exists() and hears_now(call, notice)


async def hears_anything(call: Call) -> bool:
    return call.heard.exists() and bool(np.count_nonzero(np.abs(read_sound(call.heard)) > 500) > RATE)


def heard_texts(story: Told, call: Call) -> list[str]:
    return [" ".join(one.text for one in story.heard(call) if one.whole)]


async def logged(story: Told, number: str) -> bool:
    """Whether the call log has somebody's answer: it is a moment behind."""
    chains = await story.store(lambda store: store.call_log.recent(5))
    return any(leg.dialled == number and leg.answered for chain in chains for leg in chain.legs)


async def rung(story: Told, count: int) -> bool:
    chains = await story.store(lambda store: store.call_log.recent(20))
    return sum(len(chain.legs) for chain in chains) >= count


def rows(book: Path) -> dict[int, dict[str, Any]]:
    sheet = opened(book.read_bytes()).worksheets[0]
    head, *body = sheet.iter_rows(values_only=True, max_col=8)
    return {int(row[0]): dict(zip(map(str, head), row, strict=True)) for row in body}  # type: ignore[arg-type]  # an id


def results(book: Path) -> Results:
    found = rows(book)
    assert all(isinstance(row["at"], datetime) == bool(row["result"]) for row in found.values())
    return {id_: (row["result"] or "", row["reason"] or "") for id_, row in found.items()}


async def say(book: Path, expected: Results) -> bool:
    return results(book) == expected


def assert_the_rest_stands(before: bytes, after: bytes) -> None:
    """Every other part byte for byte; of the sheet all but the cells of the results, with their looks.

    The first date that is written needs a look of its own, which is added behind those that are there.
    """
    old, new = parts(before), parts(after)
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    assert changed <= {SHEET, STYLES}
    looks, more = (re.findall(rb"<xf .*?(?:/>|</xf>)", part[STYLES].partition(b"<cellXfs")[2]) for part in (old, new))
    assert [look for look in looks if look not in more] == []
    ours = {f"{column}{row}" for column in "FGH" for row in range(2, 20)}
    assert without(old[SHEET], *ours) == without(new[SHEET], *ours)
