"""Drafts of scenarios in the database."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from cordboard.scenario.ports import Draft, DraftConflictError
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.scenario_tables import drafts
from cordboard.store.tables import storable
from cordboard.store.writer import Writer


class StoredDrafts:
    """Implements `scenario.ports.Drafts`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def all(self) -> Sequence[Draft]:
        """Every draft."""
        query = select(drafts).where(~drafts.c.discarded)

        def read(connection: Connection) -> list[Draft]:
            found = [_draft(row) for row in connection.execute(query).mappings()]
            return sorted(found, key=lambda draft: draft.name)  # not in SQL: each database sorts in its own way

        return await self._reader.read(read)

    async def get(self, name: str) -> Draft | None:
        """One draft."""
        return await self._reader.read(lambda connection: _standing(connection, storable(name))[0])

    async def save(self, draft: Draft) -> Draft:
        """Save over the revision that was read."""
        wanted = replace(draft, name=storable(draft.name), text=storable(draft.text), author=storable(draft.author))

        def write(connection: Connection) -> Draft:
            saved = replace(wanted, revision=_checked(connection, wanted.name, draft.revision) + 1)
            _put(connection, saved, discarded=False)
            return saved

        return await self._writer.transact(write)

    async def discard(self, name: str, revision: int) -> None:
        """Take away the revision that was read."""
        empty = Draft(storable(name), "", revision)

        def write(connection: Connection) -> None:
            last = _checked(connection, empty.name, revision)
            if revision:
                _put(connection, replace(empty, revision=last), discarded=True)

        await self._writer.transact(write)


def _standing(connection: Connection, name: str) -> tuple[Draft | None, int]:
    """The draft of that name, and the highest revision it has ever had."""
    row = connection.execute(select(drafts).where(drafts.c.name == name)).mappings().one_or_none()
    if row is None:
        return None, 0
    return None if row["discarded"] else _draft(row), row["revision"]


def _checked(connection: Connection, name: str, revision: int) -> int:
    """The highest revision so far, if what was read still stands there. Raises DraftConflictError."""
    there, last = _standing(connection, name)
    if (there.revision if there else 0) != revision:
        raise DraftConflictError(there)
    return last


def _put(connection: Connection, draft: Draft, *, discarded: bool) -> None:
    row: dict[str, Any] = asdict(draft) | {"discarded": discarded}
    put(connection, drafts, row)


def _draft(row: RowMapping) -> Draft:
    return Draft(**{name: value for name, value in row.items() if name != "discarded"})
