"""Story S5 on real SIP and RTP: who calls hears what he owes, by whatever writing of his number."""

import asyncio
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from cordboard.cli.main import app
from cordboard.sip.api import EndedBy
from cordboard.testing.stories_on_the_wire import ROOT, Props, Told, told

pytestmark = [pytest.mark.slow, pytest.mark.wire]

DEBTS = ROOT / "examples" / "s05-debt" / "tables" / "debts.xlsx"
PROPS = Props("s05-debt", language="uk", main="debt")
UNKNOWN = "Ваш номер нам невідомий. Зателефонуйте, будь ласка, до офісу."


async def test_any_writing_of_a_number_finds_its_debt_and_the_sum_is_grammatical(tmp_path: Path) -> None:
    async with told(tmp_path, PROPS) as story:
        # The workbook as it is shipped. Its fifth and sixth row have one phone: the lower one counts.
        owing = "Ваш борг становить тисяча дві гривні п'ятдесят копійок"
        first = {
            "+380671234567": owing,
            "0671234567": owing,
            "380671234567": owing,
            "0501112233": "Ваш долг составляет двадцать одна гривна",
            "+380931112233": "Your debt is one hryvnia",
            "0441112233": "Ви нам нічого не винні. Дякуємо.",
            "0631112233": "Ваш борг становить дві гривні",
            "0991112233": UNKNOWN,
            "": UNKNOWN,
        }
        assert await what_each_hears(story, first) == first
        # Another file is put in its place, as Excel does it, while the exchange runs.
        replace_workbook(story.tables / "debts.xlsx")
        second = {
            "0671234567": "Ваш борг становить одна гривня",
            "0501112233": "Ваш долг составляет две гривны",
            "0931112233": "Ваш долг составляет пять гривен",
            "0441112233": "Ваш борг становить дві гривні",
            "0631112233": "Ваш борг становить п'ять гривень",
            "0661112233": "Ваш долг составляет одна гривна",
            "0731112233": "Your debt is five hryvnias",
            "0681112233": UNKNOWN,
        }
        assert await what_each_hears(story, second) == second
        told_of = ["workbook", "show", "debts", "--data", str(story.on.settings.data)]
        shown = await asyncio.to_thread(CliRunner().invoke, app, told_of)
        assert shown.exit_code == 0, shown.output
        assert "phone: a phone has lost its digits in row 9" in shown.output


async def what_each_hears(story: Told, callers: Iterable[str]) -> Mapping[str, str]:
    """They all call at once, and stay until the exchange hangs up."""

    async def one(number: str) -> tuple[str, str]:
        call = await story.on.call_in(number)
        assert await call.answered(), number
        assert (await call.ended()).by is EndedBy.REMOTE
        return number, " ".join(one.text for one in await asyncio.to_thread(story.heard, call) if one.whole)

    async with asyncio.timeout(60):
        return dict(await asyncio.gather(*map(one, callers)))


def replace_workbook(path: Path) -> None:
    """Phones as Excel keeps them: numbers without a zero or in general format, and a text that has lost its digits."""
    book = openpyxl.load_workbook(DEBTS)
    sheet: Any = book.worksheets[0]
    rows = [
        (1, "a number without its zero", 671234567, 1, "uk"),
        (2, "shown as 3.80501E+11", 380501112233, 2, "ru"),
        (3, "a text", "380931112233", 5, "ru"),
        (4, "a text with signs", "+38 (044) 111-22-33", 2, "uk"),
        (5, "as floating point", 380631112233.0, 5, "uk"),
        (6, "the national form", "0661112233", 1, "ru"),
        (7, "with an eight", "8-073-111-22-33", 5, "en"),
        (8, "its digits are lost", "3.80681E+11", 7, "uk"),
    ]
    for place, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            sheet.cell(place, column, value)
    sheet.tables[next(iter(sheet.tables))].ref = f"A1:E{len(rows) + 1}"
    out = io.BytesIO()
    book.save(out)
    beside = path.with_name("new.tmp")
    beside.write_bytes(out.getvalue())
    beside.replace(path)
