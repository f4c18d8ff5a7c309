"""Regular expressions by RE2: their time grows with the text alone, never with what the pattern could try.

google-re2 was compared with `regex`, whose time-out stops a bad pattern after it has held up the calls for that long.
"""

import time
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

import re2

from cordboard.scenario.expressions.errors import MAX_ITEMS, ExpressionError
from cordboard.scenario.expressions.function import Theme
from cordboard.scenario.expressions.functions.common import ZERO, check_length, count
from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, shorten

patterns = Theme(
    "pattern",
    "Regular expressions",
    r"The patterns of RE2: `\d`, `[a-z]+`, `(…)`, `a|b`, `^`, `$`, `{2,4}`, `\p{L}` for any letter, `(?i)` for any "
    r"case. There are no look-aheads and no back-references; in return no pattern takes long. `\d`, `\w` and `\b` know "
    "ASCII only: for Cyrillic words write `\\p{L}+`.",
)
_LONGEST_PATTERN = 500
_LARGEST_PROGRAM = 4000
"""Of RE2's instructions: a repeat of a repeat multiplies them."""
_LONGEST_TEXT = 20_000
_LONGEST_SEARCH = 0.25
"""Seconds for all finds in one text: each find is linear, but many finds of a long `.*` are not."""


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """The pattern, ready. Raises BadValueError."""
    if len(pattern) > _LONGEST_PATTERN:
        raise BadValueError(said("the pattern is longer than {limit} characters", limit=_LONGEST_PATTERN))
    options = re2.Options()
    options.log_errors = False
    try:
        found = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else ""
        words = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        message = said("{pattern!r} is no pattern: {reason}", pattern=shorten(pattern), reason=words)
        raise BadValueError(message) from error
    if found.programsize > _LARGEST_PROGRAM:
        raise BadValueError(said("{pattern!r} repeats too much", pattern=shorten(pattern)))
    return found


def _finds(text: str, pattern: str) -> Iterator[Any]:
    rule = compiled(pattern)
    _check_text(text)
    end = time.monotonic() + _LONGEST_SEARCH
    for number, match in enumerate(rule.finditer(text)):
        if number >= MAX_ITEMS or time.monotonic() > end:
            raise ExpressionError(said("the pattern finds too much in this text"))
        yield match


def _check_text(text: str) -> None:
    if len(text) > _LONGEST_TEXT:
        raise ExpressionError(said("the text is longer than the {limit} characters of a search", limit=_LONGEST_TEXT))


def _group(match: Any, number: Decimal) -> str:
    if not 0 <= number <= match.re.groups:
        raise ExpressionError(said("the pattern has {count} groups", count=match.re.groups))
    return match.group(int(number)) or ""


@patterns.function(
    "соответствует відповідає",
    (r'matches("AB-1234"; "[A-Z]{2}-\d+")', "true"),
    (r'matches("x AB-1234"; "[A-Z]{2}-\d+")', "false"),
    pattern=compiled,
)
def matches(text: str, pattern: str) -> bool:
    """Whether the whole text is as the pattern says."""
    _check_text(text)
    return compiled(pattern).fullmatch(text) is not None


@patterns.function("встречается трапляється", (r'has_match("order 1234"; "\d{4}")', "true"), pattern=compiled)
def has_match(text: str, pattern: str) -> bool:
    """Whether the pattern occurs in the text."""
    _check_text(text)
    return compiled(pattern).search(text) is not None


@patterns.function(
    "извлечь витягти",
    (r'extract("order 1234 of May"; "\d+")', "1234"),
    (r'extract("Ann <ann@example.org>"; "<(.*)>"; 1)', "ann@example.org"),
    (r'extract("none"; "\d+")', ""),
    pattern=compiled,
)
def extract(text: str, pattern: str, group: Decimal = ZERO) -> str:
    """The first part of the text that fits the pattern, or a group of it; an empty text if there is none."""
    _check_text(text)
    match = compiled(pattern).search(text)
    return "" if match is None else _group(match, group)


@patterns.function("извлечьвсе витягтивсе", (r'extract_all("a1 b22 c333"; "\d+")', "1, 22, 333"), pattern=compiled)
def extract_all(text: str, pattern: str, group: Decimal = ZERO) -> list[Any]:
    """All parts of the text that fit the pattern, or a group of each."""
    return [_group(match, group) for match in _finds(text, pattern)]


@patterns.function("номергруппы групи", (r'groups("12:30"; "(\d+):(\d+)")', "12, 30"), pattern=compiled)
def groups(text: str, pattern: str) -> list[Any]:
    """The groups of the first part that fits; an empty list if there is none."""
    _check_text(text)
    match = compiled(pattern).search(text)
    return [] if match is None else [each or "" for each in match.groups()]


@patterns.function(
    "заменитьшаблон замінитишаблон",
    (r'replace_pattern("tel 067-123"; "\D"; "")', "067123"),
    (r'replace_pattern("Ann Lee"; "(\w+) (\w+)"; "$2 $1")', "Lee Ann"),
    pattern=compiled,
)
def replace_pattern(text: str, pattern: str, new: str) -> str:
    """Each part that fits, replaced; $1 … $9 stand for its groups, $$ for a dollar."""
    pieces, end, length = [], 0, 0
    for match in _finds(text, pattern):
        pieces += [text[end : match.start()], _filled(new, match)]
        end = match.end()
        length += len(pieces[-1]) + len(pieces[-2])
        check_length(length)
    return "".join(pieces) + text[end:]


def _filled(new: str, match: Any) -> str:
    if "$" not in new:
        return new
    written, position = [], 0
    while position < len(new):
        following = new[position + 1 : position + 2]
        if new[position] == "$" and (following == "$" or (following and following in "0123456789")):
            written.append("$" if following == "$" else _group(match, Decimal(following)))
            position += 2
        else:
            written.append(new[position])
            position += 1
    return "".join(written)


@patterns.function(
    "разделитьшаблоном розділитишаблоном", (r'split_pattern("a, b;c"; "[,;]\s*")', "a, b, c"), pattern=compiled
)
def split_pattern(text: str, pattern: str) -> list[Any]:
    """The parts between those that fit."""
    parts, end = [], 0
    for match in _finds(text, pattern):
        if match.end() > match.start():
            parts.append(text[end : match.start()])
            end = match.end()
    return [*parts, text[end:]]


@patterns.function(
    "похоже схоже",
    ('like("+380671234567"; "+38067*")', "true"),
    ('like("AB-12"; "AB-??")', "true"),
    ('like("office"; "OFF*")', "false"),
)
def like(text: str, mask: str) -> bool:
    """Whether a text fits a simple mask: * stands for anything, ? for one character."""
    if mask.count("*") > 20 or count(Decimal(len(mask))) > _LONGEST_PATTERN:
        raise BadValueError(said("the mask is too long"))
    _check_text(text)
    rule = "".join({"*": "(?s:.*)", "?": "(?s:.)"}.get(letter) or re2.escape(letter) for letter in mask)
    return _mask(rule).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _mask(rule: str) -> Any:
    return re2.compile(rule)
