"""Lists of numbers in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, delete, or_, select

from cordboard.office.ports import ListedNumber
from cordboard.store.call_tables import listed_numbers
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.tables import storable
from cordboard.store.writer import Writer


class StoredNumberLists:
    """Implements `office.number_lists.NumberListRepository`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def put(self, entry: ListedNumber, at: datetime) -> None:
        """Add or replace one."""
        row = {
            "list": storable(entry.list),
            "number": entry.number,
            "note": storable(entry.note),
            "until": entry.until,
            "added": at,
        }
        await self._writer.transact(lambda connection: put(connection, listed_numbers, row))

    async def remove(self, name: str, number: str) -> bool:
        """Delete one."""
        gone = delete(listed_numbers).where(listed_numbers.c.list == name, listed_numbers.c.number == number)
        return await self._writer.transact(lambda connection: connection.execute(gone).rowcount > 0)

    async def find(self, name: str, numbers: Sequence[str], at: datetime) -> Sequence[ListedNumber]:
        """By the primary key."""
        query = select(listed_numbers).where(
            listed_numbers.c.list == storable(name),
            listed_numbers.c.number.in_(numbers),
            or_(listed_numbers.c.until.is_(None), listed_numbers.c.until > at),
        )
        rows = await self._reader.read(lambda connection: connection.execute(query).mappings().all())
        return [_entry(row) for row in rows]

    async def entries(self, name: str = "") -> Sequence[ListedNumber]:
        """Sorted here: databases have orders of their own."""
        query = select(listed_numbers)
        if name:
            query = query.where(listed_numbers.c.list == name)
        rows = await self._reader.read(lambda connection: connection.execute(query).mappings().all())
        return sorted((_entry(row) for row in rows), key=lambda entry: (entry.list, entry.number))

    async def forget(self, before: datetime) -> int:
        """Delete what is long over."""
        old = delete(listed_numbers).where(listed_numbers.c.until <= before)
        return await self._writer.transact(lambda connection: connection.execute(old).rowcount)


def _entry(row: RowMapping) -> ListedNumber:
    return ListedNumber(row["list"], row["number"], row["note"], row["until"])
