"""Normalise a number."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from cordboard.scenario.component import Component, Example, Text, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.said import said
from cordboard.telephony import PhoneNumber

_SHORT = 6
"""Digits; a longer number that is none of the world is a mistake."""


def _country(code: str) -> str:
    if code and not (len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError(said("{code!r} is no code of a country: write two capital letters, as UA or PL", code=code))
    return code


class Sort(StrEnum):
    """What a number is."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    SHORT = "short"


class NormaliseNumber(Component):
    """Reads a phone number out of a text, however it is written there, and tells what it is.

    A mobile number is told from a landline by the rules of its country; where these do not differ (the USA), it is
    mobile. An extension or the number of a service (`112`) is short.

    Exits: *ok* with the variables filled in; *no_phone* if it is no number that can be called, or a hidden one.
    """

    kind = "normalise_number"
    title = "Normalise a number"
    group = "data"
    examples = (
        Example(
            "A number out of a letter, as SMS lines want it.",
            'clean:\n  component: normalise_number\n  text: "{words}"\n  international: number',
        ),
        Example(
            "Is the caller's a mobile phone?",
            "clean:\n  component: normalise_number\n  text: =caller\n  sort: segment",
        ),
    )

    text: Text
    """The number: `067 123-45-67`, `{words}`."""
    country: Annotated[str, AfterValidator(_country)] = ""
    """The country in which it was written, where it bears no code: `UA`, `PL`. Empty: that of the office."""
    phone: VariableName = ""
    """The variable that takes it as a phone."""
    international: VariableName = ""
    """The variable that takes it as `+380671234567`; a short one as it is."""
    national: VariableName = ""
    """The variable that takes it as it is written within its country: `067 123 4567`."""
    its_country: VariableName = ""
    """The variable that takes the code of its country: `UA`. Empty for a short number."""
    sort: VariableName = ""
    """The variable that takes what it is: `mobile`, `landline` or `short`."""
    time_zone: VariableName = ""
    """The variable that takes the time zone in which it is: `Europe/Kyiv`. Empty if it may be in several."""

    class Exit(StrEnum):
        """Its exits."""

        OK = "ok"
        NO_PHONE = "no_phone"

    async def run(self, ctx: Context) -> str:
        """Read it."""
        phone = PhoneNumber.parse(self.text.strip(), country=self.country or ctx.country)
        if not phone.international and not (phone.canonical.isdigit() and len(phone.canonical) <= _SHORT):
            return self.Exit.NO_PHONE
        ctx.set(self.phone, phone)
        ctx.set(self.international, phone.canonical)
        ctx.set(self.national, phone.national_form)
        ctx.set(self.its_country, phone.country)
        ctx.set(self.sort, _sort(phone).value)
        ctx.set(self.time_zone, phone.zones[0] if len(phone.zones) == 1 else "")
        return self.Exit.OK


def _sort(phone: PhoneNumber) -> Sort:
    if not phone.international:
        return Sort.SHORT
    return Sort.MOBILE if phone.mobile else Sort.LANDLINE
