"""The functions of expressions, as a table. Each has an English and a Russian name and typed parameters."""

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from cordboard.scenario.expressions.errors import MAX_TEXT, ExpressionError
from cordboard.scenario.expressions.operators import bounded
from cordboard.scenario.values import AnyValue, BadValueError, ValueType, parse_duration, parse_number, show, type_of
from cordboard.telephony import PhoneNumber

T = ValueType
ANY = None


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `params` are the types of its arguments; None takes any type."""

    name: str
    russian: str
    params: tuple[T | None, ...]
    result: T | None
    call: Callable[..., AnyValue]
    help: str
    optional: int = 0
    """How many of the last parameters may be left out."""
    repeats: bool = False
    """Whether the last parameter may be given any number of times."""
    located: bool = False
    """Whether `call` gets the Scope (zone, country) first."""


def _text_slice(text: str, count: Decimal) -> int:
    return max(0, min(len(text), int(count)))


def _mid(text: str, start: Decimal, count: Decimal) -> str:
    begin = max(0, int(start) - 1)
    return text[begin : begin + max(0, min(MAX_TEXT, int(count)))]


def _substitute(text: str, old: str, new: str) -> str:
    if not old:
        return text
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise ExpressionError(f"the text becomes longer than {MAX_TEXT} characters")
    return text.replace(old, new)


def _to_number(value: AnyValue) -> Decimal:
    match value:
        case bool():
            return Decimal(int(value))
        case Decimal():
            return value
        case str():
            return parse_number(value)
        case timedelta():
            return Decimal(repr(value.total_seconds()))
    raise BadValueError(f"a {_word(value)} is no number")


def _is_number(value: AnyValue) -> bool:
    try:
        _to_number(value)
    except BadValueError:
        return False
    return True


def _to_phone(scope: Any, value: AnyValue) -> PhoneNumber:
    if isinstance(value, PhoneNumber):
        return value
    if isinstance(value, str | Decimal) and not isinstance(value, bool):
        return PhoneNumber.parse(show(value), country=scope.country)
    raise BadValueError(f"a {_word(value)} is no phone")


def _word(value: AnyValue) -> str:
    found = type_of(value)
    return found.value if found else "value that is empty"


def _date(year: Decimal, month: Decimal, day: Decimal) -> date:
    return date(int(year), int(month), int(day))


def _date_of(scope: Any, value: AnyValue) -> date:
    if isinstance(value, datetime):
        return value.astimezone(scope.zone).date()
    if isinstance(value, date):
        return value
    raise BadValueError(f"a {_word(value)} has no date")


def _time_of(scope: Any, value: AnyValue) -> time:
    if isinstance(value, datetime):
        return value.astimezone(scope.zone).time().replace(microsecond=0)
    if isinstance(value, time):
        return value
    raise BadValueError(f"a {_word(value)} has no time of day")


def _add_months(value: date, months: Decimal) -> date:
    index = value.year * 12 + value.month - 1 + int(months)
    year, month = divmod(index, 12)
    if not 1900 <= year <= 9000:
        raise BadValueError("the date is outside of the years 1900 to 9000")
    return date(year, month + 1, min(value.day, calendar.monthrange(year, month + 1)[1]))


def _empty(value: AnyValue) -> bool:
    return value is None or (isinstance(value, str | list | dict | PhoneNumber) and not value)


def _round(value: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    places = max(-20, min(20, int(digits)))
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) if value.adjusted() + places < 27 else value


def _item(items: Sequence[AnyValue], index: Decimal) -> AnyValue:
    place = int(index)
    if not 1 <= place <= len(items):
        raise ExpressionError(f"the list has {len(items)} items, there is no item {place}", hint="items begin with 1")
    return items[place - 1]


def _join(items: Sequence[AnyValue], separator: str = ", ") -> str:
    texts = [show(item) for item in items]
    if sum(map(len, texts)) + len(separator) * len(texts) > MAX_TEXT:
        raise ExpressionError(f"the text becomes longer than {MAX_TEXT} characters")
    return separator.join(texts)


def _split(text: str, separator: str) -> list[AnyValue]:
    return [text] if not separator else list(text.split(separator))


def _seconds(value: timedelta) -> Decimal:
    return Decimal(repr(value.total_seconds()))


def _extreme(pick: Callable[[Sequence[Decimal]], Decimal]) -> Callable[..., Decimal]:
    return lambda *numbers: pick(numbers)


TABLE: tuple[Function, ...] = (
    # texts
    Function("len", "длина", (ANY,), T.NUMBER,
             lambda x: Decimal(len(x) if isinstance(x, list | dict) else len(show(x))),
             "How many characters a text has, or items a list."),
    Function("upper", "прописн", (T.TEXT,), T.TEXT, str.upper, "The text in capitals."),
    Function("lower", "строчн", (T.TEXT,), T.TEXT, str.lower, "The text in small letters."),
    Function("trim", "сжпробелы", (T.TEXT,), T.TEXT, lambda x: " ".join(x.split()), "Without superfluous blanks."),
    Function("left", "левсимв", (T.TEXT, T.NUMBER), T.TEXT, lambda x, n: x[: _text_slice(x, n)],
             "The first characters."),
    Function("right", "правсимв", (T.TEXT, T.NUMBER), T.TEXT, lambda x, n: x[len(x) - _text_slice(x, n) :],
             "The last characters."),
    Function("mid", "пстр", (T.TEXT, T.NUMBER, T.NUMBER), T.TEXT, _mid, "Characters from a place (from 1) on."),
    Function("find", "найти", (T.TEXT, T.TEXT), T.NUMBER, lambda what, x: Decimal(x.find(what) + 1),
             "Where the first text stands in the second, from 1; 0 if it does not."),
    Function("contains", "содержит", (T.TEXT, T.TEXT), T.BOOLEAN, lambda x, what: what in x,
             "Whether the first text holds the second."),
    Function("starts_with", "начинается", (T.TEXT, T.TEXT), T.BOOLEAN, lambda x, what: x.startswith(what),
             "Whether the first text begins with the second."),
    Function("ends_with", "кончается", (T.TEXT, T.TEXT), T.BOOLEAN, lambda x, what: x.endswith(what),
             "Whether the first text ends with the second."),
    Function("substitute", "подставить", (T.TEXT, T.TEXT, T.TEXT), T.TEXT, _substitute,
             "The first text with each second replaced by the third."),
    Function("text", "текст", (ANY,), T.TEXT, show, "Any value written out."),
    Function("digits", "цифры", (ANY,), T.TEXT, lambda x: "".join(c for c in show(x) if c in "0123456789"),
             "Only the digits."),
    # numbers
    Function("number", "число", (ANY,), T.NUMBER, _to_number, "The number that a text shows."),
    Function("is_number", "ечисло", (ANY,), T.BOOLEAN, _is_number, "Whether number() would succeed."),
    Function("round", "округл", (T.NUMBER, T.NUMBER), T.NUMBER, _round, "Rounded, half away from zero.", optional=1),
    Function("int", "целое", (T.NUMBER,), T.NUMBER, lambda x: x.to_integral_value(ROUND_FLOOR),
             "The whole number below."),
    Function("abs", "модуль", (T.NUMBER,), T.NUMBER, abs, "Without the sign."),
    Function("mod", "остат", (T.NUMBER, T.NUMBER), T.NUMBER,
             lambda a, b: a - b * (a / b).to_integral_value(ROUND_FLOOR),
             "The rest of a division, with the sign of the divisor."),
    Function("min", "мин", (T.NUMBER,), T.NUMBER, _extreme(min), "The least of the numbers.", repeats=True),
    Function("max", "макс", (T.NUMBER,), T.NUMBER, _extreme(max), "The greatest of the numbers.", repeats=True),
    # dates
    Function("date", "дата", (T.NUMBER, T.NUMBER, T.NUMBER), T.DATE, _date, "The date of year, month, day."),
    Function("date_of", "датаиз", (ANY,), T.DATE, _date_of, "The date of a moment.", located=True),
    Function("time_of", "времяиз", (ANY,), T.TIME, _time_of, "The time of day of a moment.", located=True),
    Function("year", "год", (ANY,), T.NUMBER, lambda s, x: Decimal(_date_of(s, x).year), "The year.", located=True),
    Function("month", "месяц", (ANY,), T.NUMBER, lambda s, x: Decimal(_date_of(s, x).month), "1 to 12.", located=True),
    Function("day", "день", (ANY,), T.NUMBER, lambda s, x: Decimal(_date_of(s, x).day), "1 to 31.", located=True),
    Function("weekday", "деньнед", (ANY,), T.NUMBER, lambda s, x: Decimal(_date_of(s, x).isoweekday()),
             "1 (Monday) to 7 (Sunday).", located=True),
    Function("hour", "час", (ANY,), T.NUMBER, lambda s, x: Decimal(_time_of(s, x).hour), "0 to 23.", located=True),
    Function("minute", "минуты", (ANY,), T.NUMBER, lambda s, x: Decimal(_time_of(s, x).minute),
             "0 to 59.", located=True),
    Function("add_months", "датамес", (T.DATE, T.NUMBER), T.DATE, _add_months, "The same day some months later."),
    Function("duration", "длительность", (T.TEXT,), T.DURATION, parse_duration,
             "The duration that a text shows: 1h30m."),
    Function("seconds", "секунд", (T.DURATION,), T.NUMBER, _seconds, "How many seconds a duration has."),
    # phones
    Function("phone", "телефон", (ANY,), T.PHONE, _to_phone, "The phone that a text shows.", located=True),
    Function("phone_digits", "цифрытелефона", (T.PHONE,), T.TEXT, lambda x: x.digits,
             "All its digits, without a plus."),
    Function("is_international", "международный", (T.PHONE,), T.BOOLEAN, lambda x: x.international,
             "Whether it is a number of the world rather than an extension."),
    # lists and anything
    Function("item", "элемент", (T.LIST, T.NUMBER), ANY, _item, "An item of a list, from 1."),
    Function("join", "соединить", (T.LIST, T.TEXT), T.TEXT, _join, "The items as one text.", optional=1),
    Function("split", "разделить", (T.TEXT, T.TEXT), T.LIST, _split, "The parts of a text as a list."),
    Function("empty", "пусто", (ANY,), T.BOOLEAN, _empty,
             "Whether there is no value, or an empty text, phone or list."),
)  # fmt: skip

LAZY: Mapping[str, str] = {"if": "если", "and": "и", "or": "или", "not": "не"}
"""Functions that the compiler builds itself, because they compute only the arguments they need."""

FUNCTIONS: Mapping[str, Function] = {name: f for f in TABLE for name in (f.name, f.russian)}
"""By either name, in small letters."""
LAZY_NAMES: Mapping[str, str] = {name: english for english, russian in LAZY.items() for name in (english, russian)}


def guarded(function: Function) -> Callable[..., AnyValue]:
    """The function with every fault turned into an ExpressionError and its result bounded."""
    # Only a parameter without a type may be given nothing; variables can be empty whatever their type is.
    needed = not function.located and any(function.params)

    def call(*arguments: AnyValue) -> AnyValue:
        if needed and None in arguments:
            raise ExpressionError(f"{function.name}: there is no value yet")
        try:
            return bounded(function.call(*arguments))
        except ExpressionError:
            raise
        except BadValueError as error:
            raise ExpressionError(f"{function.name}: {error}") from error
        except (ArithmeticError, ValueError, TypeError) as error:
            raise ExpressionError(f"{function.name}: it cannot be computed with these values") from error

    return call
