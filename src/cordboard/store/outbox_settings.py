"""How mails and webhooks leave, in the database; secrets are encrypted."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, delete, select

from cordboard.outbox.ports import MailServer, Security, WebhookRules
from cordboard.store.outbox_tables import mail_server, webhook_rules
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.secrets import SecretBox
from cordboard.store.writer import Writer


class StoredOutboxSettings:
    """Implements `outbox.ports.OutboxSettings`."""

    def __init__(self, writer: Writer, reader: Reader, secrets: SecretBox) -> None:
        self._writer = writer
        self._reader = reader
        self._secrets = secrets

    async def mail(self) -> MailServer | None:
        """The mail server."""
        row = await self._read(mail_server)
        if row is None:
            return None
        values = {name: row[name] for name in ("host", "port", "sender", "username", "authority")}
        password = self._secrets.decrypt(row["password"])
        return MailServer(security=Security(row["security"]), password=password, **values)

    async def set_mail(self, server: MailServer | None) -> None:
        """Set it, or take it away."""
        if server is None:
            await self._writer.commit([delete(mail_server)])
            return
        values = {name: getattr(server, name) for name in ("host", "port", "sender", "username", "authority")}
        values |= {"security": server.security.value, "password": self._secrets.encrypt(server.password)}
        await self._put(mail_server, values)

    async def webhooks(self) -> WebhookRules:
        """The rules of webhooks."""
        row = await self._read(webhook_rules)
        if row is None:
            return WebhookRules()
        return WebhookRules(tuple(row["local"]), self._secrets.decrypt(row["secret"]))

    async def set_webhooks(self, rules: WebhookRules) -> None:
        """Set them."""
        await self._put(webhook_rules, {"local": list(rules.local), "secret": self._secrets.encrypt(rules.secret)})

    async def _read(self, table: Table) -> RowMapping | None:
        return await self._reader.read(lambda connection: connection.execute(select(table)).mappings().one_or_none())

    async def _put(self, table: Table, values: Mapping[str, Any]) -> None:
        def write(connection: Connection) -> None:
            put(connection, table, {"id": 1, **values})

        await self._writer.transact(write)
