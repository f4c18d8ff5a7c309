"""Texts: cut, search, replace, fill up, write."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cordboard.scenario.expressions.errors import MAX_ITEMS, ExpressionError
from cordboard.scenario.expressions.function import Theme
from cordboard.scenario.expressions.functions.common import ONE, ZERO, check_length, count
from cordboard.scenario.expressions.functions.latin import latin
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, show
from cordboard.telephony import PhoneNumber

texts = Theme(
    "text", "Texts", "Places are counted from 1. Capitals and small letters differ, except where a function says so."
)


@texts.function("текст", ("text(1.50)", "1.5"), ('text("2h" = "2h")', "true"), ("text([1; 2])", "1, 2"))
def text(value: Any) -> str:
    """Any value written out."""
    return show(value)


@texts.function("длина довжина", ('len("Київ")', "4"), ('len(["a"; "b"])', "2"))
def len_(value: Any) -> Decimal:
    """How many characters a text has, items a list, fields a record."""
    return Decimal(len(value) if isinstance(value, list | dict) else len(show(value)))


@texts.function("прописн великі", ('upper("Anna")', "ANNA"))
def upper(text: str) -> str:
    """The text in capitals."""
    return text.upper()


@texts.function("строчн малі", ('lower("Anna")', "anna"))
def lower(text: str) -> str:
    """The text in small letters."""
    return text.lower()


@texts.function("пропнач звеликої", ('proper("ганна МАРІЯ о\'ніл")', "Ганна Марія О'ніл"))
def proper(text: str) -> str:
    """Each word with a capital, the rest small."""
    return "".join(
        letter.upper() if not index or not (text[index - 1].isalnum() or text[index - 1] in "'’ʼ") else letter.lower()
        for index, letter in enumerate(text)
    )


@texts.function("сжпробелы обрізати", ('trim("  two   words ")', "two words"))
def trim(text: str) -> str:
    """Without blanks at both ends, and one blank between words."""
    return " ".join(text.split())


@texts.function("левсимв зліва", ('left("Kyiv"; 2)', "Ky"), ('left("Kyiv")', "K"))
def left(text: str, amount: Decimal = ONE) -> str:
    """The first characters: one, or the amount."""
    return text[: count(amount)]


@texts.function("правсимв справа", ('right("0671234567"; 4)', "4567"))
def right(text: str, amount: Decimal = ONE) -> str:
    """The last characters: one, or the amount."""
    return text[max(0, len(text) - count(amount)) :]


@texts.function("пстр частина", ('mid("0671234567"; 2; 2)', "67"), ('mid("Kyiv"; 3)', "iv"))
def mid(text: str, start: Decimal, amount: Decimal = Decimal(1_000_000)) -> str:
    """Characters from a place on: the amount, or all to the end."""
    begin = count(start - 1)
    return text[begin : begin + count(amount)]


@texts.function("найти знайти", ('find("@"; "ann@example.org")', "4"), ('find("x"; "abc")', "0"))
def find(what: str, text: str, start: Decimal = ONE) -> Decimal:
    """Where the first text stands in the second, from 1 (or from a place on); 0 if it does not."""
    return Decimal(text.find(what, count(start - 1)) + 1)


@texts.function("заменить замінити", ('replace("abcdef"; 2; 3; "-")', "a-ef"))
def replace(text: str, start: Decimal, amount: Decimal, new: str) -> str:
    """The characters from a place on exchanged for others."""
    begin = count(start - 1)
    return text[:begin] + new + text[begin + count(amount) :]


@texts.function("подставить підставити", ('substitute("06-71-23"; "-"; "")', "067123"))
def substitute(text: str, old: str, new: str) -> str:
    """The text with each `old` in it replaced by `new`."""
    if not old:
        return text
    check_length(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


@texts.function("повтор", ('repeat("ab"; 3)', "ababab"))
def repeat(text: str, times: Decimal) -> str:
    """The text several times."""
    check_length(len(text) * count(times))
    return text * count(times)


@texts.function("содержит містить", ('contains("hello"; "ell")', "true"), ('contains(["a"; "b"]; "b")', "true"))
def contains(whole: str | PhoneNumber | list[Any], part: Any) -> bool:
    """Whether a text holds another, or a list an item."""
    if isinstance(whole, list):
        return bool(part in whole)
    return bool(show(part) in show(whole))


@texts.function(
    "начинается починається", ('starts_with("+380671234567"; "+38067")', "true"), ('starts_with("abc"; "b")', "false")
)
def starts_with(text: str, beginning: str) -> bool:
    """Whether the first text begins with the second."""
    return text.startswith(beginning)


@texts.function("кончается закінчується", ('ends_with("file.wav"; ".wav")', "true"))
def ends_with(text: str, ending: str) -> bool:
    """Whether the first text ends with the second."""
    return text.endswith(ending)


@texts.function("совпадает збігається", ('same_text(" Anna"; "ANNA ")', "true"))
def same_text(one: str, other: str) -> bool:
    """Whether two texts are equal but for capitals and superfluous blanks."""
    return trim(one).casefold() == trim(other).casefold()


@texts.function("до перед", ('before("ann@example.org"; "@")', "ann"), ('before("abc"; "-")', "abc"))
def before(text: str, mark: str) -> str:
    """What stands before the first mark; the whole text if there is none."""
    return text.split(mark, 1)[0] if mark else text


@texts.function("после після", ('after("ann@example.org"; "@")', "example.org"), ('after("abc"; "-")', ""))
def after(text: str, mark: str) -> str:
    """What stands behind the first mark; nothing if there is none."""
    return text.partition(mark)[2] if mark else text


@texts.function("разделить розділити", ('split("a, b, c"; ", ")', "a, b, c"), ('split("12-34"; "-")[2]', "34"))
def split(text: str, separator: str) -> list[Any]:
    """The parts of a text as a list."""
    if not separator:
        return [text]
    return list(text.split(separator, MAX_ITEMS + 1))


@texts.function("слова", ('words("  one two ")[2]', "two"))
def words(text: str) -> list[Any]:
    """The words of a text as a list."""
    return list(text.split(None, MAX_ITEMS + 1))


@texts.function("строки рядки", ('count(lines("a" & char(10) & "b"))', "2"))
def lines(text: str) -> list[Any]:
    """The lines of a text as a list."""
    return list(text.splitlines())


@texts.function("соединить зєднати", ('join(["a"; 2])', "a, 2"), ('join(["06"; "71"]; "-")', "06-71"))
def join(items: list[Any], separator: str = ", ") -> str:
    """The items as one text."""
    shown = [show(item) for item in items]
    check_length(sum(map(len, shown)) + len(separator) * len(shown))
    return separator.join(shown)


def _filling(text: str, length: Decimal, filler: str) -> str:
    if len(filler) != 1:
        raise BadValueError(said("the filler is one character, not {text!r}", text=filler[:20]))
    check_length(int(length))
    return filler * max(0, int(length) - len(text))


@texts.function("дополнитьслева доповнитизліва", ('pad_left("7"; 3; "0")', "007"))
def pad_left(text: str, length: Decimal, filler: str = " ") -> str:
    """The text brought to a length by characters before it."""
    return _filling(text, length, filler) + text


@texts.function("дополнитьсправа доповнитисправа", ('pad_right("ab"; 4; ".")', "ab.."))
def pad_right(text: str, length: Decimal, filler: str = " ") -> str:
    """The text brought to a length by characters behind it."""
    return text + _filling(text, length, filler)


@texts.function("цифры цифри", ('digits("tel. (032) 232-77")', "03223277"))
def digits(value: Any) -> str:
    """Only the digits."""
    return "".join(letter for letter in show(value) if letter in "0123456789")


@texts.function("вразрядку врозрядку", ('spaced("1234")', "1 2 3 4"), ('spaced("671234567"; 3)', "671 234 567"))
def spaced(text: str, group: Decimal = ONE) -> str:
    """The characters with a blank behind each, or behind each group: so that a voice reads digits one by one."""
    size = max(1, count(group))
    return " ".join(text[index : index + size] for index in range(0, len(text), size))


@texts.function("сократить скоротити", ('shorten("a long text"; 6)', "a lon…"))
def shorten(text: str, length: Decimal) -> str:
    """The text cut to a length; `…` shows that something is missing."""
    limit = max(1, count(length))
    return text if len(text) <= limit else text[: limit - 1] + "…"


@texts.function("символ", ("char(65)", "A"))
def char(code: Decimal) -> str:
    """The character with this number in Unicode; 10 begins a new line."""
    number = int(code)
    if number < 1 or number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise BadValueError(said("no character has the number {number}", number=show(code)))
    return chr(number)


@texts.function("кодсимв", ('code("A")', "65"))
def code(text: str) -> Decimal:
    """The number that the first character has in Unicode."""
    if not text:
        raise ExpressionError(said("the text is empty"))
    return Decimal(ord(text[0]))


@texts.function("транслит трансліт", ('transliterate("Щука Юлія")', "Shchuka Yuliia"), ('transliterate("Ёж")', "Yozh"))
def transliterate(text: str) -> str:
    """Cyrillic letters of Ukrainian and Russian in Latin ones; other characters stay."""
    return latin(text)


@texts.function(
    "форматчисла",
    ("format_number(1234567.891; 2)", "1234567.89"),
    ('format_number(1234567.5; 2; " "; ",")', "1 234 567,50"),
)
def format_number(value: Decimal, places: Decimal = ZERO, thousands: str = "", point: str = ".") -> str:
    """A number with so many digits behind the point, and the separators that are wanted."""
    digits_behind = count(places, 20)
    fits = value.adjusted() + digits_behind < 27
    rounded = value.quantize(Decimal(1).scaleb(-digits_behind), ROUND_HALF_UP) if fits else value
    written = f"{rounded:,.{digits_behind}f}"
    return written.replace(",", "\0").replace(".", point).replace("\0", thousands)
