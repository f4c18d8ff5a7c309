"""What can be said of the text of a query before anybody is asked."""

from collections.abc import Sequence
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


def check_text(source: str, text: str, kind: SqlKind | None = None) -> None:
    """Raise SqlTextError if the text cannot be understood; of another source's text that is seen roughly only.

    Own log: T-SQL, but the columns, which only the log itself knows. Without a `kind` it is the least that all have.
    """
    if len(text) > LONGEST:
        raise SqlTextError(f"the query is longer than {LONGEST} characters: shorten it")
    if is_own_log(source):
        from cordboard.datasource.sql.tsql_reading import read  # noqa: PLC0415 - sqlglot is slow to import

        read(text)
        return
    from cordboard.datasource.sql.statement import Statement  # noqa: PLC0415 - with it

    Statement.of(text, kind or SqlKind.ODBC)


def variables_of(text: str, kind: SqlKind = SqlKind.ODBC) -> Sequence[str]:
    """The variables that a text names, each once, without the `@`, in order. Raises SqlTextError."""
    from cordboard.datasource.sql.scanning import variables  # noqa: PLC0415 - as above

    return variables(text, kind)
