"""English numbers, as they are said in Britain: one hundred and five."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from types import MappingProxyType

from cordboard.speech.numerals.grammar import Case, Gender
from cordboard.speech.numerals.limits import cut


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SMALL = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = _words("- - twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES = ("", "thousand", "million", "billion", "trillion")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_MONTHS = _words("January February March April May June July August September October November December")
_CURRENCIES: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "UAH": ("hryvnia", "hryvnias", "kopiyka", "kopiykas"),
        "RUB": ("rouble", "roubles", "kopeck", "kopecks"),
        "BYN": ("Belarusian rouble", "Belarusian roubles", "kopeck", "kopecks"),
        "USD": ("dollar", "dollars", "cent", "cents"),
        "EUR": ("euro", "euros", "cent", "cents"),
        "KZT": ("tenge", "tenge", "tiyn", "tiyn"),
        "PLN": ("zloty", "zlotys", "grosz", "groszy"),
        "GBP": ("pound", "pounds", "penny", "pence"),
        "CHF": ("franc", "francs", "centime", "centimes"),
        "MDL": ("leu", "lei", "ban", "bani"),
        "GEL": ("lari", "lari", "tetri", "tetri"),
        "CZK": ("koruna", "korunas", "haler", "halers"),
    }
)


class English:
    """Gender and case are taken and make no difference."""

    plus = "plus"

    def cardinal(self, count: int, _gender: Gender = Gender.MASCULINE, _case: Case = Case.NOMINATIVE) -> str:
        """A whole number from 0 to `limits.MOST`."""
        if count < 1000:
            return _below_thousand(count)
        words = []
        rest = count
        for power in range(len(_SCALES) - 1, 0, -1):
            group, rest = divmod(rest, 1000**power)
            if group:
                words.append(f"{_below_thousand(group)} {_SCALES[power]}")
        if rest:
            words.append(("and " if rest < 100 else "") + _below_thousand(rest))
        return " ".join(words)

    def ordinal(self, count: int, _gender: Gender = Gender.MASCULINE, _case: Case = Case.NOMINATIVE) -> str:
        """twenty-first, one hundred and third."""
        words = self.cardinal(count)
        cutting = max(words.rfind(" "), words.rfind("-")) + 1
        last = words[cutting:]
        return words[:cutting] + (_ORDINALS.get(last) or (last[:-1] + "ieth" if last[-1] == "y" else last + "th"))

    def number(self, value: Decimal, _gender: Gender = Gender.MASCULINE, _case: Case = Case.NOMINATIVE) -> str:
        """Any number: minus one thousand and two point five."""
        whole, digits = cut(value)
        point = " point " + " ".join(_SMALL[int(each)] for each in digits) if digits else ""
        return ("minus " if value < 0 else "") + self.cardinal(whole) + point

    def money(self, amount: Decimal, currency: str, _case: Case = Case.NOMINATIVE) -> str:
        """An amount with its unit and, unless it is nought, its hundredth part."""
        one, many, part, parts = _CURRENCIES[currency]
        whole, digits = cut(amount)
        sign = "minus " if amount < 0 else ""
        if len(digits) > 2:
            return f"{self.number(amount)} {many}"
        minor = int(digits.ljust(2, "0")) if digits else 0
        words = [f"{self.cardinal(whole)} {one if whole == 1 else many}"] if whole or not minor else []
        if minor:
            words.append(f"{self.cardinal(minor)} {part if minor == 1 else parts}")
        return sign + " and ".join(words)

    def knows(self, currency: str) -> bool:
        """Whether there are words for that currency."""
        return currency in _CURRENCIES

    def date(self, value: date) -> str:
        """The twenty-third of November, twenty twenty-six."""
        return f"the {self.ordinal(value.day)} of {_MONTHS[value.month - 1]}, {self._year(value.year)}"

    def _year(self, year: int) -> str:
        century, rest = divmod(year, 100)
        if not 1100 <= year < 10_000 or (century % 10 == 0 and rest < 10):
            return self.cardinal(year)
        if not rest:
            return f"{self.cardinal(century)} hundred"
        return f"{self.cardinal(century)} {'oh ' if rest < 10 else ''}{self.cardinal(rest)}"

    def time(self, value: time) -> str:
        """Two thirty p.m., ten o'clock a.m., midnight, noon."""
        if value.minute == 0 and value.hour in {0, 12}:
            return "noon" if value.hour else "midnight"
        hour = self.cardinal(value.hour % 12 or 12)
        half = "p.m." if value.hour >= 12 else "a.m."
        if not value.minute:
            return f"{hour} o'clock {half}"
        return f"{hour} {'oh ' if value.minute < 10 else ''}{self.cardinal(value.minute)} {half}"

    def duration(self, value: timedelta) -> str:
        """Days, hours, minutes and seconds, those that are not nought."""
        total = round(abs(value.total_seconds()))
        words = []
        for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
            count, total = divmod(total, size)
            if count:
                words.append(f"{self.cardinal(count)} {unit}{'' if count == 1 else 's'}")
        sign = "minus " if value < timedelta() and words else ""
        return sign + (" ".join(words) or "zero seconds")

    def temperature(self, value: Decimal) -> str:
        """Degrees, with the sign."""
        return f"{self.number(value)} {'degree' if abs(value) == 1 else 'degrees'}"

    def digits(self, text: str) -> str:
        """Digit by digit."""
        names = {"+": "plus", "*": "star", "#": "hash"}
        return " ".join(_SMALL[int(each)] if each.isdigit() else names[each] for each in text)

    def group(self, digits: str) -> str:
        """A group of a phone number."""
        return self.digits(digits)


def _below_thousand(count: int) -> str:
    hundreds, rest = divmod(count, 100)
    words = [f"{_SMALL[hundreds]} hundred"] if hundreds else []
    if rest or not hundreds:
        small = _SMALL[rest] if rest < 20 else _TENS[rest // 10] + (f"-{_SMALL[rest % 10]}" if rest % 10 else "")
        words.append(small)
    return " and ".join(words)
