"""Short messages that come in: each once, whole, and as an event in the transaction that keeps it."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select

from cordboard.outbox.sms.keeping import OptOut, ReceivedSms, SmsRules
from cordboard.outbox.sms.ports import IncomingSms, SmsReport
from cordboard.outbox.sms.stop_words import is_one_of
from cordboard.scenario.ports import Message
from cordboard.scenario.values import JsonValue, to_json
from cordboard.store import messages, sms_reports
from cordboard.store.put import put
from cordboard.store.reader import Reader
from cordboard.store.sms_settings import add_opt_out, rules_in
from cordboard.store.sms_tables import sms_opt_outs, sms_pieces, sms_received, sms_seen
from cordboard.store.tables import settings, storable
from cordboard.store.writer import Writer
from cordboard.telephony import Clock, PhoneNumber

PATIENCE = timedelta(minutes=10)
"""How long the missing parts of a text are waited for, from the first one on."""
REPEATED = timedelta(minutes=1)
"""The same words of the same sender are one message within that, where the network gives it no name."""
_MOST = 1000
_SET = ("line", "sender", "to", "reference", "parts")
"""What the parts of a text have in common."""

_log = structlog.get_logger("sms")


class StoredSmsInbox:
    """Implements `outbox.sms.keeping.SmsArchive`."""

    def __init__(self, writer: Writer, reader: Reader, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def received(self, line: str, sms: IncomingSms) -> None:
        """A message or a part has come."""
        now = self._clock.now()
        whole = sms.parts <= 1

        def write(connection: Connection) -> bool:
            if not _is_new(connection, line, sms):
                return False
            if whole:
                _keep(connection, line, [_piece(line, sms, now)], complete=True)
            else:
                _keep_piece(connection, _piece(line, sms, now))
            return True

        if not await self._writer.transact(write):
            _log.info("an SMS has come again; it counts once", line=line, sender=sms.sender)

    async def reported(self, line: str, report: SmsReport) -> None:
        """The network tells what became of a part."""
        now = self._clock.now()

        def write(connection: Connection) -> bool:
            return sms_reports.reported(connection, line, report, _phone(connection, report.to), now)

        if not await self._writer.transact(write):
            _log.info("a report of an SMS that is not known", line=line, reference=report.reference)

    async def awaited(self, line: str, limit: int = 100) -> Sequence[str]:
        """References of which nothing final is known."""
        since = self._clock.now() - sms_reports.LATE
        return await self._reader.read(lambda connection: sms_reports.awaited(connection, line, since, limit))

    async def tidy(self, now: datetime) -> None:
        """Hand on what has waited for too long. Looks first: the writer is not troubled when there is nothing."""
        first = [sms_pieces.c[name] for name in _SET]
        late = select(*first).group_by(*first).having(func.min(sms_pieces.c.arrived) <= now - PATIENCE)

        def write(connection: Connection) -> None:
            for key in connection.execute(late).mappings().all():
                _log.warning("parts of an SMS never came; it is handed on without them", line=key["line"])
                _join(connection, key, complete=False)
            sms_reports.settle_late(connection, now)

        if await self._reader.read(lambda connection: _has_work(connection, late, now)):
            await self._writer.transact(write)

    async def inbox(self, *, phone: str = "", limit: int = 100) -> Sequence[ReceivedSms]:
        """What has come, youngest first."""
        query = select(sms_received).order_by(sms_received.c.number.desc()).limit(min(limit, _MOST))
        if phone:
            query = query.where(sms_received.c.phone == storable(phone))

        def read(connection: Connection) -> list[ReceivedSms]:
            return [ReceivedSms(**row) for row in connection.execute(query).mappings()]

        return await self._reader.read(read)


def _has_work(connection: Connection, late: Select[Any], now: datetime) -> bool:
    return connection.execute(late.limit(1)).first() is not None or sms_reports.has_orphans(connection, now)


def _is_new(connection: Connection, line: str, sms: IncomingSms) -> bool:
    """Whether it has not come before. By the network's name for it; where it has none by its words, for a minute."""
    words = "\n".join((sms.sender, sms.to, sms.text, str(sms.reference), str(sms.part), str(sms.parts)))
    mark = (
        f"key {sms.key}" if sms.key else hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=16).hexdigest()
    )
    mark = storable(mark)
    query = select(sms_seen.c.at).where(sms_seen.c.line == line, sms_seen.c.mark == mark)
    before: datetime | None = connection.execute(query).scalar_one_or_none()
    if before is not None and (sms.key or abs(sms.at - before) < REPEATED):
        return False
    put(connection, sms_seen, {"line": line, "mark": mark, "at": sms.at})
    return True


def _piece(line: str, sms: IncomingSms, now: datetime) -> dict[str, Any]:
    return {
        "line": line,
        "sender": storable(sms.sender),
        "to": storable(sms.to),
        "reference": sms.reference,
        "parts": sms.parts,
        "part": sms.part,
        "text": storable(sms.text),
        "at": sms.at,
        "arrived": now,
    }


def _keep_piece(connection: Connection, piece: dict[str, Any]) -> None:
    same = [sms_pieces.c[name] == piece[name] for name in _SET]
    if connection.execute(select(1).select_from(sms_pieces).where(*same, sms_pieces.c.part == piece["part"])).first():
        _join(connection, piece, complete=False)  # the sender has begun to count anew: that was another text
    connection.execute(insert(sms_pieces).values(piece))
    there = connection.execute(select(func.count()).select_from(sms_pieces).where(*same)).scalar_one()
    if there >= piece["parts"]:
        _join(connection, piece, complete=True)


def _join(connection: Connection, key: RowMapping | dict[str, Any], *, complete: bool) -> None:
    """Make one message of the parts that are there."""
    same = [sms_pieces.c[name] == key[name] for name in _SET]
    pieces = connection.execute(select(sms_pieces).where(*same).order_by(sms_pieces.c.part)).mappings().all()
    connection.execute(delete(sms_pieces).where(*same))
    _keep(connection, key["line"], pieces, complete=complete)


def _keep(connection: Connection, line: str, pieces: Sequence[RowMapping | dict[str, Any]], *, complete: bool) -> None:
    """Keep a message, heed what it asks, and tell it."""
    first = pieces[0]
    phone = _phone(connection, first["sender"])
    row = {
        "line": line,
        "sender": first["sender"],
        "phone": phone,
        "to": first["to"],
        "text": "".join(piece["text"] for piece in pieces),
        "at": min(piece["at"] for piece in pieces),
        "complete": complete,
    }
    number = connection.execute(insert(sms_received).values(row).returning(sms_received.c.number)).scalar_one()
    stop = _heed(connection, row, rules_in(connection))
    data: dict[str, JsonValue] = {
        "phone": to_json(PhoneNumber(phone, phone)),
        "from": row["sender"],
        "to": row["to"],
        "text": row["text"],
        "line": line,
        "at": to_json(row["at"]),
        "complete": complete,
        "stop": stop,
    }
    about = phone or row["sender"]
    messages.post(connection, [Message("sms.received", about, data, id=f"sms.received:{number}", posted=row["at"])])


def _heed(connection: Connection, row: dict[str, Any], rules: SmsRules) -> bool:
    """Put the sender on the list, or take him off it, if he asks for that. Whether he wants no SMS any more."""
    if not row["phone"]:
        return False  # a name: nothing is sent there anyhow
    if is_one_of(rules.stop_words, row["text"]):
        add_opt_out(connection, OptOut(row["phone"], row["at"], f"sent {row['text'].strip()!r} to {row['line']}"))
        return True
    if is_one_of(rules.start_words, row["text"]):
        connection.execute(delete(sms_opt_outs).where(sms_opt_outs.c.phone == row["phone"]))
    return False


def _phone(connection: Connection, written: str) -> str:
    """The canonical writing, as the office's country reads it; empty for a name."""
    if any(letter.isalpha() for letter in written):
        return ""
    country = connection.execute(select(settings.c.country)).scalar_one_or_none() or ""
    return PhoneNumber.parse(written, country=country).canonical
