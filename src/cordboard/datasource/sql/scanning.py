"""Cuts a query of any dialect into tokens: what is a string, a comment, a name or a variable, and where.

It knows no grammar. It is here to find `@name` where it is a variable, and words where they are words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from cordboard.datasource.sql.errors import SqlTextError
from cordboard.datasource.sql.texts import SqlKind


class Sort(StrEnum):
    """What a token is."""

    BLANK = "blank"
    """White space or a comment."""
    STRING = "string"
    QUOTED = "quoted"
    """A name in quotes or brackets."""
    SYSTEM = "system"
    """`@@ROWCOUNT`."""
    VARIABLE = "variable"
    WORD = "word"
    NUMBER = "number"
    SIGN = "sign"
    """One character of anything else."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text. All tokens together are the text."""

    sort: Sort
    text: str
    start: int
    depth: int = 0
    """How many parentheses are open around it; of a parenthesis itself, around the pair."""

    @property
    def word(self) -> str:
        """In capitals, if it is a word."""
        return self.text.upper() if self.sort is Sort.WORD else ""


_PLAIN = r"'(?:[^']|'')*'"
_SLASHED = r"'(?:[^'\\]|''|\\.)*'"
_DOUBLE = r'"(?:[^"]|"")*"'
_DOUBLE_SLASHED = r'"(?:[^"\\]|""|\\.)*"'
_BACKTICK = r"`(?:[^`]|``)*`"
_BRACKETS = r"\[(?:[^\]]|\]\])*\]"
_DOLLAR = r"\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$"
_DASHES = r"--[^\n]*"

_STRINGS: Mapping[SqlKind, str] = MappingProxyType(
    {
        SqlKind.SQLITE: _PLAIN,
        SqlKind.POSTGRESQL: rf"[eE]{_SLASHED}|{_PLAIN}|{_DOLLAR}",
        SqlKind.MYSQL: rf"{_SLASHED}|{_DOUBLE_SLASHED}",
        SqlKind.MSSQL: _PLAIN,
        SqlKind.ODBC: _PLAIN,
    }
)
_QUOTED: Mapping[SqlKind, str] = MappingProxyType(
    {
        SqlKind.SQLITE: f"{_DOUBLE}|{_BACKTICK}|{_BRACKETS}",
        SqlKind.POSTGRESQL: _DOUBLE,
        SqlKind.MYSQL: _BACKTICK,
        SqlKind.MSSQL: f"{_DOUBLE}|{_BRACKETS}",
        SqlKind.ODBC: f"{_DOUBLE}|{_BRACKETS}|{_BACKTICK}",
    }
)
_COMMENTS: Mapping[SqlKind, str] = MappingProxyType({SqlKind.MYSQL: r"--(?=\s|\Z)[^\n]*|\#[^\n]*"})
_NESTED = frozenset({SqlKind.POSTGRESQL, SqlKind.MSSQL})
"""Where a comment may hold comments."""
_UNCLOSED = {
    "'": "a text that begins with ' is not closed",
    '"': "a name that begins with a double quote is not closed",
    "`": "a name that begins with ` is not closed",
    "[": "a name that begins with [ is not closed",
}


@lru_cache(maxsize=8)
def _pattern(kind: SqlKind) -> re.Pattern[str]:
    return re.compile(
        rf"""
        (?P<blank>\s+|{_COMMENTS.get(kind, _DASHES)})
        |(?P<string>{_STRINGS[kind]})
        |(?P<quoted>{_QUOTED[kind]})
        |(?P<system>@@\w+)
        |(?P<variable>@[^\W\d]\w*)
        |(?P<word>[^\W\d][\w$]*)
        |(?P<number>\d[\w.]*)
        |(?P<sign>.)
        """,
        re.VERBOSE | re.DOTALL,
    )


@lru_cache(maxsize=256)
def scan(text: str, kind: SqlKind) -> Sequence[Token]:
    """All tokens. Raises SqlTextError if a string, a name or a comment is not closed."""
    pattern = _pattern(kind)
    tokens: list[Token] = []
    place, depth = 0, 0
    while place < len(text):
        if text.startswith("/*", place):
            end = _comment_end(text, place, kind)
            tokens.append(Token(Sort.BLANK, text[place:end], place, depth))
            place = end
            continue
        found = pattern.match(text, place)
        assert found is not None
        assert found.lastgroup is not None
        piece = found.group()
        sort = Sort("string" if found.lastgroup == "tag" else found.lastgroup)
        if sort is Sort.SIGN:
            if piece in _UNCLOSED and (piece != "[" or kind is not SqlKind.POSTGRESQL):
                raise SqlTextError(f"{where(text, place)}: {_UNCLOSED[piece]}")
            depth -= piece == ")"
        tokens.append(Token(sort, piece, place, depth))
        depth += sort is Sort.SIGN and piece == "("
        place = found.end()
    return tuple(tokens)


def variables(text: str, kind: SqlKind) -> Mapping[str, str]:
    """The variables that a text names, each once (the case of letters does not count), without the `@`: its place."""
    found: dict[str, tuple[str, str]] = {}
    for token in scan(text, kind):
        if token.sort is Sort.VARIABLE:
            found.setdefault(token.text.casefold(), (token.text[1:], where(text, token.start)))
    return dict(found.values())


def where(text: str, place: int) -> str:
    """A place for people: line and column begin with 1."""
    return f"line {text.count(chr(10), 0, place) + 1}, column {place - text.rfind(chr(10), 0, place)}"


def _comment_end(text: str, start: int, kind: SqlKind) -> int:
    if kind is SqlKind.MYSQL and re.match(r"/\*M?!", text[start : start + 4]):
        # MySQL would run what is inside.
        raise SqlTextError(f"{where(text, start)}: a comment of this kind holds a statement: take it out")
    depth, place = 0, start
    for found in re.finditer(r"/\*|\*/", text[start:]):
        if start + found.start() < place:
            continue
        depth += 1 if found.group() == "/*" else -1
        if found.group() == "/*" and kind not in _NESTED:
            depth = 1
        if depth == 0:
            return start + found.end()
    raise SqlTextError(f"{where(text, start)}: a comment that begins with /* is not closed")
