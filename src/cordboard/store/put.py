"""Add or replace rows, or add those that are not known yet, in the way of whichever database it is."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Executable, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""Both can do ON CONFLICT, but SQLAlchemy has no common word for it."""


def put(connection: Connection, table: Table, *rows: Mapping[str, Any]) -> None:
    """Add each row, or give the row of the same primary key the other values. All rows name the same columns."""
    if not rows:
        return
    statement = put_statement(table, connection.dialect.name, tuple(rows[0]))
    connection.execute(statement, [dict(row) for row in rows])


@lru_cache(maxsize=256)  # there are as many as places that write; making one costs more than executing it
def put_statement(table: Table, dialect: str, columns: tuple[str, ...]) -> Executable:
    """The statement behind `put`, to be executed with rows of `columns`; one object for the same arguments."""
    keys = [column.name for column in table.primary_key]
    insert: Any = _INSERTS[dialect](table)
    changed = {name: insert.excluded[name] for name in columns if name not in keys}
    statement: Executable = insert.on_conflict_do_update(index_elements=keys, set_=changed)
    return statement


def add_unknown(connection: Connection, table: Table, *rows: Mapping[str, Any], by: tuple[str, ...]) -> int:
    """Add the rows whose columns `by`, unique together, are not there yet. Of a single row: how many were added."""
    if not rows:
        return 0
    return connection.execute(_add_statement(table, connection.dialect.name, by), [dict(row) for row in rows]).rowcount


@lru_cache(maxsize=64)  # see put_statement
def _add_statement(table: Table, dialect: str, by: tuple[str, ...]) -> Insert:
    insert: Any = _INSERTS[dialect](table)
    statement: Insert = insert.on_conflict_do_nothing(index_elements=by)
    return statement
