import asyncio
import os
import time
from pathlib import Path

import pytest

from cordboard.speech import cache


def sound(folder: Path, name: str, *, hours_ago: float, seconds: float = 1.0) -> Path:
    path = folder / f"{name}.wav"
    cache.store(path, bytes(int(16000 * seconds)), {"text": name})
    at = time.time() - 3600 * hours_ago
    os.utime(path, (at, at))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.wav"))


def test_what_was_not_asked_for_the_longest_goes_first(tmp_path: Path) -> None:
    for name, hours_ago in (("a", 5), ("b", 9), ("c", 2), ("d", 3)):
        sound(tmp_path, name, hours_ago=hours_ago)
    assert cache.shrink(tmp_path, 40_000) == 2
    assert names(tmp_path) == ["c", "d"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.json", "c.wav", "d.json", "d.wav"]


def test_what_somebody_may_be_hearing_stays(tmp_path: Path) -> None:
    old, young = sound(tmp_path, "old", hours_ago=30), sound(tmp_path, "young", hours_ago=0.5)
    assert cache.shrink(tmp_path, 0) == 1
    assert (old.exists(), young.exists()) == (False, True)
    assert cache.shrink(tmp_path, 0, keep=0) == 1


def test_a_use_makes_it_young_again(tmp_path: Path) -> None:
    old = sound(tmp_path, "old", hours_ago=30)
    cache.used(old)
    assert time.time() - old.stat().st_mtime < 60
    assert cache.shrink(tmp_path, 0) == 0
    before = old.stat().st_mtime_ns
    cache.used(old)
    assert old.stat().st_mtime_ns == before  # not every use is written
    cache.used(tmp_path / "gone.wav")


def test_what_it_holds_is_counted(tmp_path: Path) -> None:
    assert cache.contents(tmp_path / "none") == cache.Contents(0, 0, None)
    sound(tmp_path, "a", hours_ago=1)
    old = sound(tmp_path, "b", hours_ago=2, seconds=2)
    found = cache.contents(tmp_path)
    assert (found.sounds, found.oldest) == (2, old.stat().st_mtime)
    assert 48_000 < found.size < 50_000


@pytest.mark.parametrize("spoilt", [b"", b"RIFF", bytes(100), None])
def test_a_spoilt_sound_is_not_used(tmp_path: Path, spoilt: bytes | None) -> None:
    path = sound(tmp_path, "a", hours_ago=0)
    assert cache.usable(path)
    path.write_bytes(path.read_bytes()[:-1] if spoilt is None else spoilt)
    assert not cache.usable(path)
    assert not cache.usable(tmp_path / "none.wav")


async def test_readers_and_writers_and_the_broom_do_each_other_no_harm(tmp_path: Path) -> None:
    """A sound that a reader has seen whole is whole when he opens it, or gone; never half."""
    path = tmp_path / "a.wav"

    def write() -> None:
        for _ in range(100):
            cache.store(path, bytes(16000), {"text": "a"})
            cache.shrink(tmp_path, 0, keep=0)

    def read() -> set[int]:
        found = set()
        for _ in range(1000):
            try:
                found.add(len(path.read_bytes()))
            except FileNotFoundError:
                continue
        return found

    _, found = await asyncio.gather(asyncio.to_thread(write), asyncio.to_thread(read))
    assert found <= {16044}
