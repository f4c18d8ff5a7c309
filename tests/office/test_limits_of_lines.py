"""S11: a gateway with modems is a set of lines, each with its limits; the cheapest that may is taken."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from cordboard.office.lines.gateways import Gateway, Modem
from cordboard.office.lines.money import MoneyGuard
from cordboard.office.lines.rules import LineRules
from cordboard.office.lines.usage import UsageKey, Used
from cordboard.office.model import Route
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import EndReason, Leg, LegState, LineTarget, Party, Target
from cordboard.testing.lines import Guarded, HeldUsage, guarded

NUMBER = "0671234567"
BOX = Gateway(
    name="box",
    host="10.0.0.5",
    modems=tuple(
        Modem(line=name, number=number, called=name)
        for name, number in (("kyivstar", "+380671111111"), ("vodafone", "+380502222222"), ("life", "+380633333333"))
    ),
)
ROUTE = Route("mobiles", "0", ("vodafone", "life", "kyivstar"), least_cost=True)


def rules(line: str, price: str = "", **fields: Any) -> LineRules:
    return LineRules.model_validate({"name": line, **({"prices": {"+38067": price}} if price else {}), **fields})


PRICES = (rules("kyivstar", "0.10"), rules("vodafone", "1.10"), rules("life", "0.90"))


def with_rules(*changed: LineRules) -> tuple[LineRules, ...]:
    """The prices, and what else is said of some lines."""
    found = {each.name: each for each in PRICES}
    for each in changed:
        found[each.name] = each.model_copy(update={"prices": found[each.name].prices})
    return tuple(found.values())


def ends(**far_ends: FarEnd) -> dict[Target, FarEnd]:
    usual = {line: FarEnd.answers(0.0) for line in ("kyivstar", "vodafone", "life")}
    return {LineTarget(line, NUMBER): end for line, end in (usual | far_ends).items()}


async def lines_taken(made: Guarded, calls: int) -> list[str]:
    """Call so often, each by the office's rules; the lines over which it went, in order."""
    switchboard = OfficeSwitchboard(made.exchange, made.office, NoScenarios())
    for _ in range(calls):
        made.inner.call_in("102", NUMBER, account="102")
        leg: Leg = await made.inbound.get()
        made.tasks.append(asyncio.create_task(switchboard.connect(leg, NUMBER)))
        await asyncio.sleep(0.5)
    return [leg.record.line for leg in made.exchange.legs() if leg.record.line and leg.state is LegState.ANSWERED]


class NoScenarios:
    """None is asked for."""

    async def run(self, name: str, leg: Leg, values: Any) -> None:
        raise LookupError(name)


def at_work(
    documents: Sequence[Any], far_ends: dict[Target, FarEnd] | None = None, usage: HeldUsage | None = None
) -> AbstractAsyncContextManager[Guarded]:
    return guarded(BOX, *documents, far_ends=far_ends or ends(), usage=usage, routes=(ROUTE,))


@virtual_time
async def test_the_cheapest_line_and_when_it_is_full_the_next() -> None:
    documents = with_rules(rules("kyivstar", calls_out=1), rules("life", calls=2))
    async with at_work(documents) as made:
        assert await lines_taken(made, 4) == ["kyivstar", "life", "life", "vodafone"]


@pytest.mark.parametrize(
    ("kyivstar", "used"),
    [
        (rules("kyivstar", minutes_a_month=300), UsageKey("2026-11-02", "kyivstar", "")),
        (rules("kyivstar", minutes_a_day=300), UsageKey("2026-11-23", "kyivstar", "carl")),
    ],
)
@virtual_time
async def test_a_modem_whose_minutes_are_used_up_is_passed_over(kyivstar: LineRules, used: UsageKey) -> None:
    async with at_work(with_rules(kyivstar), usage=HeldUsage({used: Used(50, 300 * 60)})) as made:
        assert await lines_taken(made, 1) == ["life"]
    async with at_work(with_rules(kyivstar), usage=HeldUsage({used: Used(50, 299 * 60)})) as made:
        assert await lines_taken(made, 1) == ["kyivstar"]


@virtual_time
async def test_a_month_begins_anew() -> None:
    usage = HeldUsage({UsageKey("2026-10-31", "kyivstar", ""): Used(50, 300 * 60)})
    async with at_work(with_rules(rules("kyivstar", minutes_a_month=300)), usage=usage) as made:
        assert await lines_taken(made, 1) == ["kyivstar"]


@virtual_time
async def test_a_line_that_is_down_or_fails_is_passed_over() -> None:
    async with at_work(PRICES, ends(life=FarEnd.unreachable())) as made:
        made.down["kyivstar"] = "408"
        assert await lines_taken(made, 1) == ["vodafone"]
        assert [phone.target for phone in made.inner.called] == [
            LineTarget("life", NUMBER),
            LineTarget("vodafone", NUMBER),
        ]


@virtual_time
async def test_a_busy_subscriber_is_busy_over_every_line() -> None:
    async with at_work(PRICES, ends(kyivstar=FarEnd.busy())) as made:
        assert await lines_taken(made, 1) == []
        assert len(made.inner.called) == 1


@virtual_time
async def test_calls_a_second() -> None:
    documents = with_rules(rules("kyivstar", calls_a_second=0.5))
    async with at_work(documents) as made:  # one each half second
        assert await lines_taken(made, 6) == ["kyivstar", "life", "life", "life", "kyivstar", "life"]


@virtual_time
async def test_calls_that_come_in_take_a_place_too() -> None:
    async with at_work(with_rules(rules("kyivstar", calls=1))) as made:
        phone = made.inner.call_in("0501112233", "1", line="kyivstar")
        await made.inbound.get()
        assert made.guard.occupied("kyivstar") == (1, 0)
        assert await lines_taken(made, 1) == ["life"]
        phone.hang_up()
        await asyncio.sleep(0)
        assert made.guard.occupied("kyivstar") == (0, 0)


@virtual_time
async def test_no_more_calls_outwards_than_the_office_allows() -> None:
    guard = MoneyGuard(name="rules", external_calls=2)
    async with at_work((*PRICES, guard)) as made:
        assert len(await lines_taken(made, 5)) == 2


@virtual_time
async def test_an_emergency_call_passes_over_a_line_that_is_down_unless_all_are() -> None:
    help_ = [LineTarget(line, "112") for line in ("kyivstar", "vodafone", "life", "city", "gsm")]
    async with at_work(PRICES) as made:
        made.down["kyivstar"] = "408"
        assert made.guard.bars(help_[0], "", lambda line: made.down.get(line, "")) == ("the line kyivstar is down: 408")
        assert made.guard.bars(help_[0], "", lambda _: "408") == ""


@virtual_time
async def test_a_call_over_nothing_is_unreachable() -> None:
    async with at_work(PRICES) as made:
        leg = await made.exchange.originate([LineTarget("none", NUMBER)], caller=Party("1"))
        assert await leg.ended() is EndReason.UNREACHABLE
        assert (leg.record.line, leg.record.dialled) == ("none", NUMBER)
        assert not await leg.answer()
        assert made.inner.called == []
        assert list(made.inner.legs()) == []  # nobody was called, and the log was told nothing
        assert made.guard.bars(LineTarget("none", NUMBER), "") == "the line none is switched off"
