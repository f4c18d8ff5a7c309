"""A running exchange that follows a folder."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app
from cordboard.store.database import open_store
from cordboard.testing.office_process import office_process, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]

MAIN = "scenario: main\nkind: voice\nstart: end\nsteps:\n  end: {component: hang_up}\n"


def cordboard(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_a_commit_is_published_and_a_broken_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, data = tmp_path / "drawn", tmp_path / "data"
    folder.mkdir()
    (folder / "main.yaml").write_text(MAIN)
    git = ("git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-C", str(folder))
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "The first drawing"], check=True)
    monkeypatch.setenv("CORDBOARD_DATA", str(data))
    monkeypatch.setenv("CORDBOARD_SCENARIOS_WATCH", str(folder))
    with office_process(data, {"main": MAIN.replace("hang_up", "reject")}) as office:
        until(lambda: "The first drawing" in cordboard("scenario", "history").output, within=10.0)
        (folder / "main.yaml").write_text(MAIN.replace("hang_up", "hang_upp"))
        until(lambda: "unknown component" in office.log(), within=10.0)
        assert cordboard("scenario", "show", "main").output.count("[hang_up]") == 1
    assert asyncio.run(_releases(data)) == 2


async def _releases(data: Path) -> int:
    async with await open_store(data / "cordboard.sqlite") as store:
        return await store.releases.current()
