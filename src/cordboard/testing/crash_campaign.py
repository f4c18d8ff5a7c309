"""Kills nodes in a loop: `python -m cordboard.testing.crash_campaign --kills 200 --seed 1 [--nodes 2] [--postgresql]`.

This process has imported everything, runs no loop and no thread, and forks the nodes: one is there in a few
milliseconds. It tells how many died where and what was found afterwards, as JSON with `--json`. The exit status is 1
if something was lost or done twice.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cordboard.store.database import open_store
from cordboard.testing.crash import BOUNDARIES, LEASE, BlackBox, NodePlan, begin, live
from cordboard.testing.durability import SAVES_A_ROUND, Errands, Seen, history, look
from cordboard.testing.postgres import postgres_server

_LOOK = 0.002
_SOON = 50
"""Commits that an armed node may still make until it comes to its boundary. Then it dies where it is."""
_PATIENCE = 1.0
"""Seconds after which it does so in any case."""
RANDOM = "at a random moment"
YOUNG = "while it began"
_SHOWN = 3


@dataclass(slots=True)
class _Node:
    """A place in which one process after the other lives."""

    plan: NodePlan
    box: BlackBox = field(default_factory=BlackBox)
    pid: int = 0
    born: float = 0.0
    again_at: float = 0.0
    """When it is to live again."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is to be done."""

    database: str
    folder: Path
    seed: int
    kills: int = 200
    nodes: int = 1
    errands: Errands = field(default_factory=Errands)
    store: str = ""
    patience: float = 170.0
    """Seconds until it is given up."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it."""

    seed: int
    kills: int
    deaths: Mapping[str, int]
    """How many nodes died where."""
    passed: Mapping[str, int]
    """How often the boundaries were passed alive."""
    seconds: float
    seen: Seen
    histories: Sequence[str]

    def lines(self) -> Iterator[str]:
        """For people."""
        seen = self.seen
        yield f"seed {self.seed}: {self.kills} kills in {self.seconds:.1f} s"
        for where in (RANDOM, YOUNG, *BOUNDARIES):
            yield f"  {self.deaths.get(where, 0):4} died {where} (of {self.passed.get(where, 0)} passings)"
        yield (
            f"{seen.ended} errands and {seen.notes} notes finished, {seen.sms} SMS, {seen.messages} messages, "
            f"{seen.dialled} calls, {seen.interrupted} of them interrupted"
        )
        yield from (f"FAULT {fault}" for fault in seen.faults)
        yield from self.histories


class _Killer:
    """Lets nodes live, kills them, and lets them live again."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._random = random.Random(campaign.seed)
        self._deadline = time.monotonic() + campaign.patience
        plan = NodePlan(campaign.database, campaign.folder, campaign.errands, store=campaign.store)
        self._nodes = [_Node(replace(plan, name="ab"[number])) for number in range(campaign.nodes)]
        self._expected = campaign.errands.number * campaign.errands.rounds * SAVES_A_ROUND
        self.deaths = Counter[str]()

    def run(self) -> int:
        """Do it; returns how many were killed."""
        _wait(_fork(lambda: begin(self._nodes[0].plan, BlackBox())), self._deadline)
        kills = self._campaign.kills
        done = 0
        try:
            for done in range(kills):
                # Spread over all of the work, however fast this machine is.
                if not self._until(0.7 * self._expected * (done + self._random.random()) / kills):
                    break
                self._kill(self._random.choice(self._nodes))
            else:
                done = kills
            self._until(None)
        finally:
            for node in self._nodes:
                if node.pid:
                    os.kill(node.pid, signal.SIGKILL)
                    os.waitpid(node.pid, 0)
        return done

    @property
    def passed(self) -> Mapping[str, int]:
        """By all nodes."""
        return {name: sum(node.box.passed[name] for node in self._nodes) for name in BOUNDARIES}

    def _until(self, saves: float | None) -> bool:
        """Go on until so much is saved (None: everything is over) and all live. False if nothing is left to do."""
        while time.monotonic() < self._deadline:
            self._live()
            if all(node.box.open_runs == 0 and not node.pid for node in self._nodes):
                return False
            enough = saves is not None and sum(node.box.saves for node in self._nodes) >= saves
            if enough and all(node.pid for node in self._nodes):
                return True
            time.sleep(_LOOK)
        return False

    def _live(self) -> None:
        """Begin what is to live; take notice of what has come to its end by itself."""
        for node in self._nodes:
            if node.pid and os.waitpid(node.pid, os.WNOHANG)[0]:
                node.pid = 0
                if node.box.open_runs != 0:  # it has died of itself: its last words are in the log
                    self.deaths["by itself"] += 1
            elif not node.pid and node.box.open_runs != 0 and time.monotonic() >= node.again_at:
                self._fork(node)

    def _fork(self, node: _Node) -> None:
        node.box.begin()
        crowd = self._random.choice((10, 20, 20, 50, 50, 500))
        # A node with a new name does not give up the leases of the old one: they must come to their end.
        name = node.plan.name if self._random.random() < 0.97 else f"{node.plan.name}{time.monotonic_ns()}"
        plan = replace(node.plan, crowd=crowd, name=name)
        node.pid, node.born = _fork(lambda: live(plan, node.box)), time.monotonic()

    def _kill(self, node: _Node) -> None:
        dice = self._random.random()
        if dice < 0.1:
            self._kill_young(node)
        elif dice < 0.35:
            time.sleep(self._random.uniform(0, 0.03))
            self._end(node, RANDOM)
        else:
            # Of some the one at which the fewest have died: most are rare, and a node that waits for one goes on.
            boundary = min(self._random.sample(BOUNDARIES, 3), key=lambda name: self.deaths[name])
            node.box.arm(boundary, self._random.choice((1, 1, 2)))
            self._end(node, RANDOM, _PATIENCE)
        late = self._random.random() < 0.1 and len(self._nodes) > 1
        node.again_at = time.monotonic() + (LEASE * 1.5 if late else 0.0)

    def _kill_young(self, node: _Node) -> None:
        """Kill it, and what comes after it as well, in its first moments."""
        self._end(node, RANDOM)
        self._fork(node)
        time.sleep(self._random.uniform(0, 0.1))
        self.deaths[RANDOM] -= 1
        self._end(node, YOUNG)

    def _end(self, node: _Node, where: str, patience: float = 0.0) -> None:
        end, enough = time.monotonic() + patience, node.box.saves + _SOON
        while not (gone := os.waitpid(node.pid, os.WNOHANG)[0]):
            if time.monotonic() >= end or node.box.saves >= enough:
                break
            time.sleep(_LOOK)
        if not gone:
            os.kill(node.pid, signal.SIGKILL)
            os.waitpid(node.pid, 0)
        node.pid = 0
        self.deaths[node.box.died_at or where] += 1


def run(campaign: Campaign) -> Report:
    """Kill, then look. Must run in a process without threads."""
    began = time.monotonic()
    killer = _Killer(campaign)
    kills = killer.run()
    seconds = time.monotonic() - began
    seen, histories = asyncio.run(_look(campaign))
    return Report(campaign.seed, kills, dict(killer.deaths), killer.passed, seconds, seen, histories)


async def _look(campaign: Campaign) -> tuple[Seen, Sequence[str]]:
    file = campaign.folder / "dialled"
    dialled = file.read_text().split() if file.exists() else []
    async with await open_store(campaign.database, folder=campaign.folder) as store:
        seen = await look(store, campaign.errands, dialled)
        return seen, [await history(store, run_id, dialled) for run_id in seen.suspects[:_SHOWN]]


def _fork(work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        asyncio.run(work())
        status = 0
    except BaseException:  # noqa: BLE001 - the child must not go back into its parent's code
        traceback.print_exc()
    finally:
        os._exit(status)


def _wait(pid: int, deadline: float) -> None:
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(_LOOK)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise TimeoutError("the errands could not be started in time")


@contextmanager
def _database(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    if options.database:
        yield options.database
    elif options.postgresql:
        yield postgres_server().database_of(folder)
    else:
        yield str(folder / "cordboard.db")


def main() -> int:
    """Read the options and do it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nodes", type=int, choices=(1, 2), default=1)
    parser.add_argument("--errands", type=int, default=500, help="an even number")
    parser.add_argument("--rounds", type=int, default=2, help="of each errand")
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL of its own")
    parser.add_argument("--database", default="", help="on this one, which must be empty")
    parser.add_argument("--store", default="", choices=("", "apart", "forgetful"), help="with a fault made on purpose")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    gc.freeze()  # what is there now is never looked at again, so that forking does not copy it
    with tempfile.TemporaryDirectory(prefix="cordboard-crash-") as place:
        folder = Path(place)
        logging.basicConfig(filename=folder / "log", level=logging.WARNING)
        with _database(options, folder) as database:
            report = run(
                Campaign(
                    database,
                    folder,
                    options.seed,
                    options.kills,
                    options.nodes,
                    Errands(options.errands, options.rounds),
                    options.store,
                )
            )
        log = (folder / "log").read_text(errors="replace")
    sys.stdout.write((json.dumps(asdict(report)) if options.json else "\n".join(report.lines())) + "\n")
    if report.seen.faults:
        sys.stderr.write(log[-5000:])
    return 1 if report.seen.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
