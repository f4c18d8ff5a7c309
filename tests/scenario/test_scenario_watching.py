"""A watched folder: it settles, it is checked, it is published with the commit's subject."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cordboard.scenario.history import History
from cordboard.scenario.watching import (
    Snapshot,
    UnreadableError,
    follow,
    last_commit,
    settled,
    snapshot,
    snapshots,
)
from cordboard.simulation.stores import MemoryReleases
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.drafts import MemoryDrafts
from cordboard.testing.steps import KYIV, TEST_CATALOGUE, service

WORK = service("s: {component: end}")


async def shown(*looks: Snapshot) -> AsyncIterator[Snapshot]:
    for look in looks:
        yield look


def look(mark: str, **files: str) -> Snapshot:
    return Snapshot(mark, {name: text.encode() for name, text in (files or {"work": mark}).items()})


async def marks(looks: Sequence[Snapshot], quiet: int = 2) -> list[str]:
    return [each.mark async for each in settled(shown(*looks), quiet)]


async def test_a_folder_counts_when_it_has_stood_still() -> None:
    a, b, c = look("a"), look("b"), look("c")
    assert await marks([a, b, c]) == []
    assert await marks([a, a, a]) == ["a"]
    assert await marks([a, a, b, c, c, c]) == ["a", "c"]
    assert await marks([a, a, b, a, a]) == ["a"]
    assert await marks([a, a, b, b, a, a]) == ["a", "b", "a"]
    assert await marks([a, b, b, b], quiet=3) == ["b"]


async def test_an_empty_folder_never_counts() -> None:
    assert await marks([Snapshot("x"), Snapshot("x"), Snapshot("x")]) == []


def test_a_snapshot_goes_by_content_and_names(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"x\r\n")
    (tmp_path / "notes.txt").write_text("y")
    first = snapshot(tmp_path)
    assert first.texts() == {"a": "x\r\n"}
    (tmp_path / "notes.txt").write_text("z")
    assert snapshot(tmp_path).mark == first.mark
    (tmp_path / "a.yaml").rename(tmp_path / "b.yaml")
    assert snapshot(tmp_path).mark != first.mark
    (tmp_path / "b.yaml").write_bytes(b"\xe9\xe8")
    with pytest.raises(UnreadableError, match="b: not UTF-8 text"):
        snapshot(tmp_path).texts()


def test_a_folder_is_looked_at_every_second(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("x")

    @virtual_time
    async def found() -> list[str]:
        texts = []
        async for each in settled(snapshots(tmp_path)):
            texts.append(each.texts()["a"])
            if len(texts) == 2:
                break
            (tmp_path / "a.yaml").write_text("y")
        return texts

    assert found() == ["x", "y"]


async def test_what_is_sound_is_published_and_what_is_broken_leaves_the_old_release() -> None:
    releases = MemoryReleases()
    history = History(releases, MemoryDrafts(), TEST_CATALOGUE, zone=KYIV, country="UA", now=lambda: datetime.now(UTC))

    async def message() -> tuple[str, str]:
        return "Evening menu", "olena"

    looks = shown(
        look("1", work=WORK),
        look("2", work="scenario: ["),
        Snapshot("3", {"work": b"\xff"}),
        look("4", work=WORK),
        look("5", work=WORK.replace("end", "wait, time: 1d")),
    )
    came = [each async for each in follow(looks, history, message)]
    assert [each.published.number if each.published else None for each in came] == [1, None, None, 0, 2]
    assert "this is no YAML" in came[1].faults["work"][0].message
    assert came[2].error.startswith("work: not UTF-8 text")
    release = await releases.load(2)
    assert (release.message, release.author) == ("Evening menu", "olena")


@pytest.mark.slow
def test_the_last_commit_gives_the_message(tmp_path: Path) -> None:
    assert asyncio.run(last_commit(tmp_path)) == ("", "")
    (tmp_path / "a.yaml").write_text("x")
    who = ("-c", "user.name=Олена", "-c", "user.email=olena@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "Нічне меню\n\nbody")):
        subprocess.run(["git", "-C", tmp_path, *words], check=True, timeout=20)
    assert asyncio.run(last_commit(tmp_path)) == ("Нічне меню", "Олена")
