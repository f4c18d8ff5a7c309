"""Who has changed what, in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, select

from cordboard.office.audit import AuditEntry
from cordboard.store.audit_tables import audit
from cordboard.store.reader import Reader
from cordboard.store.tables import storable
from cordboard.store.writer import Writer

_MOST = 1000


class StoredAudit:
    """Implements `office.audit.Audit`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def note(self, *entries: AuditEntry) -> None:
        """Add them."""
        await self._writer.transact(lambda connection: write_audit(connection, entries))

    async def find(
        self,
        *,
        kind: str = "",
        name: str = "",
        actor: str = "",
        login: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        before: int = 0,
        limit: int = 100,
    ) -> Sequence[AuditEntry]:
        """The newest first."""
        query = select(audit).order_by(audit.c.id.desc()).limit(min(limit, _MOST))
        asked = {"kind": kind, "name": name, "actor": actor, "login": login}
        for column, value in asked.items():
            if value:
                query = query.where(audit.c[column] == storable(value))
        if since is not None:
            query = query.where(audit.c.at >= since)
        if until is not None:
            query = query.where(audit.c.at < until)
        if before:
            query = query.where(audit.c.id < before)
        return await self._reader.read(
            lambda connection: [AuditEntry(**row) for row in connection.execute(query).mappings()]
        )


def write_audit(connection: Connection, entries: Iterable[AuditEntry]) -> None:
    """Add entries within the transaction of the change that they tell of."""
    for each in entries:
        row = {name: value for name, value in asdict(each).items() if name != "id"}
        connection.execute(insert(audit), row)
