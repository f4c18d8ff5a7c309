import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.lists import app
from cordboard.office.listing import ListedNumber
from cordboard.store.database import open_store

Command = Callable[..., Result]


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))

    async def make() -> None:
        async with await open_store(tmp_path / "cordboard.sqlite") as store:
            over = ListedNumber("black", "+380441112233", "", datetime(2026, 1, 2, 10, 0, tzinfo=UTC))
            await store.number_lists.put(over, datetime.now(UTC))

    asyncio.run(make())
    return lambda *words: CliRunner().invoke(app, words)


def test_numbers_are_put_on_a_list_shown_and_taken_away(lists: Command) -> None:
    added = lists("add", "black", "067 123-45-67", "+380800*", "--note", "nuisance")
    assert (added.exit_code, added.output.splitlines()) == (
        0,
        ["+380671234567 stands on the list black", "+380800* stands on the list black"],
    )
    assert lists("add", "vip", "112", "--days", "7").exit_code == 0
    rows = [" ".join(line.split()) for line in lists("show").output.splitlines()]
    assert rows[:4] == [
        "list number until note",
        "black +380441112233 2026-01-02 12:00 (over)",
        "black +380671234567 nuisance",
        "black +380800* nuisance",
    ]
    week = datetime.now(UTC) + timedelta(days=7)
    assert rows[4].startswith(f"vip 112 {week:%Y-}")
    removed = lists("remove", "black", "0671234567")
    assert (removed.exit_code, removed.output) == (0, "+380671234567 is off the list black\n")
    again = lists("remove", "black", "0671234567")
    assert (again.exit_code, again.output) == (1, "+380671234567 does not stand on the list black\n")
    assert len(lists("show", "black").output.splitlines()) == 3


@pytest.mark.parametrize("number", ["0800*", "*", "nobody"])
def test_what_is_no_number_changes_nothing(lists: Command, number: str) -> None:
    refused = lists("add", "black", "0671234567", number)
    assert refused.exit_code == 1
    assert f"{number} is no number: write it in any usual way" in " ".join(refused.output.split())
    assert "067" not in lists("show").output


def test_days_are_more_than_none(lists: Command) -> None:
    refused = lists("add", "black", "112", "--days", "0")
    assert (refused.exit_code, refused.output) == (1, "--days takes a number above 0: --days 7.\n")
