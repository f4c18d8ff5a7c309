"""The call log as lists and reports ask for it. SQL that both databases understand; what counts is in the office."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, and_, case, exists, func, or_, select

from cordboard.office.reports import CallFact, LegFact, LogQuery
from cordboard.office.repositories import LoggedChain
from cordboard.store.call_log import chains_of
from cordboard.store.call_tables import connection_rows
from cordboard.store.reader import Reader
from cordboard.store.tables import call_tags, connections, legs, storable
from cordboard.telephony import Direction

_LONGEST = timedelta(days=1)
"""No call lasts longer: so far around a period are its legs looked for."""
_PIECE = 500
_MOST = 50_000
_INBOUND = Direction.INBOUND.value


class StoredReports:
    """Implements `office.reports.ReportRepository`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def search(self, query: LogQuery) -> Sequence[LoggedChain]:
        """The calls that meet a query."""
        asked = _search(query)

        def read(connection: Connection) -> list[LoggedChain]:
            ids = connection.execute(asked).scalars().all()
            return [
                chain
                for first in range(0, len(ids), _PIECE)
                for chain in chains_of(connection, ids[first : first + _PIECE])
            ]

        return await self._reader.read(read)

    async def facts(self, since: datetime, until: datetime) -> Sequence[CallFact]:
        """The calls of a period."""
        return await self._reader.read(lambda connection: _facts(connection, since, until))

    async def reached(self, phones: Iterable[str], since: datetime) -> Mapping[str, datetime]:
        """When they were talked with last."""
        wanted = sorted({phone for phone in phones if phone})
        outside = case((legs.c.direction == _INBOUND, legs.c.caller_phone), else_=legs.c.dialled_phone)
        joined = select(outside, func.max(connections.c.started)).join(
            connections, or_(connections.c.a_leg == legs.c.id, connections.c.b_leg == legs.c.id)
        )
        period = joined.where(legs.c.started >= since - _LONGEST, connections.c.started >= since, legs.c.line != "")

        def read(connection: Connection) -> dict[str, datetime]:
            found: dict[str, datetime] = {}
            for first in range(0, len(wanted), _PIECE):
                some = period.where(outside.in_(wanted[first : first + _PIECE])).group_by(outside)
                found |= {row[0]: row[1] for row in connection.execute(some)}
            return found

        return await self._reader.read(read)


def _search(query: LogQuery) -> Select[str]:
    began = func.min(legs.c.started)
    outside = func.sum(case((legs.c.line != "", 1), else_=0))
    came_in = func.sum(case((and_(legs.c.line != "", legs.c.direction == _INBOUND), 1), else_=0))
    found = (
        select(legs.c.chain)
        .where(legs.c.started >= query.since - _LONGEST, legs.c.started < query.until + _LONGEST)
        .group_by(legs.c.chain)
        .having(began >= query.since, began < query.until)
        .order_by(began.desc(), legs.c.chain.desc())
        .limit(min(query.limit, _MOST))
    )
    if query.before is not None:
        moment, chain = query.before
        found = found.having(or_(began < moment, and_(began == moment, legs.c.chain < storable(chain))))
    directions = {
        "inbound": (came_in > 0,),
        "outbound": (came_in == 0, outside > 0),
        "internal": (outside == 0,),
    }
    found = found.having(*directions.get(query.direction, ()))
    if query.missed is not None:
        talked = exists().where(connections.c.chain == legs.c.chain)
        open_ = func.sum(case((legs.c.ended.is_(None), 1), else_=0))
        missed = and_(came_in > 0, open_ == 0, ~talked)
        found = found.having(missed if query.missed else ~missed)
    for chains in _conditions(query):
        found = found.where(legs.c.chain.in_(chains))
    return found


def _conditions(query: LogQuery) -> Iterable[Select[str]]:
    """The chains that meet each of what is asked: one leg may meet this, another one that."""
    other = legs.alias()
    those = select(other.c.chain).where(
        other.c.started >= query.since - _LONGEST, other.c.started < query.until + _LONGEST
    )
    if query.number or query.digits:
        written = [
            column.contains(query.digits, autoescape=True) for column in (other.c.caller_number, other.c.dialled)
        ]
        exact = [column == query.number for column in (other.c.caller_phone, other.c.dialled_phone)]
        yield those.where(or_(*(exact if query.number else ()), *(written if query.digits else ())))
    if query.login or query.accounts:
        talkers = select(connection_rows.c.chain).where(
            or_(connection_rows.c.a_user == storable(query.login), connection_rows.c.b_user == storable(query.login))
        )
        phones = those.where(other.c.account.in_(query.accounts))
        yield phones.union(talkers) if query.login else phones  # type: ignore[misc]  # a union stands where a select may
    if query.chain:
        yield select(other.c.chain).where(other.c.chain == storable(query.chain))
    if query.line:
        yield those.where(other.c.line == storable(query.line))
    if query.text:
        text = storable(query.text)
        # The databases know no other small letters than those of English, so each way of writing is asked for.
        written_as = {text, text.lower(), text.upper(), text.capitalize(), text.title()}
        tagged = select(call_tags.c.chain).where(
            or_(*(call_tags.c.value.contains(each, autoescape=True) for each in written_as))
        )
        named = those.where(or_(*(other.c.caller_name.contains(each, autoescape=True) for each in written_as)))
        yield named.union(tagged)  # type: ignore[misc]  # the same


def _facts(connection: Connection, since: datetime, until: datetime) -> list[CallFact]:
    around = (legs.c.started >= since - _LONGEST, legs.c.started < until + _LONGEST)
    columns = [
        legs.c[name] for name in ("id", "chain", "direction", "line", "account", "caller_number", "caller_phone")
    ]
    columns += [legs.c[name] for name in ("dialled", "dialled_phone", "started", "answered", "ended", "reason")]
    talks: dict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    joined = select(connections).where(
        connections.c.started >= since - _LONGEST, connections.c.started < until + 2 * _LONGEST
    )
    for row in connection.execute(joined.order_by(connections.c.started)).mappings():
        for leg in (row["a_leg"], row["b_leg"]):
            talks[leg].append((row["started"], row["ended"]))
    calls: dict[str, list[LegFact]] = defaultdict(list)
    for row in connection.execute(select(*columns).where(*around).order_by(legs.c.started, legs.c.id)).mappings():
        inbound = row["direction"] == _INBOUND
        far = "caller" if inbound else "dialled"
        calls[row["chain"]].append(
            LegFact(
                inbound,
                row["line"],
                row["account"],
                row[f"{far}_phone"] if row["line"] else "",
                row["caller_number"] if inbound else row["dialled"],
                row["started"],
                row["answered"],
                row["ended"],
                row["reason"] or "",
                tuple(talks.get(row["id"], ())),
            )
        )
    tags: dict[str, dict[str, str]] = defaultdict(dict)
    noted = select(call_tags).where(call_tags.c.chain.in_(select(legs.c.chain).where(*around)))
    for tag in connection.execute(noted):
        tags[tag.chain][tag.name] = tag.value
    facts = [CallFact(chain, tuple(found), tags.get(chain, {})) for chain, found in calls.items()]
    return [fact for fact in facts if since <= fact.began < until]
