"""Dates, times of day and moments."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal

from cordboard.scenario.expressions.bounds import bounded
from cordboard.scenario.expressions.errors import ExpressionError
from cordboard.scenario.expressions.function import Theme
from cordboard.scenario.expressions.functions.common import ZERO
from cordboard.scenario.expressions.functions.date_formats import check_format, read_with_format, write_with_format
from cordboard.scenario.expressions.functions.zones import zone_named
from cordboard.scenario.expressions.names import Scope
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, ValueType, parse

dates = Theme(
    "date",
    "Dates and times",
    "Moments are shown and taken apart in the zone of the office. Weeks begin on Monday. A date can be written out as "
    'a text where a date is wanted: "2026-12-31".',
)
_MOST_DAYS = 3_000_000


def _local(scope: Scope, moment: datetime) -> datetime:
    return moment if moment.tzinfo is scope.zone else moment.astimezone(scope.zone)


def _day(scope: Scope, value: date | datetime) -> date:
    return _local(scope, value).date() if isinstance(value, datetime) else value


def _clock(scope: Scope, value: time | datetime) -> time:
    return _local(scope, value).time().replace(microsecond=0) if isinstance(value, datetime) else value


_SMALL = tuple(Decimal(number) for number in range(61))


def _whole(number: Decimal) -> int:
    if abs(number) > _MOST_DAYS:
        raise ExpressionError(said("the date is outside of the years 1900 to 9000"))
    return int(number)


# --- made of their parts


@dates.function("дата", ("date(2026; 12; 31)", "2026-12-31"))
def date_(year: Decimal, month: Decimal, day: Decimal) -> date:
    """The date of year, month and day."""
    try:
        return date(_whole(year), _whole(month), _whole(day))
    except ValueError as error:
        raise BadValueError(said("there is no such day")) from error


@dates.function("время часдоби", ("time(9; 30)", "09:30"))
def time_(hour: Decimal, minute: Decimal, second: Decimal = ZERO) -> time:
    """The time of day of hour, minute and second."""
    try:
        return time(_whole(hour), _whole(minute), _whole(second))
    except ValueError as error:
        raise BadValueError(said("there is no such time of day")) from error


@dates.function("датавремя датачас", ('datetime("2026-12-31"; "09:30")', "2026-12-31 09:30"))
def datetime_(scope: Scope, date: date, time: time = time()) -> datetime:
    """The moment of a date and a time of day in the zone of the office; midnight if no time is given."""
    return datetime.combine(date, time, scope.zone)


@dates.function(
    "датазнач розібратидату",
    ('parse_date("31.12.2026"; "DD.MM.YYYY")', "2026-12-31"),
    ('parse_date("2026-12-31") + 1', "2027-01-01"),
    format=check_format,
)
def parse_date(scope: Scope, text: str, format: str = "YYYY-MM-DD") -> date:  # noqa: A002 - the manual's name of it
    """The date that a text shows. In the format DD, MM, YYYY or YY stand for the digits, all else for itself."""
    return read_with_format(text, format, scope.zone).date()


@dates.function("времязнач розібратичас", ('parse_time("9:05")', "09:05"), ('hour(parse_time("18:30"))', "18"))
def parse_time(scope: Scope, text: str) -> time:
    """The time of day that a text shows: 9:05, 18:30:00."""
    padded = text.strip() if text.strip()[1:2] != ":" else "0" + text.strip()
    found: time = parse(ValueType.TIME, padded, zone=scope.zone, country=scope.country)
    return found


@dates.function(
    "моментзнач розібратимомент",
    ('parse_datetime("2026-12-31 09:30")', "2026-12-31 09:30"),
    ('parse_datetime("31.12.26 09:30"; "DD.MM.YY hh:mm")', "2026-12-31 09:30"),
    format=check_format,
)
def parse_datetime(scope: Scope, text: str, format: str = "") -> datetime:  # noqa: A002 - the manual's name of it
    """The moment that a text shows, in ISO 8601 or by a format with DD, MM, YYYY, hh, mm, ss."""
    if format:
        return read_with_format(text, format, scope.zone)
    moment: datetime = parse(ValueType.DATETIME, text, zone=scope.zone, country=scope.country)
    return moment


# --- taken apart


@dates.function("датаиз датаз", ("date_of(datetime(date(2026; 1; 2); time(9; 30)))", "2026-01-02"))
def date_of(scope: Scope, moment: datetime | date) -> date:
    """The date of a moment."""
    return _day(scope, moment)


@dates.function("времяиз часз", ("time_of(datetime(date(2026; 1; 2); time(9; 30)))", "09:30"))
def time_of(scope: Scope, moment: datetime | time) -> time:
    """The time of day of a moment."""
    return _clock(scope, moment)


@dates.function("год рік", ('year("2026-12-31")', "2026"))
def year(scope: Scope, value: date | datetime) -> Decimal:
    """The year."""
    return Decimal(_day(scope, value).year)


@dates.function("квартал", ('quarter("2026-05-31")', "2"))
def quarter(scope: Scope, value: date | datetime) -> Decimal:
    """The quarter of the year, 1 to 4."""
    return Decimal((_day(scope, value).month + 2) // 3)


@dates.function("месяц місяць", ('month("2026-12-31")', "12"))
def month(scope: Scope, value: date | datetime) -> Decimal:
    """The month, 1 to 12."""
    return Decimal(_day(scope, value).month)


@dates.function("день", ('day("2026-12-31")', "31"))
def day(scope: Scope, value: date | datetime) -> Decimal:
    """The day of the month, 1 to 31."""
    return Decimal(_day(scope, value).day)


@dates.function("деньнед деньтижня", ('weekday("2026-11-22")', "7"))
def weekday(scope: Scope, value: date | datetime) -> Decimal:
    """The day of the week: 1 (Monday) to 7 (Sunday)."""
    return Decimal(_day(scope, value).isoweekday())


@dates.function("деньгода деньроку", ('day_of_year("2026-02-01")', "32"))
def day_of_year(scope: Scope, value: date | datetime) -> Decimal:
    """The day of the year, 1 to 366."""
    return Decimal(_day(scope, value).timetuple().tm_yday)


@dates.function("номнедели номтижня", ('iso_week("2027-01-01")', "53"))
def iso_week(scope: Scope, value: date | datetime) -> Decimal:
    """The number of the week by ISO 8601: week 1 is the one with the first Thursday."""
    return Decimal(_day(scope, value).isocalendar().week)


@dates.function("днейвмесяце днівумісяці", ('days_in_month("2028-02-10")', "29"))
def days_in_month(scope: Scope, value: date | datetime) -> Decimal:
    """How many days the month has."""
    found = _day(scope, value)
    return Decimal(calendar.monthrange(found.year, found.month)[1])


@dates.function("час година", ("hour(time(18; 30))", "18"))
def hour(scope: Scope, value: datetime | time) -> Decimal:
    """The hour, 0 to 23."""
    return _SMALL[(_local(scope, value) if isinstance(value, datetime) else value).hour]


@dates.function("минуты хвилини", ("minute(time(18; 30))", "30"))
def minute(scope: Scope, value: datetime | time) -> Decimal:
    """The minute, 0 to 59."""
    return _SMALL[(_local(scope, value) if isinstance(value, datetime) else value).minute]


@dates.function("секунды секунди", ("second(time(18; 30; 5))", "5"))
def second(scope: Scope, value: datetime | time) -> Decimal:
    """The second, 0 to 59."""
    return _SMALL[(_local(scope, value) if isinstance(value, datetime) else value).second]


# --- earlier and later


@dates.function("датадни датадні", ('add_days("2026-12-31"; 1)', "2027-01-01"))
def add_days(value: date, days: Decimal) -> date:
    """The date some days later, or earlier if negative."""
    return value + timedelta(days=_whole(days))


@dates.function("датамес датаміс", ('add_months("2026-01-31"; 1)', "2026-02-28"))
def add_months(value: date, months: Decimal) -> date:
    """The same day some months later; the last day of the month if it has no such day."""
    index = value.year * 12 + value.month - 1 + _whole(months)
    found_year, found_month = divmod(index, 12)
    if not 1900 <= found_year <= 9000:
        raise ExpressionError(said("the date is outside of the years 1900 to 9000"))
    last = calendar.monthrange(found_year, found_month + 1)[1]
    return date(found_year, found_month + 1, min(value.day, last))


@dates.function("датагоды датароки", ('add_years("2028-02-29"; 1)', "2029-02-28"))
def add_years(value: date, years: Decimal) -> date:
    """The same day some years later; the last day of February for the 29th."""
    later: date = add_months(value, years * 12)
    return later


@dates.function("начнедели початоктижня", ('start_of_week("2026-11-22")', "2026-11-16"))
def start_of_week(scope: Scope, value: date | datetime) -> date:
    """The Monday of its week."""
    found = _day(scope, value)
    return found - timedelta(days=found.weekday())


@dates.function("начмес початокмісяця", ('start_of_month("2026-11-22")', "2026-11-01"))
def start_of_month(scope: Scope, value: date | datetime) -> date:
    """The first day of its month."""
    return _day(scope, value).replace(day=1)


@dates.function("конмес кінецьмісяця", ('end_of_month("2026-02-10")', "2026-02-28"))
def end_of_month(scope: Scope, value: date | datetime) -> date:
    """The last day of its month."""
    found = _day(scope, value)
    return found.replace(day=calendar.monthrange(found.year, found.month)[1])


@dates.function("начгода початокроку", ('start_of_year("2026-11-22")', "2026-01-01"))
def start_of_year(scope: Scope, value: date | datetime) -> date:
    """The first day of its year."""
    return _day(scope, value).replace(month=1, day=1)


# --- from one to another


@dates.function("днеймежду днівміж", ('days_between("2026-12-25"; "2027-01-01")', "7"))
def days_between(scope: Scope, start: date | datetime, end: date | datetime) -> Decimal:
    """How many days lie between two dates; negative if the second is earlier."""
    return Decimal((_day(scope, end) - _day(scope, start)).days)


@dates.function("месяцевмежду місяцівміж", ('months_between("2026-01-31"; "2026-03-30")', "1"))
def months_between(scope: Scope, start: date | datetime, end: date | datetime) -> Decimal:
    """How many whole months lie between two dates."""
    one, other = _day(scope, start), _day(scope, end)
    if other < one:
        return -_months(other, one)
    return _months(one, other)


def _months(earlier: date, later: date) -> Decimal:
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return Decimal(months - (add_months(earlier, Decimal(months)) > later))


@dates.function("возраст вік", ('age("1990-12-31"; "2026-12-30")', "35"), ('age("1990-12-31"; "2026-12-31")', "36"))
def age(born: date, on: date) -> Decimal:
    """How many whole years somebody born on a day has at a date."""
    return Decimal(on.year - born.year - ((on.month, on.day) < (born.month, born.day)))


# --- the zone, the world


@dates.function(
    "времявзоне часузоні",
    ('time_in_zone(datetime("2026-01-02"; "09:30"); "Asia/Tokyo")', "16:30"),
    zone=zone_named,
)
def time_in_zone(moment: datetime, zone: str) -> time:
    """The time of day elsewhere at a moment: the zone is one of the tz database, as Europe/Kyiv."""
    return moment.astimezone(zone_named(zone)).time().replace(microsecond=0)


@dates.function(
    "датавзоне датаузоні",
    ('date_in_zone(datetime("2026-01-02"; "23:30"); "Asia/Tokyo")', "2026-01-03"),
    zone=zone_named,
)
def date_in_zone(moment: datetime, zone: str) -> date:
    """The date elsewhere at a moment."""
    return moment.astimezone(zone_named(zone)).date()


@dates.function("времяunix часunix", ('unix_time(parse_datetime("1970-01-02T00:00:00+00:00"))', "86400"))
def unix_time(moment: datetime) -> Decimal:
    """The whole seconds since the beginning of 1970 in UTC."""
    return Decimal(moment.timestamp()).to_integral_value(ROUND_FLOOR)


@dates.function("изunix зunix", ("unix_time(from_unix(86400))", "86400"))
def from_unix(scope: Scope, seconds: Decimal) -> datetime:
    """The moment so many seconds after the beginning of 1970 in UTC."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(seconds))
    found: datetime = bounded(moment).astimezone(scope.zone)
    return found


@dates.function(
    "форматдаты форматдати",
    ('format_date("2026-12-31"; "DD.MM.YYYY")', "31.12.2026"),
    ('format_date(time(9; 5); "h:mm")', "9:05"),
    ('format_date(datetime("2026-12-01"; "09:05"); "D.MM.YY hh:mm")', "1.12.26 09:05"),
    format=check_format,
)
def format_date(scope: Scope, value: date | time | datetime, format: str) -> str:  # noqa: A002 - see parse_date
    """A date, time or moment as a format says: YYYY, YY, MM, M, DD, D, hh, h, mm, ss; all else stands for itself."""
    return write_with_format(value.astimezone(scope.zone) if isinstance(value, datetime) else value, format)


_NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        ("January", "February", "March", "April", "May", "June",
         "July", "August", "September", "October", "November", "December"),
    ),
    "ru": (
        ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"),
        ("январь", "февраль", "март", "апрель", "май", "июнь",
         "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"),
    ),
    "uk": (
        ("понеділок", "вівторок", "середа", "четвер", "пʼятниця", "субота", "неділя"),
        ("січень", "лютий", "березень", "квітень", "травень", "червень",
         "липень", "серпень", "вересень", "жовтень", "листопад", "грудень"),
    ),
}  # fmt: skip


def _words_of(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = _NAMES.get(language.lower())
    if found is None:
        raise BadValueError(said("{language!r} is no language: write en, ru or uk", language=language[:20]))
    return found


@dates.function(
    "имядня назвадня",
    ('weekday_name("2026-11-22")', "Sunday"),
    ('weekday_name("2026-11-22"; "uk")', "неділя"),
    language=_words_of,
)
def weekday_name(scope: Scope, value: date | datetime, language: str = "en") -> str:
    """The name of the day of the week in en, ru or uk."""
    return _words_of(language)[0][_day(scope, value).weekday()]


@dates.function("имямесяца назвамісяця", ('month_name("2026-11-22"; "ru")', "ноябрь"), language=_words_of)
def month_name(scope: Scope, value: date | datetime, language: str = "en") -> str:
    """The name of the month in en, ru or uk."""
    return _words_of(language)[1][_day(scope, value).month - 1]
