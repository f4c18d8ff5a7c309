"""What `scenario.ports.Drafts` promises, over every implementation."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cordboard.scenario.ports import Draft, DraftConflictError, Drafts
from cordboard.testing.drafts import MemoryDrafts
from cordboard.testing.store import STORES

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FIRST = Draft("main", "name: main\n# «Привет»\r\n", 0, "олена", TEN, 7)


@pytest.fixture(params=["memory", *STORES])
async def drafts(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Drafts]:
    if request.param == "memory":
        yield MemoryDrafts()
        return
    async with STORES[request.param](tmp_path) as store:
        yield store.drafts


async def test_a_draft_comes_back_as_it_was_with_a_growing_revision(drafts: Drafts) -> None:
    assert await drafts.get("main") is None
    saved = await drafts.save(FIRST)
    assert saved == replace(FIRST, revision=saved.revision)
    assert saved.revision > 0
    assert await drafts.get("main") == saved
    again = await drafts.save(replace(saved, text="", author="ivan"))
    assert again.revision > saved.revision
    assert await drafts.get("main") == again == replace(saved, text="", author="ivan", revision=again.revision)


async def test_all_are_listed_by_name(drafts: Drafts) -> None:
    assert await drafts.all() == []
    for name in ("menu", "Зима", "main", "Menu"):
        await drafts.save(replace(FIRST, name=name))
    assert [draft.name for draft in await drafts.all()] == ["Menu", "main", "menu", "Зима"]


async def test_who_saves_over_something_else_gets_a_conflict_and_sees_what_is_there(drafts: Drafts) -> None:
    read = await drafts.save(FIRST)
    theirs = await drafts.save(replace(read, text="theirs"))
    for mine in (replace(read, text="mine"), replace(FIRST, text="mine")):
        with pytest.raises(DraftConflictError) as conflict:
            await drafts.save(mine)
        assert conflict.value.theirs == theirs
    with pytest.raises(DraftConflictError):
        await drafts.discard("main", read.revision)
    assert await drafts.get("main") == theirs


async def test_of_two_who_save_at_once_one_gets_a_conflict(drafts: Drafts) -> None:
    read = await drafts.save(FIRST)
    results = await asyncio.gather(
        *(drafts.save(replace(read, text=text)) for text in ("a", "b")), return_exceptions=True
    )
    assert [type(result) for result in results if not isinstance(result, Draft)] == [DraftConflictError]
    (kept,) = (result for result in results if isinstance(result, Draft))
    assert await drafts.get("main") == kept


async def test_a_discarded_draft_is_gone_and_its_reader_cannot_overwrite_the_next(drafts: Drafts) -> None:
    read = await drafts.save(FIRST)
    await drafts.discard("main", read.revision)
    assert await drafts.get("main") is None
    assert await drafts.all() == []
    with pytest.raises(DraftConflictError) as conflict:
        await drafts.save(replace(read, text="late"))
    assert conflict.value.theirs is None
    anew = await drafts.save(FIRST)
    with pytest.raises(DraftConflictError):
        await drafts.save(replace(read, text="later"))
    assert await drafts.get("main") == anew


async def test_discarding_what_is_not_there(drafts: Drafts) -> None:
    await drafts.discard("main", 0)
    with pytest.raises(DraftConflictError):
        await drafts.discard("main", 3)
