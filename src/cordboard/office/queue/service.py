"""The queues at work: what the engine decides becomes calls, and what happens in calls is told to the engine."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import structlog

from cordboard.office.directory import OfficeDirectory
from cordboard.office.ports import CallHistory, People, Presence, Tags
from cordboard.office.queue.engine import QueueEngine, Ring, Standing, Waiting
from cordboard.office.queue.model import Group, Overflow, OverflowWhen
from cordboard.office.queue.ports import (
    Announcer,
    Elsewhere,
    GroupNow,
    KeptPlace,
    Listener,
    Offer,
    OperatorNow,
    PlaceKeeper,
    QueueExit,
    WaitingNow,
    Wish,
)
from cordboard.office.queue.stay import LOST, Stay
from cordboard.office.reports import GROUP_TAG
from cordboard.telephony import Clock, EndReason, Exchange, Leg, Party, Target

LOOK_AGAIN = 5.0
"""Seconds after which the engine is asked anew while somebody waits, whatever it was not told of."""
_MOST_QUEUES = 5
"""So many groups may hand a caller on to each other."""
_HISTORY_WITHIN = 2.0
"""Seconds that the call log may take to tell the last operator; nobody waits longer for it."""

_log = structlog.get_logger("queue")

_TOLD = {
    QueueExit.TIMEOUT: EndReason.NO_ANSWER,
    QueueExit.FULL: EndReason.BUSY,
    QueueExit.NO_OPERATORS: EndReason.UNREACHABLE,
}
"""What whoever dialled the number of a group is told; nothing if he was taken care of."""
_STANDINGS = {Presence.READY: Standing.BUSY, Presence.AFTER_CALL: Standing.BUSY}
"""Of who is online and not free. On a break, away or not to be disturbed is as good as absent."""

CallClient = Callable[[], Awaitable[Leg | None]]
"""Calls somebody back whose turn has come: his answered leg, or None if he was not reached."""


class QueueService:
    """All groups of the office. `switchboard.Service` of their numbers; give it `run` for as long as it shall work."""

    def __init__(
        self,
        exchange: Exchange,
        office: OfficeDirectory,
        people: People,
        announcer: Announcer,
        *,
        clock: Clock,
        elsewhere: Elsewhere | None = None,
        keeper: PlaceKeeper | None = None,
        history: CallHistory | None = None,
        listener: Listener | None = None,
        tags: Tags | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.exchange = exchange
        self.announcer = announcer
        self.elsewhere = elsewhere
        """Takes who overflows; may be set later, for the switchboard knows the queues and they know it."""
        self.keeper = keeper
        """Takes who wants to be called back; may be set later as well."""
        self._office = office
        self._people = people
        self._clock = clock
        self._history = history
        self._listener = listener
        self._tags = tags
        self._engine = QueueEngine(chance or random.Random())
        self._stays: dict[str, Stay] = {}
        self._talks: dict[str, Stay] = {}
        """By the login of who talks."""
        self._ids = count(1)
        self._timer: asyncio.TimerHandle | None = None

    # --- office.switchboard.Service ---------------------------------------------------------------------------

    def takes(self, number: str) -> bool:
        """See Service."""
        return self._by_number(number) is not None

    async def serve(self, leg: Leg, number: str, login: str) -> EndReason | None:  # noqa: ARG002  (anybody may wait)
        """See Service. Who was answered and cannot be served is not told by a tone: he is hung up by whoever asked."""
        group = self._by_number(number)
        if group is None:
            return EndReason.NOT_FOUND
        return _TOLD.get(await self.enter(leg, group.name))

    # --- what components ask ----------------------------------------------------------------------------------

    def knows(self, group: str) -> bool:
        """See Queues."""
        return group in self._office.documents(Group)

    async def enter(self, leg: Leg, group: str, wish: Wish | None = None) -> QueueExit:
        """See Queues."""
        return await self._stand(leg, group, wish or Wish(), self._clock.now())

    def heir_of(self, leg: Leg) -> Callable[[Leg], Awaitable[EndReason | None]] | None:
        """Let somebody else take the place of `leg`, who waits: a colleague has asked on behalf of a caller.

        None if it does not wait. What is returned is to be called at once, before `leg` goes.
        """
        stay = next((each for each in self._stays.values() if each.leg is leg and not each.talking), None)
        if stay is None:
            return None

        async def take(coming: Leg) -> EndReason | None:
            return _TOLD.get(await self._stand(coming, stay.group.name, stay.wish, stay.since))

        return take

    async def _stand(self, leg: Leg, name: str, wish: Wish, since: datetime) -> QueueExit:
        """Wait in one queue, and in those to which it overflows."""
        for _ in range(_MOST_QUEUES):
            await self._tag(leg, name)
            result = await self._enter(leg, self._office.documents(Group)[name], wish, since)
            if isinstance(result, QueueExit):
                return result
            if not result.group:
                led = self.elsewhere is not None and await self.elsewhere.lead(leg, result)
                return QueueExit.OVERFLOW if led else _UNLED[result.when]
            if not self.knows(result.group):
                return _UNLED[result.when]
            name = result.group
        return QueueExit.TIMEOUT

    async def call_back(self, place: KeptPlace, call: CallClient) -> QueueExit:
        """Let somebody wait who has hung up; when his turn has come an operator is kept free and `call` awaited.

        TIMEOUT if he was not reached, else what became of him. Cancelling this takes him out. Raises LookupError if
        there is no such group.
        """
        wish = Wish(place.priority, "", place.skills, place.language)
        stay = Stay(self, self._office.documents(Group)[place.group], wish, place.since, place.number)
        since = place.since.timestamp()
        self._join(stay, Waiting(stay.id, place.group, since, place.priority, place.skills, virtual=True))
        try:
            self.decide()
            ring = await stay.inbox.get()
            leg = await call()
            if leg is None or not isinstance(ring, Ring):
                return QueueExit.TIMEOUT
            await self._tag(leg, place.group)
            self._engine.arrived(stay.id)
            result = await stay.wait(leg, ring)
            return result if isinstance(result, QueueExit) else QueueExit.TIMEOUT
        finally:
            self._leave(stay)

    async def _tag(self, leg: Leg, group: str) -> None:
        """The log knows which group a call was led to: the last one, if it overflows."""
        if self._tags is not None:
            await self._tags.tag(leg.chain, GROUP_TAG, group)

    async def run(self) -> None:
        """Follow what people do, until cancelled."""
        try:
            while True:
                await self._people.changed()
                self.decide()
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def live(self) -> Sequence[GroupNow]:
        """All groups as they stand, by name."""
        groups = self._office.documents(Group)
        return [self._live(groups[name]) for name in sorted(groups)]

    # --- what stays ask ---------------------------------------------------------------------------------------

    def new_id(self) -> str:
        """For a caller; another one each time that he enters a queue."""
        return str(next(self._ids))

    def now(self) -> float:
        """The moment, as the engine counts."""
        return self._clock.now().timestamp()

    def can_be_served(self, caller: str) -> bool:
        """Whether somebody is there for him."""
        return self._engine.can_be_served(caller, self._standing)

    def outlook(self, caller: str) -> tuple[int, float]:
        """His place and the seconds that he will probably wait."""
        return self._engine.place(caller), self._engine.expected_wait(caller, self._standing)

    def phones_of(self, login: str) -> Sequence[str]:
        """The accounts of a user's phones."""
        return self._office.phones_of(login)

    def shown(self, targets: Sequence[Target], leg: Leg) -> Party:
        """Whom operators see calling."""
        return self._office.shown_party(dialled_by="", targets=targets, original=leg.record.caller)

    def follow(self, stay: Stay, caller: Leg, callee: Leg, ring: Ring) -> None:
        """Tell the engine what becomes of a leg that rings operators. It may outlive the caller."""
        self._tell(stay, caller, callee, ring.logins, answered=False)
        self.exchange.talks.spawn(self._follow(stay, caller, callee, ring))

    async def missed(self, stay: Stay, ring: Ring) -> None:
        """Nobody of them has answered."""
        for login in ring.logins:
            if self._engine.missed(stay.id, login, self.now()):
                _log.info("an operator has missed too many calls and counts as away", login=login)
                await self._set_presence(login, Presence.AWAY, reason="missed calls")
        self.decide()

    def put_first(self, stay: Stay) -> None:
        """He has lost his operator, and stands before all."""
        wish = stay.wish
        waiting = Waiting(stay.id, stay.group.name, stay.since.timestamp(), wish.priority, wish.skills, head=True)
        self._join(stay, waiting)
        self.decide()

    def decide(self) -> None:
        """Ask the engine, and tell the callers whose turn it is."""
        now = self.now()
        for ring in self._engine.decide(now, self._office.documents(Group), self._standing):
            self._stays[ring.caller].inbox.put_nowait(ring)
        moment = self._engine.next_moment(now)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._stays:
            after = LOOK_AGAIN if moment is None else min(LOOK_AGAIN, moment - now)
            self._timer = asyncio.get_running_loop().call_later(max(0.01, after), self.decide)

    # --- within -----------------------------------------------------------------------------------------------

    async def _enter(self, leg: Leg, group: Group, wish: Wish, since: datetime) -> QueueExit | Overflow:
        waiting = len(self._engine.waiting(group.name))
        for overflow in group.overflow:
            if overflow.when is OverflowWhen.LENGTH and waiting >= overflow.after:
                return overflow
        if group.longest_queue and waiting >= group.longest_queue:
            return QueueExit.FULL
        stay = Stay(self, group, wish, since, leg.record.caller.number)
        first, seconds = await self._first(leg, group, wish)
        self._join(
            stay,
            Waiting(
                stay.id,
                group.name,
                since.timestamp(),
                wish.priority,
                wish.skills,
                first=first,
                first_until=self.now() + seconds,
            ),
        )
        try:
            self.decide()
            if not self.can_be_served(stay.id):
                return stay.nobody()
            return await stay.wait(leg)
        finally:
            self._leave(stay)

    async def _first(self, leg: Leg, group: Group, wish: Wish) -> tuple[str, float]:
        """Who is asked before all others, and for how many seconds only he."""
        if wish.own:
            return wish.own, group.own_first_seconds
        if not group.last_first_seconds or self._history is None:
            return "", 0.0
        since = self._clock.now() - timedelta(days=group.last_within_days)
        phone = self._office.phone(leg.record.caller.number)
        try:
            async with asyncio.timeout(_HISTORY_WITHIN):
                call = await self._history.last_with_employee(phone, since=since, talked=True, before=leg.chain)
        except Exception:  # noqa: BLE001  (a log that cannot be read must not keep anybody waiting)
            _log.exception("the last operator of a caller could not be looked up", chain=leg.chain)
            return "", 0.0
        login = call.person.login if call is not None and call.person is not None else ""
        return (login, group.last_first_seconds) if login in {each.login for each in group.members} else ("", 0.0)

    async def _follow(self, stay: Stay, caller: Leg, callee: Leg, ring: Ring) -> None:
        await callee.answer()  # an outbound leg waits for the far end's
        if not callee.record.answered:
            if callee.record.reason is EndReason.ANSWERED_ELSEWHERE:  # somebody has picked the call up
                stay.talking = True
                stay.hush()
                self._engine.leave(stay.id)
                self.decide()
            return
        owner = self._office.by_account(callee.record.account)
        login = owner.login if owner is not None and owner.login in ring.logins else ring.logins[0]
        stay.talking = True
        stay.hush()
        self._engine.answered(stay.id, login)
        self._talks[login] = stay
        self._tell(stay, caller, callee, (login,), answered=True)
        self.decide()
        began = self.now()
        reason = await callee.ended()
        self._talks.pop(login, None)
        group = stay.group
        if group.wrap_up_seconds and self._people.state(login).presence is Presence.READY:
            until = self._clock.now() + timedelta(seconds=group.wrap_up_seconds)
            await self._set_presence(login, Presence.AFTER_CALL, until=until)
        lost = group.pass_over_seconds if reason in LOST else 0.0
        self._engine.over(stay.id, login, self.now(), group=group.name, seconds=self.now() - began, pass_over=lost)
        self.decide()

    async def _set_presence(
        self, login: str, presence: Presence, *, reason: str = "", until: datetime | None = None
    ) -> None:
        try:
            await self._people.set_presence(login, presence, reason=reason, until=until)
        except Exception:  # noqa: BLE001  (a database that is locked must not keep an operator busy for ever)
            _log.exception("the presence of an operator could not be set", login=login, presence=presence)

    def _tell(self, stay: Stay, caller: Leg, callee: Leg, logins: Sequence[str], *, answered: bool) -> None:
        if self._listener is None:
            return
        party, waited = caller.record.caller, self.now() - stay.since.timestamp()
        for login in logins:
            self._listener.offered(
                Offer(
                    login,
                    stay.group.name,
                    stay.number or party.number,
                    party.name,
                    caller.chain,
                    waited,
                    callee.id,
                    answered,
                )
            )

    def _join(self, stay: Stay, waiting: Waiting) -> None:
        self._stays[stay.id] = stay
        self._engine.join(waiting)

    def _leave(self, stay: Stay) -> None:
        self._stays.pop(stay.id, None)
        self._engine.leave(stay.id)
        self.decide()

    def _standing(self, login: str) -> Standing:
        state = self._people.state(login)
        if state.free:
            return Standing.FREE
        return _STANDINGS.get(state.presence, Standing.ABSENT) if state.online else Standing.ABSENT

    def _by_number(self, number: str) -> Group | None:
        return next((group for group in self._office.documents(Group).values() if group.number == number), None)

    def _live(self, group: Group) -> GroupNow:
        now = self.now()
        waiting = [
            WaitingNow(
                each.id,
                self._stays[each.id].number,
                self._stays[each.id].name,
                self._stays[each.id].since,
                each.priority,
                place,
                each.virtual,
                each.ringing,
                self._engine.expected_wait(each.id, self._standing),
            )
            for place, each in enumerate(self._engine.waiting(group.name), start=1)
        ]
        operators = []
        for member in group.members:
            seat = self._engine.seat(member.login)
            operators.append(
                OperatorNow(
                    member.login,
                    self._standing(member.login),
                    self._people.state(member.login).presence,
                    seat.busy_with,
                    self._engine.answered_by(group.name, member.login),
                    datetime.fromtimestamp(seat.passed_over, UTC) if seat.passed_over > now else None,
                )
            )
        talks = {login: stay.number for login, stay in self._talks.items() if stay.group.name == group.name}
        return GroupNow(group.name, group.title, group.number or "", waiting, operators, talks)


_UNLED: Mapping[OverflowWhen, QueueExit] = {
    OverflowWhen.WAITED: QueueExit.TIMEOUT,
    OverflowWhen.LENGTH: QueueExit.FULL,
    OverflowWhen.NO_OPERATORS: QueueExit.NO_OPERATORS,
}
"""What became of a caller who should have been led elsewhere, and could not be."""
