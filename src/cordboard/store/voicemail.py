"""Messages of callers in the database, with their mails and notices in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from cordboard.office.ports import NOTICE
from cordboard.office.voicemail import LEFT, VoicemailMessage
from cordboard.outbox.ports import EMAIL, State
from cordboard.scenario.ports import Message
from cordboard.scenario.values import JsonValue
from cordboard.store import messages
from cordboard.store.outbox_tables import deliveries
from cordboard.store.put import add_unknown
from cordboard.store.reader import Reader
from cordboard.store.scenario_tables import effects
from cordboard.store.tables import storable
from cordboard.store.voicemail_tables import voicemail
from cordboard.store.writer import Writer

_MOST = 1000
_COLUMNS = [column for column in voicemail.c if column.name != "passing"]
_WHOLE = voicemail.c.seconds > 0
"""A row without seconds is a message that is being spoken."""
_UNHEARD = voicemail.c.heard.is_(None)


class StoredVoicemail:
    """Implements `office.voicemail.VoicemailRepository`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def add(
        self,
        message: VoicemailMessage,
        *,
        mail: Mapping[str, Any] | None = None,
        notice: Mapping[str, Any] | None = None,
        passing: bool = False,
    ) -> int:
        """Add one, and what it orders."""
        row = _row(message)
        known = select(voicemail.c.id, voicemail.c.seconds).where(voicemail.c.file == row["file"])
        orders = [(EMAIL, mail), (NOTICE, notice)]
        ordered = [_effect(kind, message, payload) for kind, payload in orders if payload is not None]

        def write(connection: Connection) -> int:
            found = connection.execute(known).one_or_none()
            if found is None:
                connection.execute(insert(voicemail).values(**row, passing=passing))
            elif not found.seconds:
                begun = update(voicemail).where(voicemail.c.id == found.id)
                connection.execute(begun.values(**row, passing=passing))
            else:
                return int(found.id)
            add_unknown(connection, effects, *ordered, by=("kind", "key"))
            messages.post(connection, [_event(message)])
            return int(connection.execute(known).one().id)

        return await self._writer.transact(write)

    async def begin(self, message: VoicemailMessage) -> int:
        """Add one that nobody sees."""
        row = _row(message)

        def write(connection: Connection) -> int:
            connection.execute(insert(voicemail).values(**row, passing=False))
            query = select(voicemail.c.id).where(voicemail.c.file == row["file"])
            return int(connection.execute(query).scalar_one())

        return await self._writer.transact(write)

    async def unfinished(self) -> Sequence[VoicemailMessage]:
        """Those that were begun alone."""
        return await self._read(select(*_COLUMNS).where(~_WHOLE).order_by(voicemail.c.id))

    async def of(self, boxes: Sequence[str]) -> Sequence[VoicemailMessage]:
        """The messages of some boxes."""
        return await self._read(
            select(*_COLUMNS).where(_WHOLE, voicemail.c.box.in_(boxes)).order_by(~_UNHEARD, voicemail.c.id).limit(_MOST)
        )

    async def get(self, id_: int) -> VoicemailMessage | None:
        """One message."""
        return next(iter(await self._read(select(*_COLUMNS).where(_WHOLE, voicemail.c.id == id_))), None)

    async def counts(self, boxes: Sequence[str]) -> tuple[int, int]:
        """New and old ones."""
        query = select(_UNHEARD, func.count()).where(_WHOLE, voicemail.c.box.in_(boxes)).group_by(_UNHEARD)
        found = await self._reader.read(lambda connection: connection.execute(query).all())
        counted = {bool(new): count for new, count in found}
        return counted.get(True, 0), counted.get(False, 0)

    async def mark(self, id_: int, heard: datetime | None) -> bool:
        """Heard or not."""
        (touched,) = await self._writer.commit([update(voicemail).where(voicemail.c.id == id_).values(heard=heard)])
        return touched > 0

    async def remove(self, id_: int) -> bool:
        """Forget one."""
        (touched,) = await self._writer.commit([delete(voicemail).where(voicemail.c.id == id_)])
        return touched > 0

    async def mailed(self, limit: int = 100) -> Sequence[VoicemailMessage]:
        """Those whose mails were all taken."""
        mine = deliveries.c.key == _PREFIX + voicemail.c.file
        of_it = select(deliveries.c.id).where(mine, deliveries.c.kind == EMAIL)
        open_ = of_it.where(deliveries.c.state != State.DELIVERED.value)
        return await self._read(
            select(*_COLUMNS)
            .where(voicemail.c.passing, of_it.exists(), ~open_.exists())
            .order_by(voicemail.c.id)
            .limit(limit)
        )

    async def before(self, box: str, moment: datetime, limit: int = 100) -> Sequence[VoicemailMessage]:
        """The oldest of a box."""
        old = (_WHOLE, voicemail.c.box == storable(box), voicemail.c.at < moment)
        return await self._read(select(*_COLUMNS).where(*old).order_by(voicemail.c.id).limit(limit))

    async def boxes(self) -> Sequence[str]:
        """All that have messages."""
        query = select(voicemail.c.box).where(_WHOLE).distinct().order_by(voicemail.c.box)
        return await self._reader.read(lambda connection: list(connection.execute(query).scalars()))

    async def _read(self, query: Select[Any]) -> list[VoicemailMessage]:
        return await self._reader.read(
            lambda connection: [VoicemailMessage(**row) for row in connection.execute(query).mappings()]
        )


_PREFIX = "voicemail:"


def _row(message: VoicemailMessage) -> dict[str, Any]:
    row = {name: storable(value) if isinstance(value, str) else value for name, value in asdict(message).items()}
    del row["id"]
    return row


def _event(message: VoicemailMessage) -> Message:
    told = {name: getattr(message, name) for name in ("box", "caller", "caller_name", "file")}
    data: dict[str, JsonValue] = {name: storable(value) for name, value in told.items()}
    data["seconds"] = round(message.seconds)
    return Message(LEFT, message.box, data, chain=message.chain, id=f"{LEFT}:{message.file}", posted=message.at)


def _effect(kind: str, message: VoicemailMessage, payload: Mapping[str, Any]) -> dict[str, Any]:
    key = _PREFIX + storable(message.file)
    return {"kind": kind, "key": key, "payload": dict(payload), "run_id": "", "chain": message.chain, "taken": False}
