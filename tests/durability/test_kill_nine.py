"""kill -9 in a loop: two hundred times on SQLite, two hundred times on PostgreSQL. What is started goes to its end, and
nothing is done twice. `bench/run durability` prints the counts with any other seed."""

import json
import subprocess
import sys
from typing import Any

import pytest

from cordboard.testing.crash import BOUNDARIES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ALL = 500


def campaign(*options: str) -> dict[str, Any]:
    """In a process of its own, for it forks."""
    command = [sys.executable, "-m", "cordboard.testing.crash_campaign", "--json", "--rounds=1", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=880, check=False)
    assert done.returncode in (0, 1), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def words(report: dict[str, Any]) -> str:
    """What somebody needs who must find out why."""
    seen = report["seen"]
    faults = "\n".join(seen["faults"][:20])
    return f"seed {report['seed']}, deaths {report['deaths']}\n{faults}\n" + "\n".join(report["histories"])


@pytest.mark.parametrize(
    ("kills", "options"),
    [
        pytest.param(200, ["--seed=1"], id="sqlite"),
        pytest.param(100, ["--seed=2", "--postgresql"], id="postgresql"),
        pytest.param(100, ["--seed=3", "--postgresql", "--nodes=2"], id="two nodes on postgresql"),
    ],
)
def test_what_was_started_is_finished_and_nothing_is_done_twice(kills: int, options: list[str]) -> None:
    report = campaign(f"--kills={kills}", *options)
    seen, deaths = report["seen"], report["deaths"]
    print(f"seed {report['seed']}, {report['seconds']:.0f} s: {deaths}")  # noqa: T201 - for pytest -s
    assert seen["faults"] == [], words(report)
    assert (seen["ended"], seen["notes"], seen["sms"], seen["messages"]) == (ALL, ALL, 3 * ALL, ALL)
    assert ALL - seen["interrupted"] <= seen["dialled"] <= ALL
    assert report["kills"] == kills
    assert "by itself" not in deaths
    # The proof is worth something only if nodes died at the boundaries, and calls were made.
    assert sum(deaths.get(boundary, 0) for boundary in BOUNDARIES) >= kills // 5, deaths
    assert len([boundary for boundary in BOUNDARIES if deaths.get(boundary)]) >= 12, deaths
    assert seen["dialled"] >= ALL // 4


@pytest.mark.parametrize(
    ("store", "fault"), [("apart", "SMS '"), ("forgetful", "was dialled 2 times")], ids=["apart", "forgetful"]
)
def test_a_store_that_is_made_wrong_is_found_out(store: str, fault: str) -> None:
    report = campaign("--errands=60", "--kills=40", "--seed=1", f"--store={store}")
    assert any(fault in found for found in report["seen"]["faults"]), report
    assert report["histories"]
