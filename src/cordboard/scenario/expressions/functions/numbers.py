"""Numbers: round, compute, compare, choose the right word."""

from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal
from statistics import median as middle
from typing import Any

from cordboard.scenario.expressions.errors import MAX_DIGITS, ExpressionError
from cordboard.scenario.expressions.function import Theme, word
from cordboard.scenario.expressions.functions.common import ZERO, Measure, Ordered
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, Money, parse_number

numbers = Theme("number", "Numbers", "Numbers are exact decimals: 0.1 + 0.2 = 0.3. They have at most 30 digits.")
_MOST_PLACES = 20


def to_number(value: Any) -> Decimal:
    """The number behind a value. Raises BadValueError."""
    match value:
        case bool():
            return Decimal(int(value))
        case Decimal():
            return value
        case str():
            return parse_number(value)
        case Money():
            return value.amount
        case timedelta():
            return Decimal(repr(value.total_seconds()))
    raise BadValueError(said("a {type} is no number", type=word(value)))


@numbers.function("число", ('number("12,50") * 2', "25"), ("number(true)", "1"))
def number(value: Any) -> Decimal:
    """The number that a text shows; the amount of money; the seconds of a duration; 1 for true and 0 for false."""
    return to_number(value)


@numbers.function("ечисло єчисло", ('is_number("12a")', "false"), ('is_number("-3.5")', "true"))
def is_number(value: Any) -> bool:
    """Whether number() would succeed."""
    try:
        to_number(value)
    except BadValueError:
        return False
    return True


def _rounded(value: Decimal, places: Decimal, rounding: str) -> Decimal:
    digits = max(-_MOST_PLACES, min(_MOST_PLACES, int(places)))
    if value.adjusted() + digits >= 27:
        return value
    return value.quantize(Decimal(1).scaleb(-digits), rounding)


@numbers.function("округл округлити", ("round(2.5)", "3"), ("round(1234.567; -2)", "1200"), ("round(1.255; 2)", "1.26"))
def round_(value: Decimal, places: Decimal = ZERO) -> Decimal:
    """Rounded to so many digits behind the point, half away from zero."""
    return _rounded(value, places, ROUND_HALF_UP)


@numbers.function("округлвверх округлвгору", ("round_up(2.1)", "3"), ("round_up(-2.1)", "-3"))
def round_up(value: Decimal, places: Decimal = ZERO) -> Decimal:
    """Rounded away from zero."""
    return _rounded(value, places, ROUND_UP)


@numbers.function("округлвниз", ("round_down(2.9)", "2"), ("round_down(2.19; 1)", "2.1"))
def round_down(value: Decimal, places: Decimal = ZERO) -> Decimal:
    """Rounded towards zero."""
    return _rounded(value, places, ROUND_DOWN)


@numbers.function("целое ціле", ("int(-2.5)", "-3"), ("int(7 / 2)", "3"))
def int_(value: Decimal) -> Decimal:
    """The whole number at or below."""
    return value.to_integral_value(ROUND_FLOOR)


@numbers.function("модуль", ("abs(-3)", "3"), ('abs(money("-5 UAH"))', "5.00 UAH"))
def abs_(value: Measure) -> Measure:
    """Without the sign: a number, money or a duration."""
    return abs(value)


@numbers.function("знак", ("sign(-3)", "-1"), ("sign(0)", "0"))
def sign(value: Decimal) -> Decimal:
    """1, 0 or -1."""
    return Decimal((value > 0) - (value < 0))


@numbers.function("остат остача", ("mod(7; 3)", "1"), ("mod(7; -3)", "-2"))
def mod(value: Decimal, divisor: Decimal) -> Decimal:
    """The rest of a division, with the sign of the divisor."""
    _check_divisor(divisor)
    return value - divisor * (value / divisor).to_integral_value(ROUND_FLOOR)


@numbers.function("частное частка", ("quotient(7; 2)", "3"))
def quotient(value: Decimal, divisor: Decimal) -> Decimal:
    """The whole part of a division."""
    _check_divisor(divisor)
    return (value / divisor).to_integral_value(ROUND_DOWN)


def _check_divisor(divisor: Decimal) -> None:
    if not divisor:
        raise ExpressionError(said("division by zero"))


@numbers.function("степень степінь", ("power(2; 10)", "1024"), ("power(4; 0.5)", "2"))
def power(base: Decimal, exponent: Decimal) -> Decimal:
    """The base raised to the exponent."""
    if not base:
        return Decimal(0 if exponent > 0 else 1)
    # Bounded before it is computed: 9 ** 999999999 would take the exchange with it.
    if abs(exponent) > 10_000 or abs(base.adjusted() + 1) * abs(exponent) > 100 * MAX_DIGITS:
        raise ExpressionError(said("the result is too large, or no number"))
    if base < 0 and exponent != exponent.to_integral_value():
        raise ExpressionError(said("a negative number has no power with a fraction"))
    return base**exponent


@numbers.function("корень корінь", ("sqrt(16)", "4"))
def sqrt(value: Decimal) -> Decimal:
    """The square root."""
    if value < 0:
        raise ExpressionError(said("a negative number has no square root"))
    return value.sqrt()


@numbers.function("мин мін", ("min(3; 1; 2)", "1"), ('min("2h"; duration("30m"))', "30m"))
def min_(value: Ordered, *more: Ordered) -> Ordered:
    """The least of values of one type."""
    least = value
    for each in more:
        least = min(least, each)
    return least


@numbers.function("макс", ("max(3; 1; 2)", "3"), ('max(money("5 UAH"); "7 UAH")', "7.00 UAH"))
def max_(value: Ordered, *more: Ordered) -> Ordered:
    """The greatest of values of one type."""
    greatest = value
    for each in more:
        greatest = max(greatest, each)
    return greatest


@numbers.function("сумм сума", ("sum(1; 2; 3.5)", "6.5"), ('sum(money("5 UAH"); "7 UAH")', "12.00 UAH"))
def sum_(value: Measure, *more: Measure) -> Measure:
    """The sum of numbers, of money of one currency or of durations. For a list see sum_of."""
    total = value
    for each in more:
        total = total + each
    return total


@numbers.function("срзнач середнє", ("average(1; 2; 6)", "3"))
def average(value: Decimal, *more: Decimal) -> Decimal:
    """The average of the numbers. For a list see average_of."""
    return (value + sum(more)) / (1 + len(more))


@numbers.function("медиана медіана", ("median(1; 9; 2)", "2"))
def median(value: Decimal, *more: Decimal) -> Decimal:
    """The number in the middle: half of the others are less."""
    return middle((value, *more))


@numbers.function("между між", ("between(5; 1; 10)", "true"), ('between(time(8; 30); "09:00"; "18:00")', "false"))
def between(value: Ordered, least: Ordered, most: Ordered) -> bool:
    """Whether a value lies between two others, both included."""
    return least <= value <= most


@numbers.function("вграницах умежах", ("clamp(15; 1; 10)", "10"))
def clamp(value: Ordered, least: Ordered, most: Ordered) -> Ordered:
    """The value, but not below the least nor above the most."""
    return max(least, min(value, most))


@numbers.function("ечетн парне", ("is_even(4)", "true"))
def is_even(value: Decimal) -> bool:
    """Whether a whole number can be halved."""
    return value == value.to_integral_value() and not int(value) % 2


@numbers.function(
    "склонение відмінок",
    ('plural(21; "дзвінок"; "дзвінки"; "дзвінків")', "дзвінок"),
    ('plural(3; "звонок"; "звонка"; "звонков")', "звонка"),
    ('plural(2; "call"; "calls")', "calls"),
)
def plural(value: Decimal, one: str, few: str, many: str = "") -> str:
    """The word that goes with a number: two words as in English, three as in Russian and Ukrainian."""
    if not many:
        return one if value == 1 else few
    if value != value.to_integral_value():
        return few
    last, tens = int(abs(value)) % 10, int(abs(value)) % 100
    if last == 1 and tens != 11:
        return one
    return few if 2 <= last <= 4 and not 12 <= tens <= 14 else many
