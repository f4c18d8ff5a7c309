from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cordboard.speech.numerals import KINDS, spell

NUMBERS = {
    "-1": ("minus one", "минус один", "мінус один"),
    "0": ("zero", "ноль", "нуль"),
    "1": ("one", "один", "один"),
    "2": ("two", "два", "два"),
    "5": ("five", "пять", "п'ять"),
    "11": ("eleven", "одиннадцать", "одинадцять"),
    "21": ("twenty-one", "двадцать один", "двадцять один"),
    "40": ("forty", "сорок", "сорок"),
    "90": ("ninety", "девяносто", "дев'яносто"),
    "101": ("one hundred and one", "сто один", "сто один"),
    "1002.50": ("one thousand and two point five", "тысяча две целых пять десятых", "тисяча дві цілих п'ять десятих"),
    "0.1": ("zero point one", "ноль целых одна десятая", "нуль цілих одна десята"),
    "1.21": ("one point two one", "одна целая двадцать одна сотая", "одна ціла двадцять одна сота"),
    "2000": ("two thousand", "две тысячи", "дві тисячі"),
    "1000000": ("one million", "миллион", "мільйон"),
    "-2000000000": ("minus two billion", "минус два миллиарда", "мінус два мільярди"),
    "5000841": (
        "five million eight hundred and forty-one",
        "пять миллионов восемьсот сорок один",
        "п'ять мільйонів вісімсот сорок один",
    ),
}
MONEY = {
    ("0", "UAH"): ("zero hryvnias", "ноль гривен", "нуль гривень"),
    ("1", "UAH"): ("one hryvnia", "одна гривна", "одна гривня"),
    ("2", "UAH"): ("two hryvnias", "две гривны", "дві гривні"),
    ("5", "UAH"): ("five hryvnias", "пять гривен", "п'ять гривень"),
    ("11", "UAH"): ("eleven hryvnias", "одиннадцать гривен", "одинадцять гривень"),
    ("112", "UAH"): ("one hundred and twelve hryvnias", "сто двенадцать гривен", "сто дванадцять гривень"),
    ("1002.50", "UAH"): (
        "one thousand and two hryvnias and fifty kopiykas",
        "тысяча две гривны пятьдесят копеек",
        "тисяча дві гривні п'ятдесят копійок",
    ),
    ("0.01", "UAH"): ("one kopiyka", "одна копейка", "одна копійка"),
    ("-3.02", "UAH"): (
        "minus three hryvnias and two kopiykas",
        "минус три гривны две копейки",
        "мінус три гривні дві копійки",
    ),
    ("1", "RUB"): ("one rouble", "один рубль", "один рубль"),
    ("22", "RUB"): ("twenty-two roubles", "двадцать два рубля", "двадцять два рублі"),
    ("25.41", "USD"): (
        "twenty-five dollars and forty-one cents",
        "двадцать пять долларов сорок один цент",
        "двадцять п'ять доларів сорок один цент",
    ),
    ("3", "EUR"): ("three euros", "три евро", "три євро"),
    ("4", "KZT"): ("four tenge", "четыре тенге", "чотири тенге"),
    ("2", "BYN"): ("two Belarusian roubles", "два белорусских рубля", "два білоруські рублі"),
    ("5", "BYN"): ("five Belarusian roubles", "пять белорусских рублей", "п'ять білоруських рублів"),
    ("7", "JPY"): ("seven J P Y", "семь J P Y", "сім J P Y"),
}
LANGUAGES = ("en", "ru", "uk")


@pytest.mark.parametrize("value", NUMBERS)
def test_numbers(value: str) -> None:
    assert tuple(spell(Decimal(value), "number", language) for language in LANGUAGES) == NUMBERS[value]


@pytest.mark.parametrize("money", MONEY)
def test_money(money: tuple[str, str]) -> None:
    amount, currency = money
    assert tuple(spell((Decimal(amount), currency), "money", each) for each in LANGUAGES) == MONEY[money]


@pytest.mark.parametrize(
    ("language", "case", "words"),
    [
        ("ru", "genitive", "тысячи трёхсот семидесяти двух гривен"),
        ("ru", "dative", "тысяче трёмстам семидесяти двум гривнам"),
        ("ru", "accusative", "тысячу триста семьдесят две гривны"),
        ("ru", "instrumental", "тысячей тремястами семьюдесятью двумя гривнами"),
        ("ru", "prepositional", "тысяче трёхстах семидесяти двух гривнах"),
        ("uk", "genitive", "тисячі трьохсот сімдесяти двох гривень"),
        ("uk", "dative", "тисячі трьомстам сімдесяти двом гривням"),
        ("uk", "accusative", "тисячу триста сімдесят дві гривні"),
        ("uk", "instrumental", "тисячею трьомастами сімдесятьма двома гривнями"),
        ("uk", "prepositional", "тисячі трьохстах сімдесяти двох гривнях"),
    ],
)
def test_cases_go_through_every_word(language: str, case: str, words: str) -> None:
    assert spell((1372, "UAH"), "money", language, case=case) == words


@pytest.mark.parametrize(
    ("count", "gender", "words"),
    [
        (1, "feminine", ("first", "первая", "перша")),
        (3, "neuter", ("third", "третье", "третє")),
        (0, "masculine", ("zeroth", "нулевой", "нульовий")),
        (12, "masculine", ("twelfth", "двенадцатый", "дванадцятий")),
        (20, "masculine", ("twentieth", "двадцатый", "двадцятий")),
        (21, "feminine", ("twenty-first", "двадцать первая", "двадцять перша")),
        (40, "masculine", ("fortieth", "сороковой", "сороковий")),
        (103, "masculine", ("one hundred and third", "сто третий", "сто третій")),
        (300, "masculine", ("three hundredth", "трёхсотый", "трьохсотий")),
        (1000, "masculine", ("one thousandth", "тысячный", "тисячний")),
        (25_000, "masculine", ("twenty-five thousandth", "двадцатипятитысячный", "двадцятип'ятитисячний")),
        (
            2026,
            "masculine",
            ("two thousand and twenty-sixth", "две тысячи двадцать шестой", "дві тисячі двадцять шостий"),
        ),
    ],
)
def test_ordinals(count: int, gender: str, words: tuple[str, str, str]) -> None:
    assert tuple(spell(count, "ordinal", each, gender=gender) for each in LANGUAGES) == words


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (
            date(2026, 11, 23),
            "date",
            (
                "the twenty-third of November, twenty twenty-six",
                "двадцать третье ноября две тысячи двадцать шестого года",
                "двадцять третє листопада дві тисячі двадцять шостого року",
            ),
        ),
        (
            date(2000, 1, 3),
            "date",
            (
                "the third of January, two thousand",
                "третье января двухтысячного года",
                "третє січня двохтисячного року",
            ),
        ),
        (time(0, 0), "time", ("midnight", "ноль часов", "нуль годин")),
        (time(10, 0), "time", ("ten o'clock a.m.", "десять часов", "десята година")),
        (
            time(21, 1),
            "time",
            ("nine oh one p.m.", "двадцать один час одна минута", "двадцять перша година одна хвилина"),
        ),
        (
            datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
            "datetime",
            (
                "the first of May, twenty twenty-six, nine thirty a.m.",
                "первое мая две тысячи двадцать шестого года, девять часов тридцать минут",
                "перше травня дві тисячі двадцять шостого року, дев'ята година тридцять хвилин",
            ),
        ),
        (
            timedelta(days=2, hours=21, seconds=33),
            "duration",
            (
                "two days twenty-one hours thirty-three seconds",
                "два дня двадцать один час тридцать три секунды",
                "два дні двадцять одна година тридцять три секунди",
            ),
        ),
        (timedelta(), "duration", ("zero seconds", "ноль секунд", "нуль секунд")),
        (-5, "temperature", ("minus five degrees", "минус пять градусов", "мінус п'ять градусів")),
        (
            Decimal("-0.5"),
            "temperature",
            (
                "minus zero point five degrees",
                "минус ноль целых пять десятых градуса",
                "мінус нуль цілих п'ять десятих градуса",
            ),
        ),
        ("12*#", "digits", ("one two star hash", "один два звёздочка решётка", "один два зірочка решітка")),
        (
            "+380671230405",
            "phone",
            (
                "plus three eight zero, six seven, one two three, zero four, zero five",
                "плюс триста восемьдесят, шестьдесят семь, сто двадцать три, ноль четыре, ноль пять",
                "плюс триста вісімдесят, шістдесят сім, сто двадцять три, нуль чотири, нуль п'ять",
            ),
        ),
        ("232-77-57", "phone", ("two three two, seven seven, five seven", "двести тридцать два, семьдесят семь, "
         "пятьдесят семь", "двісті тридцять два, сімдесят сім, п'ятдесят сім")),
        ("101", "phone", ("one, zero, one", "один, ноль, один", "один, нуль, один")),
    ],
)  # fmt: skip
def test_moments_and_other_things(value: object, kind: str, words: tuple[str, str, str]) -> None:
    assert tuple(spell(value, kind, language) for language in LANGUAGES) == words


# An independent reader: what it makes of the words must be the number again.
_SMALL = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen",
    "ru": "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать "
    "четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать",
    "uk": "нуль один два три чотири п'ять шість сім вісім дев'ять десять одинадцять дванадцять тринадцять чотирнадцять "
    "п'ятнадцять шістнадцять сімнадцять вісімнадцять дев'ятнадцять",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "ru": "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
    "uk": "двадцять тридцять сорок п'ятдесят шістдесят сімдесят вісімдесят дев'яносто",
}
_HUNDREDS = {
    "en": "",
    "ru": "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот",
    "uk": "сто двісті триста чотириста п'ятсот шістсот сімсот вісімсот дев'ятсот",
}
_FEMININE = {"одна": 1, "две": 2, "дві": 2}
_SCALES = {
    1000: ("thousand", "тысяча", "тысячи", "тысяч", "тисяча", "тисячі", "тисяч"),
    10**6: ("million", "миллион", "миллиона", "миллионов", "мільйон", "мільйони", "мільйонів"),
    10**9: ("billion", "миллиард", "миллиарда", "миллиардов", "мільярд", "мільярди", "мільярдів"),
}


def _read(words: str, language: str) -> int:
    values = {word: value for value, word in enumerate(_SMALL[language].split())}
    values |= {word: 10 * value for value, word in enumerate(_TENS[language].split(), 2)} | _FEMININE
    values |= {word: 100 * value for value, word in enumerate(_HUNDREDS[language].split(), 1)}
    scales = {word: scale for scale, words_of in _SCALES.items() for word in words_of}
    total = group = 0
    for word in words.replace("-", " ").split():
        if word == "hundred":
            group *= 100
        elif word in scales:
            total += (group or 1) * scales[word]
            group = 0
        elif word != "and":
            group += values[word]
    return total + group


@given(st.integers(0, 10**9))
@example(1_000_000_000)
@example(1_001_001)
@example(999_999_999)
def test_what_is_said_is_the_number(count: int) -> None:
    for language in LANGUAGES:
        assert _read(spell(count, "number", language), language) == count


def _agreed(count: int, one: str, few: str, many: str) -> str:
    if count % 100 in range(11, 15) or count % 10 in {0, 5, 6, 7, 8, 9}:
        return many
    return one if count % 10 == 1 else few


@given(st.integers(0, 10**9))
def test_what_is_counted_agrees_with_its_number(count: int) -> None:
    russian, ukrainian = spell((count, "UAH"), "money", "ru"), spell((count, "UAH"), "money", "uk")
    assert russian.rsplit(" ", 1)[1] == _agreed(count, "гривна", "гривны", "гривен")
    assert ukrainian.rsplit(" ", 1)[1] == _agreed(count, "гривня", "гривні", "гривень")
    for words, ones, twos in ((russian, "один", "два"), (ukrainian, "один", "два")):
        assert not {ones, twos} & set(words.split()[-2:])  # the hryvnia is feminine


def _bad() -> Iterator[tuple[object, str, str, str]]:
    yield 10**15, "number", "ru", "cannot be said: the largest number is"
    yield Decimal("NaN"), "number", "uk", "cannot be said"
    yield Decimal("1.5"), "ordinal", "en", "has no ordinal"
    yield -1, "ordinal", "ru", "has no ordinal"
    yield "12a", "digits", "en", "other signs than digits"
    yield "", "phone", "en", "has no digits"
    yield 1, "number", "de", "possible are en, ru, uk"
    yield 1, "colour", "en", "possible are number, ordinal"


@pytest.mark.parametrize(("value", "kind", "language", "words"), list(_bad()))
def test_what_cannot_be_said_is_told(value: object, kind: str, language: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        spell(value, kind, language)


def test_there_are_ten_kinds() -> None:
    assert len(KINDS) == 10
