from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cordboard.scenario.schedule import BadScheduleError, parse_schedule

KYIV = ZoneInfo("Europe/Kyiv")
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 10:00 in Kyiv


def _next(text: str, count: int = 2, since: datetime = MONDAY) -> list[str]:
    schedule, moments = parse_schedule(text), []
    moment: datetime | None = since
    for _ in range(count):
        assert moment is not None
        moment = schedule.after(moment, KYIV)
        moments.append(moment.astimezone(KYIV).strftime("%m-%d %H:%M") if moment else "")
    return moments


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("every 15m", ["11-23 10:15", "11-23 10:30"]),
        ("Every 1h", ["11-23 11:00", "11-23 12:00"]),
        ("every 24h", ["11-24 00:00", "11-25 00:00"]),
        ("every 60 m", ["11-23 11:00", "11-23 12:00"]),
        ("daily at 9:00, 17:30", ["11-23 17:30", "11-24 09:00"]),
        ("on mon-fri at 09:00", ["11-24 09:00", "11-25 09:00"]),
        ("on sat, sun at 12:00", ["11-28 12:00", "11-29 12:00"]),
        ("monthly on 1, 15 at 09:00", ["12-01 09:00", "12-15 09:00"]),
        ("at 2026-12-31 23:00", ["12-31 23:00", ""]),
        ("*/20 9-17 * * 1-5", ["11-23 10:20", "11-23 10:40"]),
    ],
)
def test_what_is_due_next(text: str, moments: list[str]) -> None:
    assert _next(text) == moments


def test_a_time_that_the_clock_skips_happens_right_after_and_one_that_comes_twice_happens_once() -> None:
    before_spring = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert _next("daily at 03:30", 2, before_spring) == ["03-29 04:00", "03-30 03:30"]
    before_autumn = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    assert _next("daily at 03:30", 2, before_autumn) == ["10-25 03:30", "10-26 03:30"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("now and then", "is no schedule: write one of every 15m; daily at 09:00"),
        ("daily at 25:00", "is no schedule"),
        ("on mon-wed-fri at 09:00", "is no schedule"),
        ("on noday at 09:00", "is no schedule"),
        ("monthly on 32 at 09:00", "is no schedule"),
        ("61 * * * *", "is no schedule"),
        ("0 0 30 2 *", "is no schedule"),
        ("at 2026-02-30 10:00", "is no schedule"),
        ("", "is no schedule"),
        ("every 7m", "an hour can be cut into"),
        ("every 0m", "an hour can be cut into"),
        ("every 5h", "a day can be cut into"),
    ],
)
def test_a_text_that_is_no_schedule_is_refused_with_ways_to_write_one(text: str, words: str) -> None:
    with pytest.raises(BadScheduleError, match=words.replace("(", r"\(")):
        parse_schedule(text)
