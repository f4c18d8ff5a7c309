"""What lines and users have used up."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from cordboard.office.lines.usage import UsageKey, Used
from cordboard.store.line_usage_tables import line_usage
from cordboard.store.put import add_unknown
from cordboard.store.reader import Reader
from cordboard.store.writer import Writer

_KEY = ("day", "line", "login")


class StoredLineUsage:
    """Implements `office.lines.usage.UsageRepository`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def add(self, used: Mapping[UsageKey, Used]) -> None:
        """See UsageRepository. In one order, so that two nodes never wait for each other's rows."""

        def write(connection: Connection) -> None:
            empty = {"calls": 0, "seconds": 0, "money": 0}
            add_unknown(connection, line_usage, *({**key._asdict(), **empty} for key in sorted(used)), by=_KEY)
            for key in sorted(used):
                more = used[key]
                here = [line_usage.c[name] == value for name, value in key._asdict().items()]
                connection.execute(
                    line_usage.update()
                    .where(*here)
                    .values(
                        calls=line_usage.c.calls + more.calls,
                        seconds=line_usage.c.seconds + more.seconds,
                        money=line_usage.c.money + more.money,
                    )
                )

        await self._writer.transact(write)

    async def since(self, day: str) -> Mapping[UsageKey, Used]:
        """See UsageRepository."""
        query = select(line_usage).where(line_usage.c.day >= day)

        def read(connection: Connection) -> Mapping[UsageKey, Used]:
            return {
                UsageKey(row.day, row.line, row.login): Used(row.calls, row.seconds, row.money)
                for row in connection.execute(query)
            }

        return await self._reader.read(read)

    async def forget(self, before: str) -> int:
        """See UsageRepository."""
        gone = delete(line_usage).where(line_usage.c.day < before)
        return await self._writer.transact(lambda connection: connection.execute(gone).rowcount)
