"""Phones: read, compared and written."""

from decimal import Decimal
from typing import Any

from cordboard.scenario.expressions.function import Theme, word
from cordboard.scenario.expressions.functions.common import count
from cordboard.scenario.expressions.names import Scope
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, show
from cordboard.telephony import PhoneNumber

phones = Theme(
    "phone",
    "Phones",
    'A phone equals another however it is written: `=caller = "067 123-45-67"` is true for +380671234567 in an office '
    "in Ukraine. A text that stands in the expression is read as a phone where a phone is wanted; a text in a variable "
    "is made one by phone(…). Extensions and short codes (112, 700) mean themselves. The examples are of an office in "
    "Ukraine.",
)


def to_phone(scope: Scope, value: Any) -> PhoneNumber:
    """The phone that a value shows. Raises BadValueError."""
    if isinstance(value, PhoneNumber):
        return value
    if isinstance(value, str | Decimal) and not isinstance(value, bool):
        return PhoneNumber.parse(show(value), country=scope.country)
    raise BadValueError(said("a {type} is no phone", type=word(value)))


def means(scope: Scope, one: Any, other: Any) -> bool:
    """Whether two values are equal, a phone also to a text or a number that shows it."""
    if isinstance(one, PhoneNumber) is isinstance(other, PhoneNumber):
        return bool(one == other)
    if not isinstance(one, str | Decimal | PhoneNumber) or not isinstance(other, str | Decimal | PhoneNumber):
        return False
    return bool(same_phone(scope, one, other))


@phones.function(
    "телефон",
    ('phone("0671234567") = phone("+38 067 123-45-67")', "true"),
    ('phone(671234567) = phone("0671234567")', "true"),
)
def phone(scope: Scope, value: Any) -> PhoneNumber:
    """The phone that a text or a number shows."""
    return to_phone(scope, value)


@phones.function("цифрытелефона цифрителефону", ('phone_digits("067 123-45-67")', "380671234567"))
def phone_digits(phone: PhoneNumber) -> str:
    """All digits of the full number, without a plus."""
    return phone.digits


@phones.function("е164", ('e164("067 123-45-67")', "+380671234567"), ('e164("700")', "700"))
def e164(phone: PhoneNumber) -> str:
    """The full number with a plus, as lines and messages want it; an extension as it is."""
    return phone.canonical


@phones.function("национальный національний", ('national("+380671234567")', "067 123 4567"))
def national(phone: PhoneNumber) -> str:
    """As people of its country write it."""
    return phone.national_form


@phones.function("международнаязапись міжнароднийзапис", ('international("0671234567")', "+380 67 123 4567"))
def international(phone: PhoneNumber) -> str:
    """As it is written abroad."""
    return phone.international_form


@phones.function(
    "международный міжнародний", ('is_international("0671234567")', "true"), ('is_international("700")', "false")
)
def is_international(phone: PhoneNumber) -> bool:
    """Whether it is a number of the world rather than an extension or a short code."""
    return phone.international


@phones.function("етелефон єтелефон", ('is_phone("067 123 45 67")', "true"), ('is_phone("12345678")', "false"))
def is_phone(scope: Scope, value: Any) -> bool:
    """Whether a text shows a number of the world that can exist."""
    if not isinstance(value, str | Decimal | PhoneNumber):
        return False
    return to_phone(scope, value).international


@phones.function("внутренний внутрішній", ('is_extension("700")', "true"), ('is_extension("0671234567")', "false"))
def is_extension(phone: PhoneNumber) -> bool:
    """Whether it has at most six digits: an extension or a short code."""
    return bool(phone) and not phone.international and len(phone.digits) <= 6


@phones.function("мобильный мобільний", ('is_mobile("0671234567")', "true"), ('is_mobile("0322327757")', "false"))
def is_mobile(phone: PhoneNumber) -> bool:
    """Whether it is a mobile phone, so that an SMS reaches it."""
    return phone.mobile


@phones.function("кодстраны кодкраїни", ('country_code("0671234567")', "380"))
def country_code(phone: PhoneNumber) -> str:
    """The digits of its country; empty for an extension."""
    return phone.calling_code


@phones.function("странателефона країнателефону", ('phone_country("+48221234567")', "PL"))
def phone_country(phone: PhoneNumber) -> str:
    """Its country by ISO 3166; empty for an extension."""
    return phone.country


@phones.function(
    "тотжетелефон тойсамийтелефон",
    ('same_phone("0671234567"; "380 (67) 123-45-67")', "true"),
    ('same_phone("0671234567"; "0671234568")', "false"),
)
def same_phone(scope: Scope, one: Any, other: Any) -> bool:
    """Whether two phones, texts or numbers mean one phone; an empty one means none."""
    first, second = to_phone(scope, one), to_phone(scope, other)
    return bool(first) and first == second


@phones.function(
    "телефонвсписке телефонусписку",
    ('phone_in("+380671234567"; ["700"; "067 123-45-67"])', "true"),
    ('phone_in("+380671234567"; [])', "false"),
)
def phone_in(scope: Scope, phone: PhoneNumber, phones: list[Any]) -> bool:
    """Whether a list has the phone, in whatever writing."""
    if not phone:
        return False
    return any(isinstance(i, str | Decimal | PhoneNumber) and to_phone(scope, i) == phone for i in phones)


@phones.function(
    "начинаетсяномер починаєтьсяномер",
    ('has_prefix("0671234567"; "+38067"; "+38068")', "true"),
    ('has_prefix("0671234567"; "067")', "false"),
)
def has_prefix(phone: PhoneNumber, prefix: str, *more: str) -> bool:
    """Whether the full number (with its plus) begins with one of the prefixes."""
    return phone.canonical.startswith((prefix, *more))


@phones.function(
    "скрытьномер приховатиномер",
    ('mask_phone("0671234567")', "+3806******67"),
    ('mask_phone("0671234567"; 4)', "+3806****4567"),
)
def mask_phone(phone: PhoneNumber, shown: Decimal = Decimal(2)) -> str:
    """The number with its middle hidden, for reports: the last digits are shown."""
    last = count(shown, 20)
    head = 5 if phone.international else 1
    hidden = max(0, len(phone.canonical) - head - last)
    if not hidden:
        return "*" * len(phone.canonical)
    return phone.canonical[:head] + "*" * hidden + phone.canonical[head + hidden :]
