from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.office.repositories import Ended, LoggedChain, LoggedLeg, Order
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store
from cordboard.telephony import ConnectionRecord, Direction, EndReason, LegRecord, LegState, Party, PhoneNumber
from cordboard.testing.store import STORES

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        yield opened


def at(seconds: float) -> datetime:
    return TEN + timedelta(seconds=seconds)


def leg(name: str, chain: str, started: float = 0) -> LegRecord:
    party = Party("067 123 45 67", "Клиент")
    return LegRecord(name, chain, Direction.INBOUND, LegState.CALLING, party, "700", "", "city", at(started))


async def test_a_leg_is_one_row_that_follows_its_call(store: Store) -> None:
    record = leg("a", "one")
    await store.call_log.save([LoggedLeg(record)], [])
    record = replace(
        record, state=LegState.ENDED, ringing=at(1), answered=at(2), ended=at(9.5), reason=EndReason.HUNG_UP
    )
    other = replace(leg("b", "one", 3), direction=Direction.OUTBOUND, account="101", line="", held=True)
    joined = ConnectionRecord("j", "one", "a", "b", at(4), at(9))
    await store.call_log.save([LoggedLeg(record), LoggedLeg(other)], [replace(joined, ended=None)])
    await store.call_log.save([], [joined])
    assert await store.call_log.recent(10) == [LoggedChain("one", (record, other), (joined,))]


async def test_the_newest_chains_come_first_and_no_more_than_asked_for(store: Store) -> None:
    legs = [
        LoggedLeg(leg(f"{chain}{n}", chain, started + n))
        for chain, started in (("x", 0), ("z", 50), ("y", 20))
        for n in range(2)
    ]
    await store.call_log.save(legs, [])
    assert [(chain.id, len(chain.legs)) for chain in await store.call_log.recent(2)] == [("z", 2), ("y", 2)]
    assert [chain.id for chain in await store.call_log.recent(2, chain="x")] == ["x"]
    assert await store.call_log.recent(2, chain="q") == []


async def test_a_number_is_found_on_either_side_and_brings_its_whole_chain(store: Store) -> None:
    await store.call_log.save(
        [
            LoggedLeg(leg("a", "in"), caller_phone="+380671234567"),
            LoggedLeg(leg("b", "in")),
            LoggedLeg(leg("c", "out"), dialled_phone="+380671234567"),
            LoggedLeg(leg("d", "other"), caller_phone="+380501112233"),
        ],
        [],
    )
    found = await store.call_log.recent(10, number=PhoneNumber.parse("(067) 123-45-67", country="UA"))
    assert {chain.id: len(chain.legs) for chain in found} == {"in": 2, "out": 1}


async def test_what_a_crash_left_open_ends_at_the_last_known_moment(store: Store) -> None:
    ended = replace(leg("a", "one"), state=LegState.ENDED, ended=at(70), reason=EndReason.BUSY)
    talking = replace(leg("b", "two", 10), state=LegState.ANSWERED, answered=at(12), held=True)
    joined = ConnectionRecord("j", "two", "b", "c", at(12))
    await store.call_log.save([LoggedLeg(ended), LoggedLeg(talking)], [joined])
    (cut,) = await store.call_log.close_open(EndReason.ERROR)
    assert await store.call_log.close_open(EndReason.ERROR) == []
    two, one = await store.call_log.recent(2)
    assert one.legs == (ended,)
    closed = replace(talking, state=LegState.ENDED, ended=at(70), reason=EndReason.ERROR, held=False)
    assert two.legs == (closed,)
    assert cut == two
    assert two.connections == (replace(joined, ended=at(70)),)


async def test_what_is_ordered_because_of_an_end_stands_with_it_or_not_at_all(store: Store) -> None:
    order = Order("webhook", "crm:call.content:a", {"to": "https://crm.test", "body": "{}"}, "one")
    ended = replace(leg("a", "one"), state=LegState.ENDED, ended=at(70), reason=EndReason.BUSY)

    class BrokenError(Exception):
        pass

    def broken(_cut: Sequence[LoggedChain]) -> Ended:
        raise BrokenError

    await store.call_log.save([LoggedLeg(leg("b", "two"))], [])
    with pytest.raises(BrokenError):
        await store.call_log.close_open(EndReason.ERROR, broken)
    assert [chain.legs[0].ended for chain in await store.call_log.recent(1)] == [None]
    cut = replace(order, key="crm:call.content:b", chain="two")
    assert len(await store.call_log.close_open(EndReason.ERROR, lambda _: ((), [cut]))) == 1
    for _ in range(2):  # the same end, found again
        await store.call_log.save([LoggedLeg(ended)], [], (), [order])
    assert await store.runs.effects() == [
        Effect(each.kind, each.key, each.payload, chain=each.chain) for each in (cut, order)
    ]


async def test_what_a_stranger_calls_himself_cannot_stop_the_log(store: Store) -> None:
    evil = replace(leg("a", "one"), caller=Party("1\x002", "bad \udcff name"), dialled="'; DROP TABLE legs; --")
    await store.call_log.save([LoggedLeg(evil)], [])
    (chain,) = await store.call_log.recent(1)
    assert chain.legs[0].caller == Party("12", "bad ? name")
    assert chain.legs[0].dialled == "'; DROP TABLE legs; --"


async def test_what_was_noted_about_a_call_stands_in_the_log(store: Store) -> None:
    await store.call_log.save([LoggedLeg(leg("a", "one")), LoggedLeg(leg("b", "two", 9))], [])
    await store.tags.set("one", "причина", "доставка")
    await store.tags.set("one", "language", "uk")
    await store.tags.set("one", "language", "ru\x00")
    assert await store.tags.of(["one", "two"]) == {"one": {"language": "ru", "причина": "доставка"}}
    assert [chain.tags for chain in await store.call_log.recent(2)] == [{}, {"language": "ru", "причина": "доставка"}]
