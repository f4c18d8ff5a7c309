"""Hooks and the tokens of the HTTP API in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, case, delete, insert, or_, select, update

from cordboard.office.tokens import ApiToken
from cordboard.scenario.hooks import Hook, HookKind
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.scenario_tables import api_tokens, hooks
from cordboard.store.writer import Writer


class StoredHooks:
    """Implements `scenario.hooks.Hooks`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def all(self) -> Sequence[Hook]:
        """Every attachment."""

        def read(connection: Connection) -> list[Hook]:
            found = [_hook(row) for row in connection.execute(select(hooks)).mappings()]
            return sorted(found, key=lambda hook: hook.name)

        return await self._reader.read(read)

    async def put(self, hook: Hook) -> None:
        """Add or replace it."""
        row = asdict(hook) | {"kind": hook.kind.value, "values": dict(hook.values)}
        await self._writer.transact(lambda connection: put(connection, hooks, row))

    async def remove(self, name: str) -> bool:
        """Take it away."""
        (touched,) = await self._writer.commit([delete(hooks).where(hooks.c.name == name)])
        return touched > 0

    async def seen_to(self, name: str, fired: datetime | None, error: str) -> None:
        """Note how the last start went."""
        values: dict[str, Any] = {"error": error}
        if fired is not None:
            older = or_(hooks.c.fired.is_(None), hooks.c.fired < fired)
            values["fired"] = case((older, fired), else_=hooks.c.fired)
        await self._writer.commit([update(hooks).where(hooks.c.name == name).values(values)])


def _hook(row: RowMapping) -> Hook:
    return Hook(**{**row, "kind": HookKind(row["kind"])})


class StoredTokens:
    """Implements `office.tokens.Tokens`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def all(self) -> Sequence[ApiToken]:
        """Every token."""

        def read(connection: Connection) -> list[ApiToken]:
            found = [_token(row) for row in connection.execute(select(api_tokens)).mappings()]
            return sorted(found, key=lambda token: token.name)

        return await self._reader.read(read)

    async def add(self, token: ApiToken) -> bool:
        """Add it, unless the name is taken."""
        row = asdict(token) | {"scopes": list(token.scopes)}

        def write(connection: Connection) -> bool:
            if connection.execute(select(api_tokens.c.name).where(api_tokens.c.name == token.name)).first():
                return False
            connection.execute(insert(api_tokens), row)
            return True

        return await self._writer.transact(write)

    async def remove(self, name: str) -> bool:
        """Revoke it."""
        (touched,) = await self._writer.commit([delete(api_tokens).where(api_tokens.c.name == name)])
        return touched > 0

    async def by_hash(self, digest: str) -> ApiToken | None:
        """The token with that hash."""
        query = select(api_tokens).where(api_tokens.c.hash == digest)

        def read(connection: Connection) -> ApiToken | None:
            row = connection.execute(query).mappings().one_or_none()
            return _token(row) if row else None

        return await self._reader.read(read)

    async def used(self, name: str, at: datetime) -> None:
        """Note that it was used."""
        await self._writer.commit([update(api_tokens).where(api_tokens.c.name == name).values(used=at)])


def _token(row: RowMapping) -> ApiToken:
    return ApiToken(**{**row, "scopes": tuple(row["scopes"])})
