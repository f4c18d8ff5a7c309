# ruff: noqa: T201  (a program that prints what it measured)
"""What a look-up in the call log costs: `python bench/lookups.py [--legs 200000] [--rounds 200]`.

A log of 100,000 calls is made in SQLite, a third of them with the numbers of 50 busy clients; then the questions of the
ready-made components are asked, each for other numbers, and the median and the slowest of a hundred are printed.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert

from cordboard.office.call_history import LoggedCallHistory
from cordboard.office.number_lists import OfficeNumberLists
from cordboard.office.ports import Way
from cordboard.store.call_tables import listed_numbers
from cordboard.store.database import Store, open_store
from cordboard.store.tables import connections, legs
from cordboard.telephony import PhoneNumber, SystemClock
from cordboard.testing.office import loaded_directory

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SPAN = timedelta(days=400)
BUSY = 50
LIMIT_MS = 5.0


def phone(number: int) -> PhoneNumber:
    """One of the clients; those below BUSY call all the time."""
    text = f"+38067{number:07}"
    return PhoneNumber(text, text)


def fill(connection: Connection, count: int, dice: random.Random) -> None:
    """So many legs, two a call, the oldest first."""
    leg_rows, joined = [], []
    calls = count // 2
    for call in range(calls):
        start = NOW - SPAN + SPAN * call / calls
        client = phone(dice.randrange(BUSY) if dice.random() < 1 / 3 else dice.randrange(BUSY, 40_000)).canonical
        inbound, talked = dice.random() < 0.6, dice.random() < 0.7
        chain = f"c{call}"
        for name, outside in (("a", inbound), ("b", not inbound)):
            leg_rows.append(_leg(f"{chain}{name}", chain, start, client if outside else "", inbound=name == "a"))
        if talked:
            joined.append({"id": f"{chain}j", "chain": chain, "a_leg": f"{chain}a", "b_leg": f"{chain}b",
                           "started": start, "ended": start + timedelta(seconds=60)})  # fmt: skip
    connection.execute(insert(legs), leg_rows)
    connection.execute(insert(connections), joined)
    rows = [
        {"list": "black", "number": phone(number).canonical, "note": "", "until": None, "added": NOW}
        for number in range(0, 40_000, 4)
    ]
    connection.execute(insert(listed_numbers), rows)


def _leg(name: str, chain: str, start: datetime, client: str, *, inbound: bool) -> dict[str, object]:
    account = "" if client else "101"
    return {
        "id": name, "chain": chain, "direction": "inbound" if inbound else "outbound", "state": "ended",
        "caller_number": client if inbound else "", "caller_name": "", "caller_phone": client if inbound else "",
        "dialled": "" if inbound else client, "dialled_phone": "" if inbound else client, "account": account,
        "line": "city" if client else "", "started": start, "ringing": None, "answered": start,
        "ended": start + timedelta(seconds=60), "reason": "hung_up", "held": False, "recorded": False,
    }  # fmt: skip


async def measure(store: Store, rounds: int, dice: random.Random) -> bool:
    """Ask, print, and return whether all medians are below the limit."""
    history = LoggedCallHistory(store.call_history, await loaded_directory())
    lists = OfficeNumberLists(store.number_lists, SystemClock())
    week, day = NOW - timedelta(days=7), NOW - timedelta(days=1)
    questions: dict[str, Callable[[PhoneNumber], Awaitable[object]]] = {
        "last caller, a week": lambda one: history.last_with_employee(one, since=week),
        "first call, whole log": lambda one: history.calls(one, way=Way.IN, talked=True, before="c99999", limit=1),
        "calls today": lambda one: history.calls(one, since=day, way=Way.IN),
        "reached since": lambda one: history.calls(one, since=day),
        "on the list": lambda one: lists.find("black", one, NOW),
    }
    good = True
    print(f"{'':24}{'median':>10}{'slowest':>10}   ms, a busy number{'median':>10}{'slowest':>10}   ms, any other")
    for name, ask in questions.items():
        line = f"{name:24}"
        for lowest, highest in ((0, BUSY), (BUSY, 40_000)):
            times = []
            for _ in range(rounds):
                one = phone(dice.randrange(lowest, highest))
                began = time.perf_counter()
                await ask(one)
                times.append((time.perf_counter() - began) * 1000)
            line += f"{statistics.median(times):10.2f}{max(times):10.2f}" + " " * 20
            good = good and statistics.median(times) < LIMIT_MS
        print(line.rstrip())
    return good


async def main() -> int:
    """Make the log and ask it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--legs", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=200)
    given = options.parse_args()
    dice = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        async with await open_store(Path(folder) / "bench.db") as store:
            began = time.perf_counter()
            await store.writer.transact(lambda connection: fill(connection, given.legs, dice))
            print(f"a log of {given.legs} legs, made in {time.perf_counter() - began:.1f} s")
            good = await measure(store, given.rounds, dice)
    print(f"each below {LIMIT_MS:g} ms by the median: {'yes' if good else 'NO'}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
