import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
import structlog

from cordboard.office.reception import Reception
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import VirtualClock, run, virtual_time
from cordboard.telephony import EndReason, Leg, LegState, LineTarget, Party, PhoneTarget, Target
from cordboard.testing.exchange import Listened
from cordboard.testing.office import loaded_directory

DESK, SECOND = PhoneTarget("101"), PhoneTarget("101-mobile")
CITY, GSM = LineTarget("city", "0671234567"), LineTarget("gsm", "0671234567")


@dataclass
class StubScenarios:
    """There is every scenario but "status"; each is over at once."""

    ran: list[tuple[str, LegState]] = field(default_factory=list)

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        if name == "status":
            raise LookupError(name)
        self.ran.append((name, leg.state))


@dataclass
class Scene:
    """An exchange at work, with reception in front."""

    exchange: SimulatedExchange
    listener: Listened
    scenarios: StubScenarios
    after_talk: str = ""

    def placed(self) -> list[tuple[Target, Party]]:
        return [(phone.target, phone.leg.record.caller) for phone in self.exchange.called]


@asynccontextmanager
async def scene(**far_ends: FarEnd) -> AsyncIterator[Scene]:
    there: dict[str, Target] = {"desk": DESK, "second": SECOND, "city": CITY, "gsm": GSM}
    listener = Listened()
    exchange = SimulatedExchange(listener, VirtualClock(), {there[name]: end for name, end in far_ends.items()})
    made = Scene(exchange, listener, StubScenarios())
    office = await loaded_directory()
    switchboard = OfficeSwitchboard(
        exchange,
        office,
        made.scenarios,
        after_talk=lambda: made.after_talk,
        has_talked=lambda leg: any(leg.id in {each.a_leg, each.b_leg} for each in listener.connections),
    )
    reception = Reception(exchange, office, switchboard)
    serving = asyncio.create_task(exchange.serve(reception))
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


@virtual_time
async def test_a_call_from_a_line_enters_its_scenario_unanswered() -> None:
    # Whatever was dialled: strangers do not reach inside by themselves.
    async with scene(desk=FarEnd.answers()) as at_work:
        for line in ("city", "gsm"):
            await at_work.exchange.call_in("+48221234567", "101", line=line).wait_state(LegState.ENDED)
        assert at_work.scenarios.ran == [("main", LegState.CALLING), ("night", LegState.CALLING)]
        assert at_work.placed() == []


@virtual_time
async def test_a_scenarios_number_runs_it() -> None:
    async with scene() as at_work:
        await at_work.exchange.call_in("101", "700", account="101").wait_state(LegState.ENDED)
        assert at_work.scenarios.ran == [("menu", LegState.CALLING)]


@pytest.mark.parametrize(
    ("dialled", "account", "reason"),
    [
        ("199", "101", EndReason.NOT_FOUND),
        ("0671234567@evil", "101", EndReason.NOT_FOUND),
        ("0671234567", "102", EndReason.FORBIDDEN),
        ("105", "101", EndReason.UNREACHABLE),
        ("101", "104", EndReason.FORBIDDEN),  # a disabled user's phone
        ("101", "", EndReason.FORBIDDEN),
    ],
)
def test_refusals(dialled: str, account: str, reason: EndReason) -> None:
    async def call() -> None:
        async with scene(desk=FarEnd.answers(), city=FarEnd.answers()) as at_work:
            phone = at_work.exchange.call_in("102", dialled, account=account)
            await phone.wait_state(LegState.ENDED)
            assert phone.told is reason
            assert phone.states == [LegState.CALLING, LegState.ENDED]
            assert at_work.placed() == []

    run(call())


@virtual_time
async def test_a_number_whose_scenario_is_not_there_is_told() -> None:
    async with scene() as at_work:
        with structlog.testing.capture_logs() as logs:
            phone = at_work.exchange.call_in("101", "*1", account="101")
            await phone.wait_state(LegState.ENDED)
        assert phone.told is EndReason.NOT_FOUND
        assert [(entry["log_level"], entry["scenario"]) for entry in logs] == [("error", "status")]


@virtual_time
async def test_a_colleague_is_rung_on_all_his_phones_and_sees_who_calls() -> None:
    async with scene(desk=FarEnd.no_answer(), second=FarEnd.answers(3, hangs_up_after=60)) as at_work:
        # The phone may call itself what it likes: the office says who it is.
        phone = at_work.exchange.call_in("+1900", "101", account="102", name="Director")
        await phone.wait_state(LegState.ENDED, within=100)
        assert at_work.placed() == [(DESK, Party("102", "Борис")), (SECOND, Party("102", "Борис"))]
        assert phone.states == [LegState.CALLING, LegState.RINGING, LegState.ANSWERED, LegState.ENDED]
        assert phone.told is EndReason.HUNG_UP
        (joined, parted) = at_work.listener.connections
        assert parted.ended is not None
        assert (parted.ended - joined.started).total_seconds() == 60
        assert len({record.chain for record in at_work.listener.legs}) == 1


@virtual_time
async def test_a_colleague_who_does_not_come_to_the_phone() -> None:
    async with scene(desk=FarEnd.no_answer()) as at_work:
        phone = at_work.exchange.call_in("102", "101", account="102")
        await phone.wait_state(LegState.ENDED)
        assert phone.told is EndReason.NO_ANSWER
        assert asyncio.get_running_loop().time() == pytest.approx(30)


@virtual_time
async def test_the_next_line_is_tried_only_if_the_first_cannot_be_reached() -> None:
    async with scene(city=FarEnd.unreachable(), gsm=FarEnd.answers(100)) as at_work:
        phone = at_work.exchange.call_in("101", "0671234567", account="101")
        await phone.wait_state(LegState.ANSWERED, within=110)
        assert at_work.placed() == [(CITY, Party("+380322327757")), (GSM, Party("gsm-user"))]


@pytest.mark.parametrize(
    ("far_end", "told", "tried"),
    [
        (FarEnd.busy(), EndReason.BUSY, [CITY]),
        (FarEnd.no_answer(), EndReason.NO_ANSWER, [CITY]),
        (FarEnd.rejects(), EndReason.REJECTED, [CITY]),
        (FarEnd.unreachable(), EndReason.UNREACHABLE, [CITY, GSM]),
        (FarEnd(answers_after=0, refuses=EndReason.NOT_FOUND), EndReason.NOT_FOUND, [CITY, GSM]),
    ],
    ids=lambda value: value.value if isinstance(value, EndReason) else "",
)
def test_the_caller_is_told_why_nobody_came(far_end: FarEnd, told: EndReason, tried: list[Target]) -> None:
    async def call() -> None:
        async with scene(city=far_end, gsm=far_end) as at_work:
            phone = at_work.exchange.call_in("101", "0671234567", account="101")
            await phone.wait_state(LegState.ENDED, within=300)
            assert phone.told is told
            assert LegState.ANSWERED not in phone.states
            assert [target for target, _ in at_work.placed()] == tried

    run(call())


@virtual_time
async def test_a_caller_who_gave_up_is_not_taken_to_the_next_line() -> None:
    async with scene(city=FarEnd.no_answer(), gsm=FarEnd.answers()) as at_work:
        phone = at_work.exchange.call_in("101", "0671234567", account="101")
        await asyncio.sleep(3)
        phone.hang_up()
        await asyncio.sleep(300)
        assert [target for target, _ in at_work.placed()] == [CITY]
        assert at_work.exchange.called[0].told is EndReason.CANCELLED
        assert at_work.exchange.legs() == []


@virtual_time
async def test_the_outside_party_who_remains_after_a_talk_is_handed_to_the_scenario_for_that() -> None:
    async with scene(city=FarEnd.answers(after=1.0)) as made:
        made.after_talk = "survey"
        caller = made.exchange.call_in("101", "0671234567", account="101")
        await caller.wait_state(LegState.ANSWERED)
        caller.hang_up()
        (callee,) = made.exchange.called
        await callee.wait_state(LegState.ENDED)
    assert made.scenarios.ran == [("survey", LegState.ANSWERED)]


@virtual_time
async def test_nobody_is_handed_on_without_a_talk_or_after_hanging_up_himself() -> None:
    async with scene(city=FarEnd.answers(after=1.0, hangs_up_after=2.0), gsm=FarEnd.busy()) as made:
        made.after_talk = "survey"
        caller = made.exchange.call_in("101", "0671234567", account="101")
        await caller.wait_state(LegState.ENDED)
        inbound = made.exchange.call_in("0671234567", "2327757", line="city")
        await inbound.wait_state(LegState.ENDED)
    assert "survey" not in [name for name, _ in made.scenarios.ran]
