"""Promised callbacks over a real database and a simulated exchange."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from cordboard.office.calendar import OfficeCalendar
from cordboard.office.callback_calls import CALLED, CROSSED, REACHED, CallbackCalls
from cordboard.office.callback_rules import CallbackRules
from cordboard.office.callbacks import Callback, CallbackOrder, CallbackState, OrderResult, Origin, QueuePlaces
from cordboard.office.ended_calls import EndedCall
from cordboard.office.ports import UserState
from cordboard.office.queue.model import Group, Member
from cordboard.office.queue.ports import QueueExit
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Leg, LegState, LineTarget, PhoneNumber, Target
from cordboard.testing.callbacks import MemoryCallbacks
from cordboard.testing.queue import QueueTrial

CLIENT = "0671234567"
PHONE = "+380671234567"
SALES = Group(name="sales", number="600", members=(Member(login="anna"), Member(login="boris")), callback_key="1")
RULES = CallbackRules(name="default", quiet="", pause_minutes=10, attempts=3)
KYIV = ZoneInfo("Europe/Kyiv")


class Scenarios:
    """Notes what ran, for five seconds each."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, LegState]] = []

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        """See VoiceScenarios."""
        if name == "gone":
            raise LookupError(name)
        self.ran.append((name, leg.state))
        await asyncio.sleep(5)


@dataclass
class Desk:
    trial: QueueTrial
    calls: CallbackCalls
    store: MemoryCallbacks
    scenarios: Scenarios

    async def order(self, number: str = CLIENT, **more: Any) -> tuple[OrderResult, Callback | None]:
        target: dict[str, Any] = {} if {"scenario", "to", "group"} & more.keys() else {"group": "sales"}
        return await self.calls.order(CallbackOrder(number, more.pop("origin", Origin.WEB), **target, **more))

    async def stands(self, number: str = PHONE) -> tuple[CallbackState, int, str]:
        """The newest of a number: its state, how often it was tried, and what came of that."""
        found = next(each for each in await self.store.listed() if each.phone == number)
        return found.state, found.attempts, found.outcome

    def called(self) -> list[str]:
        """The numbers outside that were called, in order."""
        return [phone.target.number for phone in self.trial.exchange.called if isinstance(phone.target, LineTarget)]


@asynccontextmanager
async def desk(
    *far_ends: FarEnd, rules: CallbackRules = RULES, store: MemoryCallbacks | None = None, number: str = CLIENT
) -> AsyncIterator[Desk]:
    """The client behaves as the first of `far_ends` says, or takes it off and talks for 30 s."""
    outside: dict[Target, FarEnd] = {
        LineTarget("city", number): far_ends[0] if far_ends else FarEnd.answers(3, hangs_up_after=30)
    }
    async with AsyncExitStack() as stack:
        trial = await stack.enter_async_context(QueueTrial(SALES, rules, outside=outside))
        scenarios, store = Scenarios(), store or MemoryCallbacks()
        switchboard = OfficeSwitchboard(trial.exchange, trial.office, scenarios)
        calls = CallbackCalls(
            store,
            trial.office,
            trial.exchange,
            queues=trial.queues,
            switchboard=switchboard,
            calendar=OfficeCalendar(),
            clock=trial.clock,
        )
        trial.queues.keeper = QueuePlaces(calls)
        running = asyncio.create_task(calls.run())
        stack.push_async_callback(asyncio.wait, [running])
        stack.callback(running.cancel)
        await asyncio.sleep(0.01)
        yield Desk(trial, calls, store, scenarios)


def ended(chain: str, *, inbound: bool, connected: bool, at: datetime) -> EndedCall:
    content = {"connected": connected, "direction": "inbound" if inbound else "outbound", "ended": at}
    return EndedCall(f"{chain}-leg", chain, PHONE, inbound and not connected, content)


@virtual_time
async def test_a_client_is_called_when_an_operator_is_free_and_joined_with_him() -> None:
    async with desk() as d:
        for login in ("anna", "boris"):
            d.trial.people.put(login, UserState(online=True, calls=1))
        assert (await d.order())[0] is OrderResult.NEW
        await asyncio.sleep(60)
        assert d.called() == []
        assert await d.stands() == (CallbackState.WAITING, 0, "")
        d.trial.people.put("boris", UserState(online=True))
        await asyncio.sleep(8)
        assert d.trial.queues.live()[0].talks == {"boris": CLIENT}
        assert await d.stands() == (CallbackState.CALLING, 1, "")
        await asyncio.sleep(40)
        assert await d.stands() == (CallbackState.DONE, 1, "answered")
        assert d.trial.exchange.legs() == []


@virtual_time
async def test_three_missed_calls_of_one_number_are_one_callback() -> None:
    async with desk() as d:
        orders = await asyncio.gather(
            *(d.order(written, origin=Origin.MISSED) for written in (CLIENT, PHONE, "380671234567"))
        )
        assert sorted(result for result, _ in orders) == [OrderResult.NEW, OrderResult.STANDS, OrderResult.STANDS]
        await asyncio.sleep(100)
        assert d.called() == [CLIENT]


@virtual_time
async def test_there_are_never_more_calls_than_free_operators() -> None:
    numbers = [f"06712345{number}" for number in range(60, 70)]
    async with desk() as d:
        for number in numbers:
            d.trial.exchange.far_ends[LineTarget("city", number)] = FarEnd.answers(4, hangs_up_after=50)
            await d.order(number)
        most = 0
        for _ in range(600):
            await asyncio.sleep(1)
            outside = [leg for leg in d.trial.exchange.legs() if leg.record.line]
            most = max(most, len(outside))
        assert most == 2
        assert sorted(d.called()) == numbers
        assert {each.state for each in await d.store.listed()} == {CallbackState.DONE}


@virtual_time
async def test_an_attempt_that_fails_is_repeated_a_bounded_number_of_times() -> None:
    async with desk(FarEnd.busy()) as d:
        await d.order()
        await asyncio.sleep(30)
        assert await d.stands() == (CallbackState.WAITING, 1, "busy")
        await asyncio.sleep(3600)
        assert await d.stands() == (CallbackState.FAILED, 3, "busy")
        assert d.called() == [CLIENT] * 3


@virtual_time
async def test_a_number_is_called_a_bounded_number_of_times_a_day() -> None:
    rules = CallbackRules(name="default", quiet="", pause_minutes=1, attempts=3, attempts_a_day=4)
    async with desk(FarEnd.busy(), rules=rules) as d:
        for _ in range(3):
            result, _callback = await d.order()
            await asyncio.sleep(600)
        assert result is OrderResult.TOO_OFTEN
        assert len(d.called()) == 4
        await asyncio.sleep(86_400)
        assert (await d.order())[0] is OrderResult.NEW


@virtual_time
async def test_it_is_called_off_when_somebody_has_spoken_with_him() -> None:
    async with desk() as d:
        for inbound, why in ((False, REACHED), (True, CALLED)):
            later = d.trial.clock.now() + timedelta(hours=3)
            await d.order(after=later, chain="c1")
            now = d.trial.clock.now()
            d.calls.call_ended(ended("c1", inbound=True, connected=True, at=now))  # the call that it came of
            d.calls.call_ended(ended("c2", inbound=inbound, connected=False, at=now))  # nobody spoke with him
            d.calls.call_ended(ended("c0", inbound=inbound, connected=True, at=now - timedelta(hours=1)))  # long ago
            await asyncio.sleep(1)
            assert (await d.stands())[0] is CallbackState.WAITING
            d.calls.call_ended(ended("c3", inbound=inbound, connected=True, at=d.trial.clock.now()))
            await asyncio.sleep(1)
            assert await d.stands() == (CallbackState.CANCELLED, 0, why)
        await asyncio.sleep(4 * 3600)
        assert d.called() == []


@virtual_time
async def test_who_is_on_the_line_is_not_called() -> None:
    async with desk() as d:
        d.trial.people.put("anna", UserState(online=True, calls=1))
        d.trial.people.put("boris", UserState(online=True, calls=1))
        caller = d.trial.call(PHONE)
        await asyncio.sleep(1)
        await d.order()
        await asyncio.sleep(100)
        assert d.called() == []
        caller.hang_up()
        d.trial.people.put("anna", UserState(online=True))
        await asyncio.sleep(70)
        assert d.called() == [CLIENT]


@virtual_time
async def test_two_exchanges_that_call_each_other_meet_once() -> None:
    """He calls us while we call him: our call ends, and his is the one."""
    async with desk(FarEnd.no_answer()) as d:
        d.trial.people.put("boris", UserState())
        await d.order()
        await asyncio.sleep(5)
        assert d.called() == [CLIENT]
        d.trial.call(PHONE)
        await asyncio.sleep(2)
        assert await d.stands() == (CallbackState.CANCELLED, 1, CROSSED)
        assert [leg.record.direction for leg in d.trial.exchange.legs() if leg.record.line] == ["inbound"]
        await asyncio.sleep(2)
        assert d.trial.queues.live()[0].talks == {"anna": PHONE}


@virtual_time
async def test_a_missed_call_that_answers_our_vain_one_promises_none() -> None:
    rules = CallbackRules(name="default", quiet="", attempts=1, loop_minutes=5)
    async with desk(FarEnd.rejects(1), rules=rules) as d:
        await d.order(origin=Origin.MISSED)
        await asyncio.sleep(30)
        assert await d.stands() == (CallbackState.FAILED, 1, "rejected")
        assert (await d.order(origin=Origin.MISSED))[0] is OrderResult.LOOP
        assert (await d.order(origin=Origin.WEB))[0] is OrderResult.NEW
        await asyncio.sleep(600)
        assert (await d.order(origin=Origin.MISSED))[0] is OrderResult.NEW


@virtual_time
async def test_who_cannot_be_called_back_is_told_at_once() -> None:
    async with desk() as d:
        assert await d.order("") == (OrderResult.NO_NUMBER, None)
        assert await d.order("0322327757") == (OrderResult.NO_NUMBER, None)  # our own line
        assert await d.order(group="nobody") == (OrderResult.NO_TARGET, None)
        assert await d.order(group="sales", to="101") == (OrderResult.NO_TARGET, None)
        assert await d.order(to="") == (OrderResult.NO_TARGET, None)


@virtual_time
async def test_it_may_lead_to_a_scenario_or_to_a_colleague() -> None:
    async with desk() as d:
        await d.order(scenario="entry")
        await asyncio.sleep(20)
        assert d.scenarios.ran == [("entry", LegState.ANSWERED)]
        assert await d.stands() == (CallbackState.DONE, 1, "answered")
        await d.order(to="103")
        await asyncio.sleep(60)
        assert d.trial.rung() == ["103"]
        assert await d.stands() == (CallbackState.DONE, 1, "answered")
        await d.order(scenario="gone")
        await asyncio.sleep(20)
        assert await d.stands() == (CallbackState.WAITING, 1, "unreachable")
        assert d.trial.exchange.legs() == []


@virtual_time
async def test_calls_that_need_no_operator_are_bounded_too() -> None:
    rules = CallbackRules(name="default", quiet="", at_once=2)
    async with desk(rules=rules) as d:
        for number in range(60, 66):
            d.trial.exchange.far_ends[LineTarget("city", f"06712345{number}")] = FarEnd.answers(10)
            await d.order(f"06712345{number}", scenario="entry")
        await asyncio.sleep(5)
        assert len([leg for leg in d.trial.exchange.legs() if leg.record.line]) == 2
        await asyncio.sleep(120)
        assert len(d.scenarios.ran) == 6


@virtual_time
async def test_from_the_queue_he_keeps_his_place_and_his_priority() -> None:
    async with desk() as d:
        for login in ("anna", "boris"):
            d.trial.people.put(login, UserState(online=True, calls=1))
        caller = d.trial.call(CLIENT)
        await asyncio.sleep(30)
        d.trial.call("late")
        caller.press("1")
        await asyncio.sleep(5)
        assert [ended_[:2] for ended_ in d.trial.exits] == [(CLIENT, QueueExit.CALLBACK)]
        first, second = d.trial.queues.live()[0].waiting
        assert (first.number, first.virtual, second.number) == (CLIENT, True, "late")
        assert first.since == datetime(2026, 11, 23, 10, 0, 0, 10000, tzinfo=UTC)
        d.trial.people.put("anna", UserState(online=True))
        await asyncio.sleep(8)
        assert d.trial.queues.live()[0].talks == {"anna": CLIENT}


@virtual_time
async def test_a_callback_is_called_off_by_hand_but_not_out_of_a_talk() -> None:
    async with desk() as d:
        _, waiting = await d.order(after=d.trial.clock.now() + timedelta(hours=1))
        assert waiting is not None
        assert await d.calls.cancel_number("067 123-45-67", "by hand")
        assert not await d.calls.cancel(waiting.id, "again")
        assert not await d.calls.cancel_number("", "hidden")
        _, talking = await d.order()
        assert talking is not None
        await asyncio.sleep(10)
        assert not await d.calls.cancel(talking.id, "too late")
        await asyncio.sleep(60)
        assert await d.stands() == (CallbackState.DONE, 1, "answered")


@virtual_time
async def test_while_it_rings_it_can_be_called_off() -> None:
    async with desk(FarEnd.no_answer()) as d:
        _, ringing = await d.order()
        await asyncio.sleep(5)
        assert ringing is not None
        assert await d.calls.cancel(ringing.id, "by hand")
        await asyncio.sleep(1)
        assert d.trial.exchange.legs() == []
        assert d.trial.queues.live()[0].waiting == []
        assert await d.stands() == (CallbackState.CANCELLED, 1, "by hand")


@virtual_time
async def test_after_a_crash_in_the_midst_of_a_call_he_is_called_again() -> None:
    store = MemoryCallbacks()
    async with desk(FarEnd.no_answer(), store=store) as d:
        await d.order()
        await asyncio.sleep(5)
    assert await d.stands() == (CallbackState.CALLING, 1, "")  # as kill -9 leaves it
    async with desk(store=store) as d:
        await asyncio.sleep(50)
        assert await d.stands() == (CallbackState.WAITING, 1, "interrupted")
        await asyncio.sleep(60)
        assert await d.stands() == (CallbackState.DONE, 2, "answered")


@virtual_time
async def test_at_night_nobody_is_called_and_in_the_morning_he_is() -> None:
    rules = CallbackRules(name="default", quiet="13:00-14:00")  # it is noon in Kyiv
    async with desk(FarEnd.busy(), rules=rules) as d:
        await d.order(after=datetime(2026, 11, 23, 11, 30, tzinfo=UTC))
        await asyncio.sleep(2 * 3600 - 60)
        assert d.called() == []
        await asyncio.sleep(180)
        assert d.called() == [CLIENT]


@virtual_time
async def test_who_is_never_reached_in_time_has_failed() -> None:
    rules = CallbackRules(name="default", quiet="00:00-24:00", lasts_hours=1)
    async with desk(rules=rules) as d:
        await d.order()
        await asyncio.sleep(3 * 86_400)
        assert await d.stands() == (CallbackState.FAILED, 0, "he was not reached in time")


@virtual_time
async def test_nobody_waits_for_an_operator_longer_than_the_promise_lasts() -> None:
    rules = CallbackRules(name="default", quiet="", lasts_hours=1)
    async with desk(rules=rules) as d:
        for login in ("anna", "boris"):
            d.trial.people.put(login, UserState(online=True, calls=1))
        await d.order()
        await asyncio.sleep(3600)
        assert d.trial.queues.live()[0].waiting != []
        await asyncio.sleep(10)
        assert await d.stands() == (CallbackState.FAILED, 0, "he was not reached in time")
        assert d.trial.queues.live()[0].waiting == []


# --- the clock of who is called -----------------------------------------------------------------------------------


def rules(**values: Any) -> CallbackRules:
    return CallbackRules.model_validate({"name": "default", **values})


def kyiv(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=KYIV)


@pytest.mark.parametrize(
    ("number", "at", "expected"),
    [
        ("0671234567", kyiv(23, 10), True),
        ("0671234567", kyiv(23, 22), False),
        ("0671234567", kyiv(24, 8, 59), False),
        ("0671234567", kyiv(24, 9), True),
        ("+14155550123", kyiv(23, 12), False),  # four in the morning where that is
        ("+442079460000", kyiv(23, 10, 30), False),  # half past eight in London
        ("+442079460000", kyiv(23, 22), True),
        ("101", kyiv(23, 22), False),  # of no zone: that of the office
    ],
)
def test_quiet_hours_are_those_of_the_called_number(number: str, at: datetime, expected: bool) -> None:
    phone = PhoneNumber.parse(number, country="UA")
    assert rules().may_call(phone, at, KYIV, OfficeCalendar()) is expected


def test_working_hours_cross_the_week_end() -> None:
    phone = PhoneNumber.parse(CLIENT, country="UA")
    friday = kyiv(27, 19)
    only_working = rules(working_hours=True)
    assert only_working.next_moment(phone, friday, KYIV, OfficeCalendar()) == kyiv(30, 9)
    assert rules().next_moment(phone, friday, KYIV, OfficeCalendar()) == friday


def test_hours_that_are_none_are_refused() -> None:
    with pytest.raises(ValidationError, match="'late' are no hours"):
        rules(quiet="late")
