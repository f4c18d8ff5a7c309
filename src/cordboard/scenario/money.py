"""Money: an amount with its currency. Two amounts meet only if their currencies are the same."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

from cordboard.scenario.literals import BadValueError, parse_number, shorten
from cordboard.scenario.said import said

_MINOR_UNITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC"
    " CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR"
    " JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN"
    " NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP"
    " SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG",
}
CURRENCIES = {code: digits for digits, codes in _MINOR_UNITS.items() for code in codes.split()}
"""The currencies of ISO 4217 by code, with the number of digits behind the point (JPY 0, most 2, KWD 3)."""

_SIGNS = {
    "₴": "UAH", "ГРН": "UAH", "ГРН.": "UAH", "₽": "RUB", "РУБ": "RUB", "РУБ.": "RUB", "$": "USD", "€": "EUR",
    "£": "GBP", "₸": "KZT", "₺": "TRY", "₾": "GEL", "₪": "ILS", "₹": "INR", "₩": "KRW", "ZŁ": "PLN", "KČ": "CZK",
}  # fmt: skip
"""Signs and words that people write; only those that mean one currency here ($ is the United States')."""
_CURRENCY = r"[^\W\d_]{2,4}\.?|[$€£₴₽₸₺₾₪₹₩]"
_FIGURES = r"[+-]?\d{1,3}(?:[ \u00a0\u202f]\d{3}){1,8}(?:[.,]\d{1,10})?|[+-]?\d{1,25}(?:[.,]\d{1,10})?"
_WRITTEN = re.compile(
    rf"\s*(?:(?P<before>{_CURRENCY})\s*(?P<figures>{_FIGURES})|(?P<amount>{_FIGURES})\s*(?P<after>{_CURRENCY}))\s*"
)
_BLANKS = re.compile(r"[ \u00a0\u202f]")
_MOST_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Money:
    """An amount (not rounded) in a currency of ISO 4217, written in capitals. Made by `money_of` or `parse_money`."""

    amount: Decimal
    currency: str

    @property
    def digits(self) -> int:
        """How many digits the currency has behind the point."""
        return CURRENCIES.get(self.currency, 2)

    def rounded(self) -> Self:
        """In whole minor units (kopecks, cents), half away from zero."""
        step = Decimal(1).scaleb(-self.digits)
        return type(self)(self.amount.quantize(step, ROUND_HALF_UP), self.currency)

    def __add__(self, other: Self) -> Self:
        return type(self)(self.amount + self._same(other, "+"), self.currency)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.amount - self._same(other, "-"), self.currency)

    def __mul__(self, factor: Decimal) -> Self:
        return type(self)(self.amount * factor, self.currency)

    def __truediv__(self, divisor: Decimal) -> Self:
        return type(self)(self.amount / divisor, self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.amount, self.currency)

    def __abs__(self) -> Self:
        return type(self)(abs(self.amount), self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.amount < self._same(other, "<")

    def __le__(self, other: Self) -> bool:
        return self.amount <= self._same(other, "<=")

    def __gt__(self, other: Self) -> bool:
        return self.amount > self._same(other, ">")

    def __ge__(self, other: Self) -> bool:
        return self.amount >= self._same(other, ">=")

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return show_money(self)

    def _same(self, other: Self, symbol: str) -> Decimal:
        same_currency(self, other, symbol)
        return other.amount


def same_currency(one: Money, other: Money, symbol: str) -> None:
    """Raise BadValueError if the currencies differ."""
    if one.currency != other.currency:
        raise BadValueError(
            said(
                "`{symbol}` does not go with {one} and {other}: convert_money turns one into the other's currency",
                symbol=symbol,
                one=str(one),
                other=str(other),
            )
        )


def currency_code(text: str) -> str:
    """The code for a code in any case, a sign or a word (₴, грн). Raises BadValueError."""
    plain = text.strip().upper()
    code = _SIGNS.get(plain, plain)
    if code not in CURRENCIES:
        raise BadValueError(said("{text!r} is no currency: write its code, as UAH, EUR, USD", text=shorten(text, 20)))
    return code


def money_of(amount: Decimal, currency: str) -> Money:
    """An amount in a currency given by code, sign or word. Raises BadValueError."""
    return Money(amount, currency_code(currency))


def parse_money(text: str) -> Money:
    """Read `120.50 UAH`, `UAH 120.5`, `1 250,50 грн`, `$5`. Raises BadValueError."""
    match = _WRITTEN.fullmatch(text) if len(text) <= _MOST_CHARACTERS else None
    if match is None:
        raise BadValueError(said("{text!r} is no money: write 120.50 UAH or 5 €", text=shorten(text)))
    figures = _BLANKS.sub("", match["figures"] or match["amount"])
    return money_of(parse_number(figures), match["before"] or match["after"])


def show_money(value: Money) -> str:
    """Write it as it is read: 120.50 UAH. At least the digits that the currency has; no digit is lost."""
    exponent = value.amount.as_tuple().exponent
    digits = max(value.digits, -exponent) if isinstance(exponent, int) else value.digits
    amount = f"{value.amount:.{digits}f}"
    if digits > value.digits:
        whole, _, fraction = amount.partition(".")
        fraction = fraction.rstrip("0").ljust(value.digits, "0")
        amount = f"{whole}.{fraction}" if fraction else whole
    return f"{amount} {value.currency}"
