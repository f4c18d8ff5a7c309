"""Set-up with a Python that is a script of ours: no network, no package, only what tools/setup makes of it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cordboard.testing.architecture import ROOT

SCRIPTS = ["setup", "check", "run-tests", "pin-requirements", "fetch-speech"]


class Tree:
    """A copy of the set-up files whose `.venv` holds a Python that notes its calls and does as it is told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "tools", root / "tools")
        for name in ("pyproject.toml", "requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / name, root / name)
        (root / ".venv" / "bin").mkdir(parents=True)
        self.pip_does("exit 0")

    def script(self, name: str, body: str) -> Path:
        file = self.root / name
        file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        file.chmod(0o755)
        return file

    def pip_does(self, body: str) -> None:
        self.script(".venv/bin/python", f'[ "$1" = -m ] || exit 0\necho "$*" >> "{self.root}/calls"\n{body}')

    @property
    def calls(self) -> int:
        """How often pip ran since the last time this was asked."""
        file = self.root / "calls"
        count = len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0
        file.unlink(missing_ok=True)
        return count

    def set_up(self, **environment: str) -> tuple[int, str]:
        """Exit status and what was said."""
        command = [str(self.root / "tools/setup"), "dev"]
        done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_can_be_run(name: str) -> None:
    file = ROOT / "tools" / name
    assert os.access(file, os.X_OK)
    subprocess.run(["bash", "-n", file], check=True)


def test_the_second_time_nothing_is_done(tree: Tree) -> None:
    assert tree.set_up()[0] == 0
    assert tree.calls == 2  # the packages, then the project itself
    assert tree.set_up() == (0, "")
    assert tree.calls == 0


@pytest.mark.parametrize(("changed", "calls"), [("requirements-dev.txt", 1), ("pyproject.toml", 1), ("README.md", 0)])
def test_what_has_changed_is_done_again(tree: Tree, changed: str, calls: int) -> None:
    tree.set_up()
    assert tree.calls == 2
    with (tree.root / changed).open("a", encoding="utf-8") as file:
        file.write("# one more line\n")
    assert tree.set_up()[0] == 0
    assert tree.calls == calls


def test_what_has_failed_is_tried_again(tree: Tree) -> None:
    tree.pip_does("exit 1")
    assert tree.set_up()[0] == 1
    tree.pip_does("exit 0")
    assert tree.set_up()[0] == 0
    assert tree.set_up() == (0, "")


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (
            "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory",
            "install build-essential python3-dev",
        ),
        ("fatal error: Python.h: No such file or directory", "install build-essential python3-dev"),
        ("NameResolutionError: Temporary failure in name resolution", "Check the connection"),
        ("ERROR: Could not find a version that satisfies x (from versions: none)", "Check the connection"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "make requirements"),
        ("OSError: [Errno 28] No space left on device", "Free about 600 MB"),
        ("something that nobody has seen before", "make clean"),
    ],
)
def test_what_pip_says_becomes_advice(tree: Tree, words: str, advice: str) -> None:
    tree.pip_does(f'echo "{words}" >&2; exit 1')
    status, said = tree.set_up()
    assert status == 1
    assert advice in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("exit 127", "make up PYTHON="),
        ('case "$2" in *version_info*) exit 0;; esac; exit 1', "apt-get install python3 python3-venv"),
    ],
)
def test_a_python_that_will_not_do(tree: Tree, body: str, advice: str) -> None:
    shutil.rmtree(tree.root / ".venv")
    status, said = tree.set_up(PYTHON=str(tree.script("python-of-theirs", body)))
    assert status == 1
    assert advice in said.splitlines()[-1]


def test_no_python_at_all(tree: Tree) -> None:
    shutil.rmtree(tree.root / ".venv")
    status, said = tree.set_up(PYTHON="python-from-nowhere")
    assert status == 1
    assert said.splitlines() == [
        "cordboard: there is no python-from-nowhere here.",
        "cordboard: Install it: apt-get install python3 python3-venv",
    ]


def test_make_alone_tells_what_there_is() -> None:
    said = subprocess.run(["make", "-s", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    told = [line.split()[1] for line in said.splitlines() if line.startswith("  make ")]
    assert told == ["help", "up", "demo", "test", "check", "bench", "requirements", "clean"]
