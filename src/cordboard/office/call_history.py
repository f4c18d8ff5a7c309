"""What the call log knows about a phone: who called it, whether it was reached, how often it called."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from cordboard.office.ports import PastCall, Person, Way
from cordboard.office.repositories import CallHistoryRepository, LoggedCalls, LoggedLeg
from cordboard.telephony import ConnectionRecord, Direction, PhoneNumber

_PAGES = (4, 1000)
"""How many calls are looked at for one with an employee: nearly always the first ones have him."""
_INBOUND = {Way.IN: True, Way.OUT: False, Way.ANY: None}


class People(Protocol):
    """The part of the office that is needed here."""

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""

    def by_phone(self, phone: PhoneNumber) -> Person | None:
        """The user who owns that phone."""


class LoggedCallHistory:
    """Implements `office.ports.CallHistory` over the call log."""

    def __init__(self, repository: CallHistoryRepository, people: People) -> None:
        self._repository = repository
        self._people = people

    async def calls(
        self,
        phone: PhoneNumber,
        *,
        since: datetime | None = None,
        way: Way = Way.ANY,
        talked: bool | None = None,
        before: str = "",
        limit: int = 1000,
    ) -> Sequence[PastCall]:
        """See CallHistory."""
        if not phone:
            return ()
        chains = await self._repository.chains(
            phone.canonical, since=since, inbound=_INBOUND[way], talked=bool(talked), before=before, limit=limit
        )
        found = [call for chain in chains for call in self._of(chain, phone.canonical)]
        asked = [call for call in found if _asked(call, since, way, talked)]
        return sorted(asked, key=lambda call: call.at, reverse=True)[:limit]

    async def last_with_employee(
        self,
        phone: PhoneNumber,
        *,
        since: datetime | None = None,
        way: Way = Way.ANY,
        talked: bool | None = None,
        before: str = "",
    ) -> PastCall | None:
        """See CallHistory."""
        for limit in _PAGES:
            calls = await self.calls(phone, since=since, way=way, talked=talked, before=before, limit=limit)
            if found := next((call for call in calls if call.person is not None), None):
                return found
        return None

    def _of(self, chain: LoggedCalls, phone: str) -> Iterator[PastCall]:
        """The calls of a chain with that phone: what came in, and what went out."""
        for direction in Direction:
            legs = [each for each in chain.legs if _far_end(each) == phone and each.record.direction is direction]
            if not legs:
                continue
            ids = {each.record.id for each in legs}
            talks = [each for each in chain.connections if ids & {each.a_leg, each.b_leg}]
            goes_on = any(talk.ended is None for talk in talks)
            yield PastCall(
                chain=legs[0].record.chain,
                at=max(each.record.started for each in legs),
                inbound=direction is Direction.INBOUND,
                talked=bool(talks),
                talked_until=None if goes_on else max((talk.ended for talk in talks if talk.ended), default=None),
                person=self._person(legs[-1], talks, chain),
            )

    def _person(self, leg: LoggedLeg, talks: Sequence[ConnectionRecord], chain: LoggedCalls) -> Person | None:
        """Who talked, the last one first; who called, if nobody talked."""
        by_id = {each.record.id: each for each in chain.legs}
        ends = [end for talk in reversed(talks) for end in (talk.a_leg, talk.b_leg)]
        others = [by_id[end] for end in ends if end in by_id and _far_end(by_id[end]) != _far_end(leg)]
        if not talks and leg.record.direction is Direction.OUTBOUND:
            others = [each for each in reversed(chain.legs) if each.record.started <= leg.record.started]
        return next((person for each in others if (person := self._behind(each)) is not None), None)

    def _behind(self, leg: LoggedLeg) -> Person | None:
        """The user of the phone at the far end: one of the office, or his mobile."""
        if leg.record.account:
            return self._people.by_account(leg.record.account)
        phone = _far_end(leg)
        return self._people.by_phone(PhoneNumber(phone, phone)) if phone else None


def _far_end(leg: LoggedLeg) -> str:
    """The canonical number outside; empty for a phone of the office."""
    if not leg.record.line:
        return ""
    return leg.caller_phone if leg.record.direction is Direction.INBOUND else leg.dialled_phone


def _asked(call: PastCall, since: datetime | None, way: Way, talked: bool | None) -> bool:
    return (
        (since is None or call.at >= since)
        and (way is Way.ANY or call.inbound is (way is Way.IN))
        and talked in {None, call.talked}
    )


class HeldCalls:
    """Implements `CallHistoryRepository` over chains in memory: for the simulator, where nobody has called before."""

    def __init__(self, chains: Sequence[LoggedCalls] = ()) -> None:
        self._chains = chains

    async def chains(
        self,
        phone: str,
        *,
        since: datetime | None = None,
        inbound: bool | None = None,
        talked: bool = False,
        before: str = "",
        limit: int = 1000,
    ) -> Sequence[LoggedCalls]:
        """See CallHistoryRepository."""
        began = min((leg.record.started for leg in self._legs() if leg.record.chain == before), default=None)
        joined = {end for chain in self._chains for talk in chain.connections for end in (talk.a_leg, talk.b_leg)}
        found = [
            leg
            for leg in sorted(self._legs(), key=lambda each: each.record.started, reverse=True)
            if _far_end(leg) == phone
            and leg.record.chain != before
            and (since is None or leg.record.started >= since)
            and (began is None or leg.record.started < began)
            and inbound in {None, leg.record.direction is Direction.INBOUND}
            and (not talked or leg.record.id in joined)
        ]
        order = list(dict.fromkeys(leg.record.chain for leg in found[:limit]))
        by_id = {chain.legs[0].record.chain: chain for chain in self._chains}
        return [by_id[each] for each in order]

    def _legs(self) -> Sequence[LoggedLeg]:
        return [leg for chain in self._chains for leg in chain.legs]
