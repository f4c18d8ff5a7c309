"""The databases that scenarios may ask, by name; their passwords are encrypted."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy import Connection, delete, select

from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.secrets import SecretBox
from cordboard.store.source_tables import data_sources
from cordboard.store.tables import storable
from cordboard.store.writer import Writer


@dataclass(frozen=True, slots=True)
class StoredSource:
    """Is a `datasource.sql.ports.DataSource`."""

    name: str
    kind: str
    """sqlite, postgresql, mysql, mssql or odbc."""
    host: str = ""
    port: int = 0
    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    writes: bool = False
    seconds: float = 1.5
    """How long a question may take, connecting included: a caller waits for it."""
    rows: int = 1000
    connections: int = 3


class StoredSources:
    """Implements `datasource.sql.ports.SourceSettings`, and sets what it gives."""

    def __init__(self, writer: Writer, reader: Reader, secrets: SecretBox) -> None:
        self._writer = writer
        self._reader = reader
        self._secrets = secrets

    async def source(self, name: str) -> StoredSource | None:
        """The source of that name. Raises StoreError if its password cannot be decrypted."""
        query = select(data_sources).where(data_sources.c.name == storable(name))
        row = await self._reader.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return StoredSource(**{**row, "password": self._secrets.decrypt(row["password"])}) if row else None

    async def sources(self) -> Sequence[StoredSource]:
        """All of them by name, without their passwords."""
        query = select(data_sources).order_by(data_sources.c.name)
        rows = await self._reader.read(lambda connection: connection.execute(query).mappings().all())
        return [replace(StoredSource(**row), password="") for row in rows]

    async def set_source(self, source: StoredSource) -> None:
        """Add it, or put it in the place of the one of its name."""
        values = asdict(source) | {"password": self._secrets.encrypt(source.password), "options": dict(source.options)}

        def write(connection: Connection) -> None:
            put(connection, data_sources, values)

        await self._writer.transact(write)

    async def remove_source(self, name: str) -> bool:
        """Forget it. False if there is none."""
        query = delete(data_sources).where(data_sources.c.name == storable(name))

        def write(connection: Connection) -> bool:
            return connection.execute(query).rowcount > 0

        return await self._writer.transact(write)
