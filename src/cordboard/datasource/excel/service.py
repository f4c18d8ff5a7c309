"""Workbooks for scenarios: each file is read once per change and shared by all who ask."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from cordboard.datasource.excel.addresses import parse_cell
from cordboard.datasource.excel.cells import Cell, Sought
from cordboard.datasource.excel.holders import stamp
from cordboard.datasource.excel.naming import parts_of
from cordboard.datasource.excel.opened import Opened
from cordboard.datasource.excel.orders import Order, Place, Several, from_payload
from cordboard.datasource.excel.ports import Condition, Journal, JournalEntry, Row, WorkbookError, WorkbookState
from cordboard.datasource.excel.reading import BINARY, TEXT, WRITABLE, read_book

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds for reading a file; one on a share that is gone would never answer."""
_THREADS = 4
_KNOWN = sorted(BINARY | TEXT, key=lambda each: (each not in WRITABLE, each))


@dataclass(slots=True)
class Held:
    """What is known of one workbook."""

    name: str
    """Its path within the folder, with its ending: the same whoever calls it what."""
    path: Path
    encoding: str = ""
    """Of a text file, if it is not to be guessed."""
    opened: Opened | None = None
    ordered: set[int] = field(default_factory=set)
    """The numbers of what waits to be written."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Whoever changes the cells in memory, builds an index or goes through all rows has it; looking up needs none."""
    file: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Whoever reads or replaces the file has it."""
    listed: int = 0
    """When its folder last changed: nanoseconds."""
    looking: "asyncio.Task[None] | None" = None
    since: datetime | None = None
    trouble: str = ""


class WorkbookFolder:
    """Implements `Workbooks` over a folder. `WorkbookWriter` writes what is ordered; `close` it."""

    def __init__(self, folder: Path, journal: Journal, country: Callable[[], str]) -> None:
        """`country` is the office's, for reading phones."""
        self.folder = folder
        self._journal = journal
        self._country = country
        self.held: dict[str, Held] = {}
        """All workbooks that were used, by name."""
        self._named: dict[tuple[str, str], Held] = {}
        """By what scenarios say, name and encoding: finding the file asks the disk for each ending."""
        self.unreadable: dict[int, tuple[JournalEntry, str]] = {}
        """Orders that nobody can carry out, and why."""
        self._seen = 0
        self._taking = asyncio.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="excel")

    async def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    # --- Workbooks -------------------------------------------------------------------------------------------

    async def find(self, place: Place, where: Mapping[str, Sought], several: Several = Several.FIRST) -> Row | None:
        """See Workbooks."""
        held, opened = await self.current(place.workbook, place.encoding)
        if not opened.ready(place, where):
            async with held.lock:
                await self.in_thread(partial(opened.build_indexes, place, where))
        table = opened.table(place)
        row = table.find(where, several)
        return None if row is None else table.row(row)

    async def rows(
        self,
        place: Place,
        conditions: Sequence[Condition],
        columns: Sequence[str] = (),
        at_most: int = 1000,
        *,
        after: int = 0,
    ) -> Sequence[Row]:
        """See Workbooks."""
        held, opened = await self.current(place.workbook, place.encoding)
        async with held.lock:
            return await self.in_thread(lambda: opened.table(place).rows(conditions, columns, at_most, after))

    async def row(self, place: Place, number: int) -> Row | None:
        """See Workbooks."""
        held, opened = await self.current(place.workbook, place.encoding)
        await self._see(held, opened, place)
        return opened.row(place, number)

    async def cell(self, place: Place, address: str) -> Cell:
        """See Workbooks."""
        try:
            row, column = parse_cell(address)
        except ValueError as fault:
            raise WorkbookError(str(fault)) from fault
        held, opened = await self.current(place.workbook, place.encoding)
        async with held.lock:
            return await self.in_thread(lambda: opened.book.grid(place.sheet).cell(row, column))

    async def check_writable(self, place: Place, columns: Sequence[str]) -> None:
        """See Workbooks."""
        held, opened = await self.current(place.workbook, place.encoding)
        await self._see(held, opened, place)
        opened.check_writable(place, columns)

    def states(self) -> Sequence[WorkbookState]:
        """See Workbooks."""
        return [_state(held) for _, held in sorted(self.held.items())]

    # --- for the writer --------------------------------------------------------------------------------------

    async def current(self, workbook: str, encoding: str = "") -> tuple[Held, Opened]:
        """A workbook as its file is now, with all that was ordered. Raises WorkbookError."""
        while True:
            held = self._of(workbook, encoding)
            before = held.looking
            if before is not None and not before.done():
                await asyncio.wait({before})  # it may have looked before what we must see
            if held.looking is before:
                held.looking = asyncio.create_task(self._look(held), name="workbook-look")
            # All who ask at once wait for one look; who is cancelled takes nothing from the others.
            assert held.looking is not None
            try:
                await asyncio.shield(held.looking)
            except WorkbookError:
                if self._of(workbook, encoding) is held:
                    raise
            if self._of(workbook, encoding) is held:  # else another file has this name now
                assert held.opened is not None
                return held, held.opened

    async def take_in(self) -> None:
        """Note what was ordered since the last look, and apply it to the workbooks in memory."""
        async with self._taking:
            while entries := await self._journal.waiting(self._seen):
                for entry in entries:
                    await self._take_in(entry)
                    self._seen = entry.seq

    async def _take_in(self, entry: JournalEntry) -> None:
        try:
            order = from_payload(entry.payload)
            held = self._of(order.place.workbook)
        except (ValueError, WorkbookError) as fault:
            self.unreadable[entry.seq] = (entry, str(fault))
            return
        async with held.lock:
            held.ordered.add(entry.seq)
            await self._apply(held, entry.seq, order)

    async def reread(self, held: Held) -> None:
        """Read a file, whatever is known of it. Raises WorkbookError."""
        async with held.file:
            await self._read(held)

    async def in_thread(self, work: Callable[[], T], patience: float = PATIENCE) -> T:
        """Run `work` beside the loop. Raises WorkbookError if it takes too long."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(patience):
                return await loop.run_in_executor(self._threads, work)
        except TimeoutError as fault:
            raise WorkbookError("the folder of tables does not answer: is its share there?") from fault

    def _of(self, workbook: str, encoding: str = "") -> Held:
        """What is known of a workbook; its name may leave the ending away. Raises WorkbookError."""
        if (known := self._named.get((workbook, encoding))) is not None:
            return known
        parts = parts_of(workbook, self.folder)
        path = self.folder.joinpath(*parts)
        if path.suffix.lower() not in _KNOWN:
            there = (path.with_name(path.name + ending) for ending in _KNOWN)
            path = next((each for each in there if each.is_file()), path.with_name(f"{path.name}.xlsx"))
        canonical = path.relative_to(self.folder).as_posix()
        if path.suffix.lower() not in TEXT:
            encoding_meant = ""
        elif encoding_meant := encoding.strip():
            canonical = f"{canonical} ({encoding_meant})"
        held = self.held.setdefault(canonical, Held(canonical, path, encoding_meant))
        if held.opened is not None:
            self._named[workbook, encoding] = held
        return held

    async def _see(self, held: Held, opened: Opened, place: Place) -> None:
        """Read a sheet beside the loop, if it was not read before. Raises WorkbookError."""
        if not opened.seen(place):
            async with held.lock:
                await self.in_thread(partial(opened.table, place))

    async def _look(self, held: Held) -> None:
        listed = await self.in_thread(partial(_listed, held.path.parent))
        if listed != held.listed:
            held.listed = listed
            self._named.clear()  # what comes or goes may be this name by another ending
        await self._look_at_file(held)
        await self.take_in()

    async def _look_at_file(self, held: Held) -> None:
        if held.opened is not None and held.opened.stamp == await self.in_thread(partial(stamp, held.path)):
            return
        async with held.file:
            # Whoever had the file may have read or replaced it.
            if held.opened is None or held.opened.stamp != await self.in_thread(partial(stamp, held.path)):
                await self._read(held)

    async def _read(self, held: Held) -> None:
        country = self._country()

        def read() -> Opened:
            while True:
                before = stamp(held.path)
                book = read_book(held.path, held.encoding)
                if stamp(held.path) == before:
                    return Opened(book, before, country)

        opened = await self.in_thread(read)
        async with held.lock:
            held.opened = opened
            # What waits is applied anew: rows may stand elsewhere now.
            after = min(held.ordered, default=1) - 1
            waiting = set()
            while entries := await self._journal.waiting(after):
                for entry in entries:
                    after = entry.seq
                    with suppress(ValueError, WorkbookError):
                        order = from_payload(entry.payload)
                        if self._of(order.place.workbook) is held:
                            waiting.add(entry.seq)
                            await self._apply(held, entry.seq, order)
            # Another node may have written some.
            held.ordered.difference_update([seq for seq in held.ordered if seq <= after and seq not in waiting])
            held.ordered |= waiting

    async def _apply(self, held: Held, seq: int, order: Order) -> None:
        """Carry an order out in memory, once."""
        opened = held.opened
        if opened is None or seq in opened.applied:
            return
        with suppress(WorkbookError):  # `apply` finds it as well, and keeps it
            await self.in_thread(partial(opened.prepare, order))
        opened.apply(seq, order)


def _listed(folder: Path) -> int:
    """When a file last came or went in a folder; 0 if that cannot be known."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _state(held: Held) -> WorkbookState:
    lost = held.opened.lost if held.opened is not None else {}
    faults = [
        f"{column}: a phone has lost its digits in row {', '.join(map(str, rows[:10]))}"
        + (f" and {len(rows) - 10} more" if len(rows) > 10 else "")
        for column, rows in lost.items()
    ]
    return WorkbookState(held.name, len(held.ordered), held.since, held.trouble, faults)
