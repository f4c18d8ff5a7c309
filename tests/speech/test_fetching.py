"""tools/fetch-speech with apt and dpkg that are scripts of ours: no network, only what it makes of them."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.speech.fetching import follow, state_of
from cordboard.speech.rhvoice import RHVoiceEngine
from cordboard.testing.architecture import ROOT

APT_GET = """case "$*" in
*indextargets*) echo "http://mirror.test/debian bookworm main";;
*download*) head -c 3000000 /dev/zero > voices.deb; while [ ! -e GO ]; do sleep 0.05; done;;
esac"""
APT_CACHE = """case "$*" in
*librhvoice5) echo "  Depends: librhvoice-core5";;
*librhvoice-core5) echo "  Depends: libsonic0";;
*show*) printf 'Size: 3000000\\nSize: 5000000\\n';;
esac"""
DPKG = """mkdir -p "$3/usr/lib/x" "$3/usr/share/RHVoice/voices/anna" "$3/usr/share/RHVoice/voices/Pavel"
echo > "$3/usr/lib/x/libRHVoice.so.5"
printf 'name=Anna\\nlanguage=Russian\\n' > "$3/usr/share/RHVoice/voices/anna/voice.info" """


class Tree:
    """A copy of tools/ beside programs that do as they are told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.speech = root / ".speech"
        shutil.copytree(ROOT / "tools", root / "tools")
        (root / "bin").mkdir()
        go = str(root / "go")
        for name, body in (
            ("apt-get", APT_GET.replace("GO", go)), ("apt-cache", APT_CACHE), ("dpkg", DPKG), ("ldd", ""),
            ("dpkg-query", "echo installed"),
        ):  # fmt: skip
            self.does(name, body)

    def does(self, name: str, body: str) -> None:
        file = self.root / "bin" / name
        file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        file.chmod(0o755)

    def fetch(self, *words: str) -> str:
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        command = [str(self.root / "tools/fetch-speech"), *words]
        done = subprocess.run(
            command, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=True, timeout=20
        )
        return done.stderr

    def go(self) -> None:
        (self.root / "go").touch()


def within(seconds: float, holds: Callable[[], object]) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)  # a process of its own is waited for


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.mark.slow
def test_voices_are_fetched_beside_and_picked_up_when_they_have_come(tree: Tree) -> None:
    engine = RHVoiceEngine(tree.speech / "rhvoice")
    assert "cordboard voice list" in tree.fetch("--beside")
    assert list(engine.voices()) == []
    within(10, lambda: state_of(tree.speech) == "RHVoice and its voices are being fetched: 3 of 8 MB.")
    tree.go()
    within(10, lambda: [voice.name for voice in engine.voices()] == ["Anna"])
    within(10, lambda: state_of(tree.speech) == "")
    assert not (tree.speech / "rhvoice/usr/share/RHVoice/voices/Pavel").exists()
    assert tree.fetch() == tree.fetch("--beside") == ""


@pytest.mark.slow
def test_who_needs_them_waits_for_whoever_fetches_them(tree: Tree) -> None:
    tree.fetch("--beside")
    within(10, lambda: state_of(tree.speech))
    tree.go()
    tree.fetch()
    assert [voice.name for voice in RHVoiceEngine(tree.speech / "rhvoice").voices()] == ["Anna"]
    within(10, (tree.speech / "stamp").exists)


@pytest.mark.slow
def test_if_they_cannot_be_had_there_is_the_fallback(tree: Tree) -> None:
    tree.does("apt-cache", "exit 1")
    assert "espeak-ng will speak" in tree.fetch()
    assert state_of(tree.speech) == ""
    assert tree.fetch() == ""


@virtual_time
async def test_the_log_tells_how_far_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state"
    warmed: list[str] = []

    async def warm_up() -> None:
        warmed.append(state_of(tmp_path))
        if len(warmed) == 1:
            state.write_text(f"{os.getpid()} 10 of 200 MB", encoding="utf-8")

    async def go_on() -> None:
        await asyncio.sleep(1.5)
        state.write_text(f"{os.getpid()} 90 of 200 MB", encoding="utf-8")
        await asyncio.sleep(2)
        state.unlink()

    going = asyncio.create_task(go_on())
    await follow(tmp_path, warm_up, every=1.0)
    await going
    assert warmed == ["", ""]
    told = capsys.readouterr().out
    assert told.count("10 of 200 MB") == told.count("90 of 200 MB") == told.count("the voices have come") == 1


@pytest.mark.parametrize("written", ["", "x y", "0", "99999999999999999999 z", "-1"])
def test_a_state_that_nobody_is_behind_says_nothing(tmp_path: Path, written: str) -> None:
    (tmp_path / "state").write_text(written)
    assert state_of(tmp_path) == ""
