"""The one place where it is decided whether a call may go over a line, and where what it costs is counted."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import structlog

from cordboard.office.directory import OfficeDirectory
from cordboard.office.lines.barring import line_bars, night_bars, purpose_bars, user_bars
from cordboard.office.lines.calls import Chains, LineCall, Pace, over
from cordboard.office.lines.caps import Alarm, Alarms, Limit, limits
from cordboard.office.lines.money import RULES, MoneyGuard
from cordboard.office.lines.prefixes import day_of
from cordboard.office.lines.rules import LineRules
from cordboard.office.lines.said import said
from cordboard.office.lines.usage import Ledger, Scope, UsageKey, UsageRepository, Used, month_of
from cordboard.telephony import (
    Clock,
    ConnectionRecord,
    Direction,
    EndReason,
    Exchange,
    Leg,
    LegRecord,
    LegState,
    LineTarget,
    Tone,
)

LOOK = 1.0
"""Seconds between looks at running calls."""
KEEP = 10.0
"""Seconds between writings of what they have used up: the most that a crash forgets, but for a slow database."""
_WARNED_BEFORE = 15.0
WARNING = (Tone((1400.0,), on=0.2, off=0.2),) * 3

_log = structlog.get_logger("office")

Health = Callable[[str], str]
"""Why a line is down; empty: it is up."""
Tell = Callable[[Alarm], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with a running call."""

    call: LineCall
    cut: bool
    """End it; else let the two hear the warning."""


class LineGuard:
    """Implements `telephony.CallListener`: it counts what it is told of. `run` ends calls, raises alarms and writes.

    One guard is asked for every call outwards, by `GuardedExchange`; its own `load` is called before the first.
    """

    def __init__(self, office: OfficeDirectory, usage: UsageRepository, clock: Clock, tell: Tell | None = None) -> None:
        self._office = office
        self._usage = usage
        self._clock = clock
        self._tell = tell
        self._ledger = Ledger()
        self._alarms = Alarms()
        self._new_alarms: list[Alarm] = []
        self._chains = Chains()
        self._pace = Pace()
        self._calls: dict[str, LineCall] = {}
        self._mixed: set[str] = set()
        """Legs to lines and to phones at once: who answers decides whether it costs."""
        self._writing = asyncio.Lock()

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._clock.now()

    # --- may it begin? ----------------------------------------------------------------------------------------

    def bars(
        self,
        target: LineTarget,
        chain: str,
        health: Health = lambda _: "",
        *,
        at: datetime | None = None,
        by_phone: bool = False,
    ) -> str:
        """Why that call may not be made now, or at another moment by the office's clock; empty: it may.

        `by_phone`: as if a phone of the office was in the chain.
        """
        line, phone, now = target.line, self._office.phone(target.number), at or self._now()
        if self._office.line(line) is None:
            return said("the line {line} is switched off", line=line)
        if self._office.plan.outbound.emergency(target.number):
            others = any(not health(each.name) for each in self._office.lines() if each.name != line)
            return self._down(line, health) if others else ""
        rules, money = self._rules(line), self._money
        if barred := self._down(line, health) or line_bars(rules, phone, now):
            return barred
        if money is not None and (barred := self._money_bars(money, target, chain, now, by_phone=by_phone)):
            return barred
        return self._full(rules, money, line) or self._used_up(self._call(target, "", chain))

    def placed(self, record: LegRecord, targets: Sequence[LineTarget], *, alone: bool) -> None:
        """A leg to these lines was placed; `alone`: not to phones at the same time."""
        if record.state is LegState.ENDED:
            return
        call = self._calls[record.id] = self._call(targets[0], record.id, record.chain)
        call.answered = record.answered
        if not alone:
            self._mixed.add(record.id)
        for target in targets:
            self._pace.begin(target.line, self._clock.now().timestamp())

    # --- telephony.CallListener -------------------------------------------------------------------------------

    def leg_changed(self, record: LegRecord) -> None:
        """See CallListener."""
        person = self._office.by_account(record.account) if record.account else None
        self._chains.leg_changed(record, person.login if person is not None else "")
        call = self._calls.get(record.id)
        if call is None and record.line and record.ended is None:
            target = LineTarget(record.line, record.dialled)
            call = self._calls[record.id] = self._call(target, record.id, record.chain)
            call.outward = record.direction is Direction.OUTBOUND
        if call is None:
            return
        if record.answered is not None and record.id in self._mixed:
            self._mixed.discard(record.id)
            if record.account:  # a phone took it
                del self._calls[record.id]
                return
        call.answered = record.answered
        if record.ended is not None:
            self._count(call, record.ended)
            self._mixed.discard(record.id)
            del self._calls[record.id]

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See CallListener."""
        if record.ended is None:
            self._chains.joined(record.a_leg, record.b_leg)

    # --- while calls run --------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read what was used up this month. Caps that were reached before are told no more."""
        now = self._now()
        self._ledger.load(await self._usage.since(f"{month_of(day_of(now))}-01"))
        for _ in self._alarms.look(self._all_limits(day_of(now)), ()):
            pass

    async def run(self, exchange: Exchange) -> None:
        """Count, warn, end, write and raise alarms, until cancelled. Call `flush` after the end of the last call."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep())
            group.create_task(self._raise())
            while True:
                await asyncio.sleep(LOOK)
                for step in self._looked():
                    group.create_task(self._do(step, exchange))

    def _looked(self) -> list[Step]:
        try:
            return self.look()
        except Exception:  # noqa: BLE001 - a rule that cannot be followed must not end the counting
            _log.exception("running calls cannot be looked at")
            return []

    def look(self) -> list[Step]:
        """Count what runs, and say which calls are to be warned or ended."""
        now = self._now()
        day = day_of(now)
        running = [call for call in self._calls.values() if call.costs]
        for call in running:
            self._count(call, now)
        self._alarms.forget(day)
        concerned: dict[tuple[str, ...], tuple[Limit, list[LineCall]]] = {}
        for call in running:
            for limit in limits(self._rules(call.line), self._money, self._ledger, call, day):
                concerned.setdefault(limit.key, (limit, []))[1].append(call)
        money = self._money
        self._new_alarms += self._alarms.look(
            (limit for limit, _ in concerned.values()), money.tell if money is not None else ()
        )
        return list(self._steps(concerned.values(), now)) if money is None or money.cut else []

    def _steps(self, concerned: Iterable[tuple[Limit, list[LineCall]]], now: datetime) -> Iterator[Step]:
        warning = self._money.warning if self._money is not None else _WARNED_BEFORE
        left: dict[str, float] = {}
        for limit, calls in concerned:
            for call in calls:
                left[call.leg] = min(left.get(call.leg, math.inf), limit.left(calls) + call.paid_ahead(now))
        for leg, seconds in left.items():
            call = self._calls[leg]
            if call.urgent or call.ending:
                continue
            if seconds <= 0:
                call.ending = True
                yield Step(call, cut=True)
            elif seconds <= warning and not call.warned:
                call.warned = True
                yield Step(call, cut=False)

    async def flush(self) -> None:
        """Write what was used up. Raises what the store raises; nothing is lost then."""
        async with self._writing:
            try:
                if taken := self._ledger.take():
                    await self._usage.add(taken)
            except BaseException:
                self._ledger.failed()
                raise
            self._ledger.load(await self._usage.since(f"{month_of(day_of(self._now()))}-01"))

    async def _keep(self) -> None:
        trouble = ""
        while True:
            await asyncio.sleep(KEEP)
            try:
                await self.flush()
                trouble = ""
            except Exception as fault:  # noqa: BLE001 - the database may be away: it is counted on, and written later
                if str(fault) != trouble:
                    trouble = str(fault)
                    _log.error("what lines use up cannot be written", error=trouble)

    async def _raise(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            while self._new_alarms:
                alarm = self._new_alarms[0]
                _log.warning("a cap is used up", percent=round(alarm.level * 100), text=alarm.text)
                try:
                    if self._tell is not None:
                        await self._tell(alarm)
                except Exception as fault:  # noqa: BLE001 - the database may be away: it is told later
                    _log.error("an alarm cannot be told, it is tried again", error=str(fault))
                    break
                self._new_alarms.pop(0)

    async def _do(self, step: Step, exchange: Exchange) -> None:
        legs: dict[str, Leg] = {leg.id: leg for leg in exchange.legs()}
        leg, partner = legs.get(step.call.leg), legs.get(self._chains.partner(step.call.leg))
        if leg is None:
            return
        if step.cut:
            _log.warning("a call is ended, a cap is used up", leg=leg.id, chain=leg.chain, line=step.call.line)
            await leg.hang_up(EndReason.FORBIDDEN)
        elif partner is not None:
            for heard in await asyncio.gather(leg.play(WARNING), partner.play(WARNING), return_exceptions=True):
                if isinstance(heard, Exception):
                    _log.error("the warning of a cap was not heard", leg=leg.id, fault=str(heard))

    # --- for the page -----------------------------------------------------------------------------------------

    def used(self, scope: Scope, whose: str, *, month: bool = False) -> Used:
        """What a line, a user or all have used up today, or this month."""
        day = day_of(self._now())
        return self._ledger.used(scope, whose, month_of(day) if month else day)

    def occupied(self, line: str) -> tuple[int, int]:
        """How many calls came in over a line and how many go out, just now."""
        return over(self._calls.values(), line)

    def limits_of(self, line: str, login: str = "") -> list[Limit]:
        """The caps that a call over this line would use up."""
        call = LineCall("", "", line, outward=True, login=login, phone=self._office.phone(""))
        return limits(self._rules(line), self._money, self._ledger, call, day_of(self._now()))

    # --- within -----------------------------------------------------------------------------------------------

    @property
    def _money(self) -> MoneyGuard | None:
        return self._office.documents(MoneyGuard).get(RULES)

    def _rules(self, line: str) -> LineRules | None:
        return self._office.documents(LineRules).get(line)

    def _now(self) -> datetime:
        return self._clock.now().astimezone(self._office.zone)

    def _call(self, target: LineTarget, leg: str, chain: str) -> LineCall:
        phone, rules = self._office.phone(target.number), self._rules(target.line)
        return LineCall(
            leg,
            chain,
            target.line,
            outward=True,
            login=target.payer or self._chains.login(chain),
            phone=phone,
            urgent=bool(self._office.plan.outbound.emergency(target.number)),
            price=(rules.price(phone.canonical) or Decimal(0)) if rules is not None else Decimal(0),
            charged_by=rules.charged_by if rules is not None else 1,
        )

    def _count(self, call: LineCall, until: datetime) -> None:
        if call.costs:
            key = UsageKey(day_of(until.astimezone(self._office.zone)), call.line, call.login)
            self._ledger.note(key, call.count(until))

    def _money_bars(self, money: MoneyGuard, target: LineTarget, chain: str, now: datetime, *, by_phone: bool) -> str:
        """Whose call it is decides what he may: a user at his phone, one who dials in from outside, or nobody."""
        phone = self._office.phone(target.number)
        if target.payer and (by_phone or self._chains.has_phone(chain)):
            return user_bars(money, target.payer, phone, now)
        if target.payer:
            return purpose_bars(money.disa, phone) or user_bars(money, target.payer, phone, now)
        if self._chains.from_outside(chain):
            return purpose_bars(money.disa, phone)
        if login := self._chains.login(chain):
            return purpose_bars(money.automatic, phone) or night_bars(money, login, now)
        return purpose_bars(money.automatic, phone)

    def _full(self, rules: LineRules | None, money: MoneyGuard | None, line: str) -> str:
        outward = sum(call.outward for call in self._calls.values())
        if money is not None and 0 < money.external_calls <= outward:
            return said("there are {count} calls outwards already", count=outward)
        if rules is None:
            return ""
        came, go = over(self._calls.values(), line)
        if 0 < rules.calls <= came + go or 0 < rules.calls_out <= go:
            return said("the line {line} is full: {count} calls", line=line, count=came + go)
        if self._pace.too_fast(line, rules.calls_a_second, self._clock.now().timestamp()):
            return said("the line {line} takes no more calls in this second", line=line)
        return ""

    def _used_up(self, call: LineCall) -> str:
        found = limits(self._rules(call.line), self._money, self._ledger, call, day_of(self._now()))
        return next((limit.told() for limit in found if limit.reached), "")

    def _all_limits(self, day: str) -> Iterator[Limit]:
        for key, _ in self._ledger.rows():
            call = LineCall("", "", key.line, outward=True, login=key.login, phone=self._office.phone(""))
            yield from limits(self._rules(key.line), self._money, self._ledger, call, day)

    @staticmethod
    def _down(line: str, health: Health) -> str:
        if why := health(line):
            return said("the line {line} is down: {why}", line=line, why=why)
        return ""
