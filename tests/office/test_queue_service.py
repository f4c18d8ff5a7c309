"""The queues at work on a simulated exchange, in virtual time."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from cordboard.office.ports import PastCall, Person, Presence, UserState
from cordboard.office.queue.engine import Standing
from cordboard.office.queue.model import Group, Member, Overflow
from cordboard.office.queue.ports import KeptPlace, QueueExit, Wish
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import (
    EndReason,
    Leg,
    LegState,
    LineTarget,
    Party,
    PhoneNumber,
    PhoneTarget,
    Target,
    Tone,
    dial,
)
from cordboard.testing.queue import MUSIC, QueueTrial

AWAY = UserState(Presence.AWAY)


def sales(*logins: str, **more: Any) -> Group:
    members = tuple(Member(login=login) for login in logins)
    usual = {"name": "sales", "number": "600", "members": members, "strategy": "list", "music": "waiting"}
    return Group.model_validate(usual | more)


@virtual_time
async def test_a_caller_hears_music_is_joined_with_an_operator_and_goes_on_after_the_talk() -> None:
    async with QueueTrial(sales("anna")) as trial:
        caller = trial.call("067")
        await asyncio.sleep(1)
        assert (caller.state, caller.hearing) == (LegState.ANSWERED, MUSIC)
        await asyncio.sleep(2)
        assert caller.hearing is None  # they talk; the operator's phone is silent
        assert trial.queues.live()[0].talks == {"anna": "067"}
        await asyncio.sleep(60)
        assert trial.exits == [("067", QueueExit.ANSWERED, 62.0)]
        assert [(offer.login, offer.number, offer.answered) for offer in trial.offers.offers] == [
            ("anna", "067", False),
            ("anna", "067", True),
        ]
        assert trial.queues.live()[0].talks == {}
    assert [(name, value) for _, name, value in trial.tags] == [("group", "sales")], "for reports by group"


@virtual_time
async def test_callers_are_served_by_priority() -> None:
    wishes = {"vip": Wish(priority=5)}
    async with QueueTrial(sales("anna"), wishes=wishes) as trial:
        for number in ("first", "plain", "vip"):
            trial.call(number)
            await asyncio.sleep(1)
        waiting = trial.queues.live()[0].waiting
        assert [(each.number, each.place, each.priority) for each in waiting] == [("vip", 1, 5), ("plain", 2, 0)]
        await asyncio.sleep(300)
        assert [number for number, *_ in trial.exits] == ["first", "vip", "plain"]


@virtual_time
async def test_who_rejects_is_passed_over_and_the_music_never_stops() -> None:
    ends = {"anna": FarEnd.rejects(1.0), "boris": FarEnd.answers(hangs_up_after=10)}
    async with QueueTrial(sales("anna", "boris", pass_over_seconds=40), far_ends=ends) as trial:
        caller = trial.call("067")
        await asyncio.sleep(20)
        assert trial.rung() == ["101", "102"]
        assert trial.exits == [("067", QueueExit.ANSWERED, 13.0)]
        music = [each for each in caller.heard if each.sound == MUSIC]
        gaps = [b.at - (a.until or b.at) for a, b in pairwise(music)]
        assert (music[0].at, music[-1].until) == (0.0, 3.0)
        assert max(gaps, default=0.0) == 0.0


@virtual_time
async def test_what_an_operators_phone_lets_be_heard_before_it_answers_does_not_end_the_music() -> None:
    ends = {"anna": FarEnd(answers_after=None, early=Tone((600.0,), on=60.0))}
    async with QueueTrial(sales("anna", ring_seconds=5), far_ends=ends) as trial:
        caller = trial.call("067")
        for _ in range(8):
            await asyncio.sleep(1)
            assert caller.hearing == MUSIC


@virtual_time
async def test_who_misses_again_and_again_counts_as_away_and_nobody_is_left() -> None:
    ends = {"anna": FarEnd.no_answer()}
    group = sales("anna", ring_seconds=5, pass_over_seconds=10, misses_until_away=2)
    async with QueueTrial(group, far_ends=ends) as trial:
        trial.call("067")
        await asyncio.sleep(60)
        assert trial.rung() == ["101", "101"]
        assert trial.people.told == [("anna", Presence.AWAY)]
        # At 0 and at 15 s she was rung for 5 s; away since 20 s, which is believed after 10 s more.
        ((_, result, moment),) = trial.exits
        assert result is QueueExit.NO_OPERATORS
        assert 30 <= moment <= 36


@virtual_time
async def test_wrap_up_leaves_an_operator_in_peace() -> None:
    async with QueueTrial(sales("anna", wrap_up_seconds=30)) as trial:
        trial.call("1")
        trial.call("2")
        await asyncio.sleep(70)
        assert trial.people.told == [("anna", Presence.AFTER_CALL)]
        until = trial.people.state("anna").until
        assert until == datetime(2026, 11, 23, 10, 1, 32, tzinfo=UTC)
        assert trial.rung() == ["101"]
        await asyncio.sleep(21)
        assert trial.rung() == ["101"]
        await asyncio.sleep(2)
        assert trial.rung() == ["101", "101"]


@virtual_time
async def test_the_hang_up_of_who_waits_takes_him_out_and_frees_who_is_rung() -> None:
    async with QueueTrial(sales("anna"), far_ends={"anna": FarEnd.answers(5, hangs_up_after=60)}) as trial:
        first, second = trial.call("1"), trial.call("2")
        await asyncio.sleep(1)
        first.hang_up()
        await asyncio.sleep(1)
        assert trial.rung() == ["101", "101"]
        second.hang_up()
        await asyncio.sleep(1)
        assert [(number, result) for number, result, _ in trial.exits] == [
            ("1", QueueExit.GONE),
            ("2", QueueExit.GONE),
        ]
        assert trial.queues.live()[0].waiting == []
        assert trial.exchange.legs() == []


@virtual_time
async def test_a_dead_phone_of_an_operator_puts_the_caller_first() -> None:
    async with QueueTrial(sales("anna", "boris")) as trial:
        caller = trial.call("1")
        await asyncio.sleep(10)
        trial.people.put("boris", AWAY)
        trial.call("2")
        await asyncio.sleep(1)
        trial.call("3")
        await asyncio.sleep(1)
        trial.people.put("anna", AWAY)
        await trial.leg_of("101").hang_up(EndReason.VANISHED)
        await asyncio.sleep(1)
        assert (caller.state, caller.hearing) == (LegState.ANSWERED, MUSIC)
        assert [each.number for each in trial.queues.live()[0].waiting] == ["1", "2", "3"]
        trial.people.put("boris", UserState(online=True))
        await asyncio.sleep(3)
        assert trial.queues.live()[0].talks == {"boris": "1"}


@virtual_time
async def test_the_place_and_the_wait_are_told_and_music_follows() -> None:
    group = sales("anna", announce_seconds=20)
    async with QueueTrial(group, wishes={"2": Wish(language="uk")}) as trial:
        trial.call("1")
        second = trial.call("2")
        await asyncio.sleep(50)
        assert second.texts == ["place 1, 180 s uk", "place 1, 180 s uk"]
        assert second.hearing == MUSIC
        await asyncio.sleep(40)
        assert second.hearing is None  # he talks: nothing that was begun before is heard in the talk


@virtual_time
async def test_the_own_manager_is_tried_first_and_only_for_a_while() -> None:
    wishes = {"vip": Wish(own="olena")}
    async with QueueTrial(sales("anna"), wishes=wishes, far_ends={"olena": FarEnd.no_answer()}) as trial:
        trial.call("vip")
        await asyncio.sleep(25)
        assert trial.rung() == ["104", "101"]


@virtual_time
async def test_the_last_operator_is_tried_first() -> None:
    class History:
        async def calls(self, *_: object, **__: object) -> Sequence[PastCall]:
            raise NotImplementedError

        async def last_with_employee(self, phone: PhoneNumber, **_: object) -> PastCall | None:
            assert phone.canonical == "+380671234567"
            at = datetime(2026, 11, 20, tzinfo=UTC)
            return PastCall("chain", at, inbound=True, talked=True, person=Person("boris", "Boris", "102"))

    async with QueueTrial(sales("anna", "boris", last_first_seconds=20), history=History()) as trial:
        trial.call("0671234567")
        await asyncio.sleep(1)
        assert trial.rung() == ["102"]


@virtual_time
async def test_limits_of_length_and_of_time() -> None:
    group = sales("anna", longest_queue=1, longest_wait=20)
    async with QueueTrial(group) as trial:
        trial.call("1")
        await asyncio.sleep(5)
        trial.call("2")
        await asyncio.sleep(1)
        trial.call("3")
        await asyncio.sleep(30)
        assert trial.exits == [("3", QueueExit.FULL, 6.0), ("2", QueueExit.TIMEOUT, 25.0)]


@virtual_time
async def test_where_nobody_is_there_nobody_waits() -> None:
    async with QueueTrial(sales("anna")) as trial:
        trial.people.put("anna", replace(AWAY, online=True))
        caller = trial.call("1")
        await asyncio.sleep(0.5)
        assert trial.exits == [("1", QueueExit.NO_OPERATORS, 0.0)]
        assert LegState.ANSWERED not in caller.states  # and nobody pays


@pytest.mark.parametrize(
    ("when", "busy", "gone", "moment"),
    [("waited", 1, False, 15.0), ("length", 2, False, 0.0), ("no_operators", 0, True, 0.0)],
)
@virtual_time
async def test_overflow_leads_elsewhere(when: str, busy: int, gone: bool, moment: float) -> None:
    overflow = Overflow.model_validate({"when": when, "after": 15 if when == "waited" else 1, "scenario": "night"})
    async with QueueTrial(sales("anna", overflow=(overflow,))) as trial:
        for number in range(busy):
            trial.call(f"busy {number}")
            await asyncio.sleep(4 * (1 - number))
        if gone:
            trial.people.put("anna", AWAY)
        began = asyncio.get_running_loop().time()
        trial.call("1")
        await asyncio.sleep(20)
        assert trial.elsewhere.led == [overflow]
        assert trial.exits == [("1", QueueExit.OVERFLOW, began + moment)]


@virtual_time
async def test_overflow_into_another_group_keeps_the_moment_of_coming() -> None:
    help_ = Group(name="help", members=(Member(login="boris"),))
    overflow = {"when": "waited", "after": 15, "group": "help"}
    async with QueueTrial(sales("anna", overflow=(overflow,)), help_) as trial:
        trial.people.put("boris", replace(UserState(online=True), calls=1))
        trial.call("busy")
        await asyncio.sleep(5)
        trial.call("1")
        await asyncio.sleep(16)
        (waiting,) = trial.queues.live()[0].waiting
        assert (waiting.number, waiting.since) == ("1", datetime(2026, 11, 23, 10, 0, 5, tzinfo=UTC))
        trial.people.put("boris", UserState(online=True))
        await asyncio.sleep(3)
        assert trial.queues.live()[0].talks == {"boris": "1"}


@virtual_time
async def test_an_overflow_that_fails_is_told_by_its_exit() -> None:
    overflow = Overflow.model_validate({"when": "no_operators", "voicemail": "anna"})
    async with QueueTrial(sales("anna", overflow=(overflow,))) as trial:
        trial.elsewhere.can = False
        trial.people.put("anna", AWAY)
        trial.call("1")
        await asyncio.sleep(1)
        assert [result for _, result, _ in trial.exits] == [QueueExit.NO_OPERATORS]


@virtual_time
async def test_who_can_be_called_back_is_told_the_key_and_who_hides_his_number_is_not() -> None:
    async with QueueTrial(sales("anna", callback_key="1", announce_seconds=20)) as trial:
        trial.call("busy")
        caller, hidden = trial.call("0671234567"), trial.call("")
        await asyncio.sleep(30)
        assert caller.texts == ["place 1, 180 s press 1"]
        assert hidden.texts == ["place 2, 360 s"]


@virtual_time
async def test_a_key_promises_a_callback() -> None:
    async with QueueTrial(sales("anna", callback_key="1"), wishes={"0671234567": Wish(priority=3)}) as trial:
        trial.call("busy")
        await asyncio.sleep(5)
        caller = trial.call("0671234567")
        await asyncio.sleep(7)
        caller.press("21")
        await asyncio.sleep(5)
        assert caller.texts[-1] == "we call back"
        assert [(number, result) for number, result, _ in trial.exits] == [("0671234567", QueueExit.CALLBACK)]
        (place,) = trial.keeper.kept
        assert (place.number, place.group, place.priority) == ("0671234567", "sales", 3)
        assert place.since == datetime(2026, 11, 23, 10, 0, 5, tzinfo=UTC)


@virtual_time
async def test_who_is_called_back_keeps_his_place_and_is_called_when_an_operator_is_kept() -> None:
    client = LineTarget("city", "0671234567")
    outside: dict[Target, FarEnd] = {client: FarEnd.answers(3.0, hangs_up_after=30)}
    async with QueueTrial(sales("anna"), outside=outside) as trial:
        trial.call("busy")
        await asyncio.sleep(10)
        trial.call("late")
        since = trial.clock.now() - timedelta(seconds=5)

        async def call() -> Leg | None:
            leg = await trial.exchange.originate([client], caller=Party("100"))
            return leg if await leg.answer() else None

        place = KeptPlace("0671234567", "sales", since)
        kept = asyncio.create_task(trial.queues.call_back(place, call))
        await asyncio.sleep(1)
        (first, second) = trial.queues.live()[0].waiting
        assert (first.number, first.virtual, second.number) == ("0671234567", True, "late")
        assert await kept is QueueExit.ANSWERED
        assert [phone.target for phone in trial.exchange.called][1] == client
        # The busy one talks until 62 s, the client is reached three seconds later and hangs up after thirty.
        assert asyncio.get_running_loop().time() == pytest.approx(95, abs=0.5)
        await asyncio.sleep(3)
        assert trial.queues.live()[0].talks == {"anna": "late"}


@virtual_time
async def test_a_client_who_is_not_reached_frees_the_operator() -> None:
    async with QueueTrial(sales("anna")) as trial:

        async def call() -> Leg | None:
            await asyncio.sleep(20)
            return None

        kept = asyncio.create_task(trial.queues.call_back(KeptPlace("1", "sales", trial.clock.now()), call))
        await asyncio.sleep(5)
        trial.call("2")
        await asyncio.sleep(5)
        (operator,) = trial.queues.live()[0].operators
        assert (operator.standing, operator.busy_with) == (Standing.FREE, "1")
        assert trial.rung() == []
        assert await kept is QueueExit.TIMEOUT
        await asyncio.sleep(1)
        assert trial.rung() == ["101"]


@virtual_time
async def test_a_number_of_a_group_leads_into_its_queue_and_nobody_pays_if_it_does_not_answer() -> None:
    group = sales("anna", longest_wait=10, answers=False)
    async with QueueTrial(group, far_ends={"anna": FarEnd.no_answer()}, by_number=True) as trial:
        assert (trial.queues.takes("600"), trial.queues.takes("601")) == (True, False)
        caller = trial.call("1")
        await asyncio.sleep(30)
        assert trial.told == [EndReason.NO_ANSWER]
        assert LegState.ANSWERED not in caller.states


@virtual_time
async def test_an_operator_who_hands_his_caller_on_is_free_though_the_caller_talks_on() -> None:
    async with QueueTrial(sales("anna"), far_ends={"olena": FarEnd.answers(1, hangs_up_after=100)}) as trial:
        caller = trial.call("1")
        await asyncio.sleep(5)
        talk = trial.exchange.talks.of(caller.leg)
        assert talk is not None

        async def on(kept: Leg) -> None:
            await dial(trial.exchange, kept, [PhoneTarget("104")], show=Party("1"))

        talk.divert(caller.leg, on)
        await trial.leg_of("101").hang_up()
        await asyncio.sleep(2)
        trial.call("2")
        await asyncio.sleep(5)
        assert trial.queues.live()[0].talks == {"anna": "2"}
        assert trial.rung() == ["101", "104", "101"]
        assert caller.state is LegState.ANSWERED
        await asyncio.sleep(200)
        assert sorted(number for number, *_ in trial.exits) == ["1", "2"]


@virtual_time
async def test_a_colleague_picks_the_call_up_and_nobody_has_missed_it() -> None:
    async with QueueTrial(sales("anna"), far_ends={"anna": FarEnd.no_answer()}) as trial:
        caller = trial.call("1")
        await asyncio.sleep(5)
        (attempt,) = trial.exchange.talks.attempts()
        colleague = await trial.exchange.originate([PhoneTarget("102")], caller=Party("1"))
        assert await colleague.answer()
        picking = asyncio.create_task(attempt.pick_up(colleague))
        await asyncio.sleep(3)
        assert (caller.state, caller.hearing) == (LegState.ANSWERED, None)
        state = trial.queues.live()[0]
        assert (state.waiting, state.operators[0].standing, state.operators[0].passed_over) == ([], "free", None)
        await colleague.hang_up()
        assert await picking
        await asyncio.sleep(1)
        assert [result for _, result, _ in trial.exits] == [QueueExit.ANSWERED]


@virtual_time
async def test_a_colleague_who_waits_hands_his_place_to_the_caller_for_whom_he_asks() -> None:
    async with QueueTrial(sales("anna"), wishes={"colleague": Wish(priority=4)}) as trial:
        trial.call("busy")
        await asyncio.sleep(5)
        colleague, caller = trial.call("colleague"), trial.call("caller", "700")
        trial.call("late")
        await asyncio.sleep(5)
        assert trial.queues.heir_of(trial.leg_of("101")) is None
        take = trial.queues.heir_of(colleague.leg)
        assert take is not None
        taken = asyncio.create_task(_value_of(take(caller.leg)))
        await asyncio.sleep(0)
        colleague.hang_up()
        await asyncio.sleep(1)
        first = trial.queues.live()[0].waiting[0]
        assert (first.number, first.priority) == ("caller", 4)
        assert first.since == datetime(2026, 11, 23, 10, 0, 5, tzinfo=UTC)
        assert trial.exits == [("colleague", QueueExit.GONE, 10.0)]
        await asyncio.sleep(60)
        assert trial.queues.live()[0].talks == {"anna": "caller"}
        await asyncio.sleep(60)
        assert await taken is None


async def _value_of(awaited: Awaitable[EndReason | None]) -> EndReason | None:
    return await awaited


@virtual_time
async def test_a_fault_in_ringing_costs_nobody_his_place(monkeypatch: pytest.MonkeyPatch) -> None:
    async with QueueTrial(sales("anna", "boris")) as trial:
        originate, failing = trial.exchange.originate, [OSError("no port is free")]

        async def sometimes(targets: Sequence[Target], **more: Any) -> Any:
            if failing:
                raise failing.pop()
            return await originate(targets, **more)

        monkeypatch.setattr(trial.exchange, "originate", sometimes)
        trial.call("1")
        await asyncio.sleep(4)
        assert trial.queues.live()[0].talks == {"boris": "1"}


@pytest.mark.slow
@virtual_time
async def test_two_hundred_callers_on_telephones_are_not_lost() -> None:
    """On telephony: four operators who now and then reject, 200 callers in half an hour, half of whom give up."""
    ends = {
        "anna": FarEnd.answers(3, hangs_up_after=40),
        "boris": FarEnd.answers(1, hangs_up_after=45),
        "vera": FarEnd.rejects(4),
        "olena": FarEnd.answers(2, hangs_up_after=50),
    }
    group = sales("anna", "boris", "vera", "olena", strategy="longest_idle", misses_until_away=0)
    async with QueueTrial(group, far_ends=ends) as trial:
        callers = []
        for number in range(200):
            callers.append(trial.call(str(number)))
            await asyncio.sleep(9)
        for caller in callers[1::2]:
            caller.hang_up()
        await asyncio.sleep(3000)
        results = {number: result for number, result, _ in trial.exits}
        assert len(trial.exits) == len(results) == 200
        assert set(results.values()) <= {QueueExit.ANSWERED, QueueExit.GONE}
        assert all(results[str(number)] is QueueExit.ANSWERED for number in range(0, 200, 2))
        for account in ("101", "102", "103", "104"):
            ended = [leg for leg in trial.listened.legs if leg.account == account and leg.ended]
            spans = sorted((leg.started, leg.ended or leg.started) for leg in ended)
            assert all(before <= begins for (_, before), (begins, _) in pairwise(spans))
