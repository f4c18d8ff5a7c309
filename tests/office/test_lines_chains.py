"""Who has begun a chain, also when a transfer joins two; and what a call has cost so far."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cordboard.office.lines.calls import Chains, LineCall, Pace
from cordboard.office.lines.usage import Used
from cordboard.telephony import Direction, EndReason, LegRecord, LegState, Party, PhoneNumber

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LEG = LegRecord(
    id="a",
    chain="c1",
    direction=Direction.INBOUND,
    state=LegState.CALLING,
    caller=Party("101"),
    dialled="0",
    account="101",
    line="",
    started=NOW,
)
OUTSIDE = replace(LEG, id="b", account="", line="city")


def ended(record: LegRecord) -> LegRecord:
    return replace(record, state=LegState.ENDED, ended=NOW, reason=EndReason.HUNG_UP)


def test_a_chain_is_known_as_long_as_a_leg_of_it_lives() -> None:
    chains = Chains()
    chains.leg_changed(LEG, "anna")
    chains.leg_changed(replace(OUTSIDE, direction=Direction.OUTBOUND), "")
    assert (chains.login("c1"), chains.has_phone("c1"), chains.from_outside("c1")) == ("anna", True, False)
    chains.leg_changed(ended(LEG), "anna")
    assert chains.has_phone("c1")
    chains.leg_changed(ended(OUTSIDE), "")
    assert (chains.login("c1"), chains.has_phone("c1"), chains.from_outside("c1")) == ("", False, False)


def test_a_transfer_joins_two_chains() -> None:
    chains = Chains()
    chains.leg_changed(OUTSIDE, "")
    chains.leg_changed(replace(LEG, chain="c2"), "anna")
    chains.leg_changed(replace(OUTSIDE, chain="c2"), "")
    assert not chains.from_outside("c1")
    assert chains.from_outside("c2")
    assert chains.login("c2") == "anna"
    chains.leg_changed(ended(replace(OUTSIDE, chain="c2")), "")
    chains.leg_changed(ended(replace(LEG, chain="c2")), "anna")
    assert (chains._chains, chains._legs, chains._partners) == ({}, {}, {})


@pytest.mark.parametrize(
    ("charged_by", "seconds", "used"),
    [
        (1, 0.0, Used(1, 1, 20_000)),  # an answer costs the first unit
        (1, 59.2, Used(1, 60, 1_200_000)),
        (60, 1.0, Used(1, 60, 1_200_000)),
        (60, 60.5, Used(1, 120, 2_400_000)),
        (6, 7.0, Used(1, 12, 240_000)),
    ],
)
def test_what_a_call_has_cost(charged_by: int, seconds: float, used: Used) -> None:
    number = PhoneNumber.parse("0671234567", country="UA")
    call = LineCall("a", "c", "city", outward=True, login="", phone=number, price=Decimal("1.20"))
    call.charged_by, call.answered = charged_by, NOW
    until = NOW + timedelta(seconds=seconds)
    assert call.count(until) == used
    assert call.count(until) == Used()  # nothing is counted twice
    assert call.count(until - timedelta(seconds=30)) == Used()  # nor taken back, when a clock is set


def test_calls_a_second() -> None:
    pace = Pace()
    for at in (0.0, 0.1, 0.2):
        pace.begin("city", at)
    assert pace.too_fast("city", 3, 0.9)
    assert not pace.too_fast("city", 4, 0.9)
    assert not pace.too_fast("city", 3, 1.05)
    assert not pace.too_fast("gsm", 3, 0.9)
    assert not pace.too_fast("city", 0, 0.2)
