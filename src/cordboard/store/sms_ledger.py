"""What was sent by SMS, and what of a day's limits it has used. A transaction of the writer has no rival."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, select, update

from cordboard.outbox.sms.keeping import Handed, Limit, PhoneFate, SentSms, SmsRules
from cordboard.outbox.sms.ports import Coding
from cordboard.store.reader import Reader
from cordboard.store.sms_reports import judge, link
from cordboard.store.sms_tables import sms_parts, sms_received, sms_seen, sms_sent
from cordboard.store.tables import storable
from cordboard.store.writer import Writer

_MOST = 1000
_COLUMNS = [column for column in sms_sent.c if column.name != "reports"]
_MILLION = 1_000_000


class StoredSmsLedger:
    """Implements `outbox.sms.keeping.SmsLedger`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def begin(self, sms: SentSms, rules: SmsRules, day: datetime) -> int | Limit:
        """Write down that it is about to be given to its line, unless a limit forbids it."""
        row = _row(sms)

        def write(connection: Connection) -> int | Limit:
            over = _over(connection, row, rules, day)
            if over is not None:
                return over
            number: int = connection.execute(insert(sms_sent).values(row).returning(sms_sent.c.number)).scalar_one()
            return number

        return await self._writer.transact(write)

    async def taken(self, number: int, references: Sequence[str]) -> None:
        """The network has taken it."""
        await self._handed(number, Handed.TAKEN, references)

    async def doubtful(self, number: int, references: Sequence[str] = ()) -> None:
        """Nobody knows."""
        await self._handed(number, Handed.UNCERTAIN, references)

    async def refused(self, number: int) -> None:
        """It certainly was not taken."""
        await self._writer.commit([delete(sms_sent).where(sms_sent.c.number == number)])

    async def sent(self, *, recipient: str = "", deliveries: Sequence[int] = (), limit: int = 100) -> Sequence[SentSms]:
        """What was sent, youngest first."""
        query = select(*_COLUMNS).order_by(sms_sent.c.number.desc()).limit(min(limit, _MOST))
        if recipient:
            query = query.where(sms_sent.c.recipient == storable(recipient))
        if deliveries:
            query = query.where(sms_sent.c.delivery.in_(deliveries))
        return await self._reader.read(lambda connection: [_sms(row) for row in connection.execute(query).mappings()])

    async def forget(self, before: datetime) -> int:
        """Delete what is old."""
        tables = (sms_sent, sms_parts, sms_received, sms_seen)
        return sum(await self._writer.commit([delete(table).where(table.c.at < before) for table in tables]))

    async def _handed(self, number: int, handed: Handed, references: Sequence[str]) -> None:
        mine = select(sms_sent.c.line, sms_sent.c.at).where(sms_sent.c.number == number)

        def write(connection: Connection) -> None:
            sent = connection.execute(mine).one_or_none()
            if sent is None:
                return
            known = {each for each in references if each}
            for reference in sorted(known):
                link(connection, sent.line, storable(reference), number, sent.at)
            values: dict[str, Any] = {"handed": handed.value}
            if known and handed is Handed.TAKEN:
                values["reports"] = len(known)
            connection.execute(update(sms_sent).where(sms_sent.c.number == number).values(values))
            if known:
                judge(connection, number)

        await self._writer.transact(write)


def _over(connection: Connection, row: Mapping[str, Any], rules: SmsRules, day: datetime) -> Limit | None:
    """The first limit that this message would pass."""
    parts, cost = func.coalesce(func.sum(sms_sent.c.parts), 0), func.coalesce(func.sum(sms_sent.c.cost), 0)
    money = int(rules.money_a_day * _MILLION)
    scenario = rules.scenario_parts_a_day if row["scenario"] else 0
    limits: Sequence[tuple[Limit, int, ColumnElement[int], str, int]] = (
        (Limit.RECIPIENT, rules.messages_a_day_to_one, func.count(), "recipient", 1),
        (Limit.SCENARIO, scenario, parts, "scenario", row["parts"]),
        (Limit.PARTS, rules.parts_a_day, parts, "", row["parts"]),
        (Limit.MONEY, money, cost, "currency", row["cost"]),
    )
    for limit, most, used, by, more in limits:
        if most <= 0:
            continue
        query = select(used).select_from(sms_sent).where(sms_sent.c.at >= day)
        if by:
            query = query.where(sms_sent.c[by] == row[by])
        if int(connection.execute(query).scalar_one()) + more > most:
            return limit
    return None


def _row(sms: SentSms) -> dict[str, Any]:
    return {
        "delivery": sms.delivery,
        "key": storable(sms.key),
        "recipient": storable(sms.recipient),
        "scenario": storable(sms.scenario),
        "line": sms.line,
        "coding": sms.coding.value,
        "parts": sms.parts,
        "reports": sms.parts,
        "cost": int(sms.cost * _MILLION),
        "currency": sms.currency,
        "at": sms.at,
        "handed": sms.handed.value,
        "fate": sms.fate.value,
        "words": storable(sms.words),
    }


def _sms(row: RowMapping) -> SentSms:
    return SentSms(
        **{
            **row,
            "coding": Coding(row["coding"]),
            "cost": Decimal(row["cost"]) / _MILLION,
            "handed": Handed(row["handed"]),
            "fate": PhoneFate(row["fate"]),
        }
    )
