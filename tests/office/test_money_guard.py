"""What is paid for: counted, kept, capped, and stopped, over a simulated exchange in virtual time."""

import asyncio
from typing import Any

import pytest

from cordboard.office.lines.guard import WARNING
from cordboard.office.lines.money import MoneyGuard
from cordboard.office.lines.rules import LineRules
from cordboard.office.lines.usage import Scope, UsageKey, Used
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import Heard
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import (
    EndReason,
    Leg,
    LegState,
    LineTarget,
    Party,
    PhoneTarget,
    Target,
    dial,
)
from cordboard.testing.lines import Guarded, HeldUsage, guarded

CITY, GSM, DESK = LineTarget("city", "0671234567"), LineTarget("gsm", "0671234567"), PhoneTarget("102")
POLAND = LineTarget("city", "+48221234567")
TALKS: dict[Target, FarEnd] = {each: FarEnd.answers(0.0) for each in (CITY, GSM, DESK, POLAND)}
ANNA = UsageKey("2026-11-23", "city", "anna")


def money(**rules: Any) -> MoneyGuard:
    return MoneyGuard.model_validate({"name": "rules", **rules})


def rules(line: str = "city", **fields: Any) -> LineRules:
    return LineRules.model_validate({"name": line, **fields})


async def call(made: Guarded, *targets: Target, chain: str = "") -> Leg:
    return await made.exchange.originate(targets or (CITY,), caller=Party("1"), chain=chain)


async def outcome(made: Guarded, *targets: Target, chain: str = "") -> EndReason | None:
    """Why it ended within a second; None: it goes on."""
    leg = await call(made, *targets, chain=chain)
    await asyncio.sleep(1.0)
    return leg.record.reason


def by(login: str, target: LineTarget = CITY) -> LineTarget:
    return LineTarget(target.line, target.number, login)


async def phone_calls(made: Guarded, account: str = "101") -> Leg:
    """A phone of the office begins a chain."""
    made.inner.call_in("101", "0", account=account)
    leg = await made.inbound.get()
    await leg.answer()
    return leg


@virtual_time
async def test_what_is_talked_is_counted_priced_and_kept_while_it_runs() -> None:
    async with guarded(rules(prices={"+380": "0.60", "+38067": "1.20"}), far_ends=TALKS) as made:
        leg = await call(made, by("anna"))
        await asyncio.sleep(30.5)
        assert made.usage.kept[ANNA].calls == 1
        assert 20 <= made.usage.kept[ANNA].seconds <= 31  # at most ten seconds behind: what a crash forgets
        await leg.hang_up()
        await made.guard.flush()
        assert made.usage.kept == {ANNA: Used(1, 31, 620_000)}
        assert made.guard.used(Scope.USER, "anna").amount == made.guard.used(Scope.OFFICE, "").amount
        assert made.guard.used(Scope.LINE, "city", month=True).seconds == 31


@virtual_time
async def test_a_provider_who_counts_whole_minutes_is_paid_so() -> None:
    async with guarded(rules(prices={"+": "2"}, charged_by=60), far_ends=TALKS) as made:
        leg = await call(made)
        await asyncio.sleep(61)
        await leg.hang_up()
        assert made.guard.used(Scope.LINE, "city") == Used(1, 120, 4_000_000)


@virtual_time
async def test_a_call_that_is_not_answered_costs_nothing_and_frees_the_line() -> None:
    async with guarded(rules(calls=1), far_ends={CITY: FarEnd.busy()}) as made:
        for _ in range(3):
            assert await outcome(made) is EndReason.BUSY
        assert made.guard.used(Scope.LINE, "city") == Used()
        assert made.guard.occupied("city") == (0, 0)


@virtual_time
async def test_a_phone_that_answers_in_place_of_a_line_costs_nothing() -> None:
    ends: dict[Target, FarEnd] = {CITY: FarEnd.answers(20.0), DESK: FarEnd.answers(0.0)}
    async with guarded(rules(), far_ends=ends) as made:
        leg = await call(made, DESK, CITY)
        assert made.guard.occupied("city") == (0, 1)
        await asyncio.sleep(5)
        assert leg.state is LegState.ANSWERED
        assert made.guard.occupied("city") == (0, 0)
        assert made.guard.used(Scope.OFFICE, "") == Used()


@virtual_time
async def test_a_line_that_answers_beside_a_phone_is_counted() -> None:
    async with guarded(rules(), far_ends={CITY: FarEnd.answers(0.0), DESK: FarEnd.no_answer()}) as made:
        await call(made, DESK, by("anna"))
        await asyncio.sleep(10.5)
        assert made.guard.used(Scope.USER, "anna").seconds == 10


@virtual_time
async def test_what_a_cap_forbids_is_dropped_before_it_begins() -> None:
    usage = HeldUsage({ANNA: Used(3, 600, 0)})
    async with guarded(money(cap_of_a_user={"minutes": 10}), far_ends=TALKS, usage=usage) as made:
        assert await outcome(made, by("anna")) is EndReason.UNREACHABLE
        assert await outcome(made, by("anna", GSM)) is EndReason.UNREACHABLE  # his cap, whatever the line
        assert await outcome(made, by("carl")) is None
        assert made.inner.called[0].target == CITY


def warnings(heard: list[Heard]) -> int:
    return sum(each.sound in WARNING for each in heard)


@pytest.mark.parametrize(
    ("documents", "seconds"),
    [
        ((money(cap_of_a_user={"minutes": 1}, warning=15),), 60),
        ((money(cap_of_a_line={"minutes": 1}),), 60),
        ((money(cap_of_the_office={"money": "2"}), rules(prices={"+": "2"})), 60),
        ((rules(minutes_a_day=1),), 60),
        ((rules(minutes_a_month=2),), 120),
        ((money(cap_of_a_user={"money": "2"}), rules(prices={"+": "2"}, charged_by=60)), 60),
    ],
)
@virtual_time
async def test_a_running_call_is_warned_and_ended_at_its_cap(documents: tuple[Any, ...], seconds: int) -> None:
    async with guarded(*documents, far_ends=TALKS) as made:
        desk = await phone_calls(made)
        talk = asyncio.create_task(dial(made.exchange, desk, [by("anna")], show=Party("1")))
        await asyncio.sleep(seconds - 20)
        (leg,) = (each for each in made.exchange.legs() if each.record.line)
        assert warnings(made.inner.called[0].heard) == 0
        await asyncio.sleep(16)
        assert leg.state is LegState.ANSWERED
        assert warnings(made.inner.called[0].heard) == 3
        await asyncio.sleep(6)
        assert leg.record.reason is EndReason.FORBIDDEN
        assert desk.state is LegState.ANSWERED  # whoever called goes on in his scenario
        await talk


@virtual_time
async def test_a_call_may_go_on_if_the_office_wishes_so() -> None:
    async with guarded(money(cap_of_a_user={"minutes": 1}, cut=False), far_ends=TALKS) as made:
        leg = await call(made, by("anna"))
        await asyncio.sleep(300)
        assert leg.state is LegState.ANSWERED
        assert await outcome(made, by("anna")) is EndReason.UNREACHABLE


@virtual_time
async def test_two_calls_use_one_cap_up_together() -> None:
    async with guarded(money(cap_of_the_office={"minutes": 1}), far_ends=TALKS) as made:
        one, two = await call(made), await call(made, GSM)
        await asyncio.sleep(28)
        assert one.state is two.state is LegState.ANSWERED
        await asyncio.sleep(4)
        assert one.record.reason is two.record.reason is EndReason.FORBIDDEN


@virtual_time
async def test_alarms_are_raised_once_at_80_and_at_100_percent() -> None:
    async with guarded(money(cap_of_a_user={"minutes": 1}, tell=["carl"]), far_ends=TALKS) as made:
        await call(made, by("anna"))
        await asyncio.sleep(55)
        (first,) = made.alarms
        assert (first.name, first.key, first.level, first.to) == ("money.cap", "anna", 0.8, ("carl",))
        await asyncio.sleep(30)
        assert [alarm.data["percent"] for alarm in made.alarms] == ["80", "100"]
        assert first.id == "money.cap:user:anna:2026-11-23:minutes:80"
        usage = made.usage
    async with guarded(money(cap_of_a_user={"minutes": 1}), far_ends=TALKS, usage=usage) as again:
        await call(again, by("carl"))
        await asyncio.sleep(10)
        assert again.alarms == []  # it was told before the restart


@virtual_time
async def test_nothing_is_lost_while_the_database_is_away() -> None:
    usage = HeldUsage()
    async with guarded(rules(), far_ends=TALKS, usage=usage) as made:
        usage.fails = "away"
        leg = await call(made, by("anna"))
        await asyncio.sleep(45)
        await leg.hang_up()
        assert usage.kept == {}
        usage.fails = ""
        await asyncio.sleep(11)
        assert usage.kept == {ANNA: Used(1, 45, 0)}


@pytest.mark.parametrize(
    ("guard", "target", "phone", "line", "reason"),
    [
        ({"everybody": {"countries": ["UA"]}}, by("anna", POLAND), True, False, EndReason.UNREACHABLE),
        ({"everybody": {"countries": ["UA"]}}, by("anna"), True, False, None),
        ({"disa": {"countries": ["UA"]}}, POLAND, False, True, EndReason.UNREACHABLE),
        ({"disa": {"countries": ["UA"]}}, by("carl", POLAND), False, True, EndReason.UNREACHABLE),
        ({"disa": {"countries": ["UA"]}}, by("carl", POLAND), True, False, None),
        ({"automatic": {"prefixes": ["+38067"]}}, POLAND, False, False, EndReason.UNREACHABLE),
        ({"automatic": {"prefixes": ["+38067"]}}, CITY, False, False, None),
        ({"night": "11:00-13:00"}, by("anna"), True, False, EndReason.UNREACHABLE),  # it is noon in Kyiv
        ({"night": "11:00-13:00", "night_users": ["anna"]}, by("anna"), True, False, None),
        (
            {"night": "11:00-13:00"},
            CITY,
            True,
            False,
            EndReason.UNREACHABLE,
        ),  # through a scenario, it is he all the same
        ({"night": "11:00-13:00"}, CITY, False, False, None),
    ],
)
@virtual_time
async def test_where_who_may_call(
    guard: dict[str, Any], target: LineTarget, phone: bool, line: bool, reason: EndReason | None
) -> None:
    async with guarded(money(**guard), far_ends=TALKS) as made:
        chain = ""
        if phone:
            chain = (await phone_calls(made)).chain
        elif line:
            made.inner.call_in("0501112233", "1", line="city")
            chain = (await made.inbound.get()).chain
        assert await outcome(made, target, chain=chain) is reason


@virtual_time
async def test_an_emergency_call_is_made_and_goes_on_whatever_is_used_up() -> None:
    help_ = LineTarget("city", "112")
    documents = (
        money(cap_of_the_office={"minutes": 1}, external_calls=1, night="11:00-13:00", everybody={"countries": ["UA"]}),
        rules(calls=1, allowed=["+380"], minutes_a_day=1, quiet_hours="00:00-24:00"),
    )
    async with guarded(*documents, far_ends={**TALKS, help_: FarEnd.answers(0.0)}) as made:
        desk = await phone_calls(made, "102")
        leg = await call(made, help_, chain=desk.chain)
        second = await call(made, help_)
        await asyncio.sleep(300)
        assert leg.state is second.state is LegState.ANSWERED
