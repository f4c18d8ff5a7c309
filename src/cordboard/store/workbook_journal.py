"""What is to be written into workbooks: the effects that wait, what a crash left in doubt, what cannot be written."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from cordboard.datasource.excel.ports import WORKBOOK, Doubt, JournalEntry, WriteFault
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.scenario_tables import effects
from cordboard.store.tables import storable
from cordboard.store.workbook_tables import workbook_doubts, workbook_faults, workbook_writer
from cordboard.store.writer import Writer


class StoredWorkbookJournal:
    """Implements `datasource.excel.ports.Journal`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def mine(self, node: str, until: datetime, now: datetime) -> bool:
        """Whether this node writes workbooks until then."""

        def write(connection: Connection) -> bool:
            known = connection.execute(select(workbook_writer)).mappings().one_or_none()
            if known is not None and known["node"] != node and known["until"] > now:
                return False
            put(connection, workbook_writer, {"id": 1, "node": node, "until": until})
            return True

        return await self._writer.transact(write)

    async def waiting(self, after: int = 0, limit: int = 1000) -> Sequence[JournalEntry]:
        """Those that are not done yet, in order."""
        query = (
            select(effects.c.seq, effects.c.payload, effects.c.run_id)
            .where(~effects.c.taken, effects.c.kind == WORKBOOK, effects.c.seq > after)
            .order_by(effects.c.seq)
            .limit(limit)
        )
        return await self._reader.read(lambda connection: [JournalEntry(*row) for row in connection.execute(query)])

    async def begin(self, workbook: str, doubt: Doubt) -> None:
        """A file is about to be replaced."""
        row = {"workbook": workbook, "before": doubt.before, "after": doubt.after, "seqs": list(doubt.seqs)}
        await self._writer.transact(lambda connection: put(connection, workbook_doubts, row))

    async def begun(self, workbook: str) -> Doubt | None:
        """What a crash has left in doubt."""
        query = select(workbook_doubts).where(workbook_doubts.c.workbook == storable(workbook))

        def read(connection: Connection) -> Doubt | None:
            row = connection.execute(query).mappings().one_or_none()
            return Doubt(row["before"], row["after"], tuple(row["seqs"])) if row else None

        return await self._reader.read(read)

    async def done(self, workbook: str, seqs: Sequence[int]) -> None:
        """They are in their file."""

        def write(connection: Connection) -> None:
            connection.execute(update(effects).where(effects.c.seq.in_(list(seqs))).values(taken=True))
            connection.execute(delete(workbook_doubts).where(workbook_doubts.c.workbook == workbook))

        await self._writer.transact(write)

    async def failed(self, faults: Sequence[WriteFault]) -> None:
        """They never will be."""
        rows = [
            {
                "seq": each.seq,
                "workbook": storable(each.workbook),
                "error": storable(each.error),
                "payload": dict(each.payload),
                "at": each.at,
            }
            for each in faults
        ]

        def write(connection: Connection) -> None:
            put(connection, workbook_faults, *rows)
            seqs = [each.seq for each in faults]
            connection.execute(update(effects).where(effects.c.seq.in_(seqs)).values(taken=True))

        await self._writer.transact(write)

    async def faults(self) -> Sequence[WriteFault]:
        """What people have not forgotten yet, oldest first."""
        query = select(workbook_faults).order_by(workbook_faults.c.seq).limit(1000)
        return await self._reader.read(
            lambda connection: [WriteFault(**row) for row in connection.execute(query).mappings()]
        )

    async def forget(self, seq: int) -> bool:
        """Somebody has seen it."""
        gone = delete(workbook_faults).where(workbook_faults.c.seq == seq)
        return bool(await self._writer.transact(lambda connection: connection.execute(gone).rowcount))
