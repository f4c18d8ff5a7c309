"""Values as words: numbers, money, dates, so that they are grammatical in every language."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from cordboard.components._languages import Language
from cordboard.scenario.context import Context, ScenarioError
from cordboard.scenario.said import said
from cordboard.scenario.values import AnyValue, Money, ValueType, convert, shorten, show
from cordboard.speech.api import spell
from cordboard.telephony import Wording, choose


class Kind(StrEnum):
    """As what a value is said."""

    NUMBER = "number"
    ORDINAL = "ordinal"
    MONEY = "money"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    DURATION = "duration"
    DIGITS = "digits"
    PHONE = "phone"
    TEMPERATURE = "temperature"


class Gender(StrEnum):
    """Of what is counted, in Russian and Ukrainian."""

    MASCULINE = "masculine"
    FEMININE = "feminine"
    NEUTER = "neuter"


class Case(StrEnum):
    """In which the sentence needs it, in Russian and Ukrainian."""

    NOMINATIVE = "nominative"
    GENITIVE = "genitive"
    DATIVE = "dative"
    ACCUSATIVE = "accusative"
    INSTRUMENTAL = "instrumental"
    PREPOSITIONAL = "prepositional"


_TYPES: Mapping[Kind, ValueType] = MappingProxyType(
    {
        Kind.NUMBER: ValueType.NUMBER,
        Kind.ORDINAL: ValueType.NUMBER,
        Kind.TEMPERATURE: ValueType.NUMBER,
        Kind.MONEY: ValueType.MONEY,
        Kind.DATE: ValueType.DATE,
        Kind.TIME: ValueType.TIME,
        Kind.DATETIME: ValueType.DATETIME,
        Kind.DURATION: ValueType.DURATION,
        Kind.DIGITS: ValueType.TEXT,
        Kind.PHONE: ValueType.TEXT,
    }
)
"""What a value is made into before it is said."""
_OF_MOMENT: Mapping[Kind, Callable[[datetime], Any]] = MappingProxyType(
    {Kind.DATE: datetime.date, Kind.TIME: datetime.time, Kind.DATETIME: lambda moment: moment}
)


def words(
    ctx: Context, value: AnyValue, kind: Kind, language: str, *, gender: str = "", case: str = "", currency: str = ""
) -> Wording:
    """`value` as a text in that language; in all of them, if it is empty: then the office's is chosen when it is said.

    Raises ScenarioError for what cannot be said so.
    """
    try:
        plain = _prepared(ctx, value, kind, currency)
        texts = {
            name: spell(plain, kind.value, name, gender=gender, case=case)
            for name in ([language] if language else Language)
        }
    except ValueError as fault:
        raise ScenarioError(
            said("{value!r} cannot be said as {kind}: {why}", value=shorten(show(value)), kind=kind.value, why=fault)
        ) from fault
    return texts[language] if language else {str(name): text for name, text in texts.items()}


def joined(texts: Iterable[Wording]) -> Wording:
    """Texts that are said in one breath."""
    texts = list(texts)
    if all(isinstance(text, str) for text in texts):
        return " ".join(map(str, texts))
    return {name.value: " ".join(choose(text, name.value)[0] for text in texts) for name in Language}


def _prepared(ctx: Context, value: AnyValue, kind: Kind, currency: str) -> Any:
    if value is None or value == "":
        raise ValueError(said("there is nothing to say"))
    zone = ctx.now().tzinfo
    assert zone is not None
    if isinstance(value, datetime) and kind in _OF_MOMENT:
        return _OF_MOMENT[kind](value.astimezone(zone))
    if kind is Kind.MONEY:
        money = _money(ctx, value, currency, zone)
        return money.amount, money.currency
    if kind is Kind.DIGITS:
        return "".join(character for character in show(value) if character in "0123456789+*#")
    return convert(value, _TYPES[kind], zone=zone, country=ctx.country)


def _money(ctx: Context, value: AnyValue, currency: str, zone: tzinfo) -> Money:
    if isinstance(value, Money):
        return value.rounded()
    if not currency:
        read: Money = convert(value, ValueType.MONEY, zone=zone, country=ctx.country)
        return read.rounded()
    amount: Decimal = convert(value, ValueType.NUMBER, zone=zone, country=ctx.country)
    return Money(amount, currency.upper()).rounded()
