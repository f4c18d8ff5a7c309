"""The patterns of LIKE in T-SQL (`%`, `_`, `[a-z]`, `[^a]`) for GLOB of SQLite and for expressions of PostgreSQL."""

from cordboard.datasource.sql.errors import SqlTextError
from cordboard.datasource.sql.tsql_dialects import Dialect, SqliteDialect

_LONGEST = 200
_MOST_ANY = 8
"""So many `%`: each multiplies the work of GLOB."""


def pattern_for(dialect: Dialect, pattern: str, escape: str = "") -> str:
    """The pattern for the dialect, in small letters. Raises SqlTextError if it is too long or not closed."""
    if len(pattern) > _LONGEST or pattern.count("%") > _MOST_ANY:
        raise SqlTextError(f"a pattern of LIKE has at most {_LONGEST} characters and {_MOST_ANY} per cent signs")
    glob = isinstance(dialect, SqliteDialect)
    pieces: list[str] = []
    letters = iter(range(len(pattern)))
    text = pattern.lower()
    if len(text) != len(pattern):
        raise SqlTextError("a pattern of LIKE holds a letter that cannot be made small: take it out")
    for index in letters:
        letter = text[index]
        if escape and letter == escape.lower() and index + 1 < len(text):
            pieces.append(_plain(text[index + 1], glob=glob))
            next(letters)
        elif letter == "%":
            pieces.append("*" if glob else ".*")
        elif letter == "_":
            pieces.append("?" if glob else ".")
        elif letter == "[" and (end := text.find("]", index + 2)) > 0:
            pieces.append(_set(text[index + 1 : end], glob=glob))
            for _ in range(end - index):
                next(letters)
        else:
            pieces.append(_plain(letter, glob=glob))
    return "".join(pieces) if glob else f"^(?:{''.join(pieces)})$"


def _plain(letter: str, *, glob: bool) -> str:
    if glob:
        return f"[{letter}]" if letter in "*?[" else letter
    return letter if letter.isalnum() or letter.isspace() else f"\\{letter}"


def _set(inside: str, *, glob: bool) -> str:
    negative = inside.startswith("^")
    letters = inside.removeprefix("^")
    if glob:
        return f"[{'^' if negative else ''}{letters}]"
    safe = "".join(letter if letter.isalnum() or letter == "-" else f"\\{letter}" for letter in letters)
    return f"[{'^' if negative else ''}{safe}]"
