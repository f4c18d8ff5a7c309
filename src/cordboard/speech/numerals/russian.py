"""Russian numerals (Русская грамматика, 1980, §1365–1383)."""

from cordboard.speech.numerals.grammar import Forms, Gender, Noun, Ordinal, Tongue, ending, same

M, F, N = Gender.MASCULINE, Gender.FEMININE, Gender.NEUTER


def _soft(stem: str) -> Forms:
    return ending(stem, "ь и и ь ью и")


def _dozens(stem: str, first: str, instrumental: str) -> Forms:
    """Fifty to eighty: both halves are declined."""
    return (
        f"{stem}десят",
        f"{first}десяти",
        f"{first}десяти",
        f"{stem}десят",
        f"{instrumental}десятью",
        f"{first}десяти",
    )


def _hundreds(stem: str, first: str, instrumental: str) -> Forms:
    """Five hundred to nine hundred: both halves are declined."""
    return (f"{stem}сот", f"{first}сот", f"{first}стам", f"{stem}сот", f"{instrumental}стами", f"{first}стах")


def _hard(stem: str, nominative: str = "ый") -> Ordinal:
    return Ordinal(
        {
            M: ending(stem, f"{nominative} ого ому {nominative} ым ом"),
            F: ending(stem, "ая ой ой ую ой ой"),
            N: ending(stem, "ое ого ому ое ым ом"),
        }
    )


def _man(stem: str, counted: str = "") -> Noun:
    return Noun(M, ending(stem, "- а у - ом е"), ending(stem, "ы ов ам ы ами ах"), counted)


def _woman(stem: str, genitive: str, vowel: str = "ы") -> Noun:
    plural = ending(stem, f"{vowel} - ам {vowel} ами ах")
    return Noun(F, ending(stem, f"а {vowel} е у ой е"), (plural[0], genitive, *plural[2:]))


def _part(stem: str) -> Noun:
    """A tenth, a hundredth: an adjective that stands for a noun. Two of them are in the genitive plural."""
    many = f"{stem}ых"
    plural = (many, many, f"{stem}ым", many, f"{stem}ыми", many)
    singular = ending(stem, "ая ой ой ую ой ой")
    return Noun(F, (singular[0], many, *singular[2:]), plural)


_STEMS = {
    5: "пят", 6: "шест", 7: "сем", 8: "восем", 9: "девят", 10: "десят", 11: "одиннадцат", 12: "двенадцат",
    13: "тринадцат", 14: "четырнадцат", 15: "пятнадцат", 16: "шестнадцат", 17: "семнадцат", 18: "восемнадцат",
    19: "девятнадцат",
}  # fmt: skip
_RUBLE = Noun(M, ending("рубл", "ь я ю ь ём е"), ending("рубл", "и ей ям и ями ях"))
_KOPECK = _woman("копейк", "копеек", "и")
_CENT = _man("цент")
_EURO = Noun(M, same("евро"), same("евро"))
_TENGE = Noun(M, same("тенге"), same("тенге"))
_ZLOTY = Noun(
    M,
    ("злотый", "злотого", "злотому", "злотый", "злотым", "злотом"),
    ("злотые", "злотых", "злотым", "злотые", "злотыми", "злотых"),
)


def _with(adjective_sg: Forms, adjective_pl: Forms, noun: Noun) -> Noun:
    """A noun with its adjective. Beside 2 to 4 the adjective is in the genitive plural: два белорусских рубля."""
    singular = tuple(f"{a} {n}" for a, n in zip(adjective_sg, noun.singular, strict=True))
    plural = tuple(f"{a} {n}" for a, n in zip(adjective_pl, noun.plural, strict=True))
    return Noun(noun.gender, (singular[0], f"{adjective_pl[1]} {noun.singular[1]}", *singular[2:]), plural)


_BELARUSIAN = _with(ending("белорусск", "ий ого ому ий им ом"), ending("белорусск", "ие их им ие ими их"), _RUBLE)

RUSSIAN = Tongue(
    minus="минус",
    plus="плюс",
    one={
        M: ("один", "одного", "одному", "один", "одним", "одном"),
        F: ("одна", "одной", "одной", "одну", "одной", "одной"),
        N: ("одно", "одного", "одному", "одно", "одним", "одном"),
    },
    two={
        M: ("два", "двух", "двум", "два", "двумя", "двух"),
        F: ("две", "двух", "двум", "две", "двумя", "двух"),
        N: ("два", "двух", "двум", "два", "двумя", "двух"),
    },
    small={
        0: ("ноль", "ноля", "нолю", "ноль", "нолём", "ноле"),
        3: ("три", "трёх", "трём", "три", "тремя", "трёх"),
        4: ("четыре", "четырёх", "четырём", "четыре", "четырьмя", "четырёх"),
        **{count: _soft(stem) for count, stem in _STEMS.items()},
        8: ("восемь", "восьми", "восьми", "восемь", "восемью", "восьми"),
    },
    tens={
        20: _soft("двадцат"),
        30: _soft("тридцат"),
        40: ("сорок", "сорока", "сорока", "сорок", "сорока", "сорока"),
        50: _dozens("пять", "пяти", "пятью"),
        60: _dozens("шесть", "шести", "шестью"),
        70: _dozens("семь", "семи", "семью"),
        80: _dozens("восемь", "восьми", "восемью"),
        90: ("девяносто", "девяноста", "девяноста", "девяносто", "девяноста", "девяноста"),
    },
    hundreds={
        100: ("сто", "ста", "ста", "сто", "ста", "ста"),
        200: ("двести", "двухсот", "двумстам", "двести", "двумястами", "двухстах"),
        300: ("триста", "трёхсот", "трёмстам", "триста", "тремястами", "трёхстах"),
        400: ("четыреста", "четырёхсот", "четырёмстам", "четыреста", "четырьмястами", "четырёхстах"),
        500: _hundreds("пять", "пяти", "пятью"),
        600: _hundreds("шесть", "шести", "шестью"),
        700: _hundreds("семь", "семи", "семью"),
        800: _hundreds("восемь", "восьми", "восемью"),
        900: _hundreds("девять", "девяти", "девятью"),
    },
    scales=(
        Noun(F, ending("тысяч", "а и е у ей е"), ending("тысяч", "и - ам и ами ах")),
        _man("миллион"),
        _man("миллиард"),
        _man("триллион"),
    ),
    ordinals={
        1: _hard("перв"),
        2: _hard("втор", "ой"),
        3: Ordinal(
            {
                M: ("третий", "третьего", "третьему", "третий", "третьим", "третьем"),
                F: ("третья", "третьей", "третьей", "третью", "третьей", "третьей"),
                N: ("третье", "третьего", "третьему", "третье", "третьим", "третьем"),
            }
        ),
        4: _hard("четвёрт"),
        **{count: _hard(stem) for count, stem in _STEMS.items()},
        6: _hard("шест", "ой"),
        7: _hard("седьм", "ой"),
        8: _hard("восьм", "ой"),
        20: _hard("двадцат"),
        30: _hard("тридцат"),
        40: _hard("сороков", "ой"),
        50: _hard("пятидесят"),
        60: _hard("шестидесят"),
        70: _hard("семидесят"),
        80: _hard("восьмидесят"),
        90: _hard("девяност"),
        100: _hard("сот"),
        200: _hard("двухсот"),
        300: _hard("трёхсот"),
        400: _hard("четырёхсот"),
        500: _hard("пятисот"),
        600: _hard("шестисот"),
        700: _hard("семисот"),
        800: _hard("восьмисот"),
        900: _hard("девятисот"),
    },
    joined={
        1: "одно", 2: "двух", 3: "трёх", 4: "четырёх", 5: "пяти", 6: "шести", 7: "семи", 8: "восьми", 9: "девяти",
        **{count: f"{_STEMS[count]}и" for count in range(10, 20)},
        20: "двадцати", 30: "тридцати", 40: "сорока", 50: "пятидесяти", 60: "шестидесяти", 70: "семидесяти",
        80: "восьмидесяти", 90: "девяносто", 100: "сто", 200: "двухсот", 300: "трёхсот", 400: "четырёхсот",
        500: "пятисот", 600: "шестисот", 700: "семисот", 800: "восьмисот", 900: "девятисот",
    },
    scale_ordinals=(_hard("тысячн"), _hard("миллионн"), _hard("миллиардн"), _hard("триллионн")),
    whole=_part("цел"),
    parts=tuple(
        _part(stem) for stem in ("десят", "сот", "тысячн", "десятитысячн", "стотысячн", "миллионн")
    ),
    months=(
        "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
        "декабря",
    ),
    year=Noun(M, ("год", "года", "году", "год", "годом", "году"), ("годы", "лет", "годам", "годы", "годами", "годах")),
    hour=_man("час"),
    minute=_woman("минут", "минут"),
    second=_woman("секунд", "секунд"),
    day=Noun(M, ("день", "дня", "дню", "день", "днём", "дне"), ("дни", "дней", "дням", "дни", "днями", "днях")),
    degree=_man("градус"),
    currencies={
        "UAH": (_woman("гривн", "гривен"), _KOPECK),
        "RUB": (_RUBLE, _KOPECK),
        "BYN": (_BELARUSIAN, _KOPECK),
        "USD": (_man("доллар"), _CENT),
        "EUR": (_EURO, _man("евроцент")),
        "KZT": (_TENGE, _man("тиын")),
        "PLN": (_ZLOTY, Noun(M, ending("грош", "- а у - ом е"), ending("грош", "и ей ам и ами ах"))),
        "GBP": (_man("фунт"), _man("пенс")),
        "CHF": (_man("франк"), _man("сантим")),
        "MDL": (Noun(M, ending("ле", "й я ю й ем е"), ending("ле", "и ев ям и ями ях")), _man("бан")),
        "GEL": (Noun(M, same("лари"), same("лари")), Noun(M, same("тетри"), same("тетри"))),
        "CZK": (_woman("крон", "крон"), _man("геллер")),
    },
    few_takes_plural=False,
    hour_is_ordinal=False,
)  # fmt: skip
