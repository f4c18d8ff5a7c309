"""Lines, rules and opt-outs of short messages, in the database; what lines need to know is encrypted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select

from cordboard.outbox.sms.keeping import LineKind, OptOut, SmsLineConfig, SmsRules
from cordboard.store.put import add_unknown, put
from cordboard.store.reader import Reader
from cordboard.store.secrets import SecretBox
from cordboard.store.sms_tables import sms_lines, sms_opt_outs, sms_rules
from cordboard.store.tables import storable
from cordboard.store.writer import Writer

_RULES = tuple(each.name for each in fields(SmsRules))


class StoredSmsSettings:
    """Implements `outbox.sms.keeping.SmsSettings`."""

    def __init__(self, writer: Writer, reader: Reader, secrets: SecretBox) -> None:
        self._writer = writer
        self._reader = reader
        self._secrets = secrets

    async def lines(self) -> Sequence[SmsLineConfig]:
        """Every line, by name."""
        query = select(sms_lines).order_by(sms_lines.c.name)
        rows = await self._reader.read(lambda connection: connection.execute(query).mappings().all())
        return [self._line(row) for row in rows]

    async def put_line(self, line: SmsLineConfig) -> None:
        """Add it, or replace the one of that name."""
        row = {
            "name": line.name,
            "kind": line.kind.value,
            "settings": self._secrets.encrypt(json.dumps(dict(line.settings))),
            "prefixes": list(line.prefixes),
            "cost": str(line.cost),
            "currency": line.currency,
            "rank": line.rank,
            "enabled": line.enabled,
        }
        await self._writer.transact(lambda connection: put(connection, sms_lines, row))

    async def remove_line(self, name: str) -> bool:
        """Take it away."""
        (gone,) = await self._writer.commit([delete(sms_lines).where(sms_lines.c.name == storable(name))])
        return gone > 0

    async def rules(self) -> SmsRules:
        """The rules."""
        return await self._reader.read(rules_in)

    async def set_rules(self, rules: SmsRules) -> None:
        """Set them."""
        kept = asdict(rules) | {"money_a_day": str(rules.money_a_day)}
        await self._writer.transact(lambda connection: put(connection, sms_rules, {"id": 1, "rules": kept}))

    async def opt_outs(self) -> Sequence[OptOut]:
        """Every phone that gets no SMS."""
        query = select(sms_opt_outs).order_by(sms_opt_outs.c.at.desc(), sms_opt_outs.c.phone)
        return await self._reader.read(lambda connection: [_out(row) for row in connection.execute(query).mappings()])

    async def opted_out(self, phone: str) -> OptOut | None:
        """Why a phone gets none."""
        query = select(sms_opt_outs).where(sms_opt_outs.c.phone == storable(phone))

        def read(connection: Connection) -> OptOut | None:
            row = connection.execute(query).mappings().one_or_none()
            return _out(row) if row else None

        return await self._reader.read(read)

    async def opt_out(self, out: OptOut) -> None:
        """Send that phone none any more."""
        await self._writer.transact(lambda connection: add_opt_out(connection, out))

    async def opt_in(self, phone: str) -> bool:
        """Send it SMS again."""
        (gone,) = await self._writer.commit([delete(sms_opt_outs).where(sms_opt_outs.c.phone == storable(phone))])
        return gone > 0

    def _line(self, row: RowMapping) -> SmsLineConfig:
        settings: Mapping[str, str] = json.loads(self._secrets.decrypt(row["settings"]) or "{}")
        rest: dict[str, Any] = {**row, "kind": LineKind(row["kind"]), "cost": Decimal(row["cost"])}
        return SmsLineConfig(**rest | {"settings": settings, "prefixes": tuple(row["prefixes"])})


def rules_in(connection: Connection) -> SmsRules:
    """The rules as they stand in the database. What an older version did not know is as usual."""
    kept = connection.execute(select(sms_rules.c.rules)).scalar_one_or_none() or {}
    known: dict[str, Any] = {name: kept[name] for name in _RULES if name in kept}
    if "money_a_day" in known:
        known["money_a_day"] = Decimal(known["money_a_day"])
    for name in ("stop_words", "start_words"):
        if name in known:
            known[name] = tuple(known[name])
    return SmsRules(**known)


def add_opt_out(connection: Connection, out: OptOut) -> None:
    """Add it unless that phone is there."""
    row = {"phone": storable(out.phone), "at": out.at, "words": storable(out.words)}
    add_unknown(connection, sms_opt_outs, row, by=("phone",))


def _out(row: RowMapping) -> OptOut:
    return OptOut(row["phone"], row["at"], row["words"])
