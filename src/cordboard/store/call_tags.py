"""What scenarios have noted about calls."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.tables import call_tags, storable
from cordboard.store.writer import Writer
from cordboard.telephony import Clock


class StoredTags:
    """Implements `office.repositories.CallTagRepository`."""

    def __init__(self, writer: Writer, reader: Reader, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def set(self, chain: str, name: str, value: str) -> None:
        """Add or replace one."""
        row = {"chain": chain, "name": storable(name), "value": storable(value), "set_at": self._clock.now()}
        await self._writer.transact(lambda connection: put(connection, call_tags, row))

    async def of(self, chains: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Those of each chain."""
        return await self._reader.read(lambda connection: tags_of(connection, chains))


def tags_of(connection: Connection, chains: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Chain to name to value."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    query = select(call_tags).where(call_tags.c.chain.in_(chains)).order_by(call_tags.c.chain, call_tags.c.name)
    for row in connection.execute(query):
        found[row.chain][row.name] = row.value
    return dict(found)
