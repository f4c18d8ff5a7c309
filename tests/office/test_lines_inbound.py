"""Where a call from outside leads, and who is not let in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cordboard.office.lines.inbound import Door, Inbound, InboundPlan
from cordboard.office.lines.numbers import InboundNumber
from cordboard.office.lines.rules import LineRules
from cordboard.office.listing import ListedNumber
from cordboard.office.number_lists import HeldNumberLists, OfficeNumberLists
from cordboard.telephony import Direction, LegRecord, LegState, Party
from cordboard.testing.office import OFFICE, HandClock

NUMBERS = (
    InboundNumber(name="shop", number="0322000001", scenario="shop"),
    InboundNumber(name="anna", number="+380322000002", user="anna"),
    InboundNumber(name="gone", number="+380322000003", user="gone"),
    InboundNumber(name="gsm only", number="+380322000001", line="gsm", scenario="gsm-shop"),
    LineRules(name="gsm", inbound_numbers=("0322000009",)),
)


@pytest.mark.parametrize(
    ("line", "dialled", "leads"),
    [
        ("city", "+380322000001", Inbound("shop", "", "shop")),
        ("gsm", "380322000001", Inbound("gsm-shop", "", "gsm only")),
        ("city", "0322000002", Inbound("", "101", "anna")),
        ("city", "0322000003", Inbound("main")),  # its user is switched off
        ("gsm", "0322000003", Inbound("night")),
        ("city", "0322000009", Inbound("night")),  # a number of the other line
        ("city", "0322327757", Inbound("main")),
    ],
)
def test_by_number_then_by_line(line: str, dialled: str, leads: Inbound) -> None:
    assert InboundPlan(replace(OFFICE, documents=NUMBERS)).leads(line, dialled) == leads


@pytest.mark.parametrize("fields", [{}, {"user": "anna", "scenario": "x"}])
def test_an_inbound_number_leads_to_one_place(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="say where it leads"):
        InboundNumber.model_validate({"name": "d", "number": "0322000001", **fields})


def calling(number: str) -> LegRecord:
    return LegRecord(
        id="1",
        chain="c",
        direction=Direction.INBOUND,
        state=LegState.CALLING,
        caller=Party(number),
        dialled="1",
        account="",
        line="city",
        started=datetime(2026, 11, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("number", "refused"),
    [("0671234567", True), ("+380671234567", True), ("+380800500500", True), ("0671234568", False), ("", False)],
)
async def test_the_black_list_is_read_at_the_door(number: str, refused: bool) -> None:
    held = HeldNumberLists(ListedNumber("black", "+380671234567"), ListedNumber("black", "+380800*"))
    clock = HandClock()
    assert await Door(OfficeNumberLists(held, clock), "UA", clock).refuses(calling(number)) is refused


class Broken(HeldNumberLists):
    """A database that is away."""

    async def find(self, name: str, numbers: Sequence[str], at: datetime) -> Sequence[ListedNumber]:
        raise OSError("away")


async def test_a_caller_is_let_in_while_the_list_cannot_be_read() -> None:
    clock = HandClock()
    assert not await Door(OfficeNumberLists(Broken(), clock), "UA", clock).refuses(calling("0671234567"))
