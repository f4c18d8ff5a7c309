from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import structlog

from cordboard.office.calendar import EXAMPLE, CalendarError, CalendarFile, OfficeCalendar, read_calendar

KYIV = ZoneInfo("Europe/Kyiv")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KYIV)


def test_without_a_word_it_is_monday_to_friday_nine_to_six() -> None:
    calendar = OfficeCalendar()
    assert [calendar.is_working(at(f"2026-11-{day} 12:00")) for day in range(23, 30)] == [True] * 5 + [False] * 2
    assert not calendar.is_working(at("2026-11-23 08:59"))
    assert calendar.is_working(at("2026-11-23 09:00"))
    assert calendar.is_working(at("2026-11-23 17:59"))
    assert not calendar.is_working(at("2026-11-23 18:00"))
    assert calendar.holiday(date(2026, 1, 1)) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-11-23 12:59", True),
        ("2026-11-23 13:00", False),
        ("2026-11-23 14:00", True),
        ("2026-11-28 14:59", True),
        ("2026-11-29 12:00", False),
        ("2026-12-31 13:59", True),
        ("2026-12-31 14:00", False),
        ("2027-01-01 12:00", False),
    ],
)
def test_the_example_says_when_it_is_open(moment: str, open_: bool) -> None:
    assert read_calendar(EXAMPLE).is_working(at(moment)) is open_


def test_hours_go_beyond_midnight_and_belong_to_the_day_on_which_they_begin() -> None:
    calendar = read_calendar('[week]\nfri = "22:00-06:00"\n[days]\n2026-12-04 = "closed; stocktaking"\n')
    assert not calendar.is_working(at("2026-11-27 05:00"))
    assert calendar.is_working(at("2026-11-27 22:00"))
    assert calendar.is_working(at("2026-11-28 05:59"))
    assert not calendar.is_working(at("2026-11-28 06:00"))
    assert not calendar.is_working(at("2026-12-04 23:00"))
    assert not calendar.is_working(at("2026-12-05 01:00"))


def test_a_day_may_have_a_name_and_a_working_day_is_no_holiday() -> None:
    calendar = read_calendar('[days]\n2026-12-25 = "closed; Christmas"\n2026-12-26 = ""\n2026-12-27 = "10:00-12:00"\n')
    days = [date(2026, 12, day) for day in (25, 26, 27, 28)]
    assert [calendar.holiday(day) for day in days] == ["Christmas", "closed", "", ""]


@pytest.mark.slow
def test_public_holidays_of_a_country_are_closed_unless_the_office_works() -> None:
    calendar = read_calendar(
        '[week]\nmon-sun = "09:00-18:00"\n[holidays]\ncountry = "PL"\n[days]\n2026-11-11 = "10:00-12:00"'
    )
    assert calendar.holiday(date(2026, 5, 1)) != ""
    assert not calendar.is_working(at("2026-05-01 10:00"))
    assert calendar.is_working(at("2026-11-11 11:00"))
    assert calendar.holiday(date(2026, 11, 11)) == ""


@pytest.mark.slow
def test_nothing_is_known_of_ukraine_now_so_the_offices_own_days_count() -> None:
    calendar = read_calendar('[holidays]\ncountry = "UA"\n[days]\n2026-08-24 = "closed; День Незалежності"\n')
    assert calendar.holiday(date(2026, 12, 25)) == ""
    assert calendar.holiday(date(2026, 8, 24)) == "День Незалежності"


@pytest.mark.slow
def test_every_fault_has_a_line() -> None:
    text = """
        when = 1
        [week]
        monday = "09:00-18:00"
        mon = "9 to 6"
        mon-fri = "09:00-18:00"
        sat = 9
        [holidays]
        country = "XX"
        land = "none"
        [days]
        31-12-2026 = "closed"
        2026-12-31 = "25:00-26:00"
    """
    with pytest.raises(CalendarError) as caught:
        read_calendar(text)
    assert str(caught.value).splitlines() == [
        "[when] is unknown: there are week, holidays and days",
        "week: 'monday' is no day: write mon, tue, wed, thu, fri, sat, sun, or mon-fri",
        'week: mon: \'9 to 6\' are no hours: write "09:00-13:00, 14:00-18:00" or "closed"',
        "week: mon-fri names a day that was there before",
        'week: sat: 9 are no hours: write "09:00-13:00, 14:00-18:00" or "closed"',
        "days: '31-12-2026' is no date: write 2026-12-31",
        'days: 2026-12-31: \'25:00-26:00\' are no hours: write "09:00-13:00, 14:00-18:00" or "closed"',
        "holidays: land is unknown: there are country and subdivision",
        "holidays: nothing is known of XX: leave it out, and list days",
    ]


def test_what_is_no_toml_is_told() -> None:
    with pytest.raises(CalendarError, match="this is no TOML"):
        read_calendar("mon: nine to six")


def test_the_file_is_read_when_it_changes_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "calendar.toml"
    calendar = CalendarFile(path)
    sunday = at("2026-11-29 12:00")
    assert not calendar.is_working(sunday)
    path.write_text('[week]\nsun = "10:00-14:00"\n', encoding="utf-8")
    assert calendar.is_working(sunday)
    with structlog.testing.capture_logs() as logged:
        path.write_text('[week]\nsun = "ten to two o\'clock"\n', encoding="utf-8")
        assert calendar.is_working(sunday)
        assert calendar.is_working(sunday)
    assert [line["event"] for line in logged] == ["the calendar cannot be read, its last state holds"]
    path.unlink()
    assert not calendar.is_working(sunday)
