"""Numbers, money, dates and times as words, grammatical in English, Russian and Ukrainian.

A synthesiser left alone reads `2 грн` as it likes; these words leave it no choice.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from cordboard.speech.numerals.english import English
from cordboard.speech.numerals.grammar import Case, Gender
from cordboard.speech.numerals.limits import cut, phone_groups
from cordboard.speech.numerals.russian import RUSSIAN
from cordboard.speech.numerals.slavic import Slavic
from cordboard.speech.numerals.ukrainian import UKRAINIAN

__all__ = ["KINDS", "Case", "Gender", "spell"]

Speller = English | Slavic

_SPELLERS: Mapping[str, Speller] = MappingProxyType({"en": English(), "ru": Slavic(RUSSIAN), "uk": Slavic(UKRAINIAN)})


def spell(value: Any, kind: str, language: str, *, gender: str = "", case: str = "") -> str:
    """`value` as words.

    `kind` is one of KINDS; `language` en, ru or uk. `value` is a Decimal or int (number, ordinal, temperature), a
    pair of amount and ISO 4217 code (money), a date, time, aware or naive datetime, timedelta, or a text of digits
    (digits, phone). `gender` (masculine, feminine, neuter) and `case` (nominative, genitive …) count where the
    language has them; empty: masculine, nominative. Raises ValueError, with what to do, for what cannot be said.
    """
    speller = _SPELLERS.get(language)
    if speller is None:
        raise ValueError(f"numbers cannot be said in {language!r}: possible are {', '.join(_SPELLERS)}")
    say = _KINDS.get(kind)
    if say is None:
        raise ValueError(f"{kind!r} cannot be said: possible are {', '.join(_KINDS)}")
    return say(speller, value, Gender(gender or Gender.MASCULINE), Case(case or Case.NOMINATIVE))


def _number(speller: Speller, value: Any, gender: Gender, case: Case) -> str:
    return speller.number(_decimal(value), gender, case)


def _ordinal(speller: Speller, value: Any, gender: Gender, case: Case) -> str:
    whole, digits = cut(_decimal(value))
    if digits or value < 0:
        raise ValueError(f"{value} has no ordinal: give a whole number from 0 on")
    return speller.ordinal(whole, gender, case)


def _money(speller: Speller, value: Any, _gender: Gender, case: Case) -> str:
    amount, currency = value
    if not speller.knows(currency):
        # Its letters are understood better than nothing at all.
        return f"{speller.number(_decimal(amount), Gender.MASCULINE, case)} {' '.join(currency)}"
    return speller.money(_decimal(amount), currency, case)


def _date(speller: Speller, value: date, _gender: Gender, _case: Case) -> str:
    return speller.date(value)


def _time(speller: Speller, value: Any, _gender: Gender, _case: Case) -> str:
    return speller.time(value.time() if isinstance(value, datetime) else value)


def _datetime(speller: Speller, value: datetime, _gender: Gender, _case: Case) -> str:
    return f"{speller.date(value)}, {speller.time(value.time())}"


def _duration(speller: Speller, value: timedelta, _gender: Gender, _case: Case) -> str:
    return speller.duration(value)


def _temperature(speller: Speller, value: Any, _gender: Gender, _case: Case) -> str:
    return speller.temperature(_decimal(value))


def _digits(speller: Speller, value: Any, _gender: Gender, _case: Case) -> str:
    text = "".join(str(value).split())
    if not text or set(text) - set("0123456789+*#"):
        raise ValueError(f"{str(value)[:40]!r} has other signs than digits, +, * and #")
    return speller.digits(text)


def _phone(speller: Speller, value: Any, _gender: Gender, _case: Case) -> str:
    """A phone number in groups, with short pauses between them."""
    text = str(value)
    plus, digits = text.lstrip().startswith("+"), "".join(each for each in text if each in "0123456789")
    if not digits:
        raise ValueError(f"{text[:40]!r} has no digits")
    groups = [speller.group(each) for each in phone_groups(digits)]
    return ", ".join([f"{speller.plus} {groups[0]}" if plus else groups[0], *groups[1:]])


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value)


_KINDS: Mapping[str, Callable[[Speller, Any, Gender, Case], str]] = MappingProxyType(
    {
        "number": _number,
        "ordinal": _ordinal,
        "money": _money,
        "date": _date,
        "time": _time,
        "datetime": _datetime,
        "duration": _duration,
        "temperature": _temperature,
        "digits": _digits,
        "phone": _phone,
    }
)
KINDS = tuple(_KINDS)
"""What can be said."""
