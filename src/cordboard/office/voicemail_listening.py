"""Hearing messages with a phone: the numbers of voicemail, and what each key does."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from types import MappingProxyType

from cordboard.office import voicemail_words as words
from cordboard.office.ports import Switchboard
from cordboard.office.voicemail import Mailbox, VoicemailMessage, VoicemailNumbers, greeting_prompt
from cordboard.office.voicemail_audio import cut
from cordboard.office.voicemail_desk import BEEP, VoicemailDesk
from cordboard.office.voicemail_who import KEYS, TRIES, Talker, by_number_and_pin, by_pin
from cordboard.office.voicemail_words import Digits, Phrase, PromptKeeper
from cordboard.telephony import Clip, EndReason, KeyRule, Leg, LegState, Played, PlayEnd, Sound

OWN = "*98"
"""Where messages are heard in an office that has set no number."""
STEP = 5.0
"""Seconds that the keys 6 and 9 go back and forward."""
_DIALLED = frozenset("0123456789+*#")
GREETING_LIMIT = 60.0
_ONE_KEY = KeyRule(max_digits=1, terminator="", first_timeout=5.0)


class VoicemailService:
    """Implements `switchboard.Service` for the numbers of voicemail, and `ports.VoicemailBoxes`.

    Whoever dials from a phone of his own is known by it; anybody else says who he is by his number and his PIN.
    """

    def __init__(self, desk: VoicemailDesk, switchboard: Switchboard, prompts: PromptKeeper) -> None:
        self._desk = desk
        self._switchboard = switchboard
        self._prompts = prompts

    def takes(self, number: str) -> bool:
        """See Service."""
        own, other, _ = self._numbers()
        return number in {own, other} or self._box(number) is not None

    async def serve(self, leg: Leg, number: str, login: str) -> EndReason | None:
        """See Service."""
        if (box := self._box(number)) is not None:
            await self._desk.leave(leg, box.name)
            return None
        if not await leg.answer():
            return None
        own, _, ask_pin = self._numbers()
        if number != own or not login:
            login = await by_number_and_pin(Talker(leg, self._desk.announcer), self._desk.office)
        elif ask_pin and not await self._may(leg, login):
            login = ""
        if login and not await self.hear(leg, login):
            await self._desk.say(leg, [words.NO_BOX], "")
        return None

    async def hear(self, leg: Leg, login: str) -> bool:
        """See ports.VoicemailBoxes."""
        boxes = self._desk.boxes_of(login)
        if not boxes:
            return False
        if await leg.answer():
            with tempfile.TemporaryDirectory(prefix="cordboard-voicemail-") as folder:
                listening = _Listening(self._desk, self._switchboard, self._prompts, leg, login, folder=Path(folder))
                await listening.run(boxes)
        return True

    def _numbers(self) -> tuple[str, str, bool]:
        """Where a user hears his own, where anybody does (empty: nowhere), and whether a PIN is asked at the former."""
        for each in self._desk.office.documents(VoicemailNumbers).values():
            return each.own, each.other or "", each.ask_pin
        return OWN, "", False

    def _box(self, number: str) -> Mailbox | None:
        boxes = self._desk.office.documents(Mailbox).values()
        return next((box for box in boxes if number and box.number == number), None)

    async def _may(self, leg: Leg, login: str) -> bool:
        """Ask for the PIN of a user who has one."""
        office = self._desk.office
        if not any(user.login == login and user.pin_hash for user in office.users()):
            return True
        person = office.by_login(login)
        return await by_pin(Talker(leg, self._desk.announcer, person.language if person else ""), office, login)


class _Listening:
    """One user hears his messages. `folder` is for pieces of them, and goes away."""

    def __init__(
        self,
        desk: VoicemailDesk,
        switchboard: Switchboard,
        prompts: PromptKeeper,
        leg: Leg,
        login: str,
        *,
        folder: Path,
    ) -> None:
        self._desk = desk
        self._switchboard = switchboard
        self._prompts = prompts
        self._leg = leg
        self._login = login
        self._folder = folder
        person = desk.office.by_login(login)
        self._language = person.language if person else ""
        self._pieces = count(1)
        self._boxes: Sequence[str] = ()
        self._messages: list[VoicemailMessage] = []
        self._at = 0
        """Which one; behind the last one there is the end."""
        self._from: float | None = None
        """Where to go on within it, in seconds; None: from its beginning, with moment and caller."""
        self._heard = 0.0
        """How far it was heard."""
        self._actions: Mapping[str, Callable[[], Awaitable[None]]] = MappingProxyType(
            {
                "0": self._record_greeting,
                "1": self._repeat,
                "2": self._save,
                "3": self._delete,
                "4": self._call_back,
                "5": self._forward,
                "6": self._back,
                "9": self._ahead,
                "#": self._next,
            }
        )

    async def run(self, boxes: Sequence[str]) -> None:
        """Until he hangs up, presses the star, or nothing for long. The first one of `boxes` is his own."""
        self._boxes = boxes
        self._messages = list(await self._desk.kept.of(self._boxes))
        new = sum(message.heard is None for message in self._messages)
        await self._say(words.NEW, new, words.OLD, len(self._messages) - new, interrupt=True)
        silent = 0
        while self._leg.state is LegState.ANSWERED and silent < TRIES:
            key = await self._hear() if self._message else await self._choice(words.LAST)
            if key == "*":
                break
            silent = 0 if key else silent + 1
            if action := self._actions.get(key):
                await action()
            elif not key:
                self._from = self._heard  # the menu again, not the whole message
        await self._say(words.GOODBYE)

    @property
    def _message(self) -> VoicemailMessage | None:
        return self._messages[self._at] if self._at < len(self._messages) else None

    # --- hearing --------------------------------------------------------------------------------------------------

    async def _hear(self) -> str:
        """Play the message and the menu; the key that was pressed, empty if none was."""
        message = self._messages[self._at]
        start = self._from
        self._from = None
        if start is None:
            start = 0.0
            about: list[Phrase] = [message.at]
            number = "".join(each for each in message.caller if each in _DIALLED)
            about += [words.FROM, Digits(number)] if number else [words.HIDDEN]
            self._heard = 0.0
            if key := await self._until_key(await self._desk.announcer.sounds(about, self._language)):
                return key
        piece = await self._piece(message, start)
        played = await self._play(piece)
        self._heard = min(message.seconds, start + played.seconds)
        if message.heard is None and piece and self._leg.state is LegState.ANSWERED:
            await self._mark(message)
        if played.end is PlayEnd.KEY:
            return await self._key()
        return await self._choice(words.MENU)

    async def _piece(self, message: VoicemailMessage, start: float) -> Sequence[Sound]:
        """What is left of it from there on."""
        path = self._desk.recordings.path(message.file)
        if start >= message.seconds or not path.exists():
            return ()
        if not start:
            return (Clip(path, message.file),)
        piece = self._folder / f"{next(self._pieces)}.wav"
        await asyncio.to_thread(cut, path, start, piece)
        return (Clip(piece, f"{message.file} from {start:g} s"),)

    async def _mark(self, message: VoicemailMessage) -> None:
        await self._desk.mark(message)
        again = await self._desk.kept.get(message.id)
        if again is not None:
            self._messages[self._at] = again

    # --- what the keys do -----------------------------------------------------------------------------------------

    async def _next(self) -> None:
        if self._message:
            self._at += 1

    async def _repeat(self) -> None:
        if not self._message:
            self._at = 0

    async def _save(self) -> None:
        if message := self._message:
            await self._mark(message)
            await self._say(words.SAVED)
            self._at += 1

    async def _delete(self) -> None:
        if message := self._message:
            await self._desk.delete(message)
            del self._messages[self._at]
            await self._say(words.DELETED)

    async def _call_back(self) -> None:
        if message := self._message:
            failure: EndReason | None = EndReason.NOT_FOUND
            if message.caller:
                failure = await self._switchboard.connect(self._leg, message.caller, login=self._login)
            self._from = message.seconds
            if failure is not None:
                await self._say(words.CANNOT_CALL)

    async def _forward(self) -> None:
        if message := self._message:
            number = await Talker(self._leg, self._desk.announcer, self._language).digits(words.ASK_COLLEAGUE)
            login = self._whose(number)
            done = bool(login) and await self._desk.forward(message, login)
            self._from = message.seconds
            await self._say(words.FORWARDED if done else words.NO_COLLEAGUE_BOX)

    def _whose(self, number: str) -> str:
        """The box behind a number: that of a user, or one that has the number itself."""
        if not number:
            return ""
        boxes = self._desk.office.documents(Mailbox).values()
        own = next((box.name for box in boxes if box.number == number), "")
        return own or self._desk.office.destination(number).user

    async def _back(self) -> None:
        self._from = max(0.0, self._heard - STEP)

    async def _ahead(self) -> None:
        self._from = self._heard + STEP

    async def _record_greeting(self) -> None:
        await self._say(words.SAY_GREETING, interrupt=True)
        self._leg.forget_keys()
        await self._leg.play([BEEP])
        audio = self._folder / f"{next(self._pieces)}.wav"
        seconds = await self._leg.record_to(audio, limit=GREETING_LIMIT, stop_on="#", silence=5.0)
        kept = seconds > 0 and await self._prompts.keep(greeting_prompt(self._boxes[0]), audio)
        await self._say(words.SAVED if kept else words.NOTHING_HEARD)
        if message := self._message:
            self._from = message.seconds

    # --- saying and hearing keys ----------------------------------------------------------------------------------

    async def _say(self, *phrases: Phrase, interrupt: bool = False) -> None:
        if self._leg.state is LegState.ANSWERED:
            sounds = await self._desk.announcer.sounds(phrases, self._language)
            await self._leg.play(sounds, interrupt=KEYS if interrupt else "")

    async def _choice(self, menu: Phrase) -> str:
        sounds = await self._desk.announcer.sounds([menu], self._language)
        return await self._until_key(sounds) or await self._key()

    async def _until_key(self, sounds: Sequence[Sound]) -> str:
        """The key that stopped them; empty if they were heard to the end."""
        return await self._key() if (await self._play(sounds)).end is PlayEnd.KEY else ""

    async def _play(self, sounds: Sequence[Sound]) -> Played:
        return await self._leg.play(sounds, interrupt=KEYS)

    async def _key(self) -> str:
        return (await self._leg.collect(_ONE_KEY)).digits
