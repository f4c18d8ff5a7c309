"""Writes what was ordered into the files: in order, in batches, without ever losing anything.

A file that somebody has open is tried again; one that its owner has changed is read anew, and the rows are found again
by what they say. Before a file is replaced, what it will be is written down: after a crash it is known whether it was.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from cordboard.datasource.excel.holders import BusyError, ChangedError, busy, content_hash, holder, replace, stamp
from cordboard.datasource.excel.opened import Applied, Opened, changes_of
from cordboard.datasource.excel.orders import to_payload
from cordboard.datasource.excel.patching import RefusedError, patch
from cordboard.datasource.excel.ports import Doubt, Journal, WorkbookError, WriteFault
from cordboard.datasource.excel.reading import read_book
from cordboard.datasource.excel.service import Held, WorkbookFolder
from cordboard.telephony import Clock

GATHER = 2.0
"""Seconds between two writings, so that what comes together is written together."""
UNFINISHED = ".cordboard-"
"""How the names of files begin that `replace` is about to put in their place."""
LEASE = timedelta(minutes=2)
"""For which a node is the one that writes; longer than writing a batch may take."""
LONGEST_PAUSE = 30.0
"""Seconds between two attempts to write a workbook that somebody has open."""
MOST = 400
"""Orders in one writing."""

LONGEST = 120.0
"""Seconds for finding out which orders of a batch cannot be written."""

_log = structlog.get_logger("excel")


class WorkbookWriter:
    """One node's pen. `run` it until it is cancelled."""

    def __init__(self, folder: WorkbookFolder, journal: Journal, clock: Clock, node: str) -> None:
        """`node` is a name that stays over restarts, and that no other node has."""
        self._folder = folder
        self._journal = journal
        self._clock = clock
        self._node = node
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._look = asyncio.Event()

    def wake(self) -> None:
        """Something was ordered here."""
        self._look.set()

    async def run(self) -> None:
        """Write what waits, until cancelled."""
        while True:
            self._look.clear()
            try:
                await self.write()
            except Exception:  # noqa: BLE001 - the store has many ways to fail; all pass, and nothing is lost
                _log.exception("workbooks could not be written; trying again")
            await asyncio.sleep(GATHER)
            if not self._something_waits:
                with suppress(TimeoutError):
                    async with asyncio.timeout(GATHER):
                        await self._look.wait()

    async def write(self) -> None:
        """Write once all that waits and can be written now, if this is the node that does."""
        await self._folder.take_in()
        if not self._something_waits or not await self._mine():
            return
        if unreadable := self._folder.unreadable:
            now = self._clock.now()
            await self._journal.failed(
                [WriteFault(seq, "", words, entry.payload, now) for seq, (entry, words) in unreadable.items()]
            )
            unreadable.clear()
        for name, held in list(self._folder.held.items()):
            if held.ordered and asyncio.get_running_loop().time() >= self._due.get(name, 0.0):
                await self._write(held)

    @property
    def _something_waits(self) -> bool:
        return bool(self._folder.unreadable) or any(held.ordered for held in self._folder.held.values())

    async def _mine(self) -> bool:
        now = self._clock.now()
        return await self._journal.mine(self._node, now + LEASE, now)

    async def _write(self, held: Held) -> None:
        try:
            await self._folder.current(held.name)
            await self._settle(held)
            while held.ordered and await self._mine():
                await self._batch(held)
        except ChangedError:
            self._look.set()  # its owner has changed it just now: it is read again, and the rows are found anew
        except (WorkbookError, OSError) as fault:
            self._wait(held, str(fault))
        else:
            self._pauses.pop(held.name, None)
            held.since, held.trouble = None, ""

    def _wait(self, held: Held, words: str) -> None:
        pause = min(LONGEST_PAUSE, self._pauses.get(held.name, 1.0) * 2)
        self._pauses[held.name] = pause
        self._due[held.name] = asyncio.get_running_loop().time() + pause
        if held.since is None:
            _log.warning("a workbook cannot be written; it is tried again", workbook=held.name, error=words)
        held.since, held.trouble = held.since or self._clock.now(), words

    async def _settle(self, held: Held) -> None:
        """Find out what came of a writing that was cut off."""
        doubt = await self._journal.begun(held.name)
        if doubt is None:
            return
        found = await self._folder.in_thread(lambda: content_hash(held.path.read_bytes()))
        written: Sequence[int] = ()
        if found == doubt.after:
            written = doubt.seqs
        elif found != doubt.before:
            # Its owner has changed it since. What was added stands there, if it was.
            written = await self._added(held, doubt)
        await self._folder.in_thread(partial(_sweep, held.path))
        _log.info("a writing that was cut off is settled", workbook=held.name, written=len(written))
        await self._journal.done(held.name, written)
        held.ordered.difference_update(written)
        await self._folder.reread(held)

    async def _added(self, held: Held, doubt: Doubt) -> Sequence[int]:
        """Those of the orders in doubt that added a row which is there."""
        opened = held.opened
        assert opened is not None
        orders = {seq: opened.applied[seq].order for seq in doubt.seqs if seq in opened.applied}

        def look() -> list[int]:
            bare = Opened(read_book(held.path), opened.stamp, opened.country)
            return [seq for seq, order in orders.items() if order.where is None and bare.holds(order)]

        return await self._folder.in_thread(look)

    async def _batch(self, held: Held) -> None:
        """Write the oldest that wait. Raises BusyError, ChangedError, WorkbookError."""
        opened = held.opened
        assert opened is not None
        batch = dict(list(opened.applied.items())[:MOST])
        if not batch:
            held.ordered.clear()  # another node has written them
            return
        if hopeless := {seq: each for seq, each in batch.items() if each.error}:
            await self._give_up(held, hopeless)
            return
        if (who := await self._folder.in_thread(partial(holder, held.path))) is not None:
            raise BusyError(busy(held.path, who))
        content = await self._folder.in_thread(partial(_content, held, opened))
        try:
            new = await self._folder.in_thread(lambda: patch(content, changes_of(batch.values())))
        except RefusedError:
            await self._give_up(held, await self._folder.in_thread(partial(_guilty, content, batch), LONGEST))
            return
        async with held.file:
            await self._journal.begin(held.name, Doubt(content_hash(content), content_hash(new), tuple(batch)))
            try:
                opened.stamp = await self._folder.in_thread(partial(replace, held.path, new, opened.stamp))
            except (BusyError, ChangedError):
                await self._journal.done(held.name, ())  # surely not replaced: there is no doubt
                raise
            await self._journal.done(held.name, tuple(batch))
            opened.forget(batch)
            held.ordered.difference_update(batch)

    async def _give_up(self, held: Held, hopeless: Mapping[int, Applied]) -> None:
        """Keep for people what can never be written."""
        now = self._clock.now()
        faults = [WriteFault(seq, held.name, each.error, to_payload(each.order), now) for seq, each in hopeless.items()]
        for fault in faults:
            _log.error(
                "an order for a workbook cannot be carried out", workbook=held.name, no=fault.seq, error=fault.error
            )
        await self._journal.failed(faults)
        assert held.opened is not None
        held.opened.forget(hopeless)
        held.ordered.difference_update(hopeless)


def _sweep(path: Path) -> None:
    """Remove what `replace` had begun when it was cut off; nobody else writes now."""
    for left in path.resolve().parent.glob(f"{UNFINISHED}*"):
        left.unlink(missing_ok=True)


def _content(held: Held, opened: Opened) -> bytes:
    """The file, which must be the one that was read."""
    content = held.path.read_bytes()
    if stamp(held.path) != opened.stamp:
        raise ChangedError(f"{held.path.name} was changed meanwhile")
    return content


def _guilty(content: bytes, batch: Mapping[int, Applied]) -> dict[int, Applied]:
    """Those of a batch that can never be written, each with the reason. Raises RefusedError if it is their sum."""
    try:
        patch(content, changes_of(batch.values()))
    except RefusedError as fault:
        if len(batch) == 1:
            ((seq, only),) = batch.items()
            return {seq: Applied(only.order, only.sheet, only.changes, str(fault))}
        items = list(batch.items())
        middle = len(items) // 2
        found = _guilty(content, dict(items[:middle])) | _guilty(content, dict(items[middle:]))
        if not found:
            raise
        return found
    return {}
