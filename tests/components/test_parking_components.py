"""Park, and pick up, as steps."""

from collections.abc import Callable

import pytest

from cordboard.office.ports import Parked, ParkEnd, ParkingLots, Pickups
from cordboard.simulation.virtual_time import run
from cordboard.telephony import EndReason, Leg, LegState
from cordboard.testing.components import Trial, voice

PARK = voice(
    """
    park: {component: park, lot: office, longest: 2m, place: place, exits: {ended: e, timeout: t, full: f, error: x}}
    e: {component: play, text: "It was {place}"}
    t: {component: play, text: "Nobody came to {place}"}
    f: {component: play, text: All places are taken}
    x: {component: play, text: No such lot}
    """,
    variables="- {name: place}",
)
TAKE = voice(
    """
    take: {component: pick_up, login: watch, number: "101", exits: {ended: e, nothing: n}}
    e: {component: play, text: Goodbye}
    n: {component: play, text: Nothing rings}
    """
)


class Lots:
    """Implements ParkingLots: the end is given."""

    def __init__(self, end: ParkEnd) -> None:
        self.end = end
        self.asked: list[tuple[str, float | None]] = []

    async def park(
        self, lot: str, leg: Leg, *, timeout: float | None = None, placed: Callable[[str], None] = lambda _: None
    ) -> ParkEnd:
        self.asked.append((lot, timeout))
        if lot != "office":
            raise LookupError(lot)
        await leg.answer()
        placed("711")
        return self.end

    async def take(self, leg: Leg, number: str) -> EndReason | None:
        raise NotImplementedError

    def parked(self) -> list[Parked]:
        return []


class Ringing:
    """Implements Pickups."""

    def __init__(self, failure: EndReason | None) -> None:
        self.failure = failure
        self.asked: list[tuple[str, str]] = []

    async def pick_up(self, leg: Leg, login: str, *, number: str = "") -> EndReason | None:
        self.asked.append((login, number))
        await leg.answer()
        return self.failure


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (ParkEnd.ENDED, "It was 711"),
        (ParkEnd.TIMEOUT, "Nobody came to 711"),
        (ParkEnd.FULL, "All places are taken"),
    ],
)
def test_each_end_of_a_parking_is_an_exit(end: ParkEnd, said: str) -> None:
    async def scene() -> None:
        lots = Lots(end)
        async with Trial(PARK, ports={ParkingLots: lots}) as trial:
            phone = trial.call()
            await phone.wait_state(LegState.ENDED)
        assert phone.texts == [said]
        assert lots.asked == [("office", 120)]

    run(scene())


def test_a_lot_that_is_not_there_is_an_error() -> None:
    async def scene() -> None:
        async with Trial(PARK.replace("lot: office", "lot: yard"), ports={ParkingLots: Lots(ParkEnd.FULL)}) as trial:
            phone = trial.call()
            await phone.wait_state(LegState.ENDED)
        assert phone.texts == ["No such lot"]

    run(scene())


@pytest.mark.parametrize(("failure", "said"), [(None, "Goodbye"), (EndReason.NOT_FOUND, "Nothing rings")])
def test_picking_up(failure: EndReason | None, said: str) -> None:
    async def scene() -> None:
        ringing = Ringing(failure)
        async with Trial(TAKE, ports={Pickups: ringing}) as trial:
            phone = trial.call()
            await phone.wait_state(LegState.ENDED)
        assert phone.texts == [said]
        assert ringing.asked == [("watch", "101")]

    run(scene())
