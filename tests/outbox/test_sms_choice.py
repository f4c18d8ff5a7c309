from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cordboard.outbox.sms.choice import by_preference
from cordboard.outbox.sms.keeping import LineKind, SmsLineConfig
from cordboard.outbox.sms.quiet import quiet_hours, quiet_until, zones_of

KYIV = ZoneInfo("Europe/Kyiv")
TOKYO = ZoneInfo("Asia/Tokyo")


def line(name: str, *prefixes: str, cost: str = "1", rank: int = 0, enabled: bool = True) -> SmsLineConfig:
    return SmsLineConfig(name, LineKind.HTTP, {}, prefixes, Decimal(cost), "UAH", rank, enabled)


@pytest.mark.parametrize(
    ("lines", "order"),
    [
        ([line("all"), line("ua", "+380"), line("ks", "+38067", "+38068")], ["ks", "ua", "all"]),
        ([line("vf", "+38050"), line("all", cost="9")], ["all"]),
        ([line("dear", cost="0.42"), line("cheap", cost="0.415")], ["cheap", "dear"]),
        ([line("dear", "+380", cost="2"), line("cheap", cost="1")], ["dear", "cheap"]),
        ([line("b", rank=1), line("c", rank=1), line("a", rank=2)], ["b", "c", "a"]),
        ([line("off", "+38067", enabled=False), line("on")], ["on"]),
        ([], []),
    ],
)
def test_the_longest_prefix_then_the_price_then_the_rank_choose(lines: list[SmsLineConfig], order: list[str]) -> None:
    assert [each.name for each in by_preference(lines, "+380671234567")] == order


def test_a_short_code_goes_by_a_line_for_all_or_for_it() -> None:
    lines = [line("all"), line("ua", "+380"), line("bank", "4433")]
    assert [each.name for each in by_preference(lines, "4433")] == ["bank", "all"]


def kyiv(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=KYIV)


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ("21:00-08:00", kyiv(20, 59), None),
        ("21:00-08:00", kyiv(21), kyiv(8, day=24)),
        ("21:00-08:00", kyiv(23, 59), kyiv(8, day=24)),
        ("21:00-08:00", kyiv(7, 59), kyiv(8)),
        ("21:00-08:00", kyiv(8), None),
        ("13:00 - 14:30", kyiv(13, 1), kyiv(14, 30)),
        ("20:00-24:00", kyiv(21), kyiv(0, day=24)),
        ("", kyiv(3), None),
    ],
)
def test_quiet_hours_end_by_the_clock_of_whom_is_called(hours: str, now: datetime, until: datetime | None) -> None:
    assert quiet_until(now.astimezone(UTC), quiet_hours(hours), [KYIV]) == until


def test_in_several_zones_nobody_is_disturbed() -> None:
    quiet = quiet_hours("21:00-08:00")
    # It is 10 in Kyiv and 17 in Tokyo, then 14 and 21.
    assert quiet_until(kyiv(10), quiet, [KYIV, TOKYO]) is None
    assert quiet_until(kyiv(14), quiet, [KYIV, TOKYO]) == kyiv(8, day=24)


def test_the_change_to_winter_time_makes_the_night_longer() -> None:
    night = datetime(2026, 10, 24, 22, tzinfo=KYIV)
    until = quiet_until(night.astimezone(UTC), quiet_hours("21:00-08:00"), [KYIV])
    assert until == datetime(2026, 10, 25, 8, tzinfo=KYIV)
    assert until is not None
    assert (until - night.astimezone(UTC)).total_seconds() == 11 * 3600


def test_the_office_is_waited_for_also_over_a_week_end() -> None:
    def working(at: datetime) -> bool:
        there = at.astimezone(KYIV)
        return there.weekday() < 5 and 9 <= there.hour < 18

    friday = kyiv(18, day=27)
    assert quiet_until(friday, None, [KYIV], working) == kyiv(9, day=30)
    assert quiet_until(kyiv(17, 59, day=27), None, [KYIV], working) is None
    assert quiet_until(friday, None, [KYIV], lambda _: False) == kyiv(18, day=27).replace(month=12, day=5)


@pytest.mark.parametrize("text", ["21-8", "25:61-08:00", "08:00-08:00", "night"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="are no quiet hours: "):
        quiet_hours(text)


@pytest.mark.parametrize(
    ("called", "zones"),
    [
        (["Asia/Tokyo"], [TOKYO]),
        (["Asia/Tokyo", "Europe/Kyiv"], [KYIV]),
        (["Asia/Tokyo", "Europe/London"], [TOKYO, ZoneInfo("Europe/London")]),
        ([], [KYIV]),
    ],
)
def test_whose_clock_counts(called: list[str], zones: list[ZoneInfo]) -> None:
    assert list(zones_of(called, KYIV)) == zones
