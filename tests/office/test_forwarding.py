"""Where calls for a user go: his phones, what he has set up, what his phone asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from cordboard.office.checks import faults
from cordboard.office.directory import OfficeDirectory
from cordboard.office.forwarding import Forward, UserRules, When
from cordboard.office.people import HeldPresence, OfficePeople
from cordboard.office.pins import PinGuard
from cordboard.office.ports import Presence
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import EndReason, Leg, LegState, LineTarget, PhoneTarget, Target
from cordboard.testing.exchange import Listened, serving
from cordboard.testing.office import OFFICE, HandClock, HeldOffice
from cordboard.testing.talks import Scenarios

DESK, SECOND, BORIS = PhoneTarget("101"), PhoneTarget("101-mobile"), PhoneTarget("102")
TALKS = FarEnd.answers(after=2.0, hangs_up_after=5.0)


@dataclass
class Boxes:
    """Implements Voicemails: Anna has a box."""

    left: list[str] = field(default_factory=list)

    async def leave(self, leg: Leg, login: str) -> None:
        await leg.answer()
        self.left.append(login)

    def has_box(self, login: str) -> bool:
        return login == "anna"


@dataclass
class Scene:
    """A switchboard with people and voicemail; somebody outside is led to Anna, 101."""

    exchange: SimulatedExchange
    people: OfficePeople
    boxes: Boxes
    switchboard: OfficeSwitchboard
    outcome: list[EndReason | None] = field(default_factory=list)

    async def call(self, number: str = "101", *, caller: str = "+380671112233") -> EndReason | None:
        """What came of it."""
        phone = self.exchange.call_in(caller, number, line="city")
        await phone.wait_state(LegState.ENDED)
        return self.outcome[-1]

    @property
    def rung(self) -> list[Target]:
        return [phone.target for phone in self.exchange.called]


@asynccontextmanager
async def scene(*rules: UserRules, voicemail: bool = False, **there: FarEnd) -> AsyncIterator[Scene]:
    held = HeldOffice(replace(OFFICE, documents=rules))
    clock = VirtualClock()
    office = OfficeDirectory(held, PinGuard(held, HandClock()), clock)
    await office.reload()
    named: dict[str, Target] = {
        "desk": DESK, "second": SECOND, "boris": BORIS, "city": LineTarget("city", "0671234567"),
    }  # fmt: skip
    ends = {named[name]: end for name, end in there.items()}
    listened = Listened()
    exchange = SimulatedExchange(listened, clock, ends)
    people = OfficePeople(office, HeldPresence(), clock, lambda account: PhoneTarget(account) in ends)
    await people.load()
    exchange.listeners.append(people)
    switchboard, boxes = OfficeSwitchboard(exchange, office, Scenarios()), Boxes()
    switchboard.people = people
    switchboard.voicemails = boxes if voicemail else None
    made = Scene(exchange, people, boxes, switchboard)

    async def take(leg: Leg) -> None:
        failure = await switchboard.connect(leg, leg.record.dialled)
        made.outcome.append(failure)
        if failure is not None:
            await leg.reject(failure)

    async with serving(exchange, take):
        yield made


def rules(*forwards: Forward, **more: object) -> UserRules:
    return UserRules.model_validate({"name": "anna", "forwards": forwards, **more})


@virtual_time
async def test_without_rules_all_phones_ring_together() -> None:
    async with scene(desk=TALKS, second=FarEnd.no_answer()) as at:
        assert await at.call() is None
        assert at.rung == [DESK, SECOND]


@virtual_time
async def test_in_order_the_next_rings_when_one_does_not_answer() -> None:
    async with scene(rules(in_order=True, each_seconds=5), desk=FarEnd.no_answer(), second=TALKS) as at:
        assert await at.call() is None
        first, second = at.exchange.called
        assert (second.leg.record.started - first.leg.record.started).total_seconds() == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize(
    ("when", "desk"),
    [
        (When.ALWAYS, TALKS),
        (When.BUSY, FarEnd.busy()),
        (When.BUSY, FarEnd.rejects()),
        (When.NO_ANSWER, FarEnd.no_answer()),
        (When.UNREGISTERED, None),
    ],
)
@virtual_time
async def test_calls_go_where_he_has_said(when: When, desk: FarEnd | None) -> None:
    there: dict[str, FarEnd] = {"desk": desk} if desk else {}
    async with scene(rules(Forward(when=when, number="102")), boris=TALKS, **there) as at:  # type: ignore[arg-type]  # ends
        assert await at.call() is None
        assert at.rung == ([BORIS] if when in {When.ALWAYS, When.UNREGISTERED} else [DESK, BORIS])


@virtual_time
async def test_without_an_answer_after_the_seconds_that_he_has_said() -> None:
    async with scene(
        rules(Forward(when=When.NO_ANSWER, after=7, number="102")), desk=FarEnd.no_answer(), boris=TALKS
    ) as at:
        await at.call()
        first, second = at.exchange.called
        assert (second.leg.record.started - first.leg.record.started).total_seconds() == pytest.approx(7.0, abs=0.1)


@pytest.mark.parametrize(
    ("presence", "rings"),
    [(Presence.DO_NOT_DISTURB, False), (Presence.AWAY, True), (Presence.BREAK, True), (Presence.AFTER_CALL, True)],
)
@virtual_time
async def test_who_does_not_want_to_be_disturbed_is_not(presence: Presence, rings: bool) -> None:
    async with scene(rules(Forward(when=When.DO_NOT_DISTURB, number="102")), desk=TALKS, boris=TALKS) as at:
        await at.people.set_presence("anna", presence)
        assert await at.call() is None
        assert at.rung == ([DESK] if rings else [BORIS])


@virtual_time
async def test_nowhere_else_to_go_is_busy() -> None:
    async with scene(desk=TALKS) as at:
        await at.people.set_presence("anna", Presence.DO_NOT_DISTURB)
        assert await at.call() is EndReason.BUSY
        assert at.rung == []


@virtual_time
async def test_without_call_waiting_who_talks_is_busy() -> None:
    async with scene(rules(call_waiting=False), desk=FarEnd.answers(after=1.0)) as at:
        first = at.exchange.call_in("+380671112233", "101", line="city")
        await first.wait_state(LegState.ANSWERED)
        assert await at.call() is EndReason.BUSY
        assert at.rung == [DESK]
        first.hang_up()


@virtual_time
async def test_only_for_these_callers_and_in_these_hours() -> None:
    # Virtual time begins at noon of a Monday in Kyiv.
    mine = Forward(when=When.ALWAYS, callers=("+38067",), number="102")
    night = Forward(when=When.ALWAYS, hours="22:00-06:00", number="102")
    async with scene(rules(night, mine), desk=TALKS, boris=TALKS) as at:
        await at.call(caller="+380671112233")
        await at.call(caller="+380501112233")
        assert at.rung == [BORIS, DESK]


@virtual_time
async def test_outside_by_his_own_rights() -> None:
    outside = rules(Forward(when=When.ALWAYS, number="0671234567"))
    async with scene(outside, city=TALKS) as at:
        assert await at.call() is None
        assert at.rung == [LineTarget("city", "0671234567")]
    async with scene(outside.model_copy(update={"name": "boris"}), city=TALKS) as at:
        assert await at.call("102") is EndReason.FORBIDDEN
        assert at.rung == []


@virtual_time
async def test_a_circle_ends() -> None:
    both = (
        rules(Forward(when=When.ALWAYS, number="102")),
        UserRules(name="boris", forwards=(Forward(when=When.ALWAYS, number="101"),)),
    )
    async with scene(*both, desk=TALKS, boris=TALKS) as at:
        assert await at.call() is EndReason.BUSY
        assert at.rung == []


@virtual_time
async def test_his_phone_may_ask_for_another_number() -> None:
    async with scene(desk=FarEnd.redirects("102"), boris=TALKS) as at:
        assert await at.call() is None
        assert at.rung == [DESK, BORIS]


@pytest.mark.parametrize(
    ("desk", "own", "left"),
    [
        (FarEnd.no_answer(), True, ["anna"]),
        (FarEnd.busy(), True, ["anna"]),
        (None, True, ["anna"]),
        (FarEnd.busy(), False, []),
    ],
)
@virtual_time
async def test_his_voicemail_takes_what_nothing_else_takes(desk: FarEnd | None, own: bool, left: list[str]) -> None:
    there: dict[str, FarEnd] = {"desk": desk} if desk else {}
    async with scene(rules(own_voicemail=own), voicemail=True, **there) as at:
        failure = await at.call()
        assert at.boxes.left == left
        assert (failure is None) is own
        # Who has no box has none.
        assert await at.call("102") is EndReason.UNREACHABLE
        assert at.boxes.left == left


@virtual_time
async def test_the_voicemail_as_a_rule() -> None:
    async with scene(rules(Forward(when=When.ALWAYS, voicemail=True)), voicemail=True, desk=TALKS) as at:
        assert await at.call() is None
        assert (at.boxes.left, at.rung) == (["anna"], [])


def test_what_is_wrong_is_told() -> None:
    office = replace(OFFICE, documents=(rules(Forward(when=When.BUSY, number="101")), UserRules(name="nobody")))
    assert [fault for fault in faults(office) if fault.startswith("rules of")] == [
        "rules of the user anna: calls are led to his own number",
        "rules of the user nobody: there is no such user",
    ]
    with pytest.raises(ValueError, match="one of them"):
        Forward(when=When.BUSY)
