"""What can be said of the text of a query before anybody is asked."""

from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum

from cordboard.datasource.sql.errors import SqlTextError

OWN_LOG = "oktell"
"""The name of the own call log; it may be left empty as well."""
LONGEST = 20_000
"""Characters of a text."""


class SqlKind(StrEnum):
    """What a database is."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    """MariaDB as well."""
    MSSQL = "mssql"
    ODBC = "odbc"


def is_own_log(source: str) -> bool:
    """Whether a source is the own call log."""
    return source.casefold() in ("", OWN_LOG)


def check_text(source: str, text: str) -> None:
    """Raise SqlTextError if the text cannot be understood.

    Of the own log that is its grammar. Of another source the dialect is not known here: only what is wrong in all of
    them is told.
    """
    if len(text) > LONGEST:
        raise SqlTextError(f"the query is longer than {LONGEST} characters: shorten it")
    if is_own_log(source):
        from cordboard.datasource.sql.tsql_reading import read  # noqa: PLC0415 - sqlglot is slow to import

        read(text)
        return
    from cordboard.datasource.sql.statement import Statement  # noqa: PLC0415 - it needs this module

    faults = []
    for kind in SqlKind:
        try:
            Statement.of(text, kind)
        except SqlTextError as fault:
            faults.append(fault)
        else:
            return
    raise faults[-1]


def variables_of(text: str) -> Mapping[str, str]:
    """The variables that a text names, without the `@`, each with its place in words.

    What only some dialects take for one is left out; so is everything, if no dialect can read the text.
    """
    from cordboard.datasource.sql.scanning import variables  # noqa: PLC0415 - it needs this module

    found = []
    for kind in SqlKind:
        with suppress(SqlTextError):
            found.append(variables(text, kind))
    return {name: place for name, place in found[0].items() if all(name in each for each in found)} if found else {}
