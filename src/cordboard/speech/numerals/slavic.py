"""Spells numbers of Russian and Ukrainian by the tables of a `Tongue`."""

from datetime import date, time, timedelta
from decimal import Decimal

from cordboard.speech.numerals.grammar import CASES, Case, Gender, Noun, Tongue
from cordboard.speech.numerals.limits import cut


class Slavic:
    """One language."""

    def __init__(self, tongue: Tongue) -> None:
        self._tongue = tongue

    # --- numbers ----------------------------------------------------------------------------------------------

    def cardinal(self, count: int, gender: Gender, case: Case) -> str:
        """A whole number from 0 to `limits.MOST`."""
        tongue, at = self._tongue, CASES.index(case)
        if count == 0:
            return tongue.small[0][at]
        words = []
        groups = _groups(count)
        for power in range(len(groups) - 1, -1, -1):
            group = groups[power]
            if not group:
                continue
            if power == 0:
                words.append(self._below_thousand(group, gender, at))
                continue
            scale = tongue.scales[power - 1]
            # A single thousand stands without its number: тысяча двести.
            if group != 1:
                words.append(self._below_thousand(group, scale.gender, at))
            words.append(scale.form(group, case, few_takes_plural=tongue.few_takes_plural))
        return " ".join(words)

    def _below_thousand(self, count: int, gender: Gender, at: int) -> str:
        tongue, words = self._tongue, []
        if hundreds := count // 100 * 100:
            words.append(tongue.hundreds[hundreds][at])
        rest = count % 100
        if rest >= 20:
            words.append(tongue.tens[rest // 10 * 10][at])
            rest %= 10
        if rest == 1:
            words.append(tongue.one[gender][at])
        elif rest == 2:
            words.append(tongue.two[gender][at])
        elif rest:
            words.append(tongue.small[rest][at])
        return " ".join(words)

    def ordinal(self, count: int, gender: Gender, case: Case) -> str:
        """Only the last word is an ordinal, in gender and case; those before it stand as they are counted."""
        tongue = self._tongue
        if count == 0:
            zero = {"ноль": "нулев", "нуль": "нульов"}[tongue.small[0][0]]
            return _zeroth(zero, gender, case)
        groups = _groups(count)
        power = next(index for index, group in enumerate(groups) if group)
        before = count
        if power:
            before -= groups[power] * 1000**power
            group = groups[power]
            joined = "" if group == 1 else self._joined(group)
            last = joined + tongue.scale_ordinals[power - 1].form(gender, case)
        else:
            rest = count % 100
            part = next(
                size for size in (rest, rest % 10, rest // 10 * 10, count % 1000) if size and size in tongue.ordinals
            )
            before -= part
            last = tongue.ordinals[part].form(gender, case)
        if not before:
            return last
        return f"{self.cardinal(before, Gender.MASCULINE, Case.NOMINATIVE)} {last}"

    def _joined(self, count: int) -> str:
        parts = [count // 100 * 100, count % 100 if count % 100 < 20 else count % 100 // 10 * 10]
        if count % 100 >= 20:
            parts.append(count % 10)
        return "".join(self._tongue.joined[part] for part in parts if part)

    def number(self, value: Decimal, gender: Gender, case: Case) -> str:
        """Any number: `минус одна тысяча две целых пять десятых`."""
        whole, digits = cut(value)
        sign = f"{self._tongue.minus} " if value < 0 else ""
        if not digits:
            return sign + self.cardinal(whole, gender, case)
        return sign + self._fraction(whole, digits, case)

    def _fraction(self, whole: int, digits: str, case: Case) -> str:
        tongue = self._tongue
        top = int(digits)
        unit, part = tongue.whole, tongue.parts[len(digits) - 1]
        return " ".join(
            (
                self.cardinal(whole, Gender.FEMININE, case),
                unit.form(whole, case, few_takes_plural=tongue.few_takes_plural),
                self.cardinal(top, Gender.FEMININE, case),
                part.form(top, case, few_takes_plural=tongue.few_takes_plural),
            )
        )

    def counted(self, value: Decimal, noun: Noun, case: Case = Case.NOMINATIVE) -> str:
        """A number with what is counted. Beside a fraction the noun is in the genitive singular."""
        whole, digits = cut(value)
        sign = f"{self._tongue.minus} " if value < 0 else ""
        if digits:
            return f"{sign}{self._fraction(whole, digits, case)} {noun.singular[1]}"
        form = noun.form(whole, case, few_takes_plural=self._tongue.few_takes_plural)
        return f"{sign}{self.cardinal(whole, noun.gender, case)} {form}"

    # --- what people count ------------------------------------------------------------------------------------

    def money(self, amount: Decimal, currency: str, case: Case) -> str:
        """An amount with its unit and, unless it is nought, its hundredth part."""
        unit, part = self._tongue.currencies[currency]
        whole, digits = cut(amount)
        if part is None or len(digits) > 2:
            return self.counted(amount, unit, case)
        minor = int(digits.ljust(2, "0")) if digits else 0
        sign = f"{self._tongue.minus} " if amount < 0 else ""
        words = [self.counted(Decimal(whole), unit, case)] if whole or not minor else []
        if minor:
            words.append(self.counted(Decimal(minor), part, case))
        return sign + " ".join(words)

    def knows(self, currency: str) -> bool:
        """Whether there are words for that currency."""
        return currency in self._tongue.currencies

    def date(self, value: date) -> str:
        """`двадцать третье ноября две тысячи двадцать шестого года`."""
        tongue = self._tongue
        day = self.ordinal(value.day, Gender.NEUTER, Case.NOMINATIVE)
        year = self.ordinal(value.year, Gender.MASCULINE, Case.GENITIVE)
        return f"{day} {tongue.months[value.month - 1]} {year} {tongue.year.singular[1]}"

    def time(self, value: time) -> str:
        """Hours and minutes; seconds are not said."""
        tongue = self._tongue
        minutes = self.counted(Decimal(value.minute), tongue.minute)
        if tongue.hour_is_ordinal and value.hour:
            hour = f"{self.ordinal(value.hour, Gender.FEMININE, Case.NOMINATIVE)} {tongue.hour.singular[0]}"
        else:
            hour = self.counted(Decimal(value.hour), tongue.hour)
        return f"{hour} {minutes}" if value.minute else hour

    def duration(self, value: timedelta) -> str:
        """Days, hours, minutes and seconds, those that are not nought."""
        tongue = self._tongue
        total = round(abs(value.total_seconds()))
        units = ((tongue.day, 86400), (tongue.hour, 3600), (tongue.minute, 60), (tongue.second, 1))
        words = []
        for noun, size in units:
            count, total = divmod(total, size)
            if count:
                words.append(self.counted(Decimal(count), noun))
        sign = f"{tongue.minus} " if value < timedelta() and words else ""
        return sign + (" ".join(words) or self.counted(Decimal(0), tongue.second))

    def temperature(self, value: Decimal) -> str:
        """Degrees, with the sign."""
        return self.counted(value, self._tongue.degree)

    def digits(self, text: str) -> str:
        """Digit by digit."""
        names = {"+": self._tongue.plus, "*": "звёздочка" if self._russian else "зірочка", "#": self._hash}
        return " ".join(
            self.cardinal(int(each), Gender.MASCULINE, Case.NOMINATIVE) if each.isdigit() else names[each]
            for each in text
        )

    def group(self, digits: str) -> str:
        """A group of a phone number: its noughts in front one by one, then a number."""
        zeros = len(digits) - len(digits.lstrip("0"))
        words = [self._tongue.small[0][0]] * zeros
        if digits[zeros:]:
            words.append(self.cardinal(int(digits[zeros:]), Gender.MASCULINE, Case.NOMINATIVE))
        return " ".join(words)

    @property
    def plus(self) -> str:
        """The sign in front of a number."""
        return self._tongue.plus

    @property
    def _russian(self) -> bool:
        return not self._tongue.few_takes_plural

    @property
    def _hash(self) -> str:
        return "решётка" if self._russian else "решітка"


def _groups(count: int) -> list[int]:
    """Groups of three digits, the lowest first."""
    groups = []
    while count:
        count, group = divmod(count, 1000)
        groups.append(group)
    return groups


def _zeroth(stem: str, gender: Gender, case: Case) -> str:
    russian = stem == "нулев"
    table = {
        Gender.MASCULINE: ("ой ого ому ой ым ом", "ий ого ому ий им ому"),
        Gender.FEMININE: ("ая ой ой ую ой ой", "а ої ій у ою ій"),
        Gender.NEUTER: ("ое ого ому ое ым ом", "е ого ому е им ому"),
    }
    return stem + table[gender][0 if russian else 1].split()[CASES.index(case)]
