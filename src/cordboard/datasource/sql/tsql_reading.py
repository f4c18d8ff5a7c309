"""Reads T-SQL for the own log: one SELECT, as sqlglot's tree, with the variables that its columns are assigned to.

Every function stays a plain call with a name: sqlglot's own rewriting of functions would change what they mean.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from sqlglot import ParseError, TokenError, exp
from sqlglot.dialects.tsql import TSQL

from cordboard.datasource.sql.errors import SqlTextError
from cordboard.datasource.sql.scanning import scan
from cordboard.datasource.sql.texts import SqlKind

_CASTS = ("CAST", "CONVERT", "TRY_CAST", "TRY_CONVERT")


class _LogTsql(TSQL):
    """T-SQL whose functions are left alone."""

    class Parser(TSQL.Parser):  # type: ignore[misc,valid-type] # sqlglot's metaclass makes the attribute
        """Its parser."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {name: TSQL.Parser.FUNCTION_PARSERS[name] for name in _CASTS}
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CASE": TSQL.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]}


@dataclass(frozen=True, slots=True)
class LogQuery:
    """A query of the own log. The tree is shared: do not change it."""

    tree: exp.Expression
    """A Select or a Union."""
    assigned: Sequence[str] = ()
    """The variables of its columns, in order; empty: it assigns nothing."""
    columns: Sequence[exp.Expression] = ()
    """What is assigned to them."""


@lru_cache(maxsize=256)
def read(text: str) -> LogQuery:
    """Read it. Raises SqlTextError with line and column."""
    scan(text, SqlKind.MSSQL)
    try:
        trees = [tree for tree in _LogTsql().parse(text) if tree is not None]
    except ParseError as error:
        raise SqlTextError(_parse_words(error)) from None
    except (TokenError, ValueError) as error:
        raise SqlTextError(f"the query cannot be read: {_first_line(error)}") from None
    except RecursionError:
        raise SqlTextError("the query is nested too deeply: make it simpler") from None
    if not trees:
        raise SqlTextError("the query is empty: write one that begins with SELECT")
    if len(trees) > 1:
        raise SqlTextError("one statement is possible: take out what follows the semicolon")
    tree = trees[0]
    if not isinstance(tree, exp.Select | exp.Union):
        raise SqlTextError(
            "the call log can only be read, by one SELECT: declare variables in the scenario and give them values there"
        )
    return LogQuery(tree, *_assigned(tree))


def _assigned(tree: exp.Expression) -> tuple[Sequence[str], Sequence[exp.Expression]]:
    pairs = [(item, _target(item)) for item in tree.expressions] if isinstance(tree, exp.Select) else []
    names = [name for _, name in pairs if name]
    for inner in _inner_assignments(tree):
        raise SqlTextError(f"@{inner} cannot be assigned inside: only the columns of the outermost SELECT are")
    if not names:
        return (), ()
    if len(names) < len(pairs):
        raise SqlTextError(
            "a query that assigns variables gives no columns besides: write @name = before each of its columns"
        )
    return tuple(names), tuple(item.expression for item, _ in pairs)


def _target(item: exp.Expression) -> str:
    # sqlglot knows no assignment: `@x = COUNT(*)` comes as an equality with a parameter.
    if isinstance(item, exp.EQ) and isinstance(item.this, exp.Parameter) and isinstance(item.this.this, exp.Var):
        return str(item.this.this.name)
    return ""


def _inner_assignments(tree: exp.Expression) -> Iterator[str]:
    for select in tree.find_all(exp.Select):
        if select is not tree:
            yield from filter(None, map(_target, select.expressions))


def _parse_words(error: ParseError) -> str:
    fault = error.errors[0] if error.errors else {}
    near = str(fault.get("highlight") or "").strip()
    place = f"line {fault.get('line', 1)}, column {fault.get('col', 1)}"
    return f"{place}: the query cannot be understood here{f', near {near!r}' if near else ''}"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")
