"""Takes the messages of callers: greeting, tone, recording, a row, a mail, a lamp. Implements `ports.Voicemails`."""

import asyncio
import shutil
import wave
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import structlog

from cordboard.office import voicemail_words as words
from cordboard.office.directory import OfficeDirectory
from cordboard.office.ports import Recordings
from cordboard.office.voicemail import Mailbox, VoicemailMessage, VoicemailRepository, greeting_prompt, owners_of
from cordboard.office.voicemail_audio import seconds_in, trim
from cordboard.office.voicemail_words import Announcer, Phrase, Recorded
from cordboard.telephony import Clock, Direction, Lamps, Leg, LegRecord, LegState, Tone

BEEP = Tone((1000.0,), on=0.3, off=0.05)
STOP = "#"
SILENCE = 8.0
"""Seconds without a voice that end a message."""
LOOK = 30.0
"""Seconds between two looks at all lamps."""
SHORTEST = 0.5
"""Seconds of voice, all in all, that make a message."""

_log = structlog.get_logger("voicemail")
T = TypeVar("T")


class VoicemailDesk:
    """Implements `office.ports.Voicemails`. What it has begun to keep is kept, also if the call is cut: `close` waits.

    `ordered` is called when a mail or a notice was ordered.
    """

    def __init__(
        self,
        office: OfficeDirectory,
        kept: VoicemailRepository,
        recordings: Recordings,
        announcer: Announcer,
        *,
        lamps: Lamps,
        clock: Clock,
        ordered: Callable[[], None] = lambda: None,
    ) -> None:
        self.office = office
        self.kept = kept
        self.recordings = recordings
        self.announcer = announcer
        self.clock = clock
        self._lamps = lamps
        self._ordered = ordered
        self._shown: dict[str, tuple[int, int]] = {}
        """What the lamp of each account shows."""
        self._spoken: set[str] = set()
        """Files of messages that are being spoken here."""
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- whose box ------------------------------------------------------------------------------------------------

    def has_box(self, login: str) -> bool:
        """See Voicemails."""
        return login in self.office.documents(Mailbox)

    def boxes_of(self, login: str) -> Sequence[str]:
        """The boxes that a user hears, his own first."""
        boxes = [box for box in self.office.documents(Mailbox).values() if login in owners_of(box)]
        return [box.name for box in sorted(boxes, key=lambda box: box.name != login)]

    def language_of(self, box: Mailbox) -> str:
        """The language of whose it is, or the office's."""
        person = self.office.by_login(box.name)
        return person.language if person else self.office.settings.language

    # --- leaving --------------------------------------------------------------------------------------------------

    async def leave(self, leg: Leg, login: str) -> None:
        """See Voicemails. The message is kept before the caller hears that it was."""
        box = self.office.documents(Mailbox).get(login)
        if box is None or not await leg.answer():
            return
        language = self.language_of(box)
        try:
            began = self.clock.now()
            name = self.recordings.new(leg.chain, began.astimezone(self.office.zone))
        except OSError as fault:
            _log.error("a message cannot be recorded", call=leg.chain, box=box.name, fault=str(fault))
            await self.say(leg, [words.CANNOT_TAKE], language)
            return
        message = _begun(box, leg.record, name, began)
        self._spoken.add(name)
        # Beside the greeting: a database that is slow delays no voice. A crash from here on loses nothing.
        beginning = self._spawn(self.kept.begin(message))
        try:
            await self._greet(leg, box, language)
            message = replace(message, at=self.clock.now())
            await leg.record_to(self.recordings.path(name), limit=box.max_seconds, stop_on=STOP, silence=SILENCE)
        finally:
            # In a task of its own: whoever hangs up in the middle of a message has left it.
            keeping = self._spawn(self._keep(box, message, beginning))
            keeping.add_done_callback(lambda _: self._spoken.discard(name))
            kept = await asyncio.shield(keeping)
        await self.say(leg, [words.THANKS if kept else words.NOTHING_HEARD], language)

    async def _greet(self, leg: Leg, box: Mailbox, language: str) -> None:
        spoken: Phrase = Recorded(box.greeting, words.GREETING) if box.greeting else words.GREETING
        own = await self.announcer.sounds([Recorded(greeting_prompt(box.name))], language)
        await leg.play(own or await self.announcer.sounds([spoken], language), interrupt=STOP)
        leg.forget_keys()
        await leg.play([BEEP])

    async def say(self, leg: Leg, phrases: Sequence[Phrase], language: str) -> None:
        """Let a leg that is up hear something."""
        if leg.state is LegState.ANSWERED:
            await leg.play(await self.announcer.sounds(phrases, language))

    async def _keep(self, box: Mailbox, message: VoicemailMessage, beginning: Awaitable[int]) -> bool:
        """Make a message of a recording; false if nobody is heard in it, and then nothing stays."""
        id_ = await beginning
        seconds = 0.0
        if await self.recordings.has_voice(message.file, SHORTEST):
            seconds = await self._trimmed(message.file)
        if not seconds:
            self.recordings.discard(message.file)
            await self.kept.remove(id_)
            return False
        await self._add(box, replace(message, seconds=seconds))
        return True

    async def _complete(self) -> None:
        """Keep what was spoken when the exchange was killed. A file that is not here is on another node."""
        for message in await self.kept.unfinished():
            if message.file in self._spoken:
                continue
            box = self.office.documents(Mailbox).get(message.box)
            if box is not None and self.recordings.path(message.file).exists():
                _log.warning("a message that a crash has cut is kept", call=message.chain, box=box.name)
                await self._keep(box, message, _known(message.id))

    async def _trimmed(self, name: str) -> float:
        try:
            return await asyncio.to_thread(trim, self.recordings.path(name))
        except (OSError, wave.Error, EOFError) as fault:  # a full disk: the message stays as it was spoken
            _log.warning("the silence around a message stays", recording=name, fault=str(fault))
            return seconds_in(self.recordings.path(name))

    async def _add(self, box: Mailbox, message: VoicemailMessage) -> None:
        subject, text = words.written(
            self.language_of(box),
            caller=message.caller,
            name=message.caller_name,
            box=box.name,
            at=message.at.astimezone(self.office.zone),
            seconds=message.seconds,
        )
        attached = {"attachments": [message.file]} if box.attach else {}
        mail = {"to": box.email, "subject": subject, "text": text, **attached} if box.email else None
        owners = [login for login in owners_of(box) if self.office.knows(login)]
        notice = {"to": owners, "text": subject, "data": {"box": box.name, "caller": message.caller}, "urgent": False}
        await self.kept.add(message, mail=mail, notice=notice if owners else None, passing=box.goes_by_mail)
        self._ordered()
        await self.show(box.name)
        _log.info("a message was left", call=message.chain, box=box.name, seconds=round(message.seconds, 1))

    # --- what becomes of messages ---------------------------------------------------------------------------------

    async def mark(self, message: VoicemailMessage, *, heard: bool = True) -> bool:
        """Note that it was heard, or was not. False if it is gone."""
        found = await self.kept.mark(message.id, self.clock.now() if heard else None)
        await self.show(message.box)
        return found

    async def delete(self, message: VoicemailMessage) -> bool:
        """Delete a message and its file. False if it is gone already."""
        found = await self.kept.remove(message.id)
        self.recordings.discard(message.file)
        await self.show(message.box)
        return found

    async def forward(self, message: VoicemailMessage, login: str) -> bool:
        """Put a copy into the box of a colleague. False if he has none, or the file cannot be copied."""
        box = self.office.documents(Mailbox).get(login)
        if box is None:
            return False
        try:
            name = self.recordings.new(message.chain, self.clock.now().astimezone(self.office.zone))
            await asyncio.to_thread(shutil.copyfile, self.recordings.path(message.file), self.recordings.path(name))
        except OSError as fault:
            _log.error("a message cannot be forwarded", recording=message.file, fault=str(fault))
            return False
        await self._add(box, replace(message, box=login, file=name, heard=None, id=0))
        return True

    async def show(self, box: str) -> None:
        """Let the lamps of all owners show what waits for them."""
        found = self.office.documents(Mailbox).get(box)
        for login in owners_of(found) if found else (box,):
            if self.office.knows(login):
                await self._light(login)

    async def run(self, every: float = LOOK) -> None:
        """Keep what a crash has cut, and the lamps right while mailboxes change elsewhere, until cancelled."""
        completed = False
        while True:
            try:
                if not completed:
                    await self._complete()
                    completed = True
                await self.show_all()
            except Exception:  # noqa: BLE001 - the store has many ways to fail; all pass
                _log.exception("the lamps of voicemail are not looked after; it is tried again")
            await asyncio.sleep(every)

    async def show_all(self) -> None:
        """Light every lamp."""
        for login in dict.fromkeys(each for box in self.office.documents(Mailbox).values() for each in owners_of(box)):
            if self.office.knows(login):
                await self._light(login)

    async def _light(self, login: str) -> None:
        new, old = await self.kept.counts(self.boxes_of(login))
        for account in self.office.phones_of(login):
            if self._shown.get(account) != (new, old):
                self._shown[account] = (new, old)
                self._lamps.show_messages(account, new, old)

    # --- tasks ----------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Wait until what was left is kept."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _begun(box: Mailbox, leg: LegRecord, file: str, at: datetime) -> VoicemailMessage:
    """A message that is about to be spoken."""
    came_in = leg.direction is Direction.INBOUND
    number, name = (leg.caller.number, leg.caller.name) if came_in else (leg.dialled, "")
    return VoicemailMessage(box.name, leg.chain, number, name, at, 0.0, file)


async def _known(id_: int) -> int:
    return id_
