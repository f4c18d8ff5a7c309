"""Cyrillic letters in Latin ones: Ukrainian as passports of Ukraine have it, with what Russian has beside it."""

_LETTERS = {
    "а": "a", "б": "b", "в": "v", "г": "h", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh", "з": "z", "и": "y",
    "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s",
    "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ь": "", "ю": "iu",
    "я": "ia", "ё": "yo", "ы": "y", "э": "e", "ъ": "",
}  # fmt: skip
_AT_THE_BEGINNING = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}


def latin(text: str) -> str:
    """The text with each Cyrillic letter replaced; other characters stay."""
    written = []
    previous = ""
    for letter in text:
        small = letter.lower()
        found = _LETTERS.get(small)
        if found is not None and not previous.isalpha():
            found = _AT_THE_BEGINNING.get(small, found)
        if found is None:
            found = letter
        elif letter != small:
            found = found.capitalize()
        written.append(found)
        previous = letter
    return "".join(written)
