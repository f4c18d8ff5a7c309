"""Ukrainian numerals (Український правопис 2019, §§ 38, 103–107)."""

from cordboard.speech.numerals.grammar import Forms, Gender, Noun, Ordinal, Tongue, ending, same

M, F, N = Gender.MASCULINE, Gender.FEMININE, Gender.NEUTER


def _soft(nominative: str, stem: str, instrumental: str) -> Forms:
    return (nominative, f"{stem}и", f"{stem}и", nominative, instrumental, f"{stem}и")


def _teen(stem: str) -> Forms:
    return _soft(f"{stem}ь", stem, f"{stem}ьма")


def _dozens(stem: str) -> Forms:
    """Fifty to eighty: only the second half is declined."""
    return (f"{stem}десят", f"{stem}десяти", f"{stem}десяти", f"{stem}десят", f"{stem}десятьма", f"{stem}десяти")


def _hundreds(stem: str, first: str, instrumental: str) -> Forms:
    """Five hundred to nine hundred: both halves are declined."""
    return (f"{stem}сот", f"{first}сот", f"{first}стам", f"{stem}сот", f"{instrumental}стами", f"{first}стах")


def _hard(stem: str) -> Ordinal:
    return Ordinal(
        {
            M: ending(stem, "ий ого ому ий им ому"),
            F: ending(stem, "а ої ій у ою ій"),
            N: ending(stem, "е ого ому е им ому"),
        }
    )


def _man(stem: str) -> Noun:
    return Noun(M, ending(stem, "- а у - ом і"), ending(stem, "и ів ам и ами ах"))


def _woman(stem: str, genitive: str, *, dative: str = "") -> Noun:
    plural = ending(stem, "и - ам и ами ах")
    singular = ending(stem, "а и і у ою і")
    if dative:
        singular = (singular[0], singular[1], dative, singular[3], singular[4], dative)
    return Noun(F, singular, (plural[0], genitive, *plural[2:]))


def _part(stem: str) -> Noun:
    """A tenth, a hundredth: an adjective that stands for a noun. Two of them are in the genitive plural."""
    many = f"{stem}их"
    return Noun(F, ending(stem, "а ої ій у ою ій"), (many, many, f"{stem}им", many, f"{stem}ими", many))


_STEMS = {
    11: "одинадцят", 12: "дванадцят", 13: "тринадцят", 14: "чотирнадцят", 15: "п'ятнадцят", 16: "шістнадцят",
    17: "сімнадцят", 18: "вісімнадцят", 19: "дев'ятнадцят",
}  # fmt: skip
_HRYVNIA = Noun(F, ending("гривн", "я і і ю ею і"), ("гривні", "гривень", "гривням", "гривні", "гривнями", "гривнях"))
_KOPECK = _woman("копійк", "копійок", dative="копійці")
_RUBLE = Noun(M, ending("рубл", "ь я ю ь ем і"), ending("рубл", "і ів ям і ями ях"))
_CENT = _man("цент")
_ZLOTY = Noun(
    M,
    ("злотий", "злотого", "злотому", "злотий", "злотим", "злотому"),
    ("злоті", "злотих", "злотим", "злоті", "злотими", "злотих"),
)
_BELARUSIAN = Noun(
    M,
    tuple(f"{a} {n}" for a, n in zip(ending("білоруськ", "ий ого ому ий им ому"), _RUBLE.singular, strict=True)),
    tuple(f"{a} {n}" for a, n in zip(ending("білоруськ", "і их им і ими их"), _RUBLE.plural, strict=True)),
)

UKRAINIAN = Tongue(
    minus="мінус",
    plus="плюс",
    one={
        M: ("один", "одного", "одному", "один", "одним", "одному"),
        F: ("одна", "однієї", "одній", "одну", "однією", "одній"),
        N: ("одне", "одного", "одному", "одне", "одним", "одному"),
    },
    two={
        M: ("два", "двох", "двом", "два", "двома", "двох"),
        F: ("дві", "двох", "двом", "дві", "двома", "двох"),
        N: ("два", "двох", "двом", "два", "двома", "двох"),
    },
    small={
        0: ("нуль", "нуля", "нулю", "нуль", "нулем", "нулі"),
        3: ("три", "трьох", "трьом", "три", "трьома", "трьох"),
        4: ("чотири", "чотирьох", "чотирьом", "чотири", "чотирма", "чотирьох"),
        5: _teen("п'ят"),
        6: _soft("шість", "шест", "шістьма"),
        7: _soft("сім", "сем", "сьома"),
        8: _soft("вісім", "восьм", "вісьма"),
        9: _teen("дев'ят"),
        10: _teen("десят"),
        **{count: _teen(stem) for count, stem in _STEMS.items()},
    },
    tens={
        20: _teen("двадцят"),
        30: _teen("тридцят"),
        40: ("сорок", "сорока", "сорока", "сорок", "сорока", "сорока"),
        50: _dozens("п'ят"),
        60: _dozens("шіст"),
        70: _dozens("сім"),
        80: _dozens("вісім"),
        90: ("дев'яносто", "дев'яноста", "дев'яноста", "дев'яносто", "дев'яноста", "дев'яноста"),
    },
    hundreds={
        100: ("сто", "ста", "ста", "сто", "ста", "ста"),
        200: ("двісті", "двохсот", "двомстам", "двісті", "двомастами", "двохстах"),
        300: ("триста", "трьохсот", "трьомстам", "триста", "трьомастами", "трьохстах"),
        400: ("чотириста", "чотирьохсот", "чотирьомстам", "чотириста", "чотирмастами", "чотирьохстах"),
        500: _hundreds("п'ят", "п'яти", "п'ятьма"),
        600: _hundreds("шіст", "шести", "шістьма"),
        700: _hundreds("сім", "семи", "сьома"),
        800: _hundreds("вісім", "восьми", "вісьма"),
        900: _hundreds("дев'ят", "дев'яти", "дев'ятьма"),
    },
    scales=(
        Noun(F, ending("тисяч", "а і і у ею і"), ending("тисяч", "і - ам і ами ах")),
        _man("мільйон"),
        _man("мільярд"),
        _man("трильйон"),
    ),
    ordinals={
        1: _hard("перш"),
        2: _hard("друг"),
        3: Ordinal(
            {
                M: ("третій", "третього", "третьому", "третій", "третім", "третьому"),
                F: ("третя", "третьої", "третій", "третю", "третьою", "третій"),
                N: ("третє", "третього", "третьому", "третє", "третім", "третьому"),
            }
        ),
        4: _hard("четверт"),
        5: _hard("п'ят"),
        6: _hard("шост"),
        7: _hard("сьом"),
        8: _hard("восьм"),
        9: _hard("дев'ят"),
        10: _hard("десят"),
        **{count: _hard(stem) for count, stem in _STEMS.items()},
        20: _hard("двадцят"),
        30: _hard("тридцят"),
        40: _hard("сороков"),
        50: _hard("п'ятдесят"),
        60: _hard("шістдесят"),
        70: _hard("сімдесят"),
        80: _hard("вісімдесят"),
        90: _hard("дев'яност"),
        100: _hard("сот"),
        200: _hard("двохсот"),
        300: _hard("трьохсот"),
        400: _hard("чотирьохсот"),
        500: _hard("п'ятисот"),
        600: _hard("шестисот"),
        700: _hard("семисот"),
        800: _hard("восьмисот"),
        900: _hard("дев'ятисот"),
    },
    joined={
        1: "одно", 2: "двох", 3: "трьох", 4: "чотирьох", 5: "п'яти", 6: "шести", 7: "семи", 8: "восьми", 9: "дев'яти",
        10: "десяти", **{count: f"{stem}и" for count, stem in _STEMS.items()},
        20: "двадцяти", 30: "тридцяти", 40: "сорока", 50: "п'ятдесяти", 60: "шістдесяти", 70: "сімдесяти",
        80: "вісімдесяти", 90: "дев'яносто", 100: "сто", 200: "двохсот", 300: "трьохсот", 400: "чотирьохсот",
        500: "п'ятисот", 600: "шестисот", 700: "семисот", 800: "восьмисот", 900: "дев'ятисот",
    },
    scale_ordinals=(_hard("тисячн"), _hard("мільйонн"), _hard("мільярдн"), _hard("трильйонн")),
    whole=_part("ціл"),
    parts=tuple(
        _part(stem) for stem in ("десят", "сот", "тисячн", "десятитисячн", "стотисячн", "мільйонн")
    ),
    months=(
        "січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня", "жовтня",
        "листопада", "грудня",
    ),
    year=Noun(M, ("рік", "року", "року", "рік", "роком", "році"), ending("рок", "и ів ам и ами ах")),
    hour=_woman("годин", "годин"),
    minute=_woman("хвилин", "хвилин"),
    second=_woman("секунд", "секунд"),
    day=Noun(M, ("день", "дня", "дню", "день", "днем", "дні"), ("дні", "днів", "дням", "дні", "днями", "днях")),
    degree=_man("градус"),
    currencies={
        "UAH": (_HRYVNIA, _KOPECK),
        "RUB": (_RUBLE, _KOPECK),
        "BYN": (_BELARUSIAN, _KOPECK),
        "USD": (_man("долар"), _CENT),
        "EUR": (Noun(M, same("євро"), same("євро")), _man("євроцент")),
        "KZT": (Noun(M, same("тенге"), same("тенге")), _man("тиїн")),
        "PLN": (_ZLOTY, Noun(M, ending("грош", "- а у - ем і"), ending("грош", "і ів ам і ами ах"))),
        "GBP": (_man("фунт"), _man("пенс")),
        "CHF": (_man("франк"), _man("сантим")),
        "MDL": (Noun(M, ("лей", "лея", "лею", "лей", "леєм", "леї"), ("леї", "леїв", "леям", "леї", "леями", "леях")),
                _man("бан")),
        "GEL": (Noun(M, same("ларі"), same("ларі")), Noun(M, same("тетрі"), same("тетрі"))),
        "CZK": (_woman("крон", "крон"), _man("гелер")),
    },
    few_takes_plural=True,
    hour_is_ordinal=True,
)  # fmt: skip
