"""Money: an amount in a currency."""

from decimal import Decimal
from typing import Any

from cordboard.scenario.expressions.errors import ExpressionError
from cordboard.scenario.expressions.function import Theme, word
from cordboard.scenario.expressions.functions.texts import format_number
from cordboard.scenario.money import CURRENCIES, currency_code, money_of, parse_money
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, Money

moneys = Theme(
    "money",
    "Money",
    "An amount in a currency of ISO 4217. Sums of different currencies are never added or compared: "
    "convert_money turns one into the other at a rate that you give.",
)


@moneys.function(
    "деньги гроші",
    ('money("120,50 грн")', "120.50 UAH"),
    ('money(99.9; "EUR")', "99.90 EUR"),
    currency=currency_code,
)
def money(value: Any, currency: str = "") -> Money:
    """The money that a text shows; or a number (also as a text) in a currency given by code, sign or word."""
    if isinstance(value, Money):
        return value
    if isinstance(value, str) and not currency:
        return parse_money(value)
    if isinstance(value, str | Decimal) and not isinstance(value, bool):
        if not currency:
            raise BadValueError(said('a number alone is no money: write money(number; "UAH")'))
        return parse_money(f"{value} {currency}") if isinstance(value, str) else money_of(value, currency)
    raise BadValueError(said("a {type} is no money", type=word(value)))


@moneys.function("размер розмір", ('amount(money("120.50 UAH"))', "120.5"))
def amount(money: Money) -> Decimal:
    """The number alone."""
    return money.amount


@moneys.function("валюта", ('currency(money("5 €"))', "EUR"))
def currency(money: Money) -> str:
    """The code of the currency."""
    return money.currency


@moneys.function("пересчитать перерахувати", ('convert_money(money("10 USD"); "UAH"; 41.255)', "412.55 UAH"))
def convert_money(money: Money, currency: str, rate: Decimal) -> Money:
    """The money in another currency, at the price of one unit; rounded to whole minor units."""
    if rate <= 0:
        raise ExpressionError(said("a rate is greater than 0"))
    return money_of(money.amount * rate, currency).rounded()


@moneys.function("округлденьги округлгроші", ('round_money(money("10.005 UAH"))', "10.01 UAH"),
                 ('round_money(money("1234.5 JPY"))', "1235 JPY"))  # fmt: skip
def round_money(money: Money) -> Money:
    """Rounded to the minor units of its currency (kopecks, cents), half away from zero."""
    return money.rounded()


@moneys.function("копейки копійки", ('minor_units(money("12.5 UAH"))', "1250"), ('minor_units(money("7 JPY"))', "7"))
def minor_units(money: Money) -> Decimal:
    """How many minor units (kopecks, cents) it is, as payment services count."""
    return (money.rounded().amount.scaleb(money.digits)).to_integral_value()


@moneys.function("изкопеек зкопійок", ('from_minor_units(1250; "UAH")', "12.50 UAH"))
def from_minor_units(value: Decimal, currency: str) -> Money:
    """The money that so many minor units (kopecks, cents) are."""
    code = currency_code(currency)
    return Money(value.scaleb(-CURRENCIES[code]), code)


@moneys.function(
    "форматденег форматгрошей",
    ('format_money(money("1234567.5 UAH"))', "1 234 567.50"),
    ('format_money(money("1234.5 UAH"); " "; ",") & " грн"', "1 234,50 грн"),
)
def format_money(money: Money, thousands: str = " ", point: str = ".") -> str:
    """The amount in minor units, with the separators that are wanted, without the currency."""
    return str(format_number(money.rounded().amount, Decimal(money.digits), thousands, point))


@moneys.function("евалюта євалюта", ('is_currency("uah")', "true"), ('is_currency("XYZ")', "false"))
def is_currency(text: str) -> bool:
    """Whether a text names a currency: a code of ISO 4217, a sign or a word."""
    try:
        currency_code(text)
    except BadValueError:
        return False
    return True
