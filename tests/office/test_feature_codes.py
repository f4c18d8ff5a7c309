"""What a user dials from his own phone: forwarding, presence, the last number again."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from cordboard.office.audit import Actor
from cordboard.office.checks import faults
from cordboard.office.configuration import with_changes
from cordboard.office.directory import OfficeDirectory
from cordboard.office.feature_codes import REMEMBERED, FeatureCodes, FeatureCodeService
from cordboard.office.forwarding import Forward, UserRules, When
from cordboard.office.model import InternalNumber, OfficeData
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
from cordboard.testing.talks import Announcing, Scenarios

ANNA, BORIS, CITY = PhoneTarget("101"), PhoneTarget("102"), LineTarget("city", "0671234567")
TALKS = FarEnd.answers(after=1.0, hangs_up_after=2.0)
NIGHT = Forward(when=When.ALWAYS, hours="20:00-08:00", number="103")


@dataclass
class Scene:
    exchange: SimulatedExchange
    people: OfficePeople
    office: OfficeDirectory
    dialled: dict[str, str] = field(default_factory=dict)
    """What a phone has dialled last, by its account."""
    asked_since: list[datetime] = field(default_factory=list)
    noted: list[Actor] = field(default_factory=list)
    outcome: list[EndReason | None] = field(default_factory=list)
    scenarios: Scenarios = field(default_factory=Scenarios)

    async def last_dialled(self, accounts: Collection[str], since: datetime) -> str:
        self.asked_since.append(since)
        return next((self.dialled[each] for each in accounts if each in self.dialled), "")

    async def dial(self, number: str, *, account: str = "101", keys: str = "") -> list[str]:
        """What the phone hears."""
        phone = (
            self.exchange.call_in(account, number, account=account)
            if account
            else self.exchange.call_in("+380671112233", number, line="city")
        )
        if keys:
            await phone.wait_state(LegState.ANSWERED)
            phone.press(keys)
        await phone.wait_state(LegState.ENDED, within=200)
        return [each.text for each in phone.heard if each.text]

    @property
    def rules(self) -> UserRules:
        return self.office.documents(UserRules)["anna"]

    @property
    def rung(self) -> list[Target]:
        return [phone.target for phone in self.exchange.called]


@asynccontextmanager
async def scene(*documents: object, office: OfficeData = OFFICE, **there: FarEnd) -> AsyncIterator[Scene]:
    held = HeldOffice(replace(office, documents=documents))  # type: ignore[arg-type]  # documents alone stand there
    clock = VirtualClock()
    directory = OfficeDirectory(held, PinGuard(held, HandClock()), clock)
    await directory.reload()
    named: Mapping[str, Target] = {"anna": ANNA, "boris": BORIS, "city": CITY}
    ends = {named[name]: end for name, end in there.items()}
    exchange = SimulatedExchange(Listened(), clock, ends)
    people = OfficePeople(directory, HeldPresence(), clock, lambda account: PhoneTarget(account) in ends)
    await people.load()
    made = Scene(exchange, people, directory)
    switchboard = OfficeSwitchboard(exchange, directory, made.scenarios)
    switchboard.people = people

    async def keep(rules: UserRules, by: Actor) -> None:
        made.noted.append(by)
        held.change(with_changes(await held.load(), [rules], []))
        await directory.reload()

    switchboard.services.append(
        FeatureCodeService(directory, keep, people=people, redial=made, switchboard=switchboard, announcer=Announcing())
    )

    async def take(leg: Leg) -> None:
        person = directory.by_account(leg.record.account)
        failure = await switchboard.connect(leg, leg.record.dialled, login=person.login if person else "")
        made.outcome.append(failure)
        if failure is not None:
            await leg.reject(failure)
        await leg.hang_up()

    async with serving(exchange, take):
        yield made


@virtual_time
async def test_all_calls_are_led_elsewhere_until_they_are_not() -> None:
    async with scene(anna=TALKS, boris=TALKS) as on:
        assert await on.dial("*72102") == ["All calls go to", "102"]
        assert on.noted == [Actor("phone: forward_always", "anna")]
        await on.dial("101", account="103")
        assert on.rung == [BORIS]
        assert await on.dial("*73") == ["Forwarding is off."]
        await on.dial("101", account="103")
        assert on.rung == [BORIS, ANNA]


@virtual_time
async def test_the_number_may_be_asked_for() -> None:
    async with scene(anna=TALKS) as on:
        assert await on.dial("*92", keys="102#") == [
            "Enter the number, then press the pound key.", "Calls without an answer go to", "102",
        ]  # fmt: skip
        assert on.rules.forwards == (Forward(when=When.NO_ANSWER, number="102"),)


@pytest.mark.parametrize(
    ("code", "when"), [("*90", When.BUSY), ("*92", When.NO_ANSWER), ("*94", When.UNREGISTERED), ("*72", When.ALWAYS)]
)
@virtual_time
async def test_each_condition_has_its_codes_and_rules_with_hours_stay(code: str, when: When) -> None:
    night = NIGHT.model_copy(update={"when": when})
    async with scene(UserRules(name="anna", in_order=True, forwards=(night,)), anna=TALKS) as on:
        await on.dial(f"{code}102")
        assert on.rules.forwards == (night, Forward(when=when, number="102"))
        await on.dial(f"{code}0671234567")
        assert on.rules.forwards == (night, Forward(when=when, number="0671234567"))
        await on.dial(f"*{int(code[1:]) + 1}")
        assert list(on.rules.forwards) == [night]
        assert on.rules.in_order


@pytest.mark.parametrize("number", ["101", "199", "0039061234567", ""])
@virtual_time
async def test_a_number_that_is_his_own_or_nobodys_or_forbidden_is_refused(number: str) -> None:
    async with scene(anna=TALKS) as on:
        heard = await on.dial(f"*72{number}", keys="" if number else "#")
        assert heard[-1] == "Calls cannot go to this number."
        assert on.noted == []


@virtual_time
async def test_what_somebody_is_about_is_said_and_kept() -> None:
    async with scene(anna=TALKS) as on:
        for code, said, presence in (
            ("*78", "Do not disturb is on.", Presence.DO_NOT_DISTURB),
            ("*79", "You are ready for calls.", Presence.READY),
            ("*61", "You are on a break.", Presence.BREAK),
            ("*62", "You are away.", Presence.AWAY),
            ("*60", "You are ready for calls.", Presence.READY),
        ):
            assert await on.dial(code) == [said]
            assert on.people.state("anna").presence is presence
        await on.dial("*78")
        await on.dial("101", account="103")
        assert (on.outcome[-1], on.rung) == (EndReason.BUSY, [])


@virtual_time
async def test_the_last_number_is_dialled_again_by_his_own_rights() -> None:
    async with scene(city=TALKS) as on:
        on.dialled["101"] = "0671234567"
        await on.dial("*66")
        assert (on.outcome, on.rung) == ([None], [CITY])
        assert on.office.now() - on.asked_since[0] - REMEMBERED < timedelta(minutes=1)
        assert await on.dial("*66", account="102") == ["There is no number to dial again."]


@virtual_time
async def test_a_stranger_gets_nowhere() -> None:
    async with scene(anna=TALKS) as on:
        await on.dial("*72102", account="")
        assert on.outcome == [EndReason.FORBIDDEN]
        assert on.noted == []


@pytest.mark.parametrize("code", ["*78", "*72102", "*66"])
@virtual_time
async def test_whoever_calls_a_user_dials_no_codes_in_his_name(code: str) -> None:
    """His phone leads calls to a code (SIP 302); the caller must not act as he."""
    async with scene(anna=FarEnd.redirects(code)) as on:
        on.dialled["101"] = "0671234567"
        await on.dial("101", account="")
        assert on.outcome == [EndReason.FORBIDDEN]
        assert on.people.state("anna").presence is Presence.READY
        assert (on.noted, on.rung) == ([], [ANNA])


def test_a_rule_leads_to_no_code() -> None:
    with pytest.raises(ValueError, match="number"):
        Forward(when=When.ALWAYS, number="*72")


@virtual_time
async def test_codes_are_changed_and_switched_off_and_the_offices_own_numbers_come_first() -> None:
    codes = FeatureCodes(name="codes", do_not_disturb="*25", redial="")
    office = replace(OFFICE, internal_numbers=(*OFFICE.internal_numbers, InternalNumber("*60", "menu")))
    async with scene(codes, office=office, anna=TALKS) as on:
        await on.dial("*25")
        assert on.people.state("anna").presence is Presence.DO_NOT_DISTURB
        await on.dial("*78")
        await on.dial("*66")
        assert on.outcome[1:] == [EndReason.NOT_FOUND, EndReason.NOT_FOUND]
        await on.dial("*60")
        assert on.scenarios.ran == ["menu"]


def test_codes_that_cannot_be_told_apart_are_a_fault() -> None:
    codes = FeatureCodes(name="codes", redial="*727", away="*78")
    assert faults(OfficeData(documents=(codes,))) == [
        "feature codes: redial *727 cannot be dialled beside forward_always *72",
        "feature codes: away *78 cannot be dialled beside do_not_disturb *78",
        "feature codes: do_not_disturb *78 cannot be dialled beside away *78",
    ]
