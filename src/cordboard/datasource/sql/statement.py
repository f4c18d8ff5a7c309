"""A query in the dialect of its source: what it does, what it assigns, and where its values stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cordboard.datasource.sql.errors import SqlTextError
from cordboard.datasource.sql.scanning import Sort, Token, scan, where
from cordboard.datasource.sql.texts import SqlKind

READS = frozenset({"SELECT", "WITH", "VALUES"})
WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "EXEC", "EXECUTE", "CALL"})
_FORBIDDEN = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE", "INTO", "EXEC", "EXECUTE", "CALL", "TRUNCATE", "DROP", "ALTER", "CREATE"}
    | {"GRANT", "REVOKE", "ATTACH", "COPY", "BACKUP", "RESTORE", "SHUTDOWN", "PRAGMA"}
)
"""Words that a statement that reads does not hold, unless in quotes. MS SQL needs no semicolon between statements."""
_SELECT_WORDS = frozenset({"DISTINCT", "ALL"})
_ENDS = frozenset({"FROM", "WHERE", "GROUP", "ORDER", "HAVING", "UNION", "LIMIT", "FOR", "OPTION", "INTO", "EXCEPT"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, read as far as needed."""

    tokens: Sequence[Token]
    assigned: Sequence[str]
    """The variables that its columns are assigned to, in their order; empty: it assigns nothing."""
    writes: bool
    """Whether it is one that changes data."""

    @classmethod
    def of(cls, text: str, kind: SqlKind) -> "Statement":
        """Read it. Raises SqlTextError: nothing there, several statements, one of a kind that is not allowed."""
        tokens = list(scan(text, kind))
        while tokens and (tokens[-1].sort is Sort.BLANK or tokens[-1].text == ";"):
            tokens.pop()
        for token in tokens:
            if token.text == ";" and token.sort is Sort.SIGN:
                raise SqlTextError(f"{where(text, token.start)}: one statement is possible: take out what follows")
        first = next((token for token in tokens if token.sort is not Sort.BLANK and token.text != "("), None)
        if first is None:
            raise SqlTextError("the query is empty: write one that begins with SELECT")
        if first.word not in READS | WRITES:
            raise SqlTextError(f"{where(text, first.start)}: a query begins with SELECT, not with {first.text!r}")
        writes = first.word in WRITES or any(token.word in _FORBIDDEN for token in tokens)
        assigned, places = _assignments(tokens, text)
        return cls(tuple(_without(tokens, places)), assigned, writes)

    @property
    def variables(self) -> Sequence[str]:
        """The variables whose values it needs, as written, without the `@`."""
        return tuple(token.text[1:] for token in self.tokens if token.sort is Sort.VARIABLE)

    def build(self, placeholder: Callable[[str], str], *, percent: bool) -> str:
        """The text with a placeholder for each variable. `percent`: the driver reads `%`, which is doubled."""
        pieces = []
        for token in self.tokens:
            if token.sort is Sort.VARIABLE:
                pieces.append(placeholder(token.text[1:]))
            else:
                pieces.append(token.text.replace("%", "%%") if percent else token.text)
        return "".join(pieces)


def _assignments(tokens: Sequence[Token], text: str) -> tuple[Sequence[str], Mapping[int, int]]:
    """What the columns of the outermost SELECT are assigned to, and which tokens (from, to) say so."""
    meaning = [index for index, token in enumerate(tokens) if token.sort is not Sort.BLANK]
    start = next(
        (n for n, index in enumerate(meaning) if tokens[index].word == "SELECT" and not tokens[index].depth), -1
    )
    if start < 0:
        return (), {}
    here = _after_top(tokens, meaning, start + 1)
    names: list[str] = []
    places: dict[int, int] = {}
    plain: Token | None = None
    begins = True
    for n in range(here, len(meaning)):
        token = tokens[meaning[n]]
        if token.depth == 0 and token.word in _ENDS:
            break
        if begins:
            following = tokens[meaning[n + 1]] if n + 1 < len(meaning) else None
            if token.sort is Sort.VARIABLE and following is not None and following.text == "=":
                names.append(token.text[1:])
                places[meaning[n]] = meaning[n + 1]
            else:
                plain = plain or token
        begins = token.depth == 0 and token.text == ","
    if names and plain is not None:
        raise SqlTextError(
            f"{where(text, plain.start)}: a query that assigns variables gives no columns besides: "
            "write @name = before each"
        )
    return tuple(names), places


def _after_top(tokens: Sequence[Token], meaning: Sequence[int], n: int) -> int:
    """Where the columns begin: behind DISTINCT, ALL, TOP 5, TOP (5), PERCENT."""

    def word(at: int) -> str:
        return tokens[meaning[at]].word if at < len(meaning) else ""

    while word(n) in _SELECT_WORDS:
        n += 1
    if word(n) != "TOP":
        return n
    n += 1
    if n < len(meaning) and tokens[meaning[n]].text == "(":
        while n < len(meaning) and not (tokens[meaning[n]].text == ")" and tokens[meaning[n]].depth == 0):
            n += 1
    n += 1
    return n + (word(n) == "PERCENT")


def _without(tokens: Sequence[Token], places: Mapping[int, int]) -> list[Token]:
    left, index = [], 0
    while index < len(tokens):
        if index in places:
            index = places[index] + 1
            continue
        left.append(tokens[index])
        index += 1
    return left
