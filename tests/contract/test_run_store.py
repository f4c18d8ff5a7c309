"""What `scenario.ports` promises, over every implementation."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.scenario.context import RunMode
from cordboard.scenario.ports import (
    Awaited,
    Effect,
    Ending,
    LeaseLostError,
    Message,
    NewRun,
    Release,
    Releases,
    RunStore,
    ScenarioError,
)
from cordboard.scenario.results import Outcome
from cordboard.scenario.values import JsonValue
from cordboard.testing.scenario import IMPLEMENTATIONS, Stores

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return TEN + timedelta(seconds=seconds)


def new(name: str = "r1", *, key: str = "", scenario: str = "work", started: float = 0) -> NewRun:
    return NewRun(name, scenario, 3, "c1", {"step": "a", "сума": "1.50"}, at(started), key)


def sms(key: str, text: str = "x") -> Effect:
    return Effect("sms", key, {"text": text}, "r1", "c1")


def said(
    id_: str,
    *,
    name: str = "go",
    key: str = "",
    run_id: str = "",
    seconds: float = 0,
    chain: str = "",
    data: Mapping[str, JsonValue] | None = None,
) -> Message:
    return Message(name, key, data or {}, run_id, chain, id_, at(seconds))


async def sleep_until(runs: RunStore, *awaited: Awaited, name: str = "r1") -> None:
    """Start a run and put it to sleep for a long time."""
    await runs.start(new(name))
    await runs.claim(at(0), "a", at(10))
    await runs.finish_step(name, 1, {}, wake=at(1000), awaited=awaited)


async def unfinished(runs: RunStore) -> list[str]:
    return [run.id for run in await runs.find(unfinished=True)]


async def outcome(runs: RunStore, name: str) -> Outcome | None:
    found = await runs.get(name)
    assert found is not None
    return found.ending.outcome if found.ending else None


@pytest.fixture(params=IMPLEMENTATIONS)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    async with IMPLEMENTATIONS[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture
def runs(stores: Stores) -> RunStore:
    return stores.runs


@pytest.fixture
def releases(stores: Stores) -> Releases:
    return stores.releases


async def test_a_started_run_is_due_at_once_with_what_it_was_started_with(runs: RunStore) -> None:
    assert await runs.next_wake() is None
    assert await runs.start(new(key="067")) == "r1"
    assert await runs.next_wake() == at(0)
    assert await runs.claim(at(-1), "a", at(10)) == []
    (claimed,) = await runs.claim(at(0), "a", at(10))
    assert (claimed.id, claimed.scenario, claimed.release, claimed.chain, claimed.key) == ("r1", "work", 3, "c1", "067")
    assert (claimed.checkpoint, claimed.epoch) == ({"step": "a", "сума": "1.50"}, 1)
    info = await runs.get("r1")
    assert info is not None
    assert (info.node, info.wake, info.started, info.ending) == ("a", at(0), at(0), None)


async def test_a_known_id_is_not_added_again(runs: RunStore) -> None:
    await runs.start(new())
    (claimed,) = await runs.claim(at(0), "a", at(10))
    await runs.finish_step("r1", claimed.epoch, {}, ending=Ending(Outcome.FINISHED))
    assert await runs.start(new()) == "r1"
    assert await runs.claim(at(99), "a", at(100)) == []


async def test_single_is_by_scenario_and_key_among_the_unfinished(runs: RunStore) -> None:
    assert await runs.start(new("r1", key="067"), RunMode.SINGLE) == "r1"
    assert await runs.start(new("r2", key="067"), RunMode.SINGLE) == "r1"
    assert await runs.start(new("r3", key="068"), RunMode.SINGLE) == "r3"
    assert await runs.start(new("r4", key="067", scenario="other"), RunMode.SINGLE) == "r4"
    assert await runs.start(new("r5", key="067")) == "r5"
    for name in ("r1", "r5"):
        assert await runs.cancel(name, at(1))
    assert await runs.start(new("r6", key="067"), RunMode.SINGLE) == "r6"


async def test_of_many_single_starts_at_once_one_is_added(runs: RunStore) -> None:
    started = await asyncio.gather(*(runs.start(new(f"r{i}", key="067"), RunMode.SINGLE) for i in range(20)))
    assert len(set(started)) == 1
    assert len(await runs.find(key="067")) == 1


async def test_the_empty_key_is_a_key(runs: RunStore) -> None:
    assert await runs.start(new("r1"), RunMode.SINGLE) == "r1"
    assert await runs.start(new("r2"), RunMode.SINGLE) == "r1"
    assert await runs.start(new("r3", key="067"), RunMode.SINGLE) == "r3"


async def test_restart_cancels_those_that_are_there_also_a_claimed_one(runs: RunStore) -> None:
    for name in ("r1", "r2"):
        await runs.start(new(name, key="067"))
    await runs.start(new("r3", key="068"))
    await runs.claim(at(0), "a", at(10))
    assert await runs.start(new("r4", key="067"), RunMode.RESTART) == "r4"
    assert await unfinished(runs) == ["r4", "r3"]
    assert await outcome(runs, "r1") is await outcome(runs, "r2") is Outcome.CANCELLED
    with pytest.raises(LeaseLostError):
        await runs.finish_step("r1", 1, {"step": "b"}, [sms("k")], messages=[said("m")])
    assert await runs.effects() == []
    assert await runs.messages() == []
    assert [run.id for run in await runs.claim(at(0), "a", at(10))] == ["r4"]


async def test_a_known_id_restarts_nothing(runs: RunStore) -> None:
    await runs.start(new("r1", key="067"))
    await runs.start(new("r2", key="067"))
    assert await runs.start(new("r1", key="067"), RunMode.RESTART) == "r1"
    assert await unfinished(runs) == ["r2", "r1"]


async def test_of_many_restarts_at_once_one_is_left(runs: RunStore) -> None:
    await asyncio.gather(*(runs.start(new(f"r{i}", key="067"), RunMode.RESTART) for i in range(20)))
    assert len(await runs.find(key="067")) == 20
    assert len(await unfinished(runs)) == 1


async def test_queued_runs_begin_one_after_the_other_in_the_order_of_their_starts(runs: RunStore) -> None:
    for name in ("r1", "r2", "r3"):
        assert await runs.start(new(name, key="067"), RunMode.QUEUED) == name
    await runs.start(new("other", key="068"), RunMode.QUEUED)
    waiting = await runs.get("r2")
    assert waiting is not None
    assert (waiting.wake, waiting.ending) == (None, None)
    assert [run.id for run in await runs.claim(at(0), "a", at(10))] == ["r1", "other"]
    await runs.finish_step("r1", 1, {}, wake=at(5))
    assert [run.id for run in await runs.claim(at(5), "a", at(15))] == ["r1"]
    await runs.finish_step("r1", 2, {}, ending=Ending(Outcome.FINISHED))
    assert [run.id for run in await runs.claim(at(6), "a", at(15))] == ["r2"]
    await runs.finish_step("r2", 1, {}, ending=Ending(Outcome.FAULTED))
    assert [run.id for run in await runs.claim(at(7), "a", at(15))] == ["r3"]
    await runs.finish_step("r3", 1, {}, ending=Ending(Outcome.FINISHED))
    assert await runs.claim(at(8), "b", at(15)) == []


async def test_of_queued_starts_at_once_one_is_due(runs: RunStore) -> None:
    await asyncio.gather(*(runs.start(new(f"r{i}"), RunMode.QUEUED) for i in range(10)))
    seen = []
    while claimed := await runs.claim(at(0), "a", at(10)):
        (run,) = claimed
        seen.append(run.id)
        await runs.finish_step(run.id, run.epoch, {}, ending=Ending(Outcome.FINISHED))
    assert sorted(seen) == [f"r{i}" for i in range(10)]


async def test_a_place_in_the_queue_can_be_cancelled(runs: RunStore) -> None:
    for name in ("r1", "r2", "r3"):
        await runs.start(new(name), RunMode.QUEUED)
    assert await runs.cancel("r2", at(1))
    assert [run.id for run in await runs.claim(at(1), "a", at(10))] == ["r1"]
    assert await runs.cancel("r1", at(2))
    assert [run.id for run in await runs.claim(at(2), "a", at(10))] == ["r3"]


async def test_a_queued_run_waits_for_any_run_of_its_scenario_and_key(runs: RunStore) -> None:
    await runs.start(new("r1"))
    await runs.start(new("r2"), RunMode.QUEUED)
    await runs.start(new("r3"))
    assert [run.id for run in await runs.claim(at(0), "a", at(10))] == ["r1", "r3"]
    await runs.cancel("r1", at(1))
    assert await runs.claim(at(1), "a", at(10)) == []
    await runs.cancel("r3", at(1))
    assert [run.id for run in await runs.claim(at(1), "a", at(10))] == ["r2"]


async def test_restart_cancels_the_queue_and_single_takes_part_in_it(runs: RunStore) -> None:
    for name in ("r1", "r2"):
        await runs.start(new(name), RunMode.QUEUED)
    assert await runs.start(new("r3"), RunMode.SINGLE) == "r1"
    await runs.start(new("r4"), RunMode.RESTART)
    assert await unfinished(runs) == ["r4"]
    assert [run.id for run in await runs.claim(at(0), "a", at(10))] == ["r4"]


async def test_at_most_three_of_ten_are_under_way(runs: RunStore) -> None:
    started = [replace(new(f"r{i}", started=i), at_most=3) for i in range(10)]
    await asyncio.gather(*(runs.start(run, RunMode.AT_MOST) for run in started))
    first = await runs.claim(at(99), "a", at(100))
    assert len(first) == 3
    assert await runs.claim(at(99), "a", at(100)) == []
    await runs.finish_step(first[0].id, 1, {}, ending=Ending(Outcome.FINISHED))
    await runs.cancel(first[1].id, at(99))
    second = await runs.claim(at(99), "a", at(100))
    assert len(second) == 2
    seen, open_ = [*first, *second], [first[2], *second]
    while open_:
        await runs.finish_step(open_[0].id, 1, {}, ending=Ending(Outcome.FINISHED))
        claimed = await runs.claim(at(99), "a", at(100))
        open_ = [*open_[1:], *claimed]
        seen += claimed
        assert len(open_) <= 3
    assert sorted(run.id for run in seen) == [f"r{i}" for i in range(10)]


async def test_a_lease_keeps_others_out_until_it_is_over(runs: RunStore) -> None:
    await runs.start(new())
    await runs.claim(at(0), "a", at(10))
    assert await runs.next_wake() == at(10)
    assert await runs.claim(at(9), "b", at(20)) == []
    (again,) = await runs.claim(at(10), "b", at(20))
    assert again.epoch == 2
    with pytest.raises(LeaseLostError):
        await runs.finish_step("r1", 1, {"step": "z"}, [sms("k")])
    assert await runs.effects() == []
    await runs.finish_step("r1", 2, {"step": "b"})
    (third,) = await runs.claim(at(20), "c", at(30))
    assert third.checkpoint == {"step": "b"}


async def test_a_renewed_lease_lasts_longer_and_a_lost_one_is_told(runs: RunStore) -> None:
    for name in ("r1", "r2", "r3"):
        await runs.start(new(name))
    await runs.claim(at(0), "a", at(10))
    await runs.cancel("r2", at(1))
    await runs.finish_step("r3", 1, {}, wake=at(100))
    lost = await runs.renew({"r1": 1, "r2": 1, "r3": 1, "unknown": 1}, at(30))
    assert sorted(lost) == ["r2", "r3", "unknown"]
    assert await runs.claim(at(29), "b", at(40)) == []
    assert await runs.renew({"r1": 7}, at(99)) == ["r1"]


async def test_the_earliest_are_claimed_first_and_not_more_than_wanted(runs: RunStore) -> None:
    for index, started in enumerate((5, 1, 3)):
        await runs.start(new(f"r{index}", started=started))
    assert [run.id for run in await runs.claim(at(9), "a", at(20), limit=2)] == ["r1", "r2"]
    assert [run.id for run in await runs.claim(at(9), "b", at(20))] == ["r0"]


async def test_a_sleeping_run_is_nobodys_until_it_wakes(runs: RunStore) -> None:
    await runs.start(new())
    await runs.claim(at(0), "a", at(10))
    await runs.finish_step("r1", 1, {"step": "b"}, [sms("k")], wake=at(7200))
    info = await runs.get("r1")
    assert info is not None
    assert (info.node, info.wake) == ("", at(7200))
    assert await runs.next_wake() == at(7200)
    assert await runs.claim(at(7199), "b", at(9000)) == []
    (claimed,) = await runs.claim(at(7200), "b", at(9000))
    assert (claimed.checkpoint, claimed.epoch) == ({"step": "b"}, 2)


async def test_an_ended_run_keeps_its_ending_and_takes_no_more(runs: RunStore) -> None:
    await runs.start(new())
    await runs.claim(at(0), "a", at(10))
    ending = Ending(Outcome.FAULTED, {"number": "1"}, "no way")
    await runs.finish_step("r1", 1, {}, [sms("k")], ending=ending)
    info = await runs.get("r1")
    assert info is not None
    assert (info.ending, info.wake, info.node) == (ending, None, "")
    with pytest.raises(LeaseLostError):
        await runs.finish_step("r1", 1, {}, [sms("l")])
    assert await runs.effects() == [sms("k")]
    assert await runs.next_wake() is None
    assert not await runs.cancel("r1", at(1))


async def test_an_effect_is_committed_once_for_its_kind_and_key(runs: RunStore) -> None:
    await runs.start(new())
    await runs.claim(at(0), "a", at(10))
    await runs.finish_step("r1", 1, {}, [sms("k1", "first"), sms("k2")])
    await runs.finish_step("r1", 1, {}, [sms("k1", "second"), sms("k3")])
    await runs.emit([sms("k3", "third"), Effect("mail", "k1", {"to": "я"})])
    assert await runs.effects() == [sms("k1", "first"), sms("k2"), sms("k3"), Effect("mail", "k1", {"to": "я"})]


async def test_a_cancelled_run_belongs_to_nobody(runs: RunStore) -> None:
    await runs.start(new())
    await runs.claim(at(0), "a", at(10))
    assert await runs.cancel("r1", at(1))
    assert not await runs.cancel("unknown", at(1))
    with pytest.raises(LeaseLostError):
        await runs.finish_step("r1", 1, {})
    info = await runs.get("r1")
    assert info is not None
    assert info.ending is not None
    assert info.ending.outcome is Outcome.CANCELLED
    assert await runs.claim(at(99), "b", at(100)) == []


async def test_runs_are_found_youngest_first(runs: RunStore) -> None:
    await runs.start(new("r1", key="067", started=1))
    await runs.start(new("r2", key="068", started=2))
    await runs.start(new("r3", key="067", scenario="other", started=2))
    await runs.cancel("r1", at(3))
    assert [run.id for run in await runs.find()] == ["r3", "r2", "r1"]
    assert [run.id for run in await runs.find(key="067")] == ["r3", "r1"]
    assert [run.id for run in await runs.find(scenario="work", unfinished=True)] == ["r2"]
    assert await runs.get("unknown") is None


async def test_two_nodes_never_claim_one_run_together(runs: RunStore) -> None:
    for index in range(50):
        await runs.start(new(f"r{index}"))
    claims = await asyncio.gather(*(runs.claim(at(0), node, at(10), limit=20) for node in "abcd"))
    ids = [run.id for claimed in claims for run in claimed]
    assert len(ids) == len(set(ids)) == 50


async def test_releases_are_numbered_and_stay_as_they_were(releases: Releases) -> None:
    assert await releases.current() == 0
    with pytest.raises(ScenarioError):
        await releases.load(1)
    texts = {"main": "scenario: main\n# коментар\n"}
    assert await releases.publish(texts, message="first", at=at(0)) == 1
    texts["main"] = "changed"
    assert await releases.publish(texts, message="", at=at(1)) == 2
    assert await releases.current() == 2
    first = await releases.load(1)
    assert (first.number, first.scenarios["main"]) == (1, "scenario: main\n# коментар\n")
    assert (first.message, first.published) == ("first", at(0))


async def test_a_release_has_an_author_and_the_list_begins_with_the_youngest(releases: Releases) -> None:
    assert await releases.list() == []
    for number in (1, 2, 3):
        await releases.publish({"main": f"{number}"}, message=f"no {number}", at=at(number), author="олена")
    assert (await releases.load(2)).author == "олена"
    listed = await releases.list(limit=2)
    assert [(release.number, release.message, release.scenarios) for release in listed] == [
        (3, "no 3", {}),
        (2, "no 2", {}),
    ]
    (oldest,) = await releases.list(before=2)
    assert oldest == Release(1, {}, "no 1", at(1), "олена")


# -- messages ------------------------------------------------------------------------------------------------------


async def test_messages_are_numbered_and_a_known_id_is_dropped(runs: RunStore) -> None:
    assert await runs.last_message() == 0
    await runs.emit([sms("k")], [said("m1", key="067", data={"сума": {"number": "1.5"}}), said("m2", name="other")])
    await runs.start(new())
    await runs.claim(at(0), "a", at(10))
    await runs.finish_step("r1", 1, {}, [sms("l")], messages=[said("m1", name="again"), said("m3", chain="c7")])
    first, second, third = await runs.messages()
    assert first == replace(said("m1", key="067", data={"сума": {"number": "1.5"}}), seq=first.seq)
    assert [message.id for message in (first, second, third)] == ["m1", "m2", "m3"]
    assert third.chain == "c7"
    assert 0 < first.seq < second.seq < third.seq == await runs.last_message()
    assert [effect.key for effect in await runs.effects()] == ["k", "l"]


async def test_messages_are_narrowed_by_name_key_place_and_number(runs: RunStore) -> None:
    await runs.emit([], [said(f"m{i}", key=str(i % 2)) for i in range(6)])
    await runs.emit([], [said("plain"), said("sms", name="sms")])
    assert [m.id for m in await runs.messages(name="go", key="1")] == ["m1", "m3", "m5"]
    assert [m.id for m in await runs.messages(name="go", key="")] == ["plain"]
    assert [m.id for m in await runs.messages(name="sms")] == ["sms"]
    assert [m.id for m in await runs.messages(limit=2)] == ["m0", "m1"]
    third = (await runs.messages(limit=3))[-1]
    assert [m.id for m in await runs.messages(after=third.seq, key="1")] == ["m3", "m5"]


async def test_a_message_for_one_run_is_for_nobody_else(runs: RunStore) -> None:
    await runs.emit([], [said("m1", run_id="r1"), said("m2"), said("m3", run_id="r2"), said("m4", run_id="r1")])
    assert [m.id for m in await runs.messages()] == ["m2"]
    mine = await runs.messages(after=await runs.last_message(), run_id="r1")
    assert [m.id for m in mine] == ["m1", "m4"]
    assert [m.id for m in await runs.messages(run_id="r1", own=mine[0].seq)] == ["m2", "m4"]


async def test_a_message_wakes_who_sleeps_until_it_comes(runs: RunStore) -> None:
    await sleep_until(runs, Awaited("go", "067"))
    assert await runs.claim(at(9), "a", at(20)) == []
    await runs.emit([], [said("m1", key="068"), said("m2", name="stay", key="067"), said("m3", run_id="r9", key="067")])
    assert await runs.claim(at(9), "a", at(20)) == []
    await runs.emit([], [said("m4", key="067")])
    assert await runs.next_wake() == at(0)
    (claimed,) = await runs.claim(at(9), "a", at(20))
    assert (claimed.id, claimed.epoch) == ("r1", 2)
    await runs.finish_step("r1", 2, {}, wake=at(1000))
    await runs.emit([], [said("m5", key="067")])
    assert await runs.claim(at(99), "a", at(100)) == []


async def test_a_message_that_is_there_already_wakes_at_once_unless_it_is_old(runs: RunStore) -> None:
    await runs.emit([], [said("m1", key="067")])
    seen = await runs.last_message()
    await sleep_until(runs, Awaited("go", "067", after=seen))
    assert await runs.claim(at(9), "a", at(20)) == []
    await runs.cancel("r1", at(9))
    await sleep_until(runs, Awaited("go", "067", after=seen - 1), name="r2")
    assert [run.id for run in await runs.claim(at(9), "a", at(20))] == ["r2"]


async def test_a_message_for_the_run_itself_wakes_it_however_old_until_it_was_taken(runs: RunStore) -> None:
    await runs.emit([], [said("m1", run_id="r1"), said("m2", run_id="r2")])
    (mine,) = await runs.messages(run_id="r1")
    await sleep_until(runs, Awaited("go", after=99))
    assert [run.id for run in await runs.claim(at(9), "a", at(20))] == ["r1"]
    await runs.finish_step("r1", 2, {}, wake=at(1000), awaited=[Awaited("go", after=99, own=mine.seq)])
    assert await runs.claim(at(9), "a", at(20)) == []
    await runs.emit([], [said("m3", run_id="r1")])
    assert [run.id for run in await runs.claim(at(9), "a", at(20))] == ["r1"]


async def test_one_of_several_awaited_messages_is_enough(runs: RunStore) -> None:
    await sleep_until(runs, Awaited("go", "067"), Awaited("stop"))
    await runs.start(new("r2"))
    await runs.claim(at(0), "a", at(10))
    await runs.finish_step("r2", 1, {}, messages=[said("m1", name="stop")], ending=Ending(Outcome.FINISHED))
    assert [run.id for run in await runs.claim(at(9), "a", at(20))] == ["r1"]


async def test_a_message_does_not_take_a_run_from_who_holds_it(runs: RunStore) -> None:
    await sleep_until(runs, Awaited("go"))
    await runs.emit([], [said("m1")])
    await runs.claim(at(0), "a", at(10))
    await runs.emit([], [said("m2")])
    assert await runs.claim(at(9), "b", at(20)) == []


async def test_events_are_taken_until_they_are_marked(runs: RunStore) -> None:
    await runs.emit([], [said("m1", name="a"), said("m2", name="b"), said("m3", name="c"), said("m4", name="a")])
    await runs.emit([], [said("m5", name="a", run_id="r1")])
    assert await runs.take_messages([]) == []
    taken = await runs.take_messages(["a", "b"])
    assert [message.id for message in taken] == ["m1", "m2", "m4"]
    assert [message.id for message in await runs.take_messages(["a", "b"], limit=1)] == ["m1"]
    await runs.taken([taken[0].seq, taken[1].seq])
    await runs.taken([])
    assert [message.id for message in await runs.take_messages(["a", "b"])] == ["m4"]
    assert len(await runs.messages()) == 4


async def test_what_is_old_is_forgotten(runs: RunStore) -> None:
    await runs.start(new("old", started=0))
    await runs.start(new("open", started=0))
    await runs.start(new("young", started=50))
    await runs.cancel("old", at(60))
    await runs.cancel("young", at(60))
    await runs.emit([], [said("m1"), said("m2", seconds=50), said("m3", run_id="open"), said("m4", run_id="old")])
    last = await runs.last_message()
    assert await runs.forget(at(50)) == 3
    assert [run.id for run in await runs.find()] == ["young", "open"]
    assert [message.id for message in await runs.messages(run_id="open")] == ["m2", "m3"]
    assert await runs.last_message() == last
    await runs.emit([], [said("m9", seconds=51)])
    assert await runs.last_message() > last


async def test_a_node_that_begins_anew_gives_its_old_leases_up(runs: RunStore) -> None:
    for name in ("r1", "r2", "r3"):
        await runs.start(new(name))
    await runs.claim(at(0), "a", at(10), limit=2)
    await runs.claim(at(0), "b", at(10))
    assert await runs.release("a") == 2
    assert await runs.release("a") == 0
    assert [(run.id, run.epoch) for run in await runs.claim(at(1), "a", at(11))] == [("r1", 2), ("r2", 2)]
    with pytest.raises(LeaseLostError):
        await runs.finish_step("r1", 1, {})
