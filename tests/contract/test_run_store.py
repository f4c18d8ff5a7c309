"""What `scenario.ports` promises, over every implementation."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.scenario.context import RunMode
from cordboard.scenario.ports import Effect, Ending, LeaseLostError, NewRun, Releases, RunStore, ScenarioError
from cordboard.scenario.results import Outcome
from cordboard.testing.scenario import IMPLEMENTATIONS, Stores

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return TEN + timedelta(seconds=seconds)


def new(name: str = "r1", *, key: str = "", scenario: str = "work", started: float = 0) -> NewRun:
    return NewRun(name, scenario, 3, "c1", {"step": "a", "сума": "1.50"}, at(started), key)


def sms(key: str, text: str = "x") -> Effect:
    return Effect("sms", key, {"text": text}, "r1", "c1")


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


async def test_a_mode_that_is_not_there_is_refused(runs: RunStore) -> None:
    with pytest.raises(ScenarioError):
        await runs.start(new(key="067"), RunMode.QUEUED)


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
