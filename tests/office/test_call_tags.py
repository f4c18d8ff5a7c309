import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import structlog

from cordboard.office.tags import CallTags
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.store import sqlite_store


class Slow:
    """A repository that takes its time, or fails."""

    def __init__(self, seconds: float, *, fails: bool = False) -> None:
        self.seconds = seconds
        self.fails = fails
        self.written: list[tuple[str, str, str]] = []

    async def set(self, chain: str, name: str, value: str) -> None:
        await asyncio.sleep(self.seconds)
        if self.fails:
            raise OSError("the disk is full")
        self.written.append((chain, name, value))

    async def of(self, chains: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        return {chain: {} for chain in chains}


@virtual_time
async def test_a_tag_is_written_when_it_is_told() -> None:
    slow = Slow(0.01)
    await CallTags(slow).tag("chain", "topic", "delivery")
    assert slow.written == [("chain", "topic", "delivery")]


@virtual_time
async def test_a_slow_database_delays_the_tag_and_not_the_call() -> None:
    slow = Slow(60)
    tags = CallTags(slow)
    await tags.tag("chain", "topic", "delivery")
    assert asyncio.get_running_loop().time() == pytest.approx(1)
    assert slow.written == []
    await tags.close()
    assert slow.written == [("chain", "topic", "delivery")]


@virtual_time
async def test_a_tag_that_cannot_be_written_is_logged() -> None:
    with structlog.testing.capture_logs() as logged:
        await CallTags(Slow(0, fails=True)).tag("chain", "topic", "delivery")
    assert [(line["event"], line["call"], line["tag"]) for line in logged] == [
        ("a call could not be tagged", "chain", "topic")
    ]


async def test_the_store_keeps_the_last_value_of_each_name(tmp_path: Path) -> None:
    async with sqlite_store(tmp_path) as store:
        tags = CallTags(store.tags)
        for name, value in (("topic", "sales"), ("topic", "delivery"), ("order", "105")):
            await tags.tag("chain", name, value)
        assert await store.tags.of(["chain"]) == {"chain": {"order": "105", "topic": "delivery"}}
