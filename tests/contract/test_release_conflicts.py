"""Two who publish at once: what `Releases.publish` promises with `after`, over every implementation."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cordboard.scenario.ports import ReleaseConflictError, Releases
from cordboard.testing.scenario import IMPLEMENTATIONS

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture(params=list(IMPLEMENTATIONS))
async def releases(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Releases]:
    async with IMPLEMENTATIONS[request.param](tmp_path) as stores:
        yield stores.releases


async def test_a_release_is_made_only_after_the_one_that_was_read(releases: Releases) -> None:
    assert await releases.publish({"a": "1"}, message="", at=TEN, after=0) == 1
    with pytest.raises(ReleaseConflictError):
        await releases.publish({"a": "lost"}, message="", at=TEN, after=0)
    assert await releases.current() == 1
    assert (await releases.load(1)).scenarios == {"a": "1"}
    assert await releases.publish({"a": "2"}, message="", at=TEN, after=1) == 2
    assert await releases.publish({"a": "3"}, message="", at=TEN) == 3


async def test_of_two_who_publish_at_once_one_gets_a_conflict(releases: Releases) -> None:
    results = await asyncio.gather(
        *(releases.publish({"a": text}, message="", at=TEN, after=0) for text in ("x", "y")), return_exceptions=True
    )
    assert [type(result) for result in results if result != 1] == [ReleaseConflictError]
    assert await releases.current() == 1
