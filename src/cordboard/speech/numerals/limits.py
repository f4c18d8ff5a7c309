"""How large and how exact a number may be to be said."""

from decimal import Decimal

MOST = 10**15 - 1
DECIMALS = 6


def cut(value: Decimal) -> tuple[int, str]:
    """The whole part without its sign, and the digits behind the point without noughts at the end, DECIMALS at most.

    Raises ValueError for what is no number or is too large to be said.
    """
    if not value.is_finite() or abs(value) > MOST:
        raise ValueError(f"{value} cannot be said: the largest number is {MOST}")
    rounded = abs(value).quantize(Decimal(1).scaleb(-DECIMALS))
    whole, _, digits = f"{rounded:f}".partition(".")
    return int(whole), digits.rstrip("0")


def phone_groups(digits: str) -> list[str]:
    """The digits of a phone number in groups: country, area, then 3-2-2; of a short one pairs, or each alone."""
    if len(digits) < 5:
        return list(digits)
    if len(digits) < 7:
        return [each for each in (digits[:-4], digits[-4:-2], digits[-2:]) if each]
    head, tail = digits[:-7], [digits[-7:-4], digits[-4:-2], digits[-2:]]
    groups: list[str] = []
    while len(head) > 3:
        size = 2 if head[:-2] in _COUNTRIES else 3
        groups.insert(0, head[-size:])
        head = head[:-size]
    return [each for each in (head, *groups, *tail) if each]


_COUNTRIES = frozenset({"380", "375", "373", "371", "370", "372", "374", "992", "993", "994", "995", "996", "998"})
"""Codes of countries whose area codes have two digits."""
