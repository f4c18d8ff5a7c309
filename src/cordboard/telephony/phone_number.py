"""Telephone numbers of the world, compared however they are written. The only user of `phonenumbers`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

import phonenumbers

_NOT_DIALLED = re.compile(r"[^\d+*#]")


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number as it was written, and what it means.

    Two are equal if they mean the same: `+380671234567`, `0671234567` and `380671234567` are one phone for an
    office in Ukraine. Extensions and short codes mean themselves. Parse once, when the number enters.
    """

    written: str = field(compare=False)
    canonical: str
    """E.164 with its plus if it is a number of the world, else the bare digits."""

    @classmethod
    def parse(cls, text: str, *, country: str) -> Self:
        """Read a number written in any of the usual ways.

        `country` is the office's ISO 3166 code (UA). Text without any digit gives an empty number, which equals
        no other caller's: check `bool(number)`.
        """
        return cls(text, _canonical(text, country))

    @property
    def international(self) -> bool:
        """Whether it is a full number of the world rather than an extension or a short code."""
        return self.canonical.startswith("+")

    @property
    def digits(self) -> str:
        """The canonical digits without the plus."""
        return self.canonical.removeprefix("+")

    @property
    def calling_code(self) -> str:
        """The digits of its country (380); empty for an extension or a short code."""
        return _facts(self.canonical).calling_code

    @property
    def country(self) -> str:
        """Its country by ISO 3166 (UA); empty for an extension, a short code or a number of no country."""
        return _facts(self.canonical).country

    @property
    def mobile(self) -> bool:
        """Whether it is a mobile phone. Where fixed and mobile cannot be told apart (the USA) it is."""
        return _facts(self.canonical).mobile

    @property
    def zones(self) -> Sequence[str]:
        """The time zones in which it may be (Europe/Kyiv); a mobile phone of a wide country has many. None: unknown."""
        return _zones(self.canonical)

    @property
    def national_form(self) -> str:
        """As people of its country write it: 067 123 4567. An extension as it is."""
        return _facts(self.canonical).national

    @property
    def international_form(self) -> str:
        """As it is written abroad: +380 67 123 4567. An extension as it is."""
        return _facts(self.canonical).abroad

    def __bool__(self) -> bool:
        return bool(self.canonical)

    def __str__(self) -> str:
        return self.written


@lru_cache(maxsize=8192)
def _canonical(text: str, country: str) -> str:
    dialled = _NOT_DIALLED.sub("", text)
    digits = dialled.lstrip("+")
    # phonenumbers makes nonsense of 112 and 2041: short codes and extensions are never numbers of the world.
    if len(digits) < 7 or not digits.isdigit():
        return dialled
    for candidate, region in ((dialled, country), *((f"+{each}", None) for each in _abroad(digits, country))):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return dialled


def _abroad(digits: str, country: str) -> Iterator[str]:
    """What the digits may be with their country, in the order in which it is tried."""
    yield digits
    if digits.startswith("00"):
        yield digits[2:]
    if digits.startswith("810"):
        yield digits[3:]  # abroad, as it is dialled in Russia, and was in all its neighbours
    if country == "UA" and digits.startswith("80"):
        yield f"3{digits}"  # 8 067 …: the way between cities until 2009, still in many an address book


@dataclass(frozen=True, slots=True)
class _Facts:
    calling_code: str
    country: str
    mobile: bool
    national: str
    abroad: str


@lru_cache(maxsize=1024)
def _zones(canonical: str) -> Sequence[str]:
    # Its tables take 40 ms to load, and few ask.
    from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number  # noqa: PLC0415 - see above

    try:
        number = phonenumbers.parse(canonical, None)
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in time_zones_for_number(number) if zone != UNKNOWN_TIMEZONE)


_MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


@lru_cache(maxsize=1024)
def _facts(canonical: str) -> _Facts:
    if not canonical.startswith("+"):
        return _Facts("", "", mobile=False, national=canonical, abroad=canonical)
    try:
        number = phonenumbers.parse(canonical, None)
    except phonenumbers.NumberParseException:
        return _Facts("", "", mobile=False, national=canonical, abroad=canonical)
    return _Facts(
        str(number.country_code),
        phonenumbers.region_code_for_number(number) or "",
        phonenumbers.number_type(number) in _MOBILE,
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL),
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
    )
