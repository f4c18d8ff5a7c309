"""Delivery reports: to which message each belongs, and what is known of it then. Part of the writer's transactions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select, update

from cordboard.outbox.ports import State
from cordboard.outbox.sms.keeping import Handed, PhoneFate
from cordboard.outbox.sms.ports import Fate, SmsReport
from cordboard.scenario.ports import Message
from cordboard.store import messages
from cordboard.store.outbox_tables import deliveries
from cordboard.store.put import put
from cordboard.store.sms_tables import sms_parts, sms_sent
from cordboard.store.tables import storable

LATE = timedelta(days=3)
"""A report that names no message is not looked for among older ones."""
_EVENTS = {PhoneFate.REACHED: "sms.delivered", PhoneFate.LOST: "sms.lost"}


def reported(connection: Connection, line: str, report: SmsReport, phone: str, now: datetime) -> bool:
    """Keep a report, and judge the message that it belongs to. False: it is not known which (yet).

    `phone` is that of the report in canonical writing; empty if it tells none.
    """
    unnamed = f"key {report.key}" if report.key else f"phone {phone} {now.isoformat()}"
    reference = storable(report.reference or unnamed)
    part = connection.execute(
        select(sms_parts).where(sms_parts.c.line == line, sms_parts.c.reference == reference)
    ).mappings().one_or_none()  # fmt: skip
    number = part["sent"] if part and _is_of(connection, part["sent"], phone) else None
    if part and number == part["sent"] and part["fate"] != Fate.PENDING.value:
        return number is not None  # the first word that is final stands
    if number is None:
        number = _by_key(connection, line, report.key) if report.key else None
    if number is None and phone:
        number = _by_phone(connection, line, phone, now)
    row = {
        "line": line,
        "reference": reference,
        "sent": number,
        "recipient": storable(phone),
        "fate": report.fate.value,
        "words": storable(report.words),
        "at": report.at or now,
    }
    put(connection, sms_parts, row)
    if number is not None:
        judge(connection, number)
    return number is not None


def settle_late(connection: Connection, now: datetime) -> None:
    """Look again for the messages of reports that came while their message was still on its way."""
    for row in connection.execute(_orphans(now)).mappings().all():
        number = _by_phone(connection, row["line"], row["recipient"], now)
        if number is not None:
            mine = (sms_parts.c.line == row["line"], sms_parts.c.reference == row["reference"])
            connection.execute(update(sms_parts).where(*mine).values(sent=number))
            judge(connection, number)


def has_orphans(connection: Connection, now: datetime) -> bool:
    """Whether there are reports that `settle_late` would look at."""
    return connection.execute(_orphans(now).limit(1)).first() is not None


def awaited(connection: Connection, line: str, since: datetime, limit: int) -> Sequence[str]:
    """References of that line of which nothing final is known, the youngest first."""
    query = select(sms_parts.c.reference).where(
        sms_parts.c.line == line,
        sms_parts.c.fate == Fate.PENDING.value,
        sms_parts.c.sent.is_not(None),
        sms_parts.c.at > since,
    )
    return connection.execute(query.order_by(sms_parts.c.at.desc()).limit(limit)).scalars().all()


def link(connection: Connection, line: str, reference: str, number: int, began: datetime) -> None:
    """This reference is a part of that message. A report of it may have come since the message `began`.

    What an older message had under the same name is over: modems count to 255 and begin anew.
    """
    mine = (sms_parts.c.line == line, sms_parts.c.reference == reference)
    early = (*mine, sms_parts.c.sent.is_(None), sms_parts.c.at >= began)
    if connection.execute(update(sms_parts).where(*early).values(sent=number)).rowcount:
        return
    row = {"line": line, "reference": reference, "sent": number, "at": began}
    put(connection, sms_parts, row | {"recipient": "", "fate": Fate.PENDING.value, "words": ""})


def judge(connection: Connection, number: int) -> None:
    """Say what is known of a message now: its fate on the phone, and whether the network had taken it."""
    sms = connection.execute(select(sms_sent).where(sms_sent.c.number == number)).mappings().one_or_none()
    if sms is None:
        return
    parts = connection.execute(select(sms_parts).where(sms_parts.c.sent == number)).mappings().all()
    if len(parts) >= sms["reports"]:
        _settle(connection, sms)
    fates = [part["fate"] for part in parts]
    if sms["fate"] != PhoneFate.UNKNOWN.value:
        return
    if Fate.FAILED.value in fates:
        fate = PhoneFate.LOST
    elif fates.count(Fate.DELIVERED.value) >= sms["reports"]:
        fate = PhoneFate.REACHED
    else:
        return
    deciding = Fate.FAILED if fate is PhoneFate.LOST else Fate.DELIVERED
    last = [part for part in parts if part["fate"] == deciding.value][-1]
    mine = update(sms_sent).where(sms_sent.c.number == number)
    connection.execute(mine.values(fate=fate.value, words=last["words"]))
    messages.post(connection, [_event(connection, sms, fate, last["words"], last["at"])])


def _orphans(now: datetime) -> Select[Any]:
    recent = sms_parts.c.at > now - timedelta(hours=1)
    return select(sms_parts).where(sms_parts.c.sent.is_(None), sms_parts.c.recipient != "", recent)


def _settle(connection: Connection, sms: RowMapping) -> None:
    """The network has taken all of it after all."""
    mine = (deliveries.c.id == sms["delivery"], deliveries.c.state == State.UNCERTAIN.value, deliveries.c.due.is_(None))
    values: dict[str, Any] = {
        "state": State.DELIVERED.value,
        "settled": connection.execute(
            select(func.max(sms_parts.c.at)).where(sms_parts.c.sent == sms["number"])
        ).scalar(),
        "receipt": f"a report of {sms['line']} has told it",
    }
    if connection.execute(update(deliveries).where(*mine).values(values)).rowcount:
        mine_too = update(sms_sent).where(sms_sent.c.number == sms["number"])
        connection.execute(mine_too.values(handed=Handed.TAKEN.value))


def _is_of(connection: Connection, number: int | None, phone: str) -> bool:
    if number is None or not phone:
        return number is not None
    to = connection.execute(select(sms_sent.c.recipient).where(sms_sent.c.number == number)).scalar_one_or_none()
    return to == phone


def _by_key(connection: Connection, line: str, key: str) -> int | None:
    query = select(sms_sent.c.number).where(sms_sent.c.key == storable(key), sms_sent.c.line == line)
    found: int | None = connection.execute(query.order_by(sms_sent.c.number.desc()).limit(1)).scalar()
    return found


def _by_phone(connection: Connection, line: str, phone: str, now: datetime) -> int | None:
    """The only message to that phone of which not all parts are known by name. Of two nobody could say which."""
    known = select(func.count()).select_from(sms_parts).where(sms_parts.c.sent == sms_sent.c.number).scalar_subquery()
    query = select(sms_sent.c.number, sms_sent.c.handed, sms_sent.c.delivery).where(
        sms_sent.c.line == line,
        sms_sent.c.recipient == storable(phone),
        sms_sent.c.at > now - LATE,
        known < sms_sent.c.reports,
    )
    found = connection.execute(query.limit(2)).all()
    if len(found) != 1:
        return None
    (one,) = found
    state = connection.execute(select(deliveries.c.state).where(deliveries.c.id == one.delivery)).scalar_one_or_none()
    # While it is being handed over, its references are still to come.
    return one.number if state != State.SENDING.value else None


def _event(connection: Connection, sms: RowMapping, fate: PhoneFate, words: str, at: datetime) -> Message:
    query = select(deliveries.c.key, deliveries.c.chain).where(deliveries.c.id == sms["delivery"])
    delivery = connection.execute(query).one_or_none()
    data = {
        "phone": sms["recipient"],
        "line": sms["line"],
        "delivery": delivery.key if delivery else sms["key"],
        "words": words,
    }
    name = _EVENTS[fate]
    chain = delivery.chain if delivery else ""
    return Message(name, sms["recipient"], data, chain=chain, id=f"{name}:{sms['number']}", posted=at)
