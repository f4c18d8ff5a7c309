"""Records talks by rules, and rooms: told of every two who are joined, it begins, stops, converts and writes down.

Nothing here delays a call: whatever fails, the talk goes on, unrecorded.
"""

import asyncio
import shutil
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from cordboard.office.directory import OfficeDirectory
from cordboard.office.ports import Recordings
from cordboard.office.recording_rules import (
    Format,
    RecordingRule,
    RecordingSettings,
    TalkFacts,
    decide,
    facts_of,
)
from cordboard.office.recordings_kept import KeptRecording, RecordingRepository
from cordboard.office.voicemail_audio import seconds_in
from cordboard.office.voicemail_words import Announcer, Phrase, Recorded
from cordboard.telephony import Clock, ConnectionRecord, Digit, Exchange, Leg, LegRecord, LegState

MEGABYTE = 1_000_000
PATIENCE = 60.0
"""Seconds that the exchange waits at its end for what is still to be written down."""
SHORTEST = 0.5
"""Seconds; a shorter recording is none."""
DISK_FULL = "recording.disk_full"
"""The event that is posted, once until there is space again."""

Convert = Callable[[Path, Path], Awaitable[None]]
"""Makes a file of another format, which the ending of the second path names. Raises any error."""
Alarm = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Posts an event of that name."""
Members = Callable[[], Mapping[str, Collection[str]]]
"""The logins of each group, by its name."""

_log = structlog.get_logger("recordings")


class RecordingDesk:
    """Implements `telephony.CallListener`. `run` it with the exchange; `close` after the last call has ended.

    `free` gives the bytes that are free where recordings lie.
    """

    def __init__(
        self,
        office: OfficeDirectory,
        kept: RecordingRepository,
        recordings: Recordings,
        announcer: Announcer,
        clock: Clock,
        *,
        members: Members = lambda: {},  # noqa: PIE807  (read as what it gives)
        convert: Convert | None = None,
        alarm: Alarm | None = None,
        free: Callable[[], int] | None = None,
    ) -> None:
        self.office = office
        self.kept = kept
        self.recordings = recordings
        self.announcer = announcer
        self.clock = clock
        self.members = members
        self._convert = convert
        self._alarm = alarm
        self._free = free or (lambda: _free_at(recordings.path(".")))
        self._full = False
        self._exchange: Exchange | None = None
        self._waiting: deque[_Talk] = deque()
        self._new = asyncio.Event()
        self._talks: dict[str, _Talk] = {}
        self._chains: dict[str, str] = {}
        """The chain of each leg that is up."""
        self._ours: set[str] = set()
        """Legs of which a recording was begun here; what a scenario records is its own."""
        self._recorded: dict[str, _Recorded] = {}
        """What each leg is being recorded for."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._converting = asyncio.Semaphore(1)
        self._closing = False

    # --- telephony.CallListener -----------------------------------------------------------------------------------

    def leg_changed(self, record: LegRecord) -> None:
        """See CallListener."""
        before = self._chains.get(record.id, record.chain)
        if before != record.chain:
            self._spawn(self.kept.move(before, record.chain))
        if record.ended is None:
            self._chains[record.id] = record.chain
        else:
            self._chains.pop(record.id, None)
            self._ours.discard(record.id)

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See CallListener."""
        if record.ended is None:
            self._talks[record.id] = talk = _Talk(record)
            self._waiting.append(talk)
            self._new.set()
        elif (over := self._talks.pop(record.id, None)) is not None:
            over.end()

    # --- asked for ------------------------------------------------------------------------------------------------

    def switch(self, chain: str, *, on: bool) -> int:
        """Begin or go on, or pause, the recording of what is talked in a call; of how many talks.

        A pause ends the file; what is recorded later is another one of the same call.
        """
        talks = [talk for talk in self._talks.values() if self._chain_of(talk) == chain and talk.about is not None]
        for talk in talks:
            talk.want(on=on)
        return len(talks)

    def record(self, leg: Leg, rule: RecordingRule, *, number: str, owners: Sequence[Leg]) -> "_Recorded":
        """Record what a leg says and hears, until `end` is called: a room of that number. Returns at once.

        It belongs to the first of `owners` who is a user. Of `rule` its name, format and days count.
        """
        people = (self.office.by_account(each.record.account) for each in owners if each.record.account)
        owner = next((person.login for person in people if person is not None), "")
        room = _Recorded()
        room.about = KeptRecording(leg.chain, leg.id, "", self.clock.now(), number=number, shown=number, user=owner)
        room.want(on=True)
        self._spawn(self._follow(room, leg, rule))
        return room

    def recording(self, chain: str) -> bool:
        """Whether something of that call is being recorded here now."""
        return any(talk.running is not None and self._chain_of(talk) == chain for talk in self._talks.values())

    def _chain_of(self, talk: "_Talk") -> str:
        return self._chains.get(talk.record.a_leg, talk.record.chain)

    # --- running --------------------------------------------------------------------------------------------------

    async def run(self, exchange: Exchange) -> None:
        """Record, until cancelled. Recordings that a crash has cut are completed first."""
        self._exchange = exchange
        await self._complete()
        while True:
            while self._waiting:
                self._spawn(self._accompany(self._waiting.popleft()))
            self._new.clear()
            await self._new.wait()

    async def close(self) -> None:
        """Wait until everything is written down. What waits to be converted stays as it is."""
        self._closing = True
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while self._tasks and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        if late := list(self._tasks):
            _log.warning("recordings are left as they are: the next start completes them", recordings=len(late))
            for task in late:
                task.cancel()
            await asyncio.wait(late)

    async def _complete(self) -> None:
        for each in await self.kept.unfinished():
            path = self.recordings.path(each.file)
            if each.leg in self._chains or not path.exists():  # it goes on; or it is on another node
                continue
            seconds = await asyncio.to_thread(seconds_in, path)
            if seconds < SHORTEST:
                self.recordings.discard(each.file)
                await self.kept.drop(each.id)
                continue
            ended = each.started + timedelta(seconds=seconds)
            await self.kept.finish(each.id, file=each.file, seconds=seconds, size=path.stat().st_size, ended=ended)

    async def _accompany(self, talk: "_Talk") -> None:
        """One talk, from its beginning to its end."""
        legs = {leg.id: leg for leg in self._exchange.legs()} if self._exchange else {}
        pair = [legs.get(id_) for id_ in (talk.record.a_leg, talk.record.b_leg)]
        if None in pair:
            return
        a, b = (leg for leg in pair if leg is not None)
        accounts = [leg.record.account for leg in (a, b)]
        people = {account: person for account in accounts if (person := self.office.by_account(account))}
        facts = facts_of(a.record, b.record, people)
        talk.about = self._about(facts)
        rule = decide(list(self.office.documents(RecordingRule).values()), facts, self.members())
        other = a if a.id == facts.other.id else b
        if other.record.recorded and other.id not in self._ours:
            return  # a scenario does it
        if rule is not None and not rule.on_demand:
            talk.want(on=True)
        watching = [
            asyncio.create_task(_watch_keys(leg, rule.key, talk))
            for leg in (a, b)
            if rule is not None and rule.key and not leg.record.line
        ]
        try:
            await self._follow(talk, other, rule)
        finally:
            for task in watching:
                task.cancel()

    def _about(self, facts: TalkFacts) -> KeptRecording:
        return KeptRecording(
            facts.chain,
            facts.other.id,
            "",
            self.clock.now(),
            number=self.office.phone(facts.number).canonical,
            shown=facts.number,
            line=facts.line,
            user=facts.user,
            peer=facts.peer,
        )

    async def _follow(self, talk: "_Recorded", leg: Leg, rule: RecordingRule | None) -> None:
        """Begin and stop as it is wanted, until the talk is over."""
        announced = False
        telling: asyncio.Task[None] | None = None
        while True:
            talk.changed.clear()
            wanted = talk.wanted and not talk.over
            if wanted and talk.running is None:
                talk.wanted = await self._begin(talk, leg, rule)
                if talk.wanted and not announced and rule is not None:
                    announced = True
                    telling = asyncio.create_task(self._announce(leg, rule))
            elif not wanted and talk.running is not None:
                try:
                    await self._end(talk.running, leg, rule)
                finally:
                    talk.running = None
                    del self._recorded[leg.id]
                    talk.idle.set()
            if talk.over and talk.running is None:
                break
            await talk.changed.wait()
        if telling is not None:
            telling.cancel()

    async def _announce(self, leg: Leg, rule: RecordingRule) -> None:
        """Tell the party outside; it stands in the recording that he was told."""
        if rule.announcement or rule.announcement_text:
            said: Phrase = rule.announcement_text
            if rule.announcement:
                said = Recorded(rule.announcement, rule.announcement_text)
            if sounds := await self.announcer.sounds([said]):
                await leg.play(sounds)

    async def _begin(self, talk: "_Recorded", leg: Leg, rule: RecordingRule | None) -> bool:
        """Begin; false if it cannot be. A leg that comes out of another talk is let out of its recording first."""
        while (before := self._recorded.get(leg.id)) is not None:
            await before.idle.wait()
        if not await self._has_room():
            return False
        now = self.clock.now()
        try:
            name = self.recordings.new(leg.chain, now.astimezone(self.office.zone))
        except OSError as fault:
            await self._tell_full(str(fault))
            return False
        self._ours.add(leg.id)
        if not await leg.start_recording(self.recordings.path(name), stereo=rule is not None and rule.stereo):
            self.recordings.discard(name)
            if leg.state is not LegState.ENDED:
                _log.error("a talk is not recorded", call=leg.chain, file=name)
            return False
        keep = rule.keep_days if rule else 0
        self._recorded[leg.id] = talk
        talk.idle.clear()
        assert talk.about is not None
        talk.running = replace(
            talk.about,
            chain=leg.chain,
            leg=leg.id,
            file=name,
            started=now,
            rule=rule.name if rule else "",
            keep_until=now + timedelta(days=keep) if keep else None,
        )
        talk.running = replace(talk.running, id=await self.kept.begin(talk.running))
        return True

    async def _end(self, running: KeptRecording, leg: Leg, rule: RecordingRule | None) -> None:
        """Stop, write it down, and then convert it."""
        seconds = await leg.stop_recording()
        path = self.recordings.path(running.file)
        if seconds < SHORTEST:
            self.recordings.discard(running.file)
            await self.kept.drop(running.id)
            return
        now = self.clock.now()
        await self.kept.finish(running.id, file=running.file, seconds=seconds, size=_size(path), ended=now)
        if rule is not None and rule.format is not Format.WAV and self._convert is not None:
            self._spawn(self._converted(replace(running, seconds=seconds, ended=now), rule.format, self._convert))

    async def _converted(self, recording: KeptRecording, to: Format, convert: Convert) -> None:
        path = self.recordings.path(recording.file)
        target = path.with_suffix(f".{to.value}")
        async with self._converting:
            if self._closing:
                return
            try:
                await convert(path, target)
                size = _size(target)
            except Exception as fault:  # noqa: BLE001 - the file that is there is good: it stays
                _log.error("a recording stays as it is", file=recording.file, fault=str(fault))
                target.unlink(missing_ok=True)
                return
            name = str(Path(recording.file).with_suffix(target.suffix))
            assert recording.ended is not None
            await self.kept.finish(recording.id, file=name, seconds=recording.seconds, size=size, ended=recording.ended)
            path.unlink(missing_ok=True)

    # --- the disk -------------------------------------------------------------------------------------------------

    async def _has_room(self) -> bool:
        try:
            free = self._free()
        except OSError:
            free = 0
        settings = _first(list(self.office.documents(RecordingSettings).values()))
        if free >= settings.min_free_megabytes * MEGABYTE:
            self._full = False
            return True
        await self._tell_full(f"{free // MEGABYTE} MB are free")
        return False

    async def _tell_full(self, why: str) -> None:
        if self._full:
            return
        self._full = True
        _log.error("nothing new is recorded: free some space for recordings", why=why)
        if self._alarm is not None:
            try:
                await self._alarm(DISK_FULL, {"why": why})
            except Exception as fault:  # noqa: BLE001 - a full disk is the database's trouble, too
                _log.warning("an event could not be posted", event=DISK_FULL, fault=str(fault))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Recorded:
    """Something that is to be recorded, or not."""

    def __init__(self) -> None:
        self.about: KeptRecording | None = None
        """What each of its recordings has in common."""
        self.wanted = False
        self.over = False
        self.running: KeptRecording | None = None
        self.changed = asyncio.Event()
        self.idle = asyncio.Event()
        """Set while nothing of it is being recorded."""

    def want(self, *, on: bool) -> None:
        """Somebody wants it recorded, or not any more."""
        self.wanted = on
        self.changed.set()

    def end(self) -> None:
        """It is over."""
        self.over = True
        self.changed.set()


class _Talk(_Recorded):
    """Two who are joined."""

    def __init__(self, record: ConnectionRecord) -> None:
        super().__init__()
        self.record = record


async def _watch_keys(leg: Leg, keys: str, talk: _Talk) -> None:
    """Each time the keys are pressed, stop it or let it go on."""
    pressed = ""
    with leg.events() as events:
        async for event in events:
            if isinstance(event, Digit):
                pressed = (pressed + event.key)[-len(keys) :]
                if pressed == keys:
                    pressed = ""
                    talk.want(on=not talk.wanted)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001 - a fault of one recording must not end the others, nor any call
        _log.exception("a recording was not kept as it should")


def _size(path: Path) -> int:
    return path.stat().st_size


def _free_at(folder: Path) -> int:
    """Bytes free where a folder lies, or shall lie."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(there).free


def _first(settings: Sequence[RecordingSettings]) -> RecordingSettings:
    return settings[0] if settings else RecordingSettings(name="recordings")
