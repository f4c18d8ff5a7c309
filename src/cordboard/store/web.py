"""Web services in the database: secrets (encrypted), rules, and answers that outlive their source."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, select

from cordboard.store.outbox_tables import webhook_rules
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.secrets import SecretBox
from cordboard.store.tables import storable
from cordboard.store.web_tables import web_answers, web_secrets, web_settings
from cordboard.store.writer import Writer

_PIECE = 500


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """Is a `datasource.web.ports.WebSecret`."""

    name: str
    kind: str
    """bearer, basic or header."""
    host: str
    label: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredRules:
    """Is a `datasource.web.ports.WebRules`."""

    local: Sequence[str] = ()
    authority: str = ""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """Is a `datasource.web.ports.KeptAnswer`."""

    at: datetime
    status: int
    content_type: str
    body: bytes = field(repr=False)


class StoredWebSettings:
    """Implements `datasource.web.ports.WebSettings`. What may be called locally is said once, for webhooks too."""

    def __init__(self, writer: Writer, reader: Reader, secrets: SecretBox) -> None:
        self._writer = writer
        self._reader = reader
        self._secrets = secrets

    async def rules(self) -> StoredRules:
        """The rules."""

        def read(connection: Connection) -> StoredRules:
            local = connection.execute(select(webhook_rules.c.local)).scalar_one_or_none()
            authority = connection.execute(select(web_settings.c.authority)).scalar_one_or_none()
            return StoredRules(tuple(local or ()), authority or "")

        return await self._reader.read(read)

    async def set_authority(self, file: str) -> None:
        """Trust the certificates in a file beside those of the system; empty: no more."""

        def write(connection: Connection) -> None:
            put(connection, web_settings, {"id": 1, "authority": file})

        await self._writer.transact(write)

    async def secret(self, name: str) -> StoredSecret | None:
        """The secret of that name."""
        query = select(web_secrets).where(web_secrets.c.name == storable(name))
        row = await self._reader.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return StoredSecret(**{**row, "value": self._secrets.decrypt(row["value"])}) if row else None

    async def secrets(self) -> Sequence[StoredSecret]:
        """All of them by name, without their values."""
        query = select(web_secrets).order_by(web_secrets.c.name)
        found = await self._reader.read(lambda connection: connection.execute(query).mappings().all())
        return [StoredSecret(**{**row, "value": ""}) for row in found]

    async def set_secret(self, secret: StoredSecret) -> None:
        """Add it, or put it in place of the one of that name."""
        named = {"name": secret.name, "kind": secret.kind, "host": secret.host, "label": secret.label}

        def write(connection: Connection) -> None:
            put(connection, web_secrets, {**named, "value": self._secrets.encrypt(secret.value)})

        await self._writer.transact(write)

    async def remove_secret(self, name: str) -> bool:
        """Forget it. False if there is none."""
        (touched,) = await self._writer.commit([delete(web_secrets).where(web_secrets.c.name == storable(name))])
        return touched > 0


class StoredAnswers:
    """Implements `datasource.web.ports.WebMemory`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def recall(self, key: str) -> StoredAnswer | None:
        """The last answer."""
        columns = (web_answers.c.at, web_answers.c.status, web_answers.c.content_type, web_answers.c.body)
        query = select(*columns).where(web_answers.c.key == key)
        row = await self._reader.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return StoredAnswer(**row) if row else None

    async def remember(
        self, key: str, at: datetime, until: datetime, *, status: int, content_type: str, body: bytes
    ) -> None:
        """Keep it in place of the last one."""
        row = {"key": key, "at": at, "until": until, "status": status, "content_type": storable(content_type)}

        def write(connection: Connection) -> None:
            put(connection, web_answers, {**row, "body": body})

        await self._writer.transact(write)

    async def forget(self, before: datetime) -> int:
        """Delete what is too old to be used, a piece at a time."""
        old = select(web_answers.c.key).where(web_answers.c.until < before).limit(_PIECE)
        forgotten = 0
        while gone := sum(await self._writer.commit([delete(web_answers).where(web_answers.c.key.in_(old))])):
            forgotten += gone
        return forgotten
