"""Words of the Slavic numerals as data: genders, cases, paradigms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Case(StrEnum):
    """The grammatical cases, in the order of every paradigm here."""

    NOMINATIVE = "nominative"
    GENITIVE = "genitive"
    DATIVE = "dative"
    ACCUSATIVE = "accusative"
    """Of things: that of people is their genitive."""
    INSTRUMENTAL = "instrumental"
    PREPOSITIONAL = "prepositional"


class Gender(StrEnum):
    """The grammatical genders."""

    MASCULINE = "masculine"
    FEMININE = "feminine"
    NEUTER = "neuter"


CASES = tuple(Case)
Forms = Sequence[str]
"""A word in the six cases."""


def ending(stem: str, endings: str) -> Forms:
    """`stem` with each of six endings; `-` is no ending."""
    return tuple(stem + ("" if each == "-" else each) for each in endings.split())


def same(word: str) -> Forms:
    """A word that is not declined."""
    return (word,) * 6


@dataclass(frozen=True, slots=True)
class Noun:
    """What is counted."""

    gender: Gender
    singular: Forms
    plural: Forms
    counted: str = ""
    """The genitive plural that stands with numbers, if it is another than that of `plural`."""

    def form(self, count: int, case: Case, *, few_takes_plural: bool) -> str:
        """Its form beside a whole number.

        In nominative and accusative the number governs it: 1 the case itself, 2 to 4 the genitive singular (Russian)
        or the nominative plural (Ukrainian), others the genitive plural. In the other cases it agrees with the number.
        """
        last, teens = count % 10, count % 100 in range(11, 15)
        at = CASES.index(case)
        if last == 1 and not teens:
            return self.singular[at]
        if case not in {Case.NOMINATIVE, Case.ACCUSATIVE}:
            return self.counted if case is Case.GENITIVE and self.counted else self.plural[at]
        if last in {2, 3, 4} and not teens:
            return self.plural[0] if few_takes_plural else self.singular[1]
        return self.counted or self.plural[1]


@dataclass(frozen=True, slots=True)
class Ordinal:
    """An adjective of a number."""

    forms: Mapping[Gender, Forms]

    def form(self, gender: Gender, case: Case) -> str:
        """Its form."""
        return self.forms[gender][CASES.index(case)]


@dataclass(frozen=True, slots=True)
class Tongue:
    """All that the spelling of numbers asks of a Slavic language."""

    minus: str
    plus: str
    one: Mapping[Gender, Forms]
    two: Mapping[Gender, Forms]
    small: Mapping[int, Forms]
    """0 and 3 to 19."""
    tens: Mapping[int, Forms]
    """By 20, 30 … 90."""
    hundreds: Mapping[int, Forms]
    """By 100, 200 … 900."""
    scales: Sequence[Noun]
    """Thousand, million, milliard, billion (10 to the twelfth)."""
    ordinals: Mapping[int, Ordinal]
    """1 to 19, tens, hundreds."""
    joined: Mapping[int, str]
    """How a number stands before `thousandth` and the like: 1 to 19, tens, hundreds."""
    scale_ordinals: Sequence[Ordinal]
    """Of the scales, by themselves and behind `joined`."""
    whole: Noun
    """What the whole part of a fraction counts: целая, ціла."""
    parts: Sequence[Noun]
    """Tenths, hundredths … millionths."""
    months: Sequence[str]
    """In the genitive."""
    year: Noun
    hour: Noun
    minute: Noun
    second: Noun
    day: Noun
    degree: Noun
    currencies: Mapping[str, tuple[Noun, Noun | None]]
    """Unit and its hundredth part by ISO 4217 code."""
    few_takes_plural: bool
    hour_is_ordinal: bool
    """Whether the clock is read as `the tenth hour`."""
