"""Add or replace rows by their primary key, in the way of whichever database it is."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""Both can do ON CONFLICT, but SQLAlchemy has no common word for it."""


def put(connection: Connection, table: Table, *rows: Mapping[str, Any]) -> None:
    """Add each row, or give the row of the same primary key the other values. All rows name the same columns."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    insert: Any = _INSERTS[connection.dialect.name](table)
    changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), [dict(row) for row in rows])
