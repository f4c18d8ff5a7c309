"""Prompts recorded with a phone: whoever may dials a number, says his PIN and which prompt, records, hears, keeps."""

import tempfile
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from cordboard.office import voicemail_words as words
from cordboard.office.directory import OfficeDirectory
from cordboard.office.documents import Document, Login, Number
from cordboard.office.model import OfficeData
from cordboard.office.voicemail_desk import BEEP
from cordboard.office.voicemail_who import TRIES, Talker, by_number_and_pin, by_pin
from cordboard.office.voicemail_words import Announcer, PromptKeeper, Recorded
from cordboard.telephony import Clip, EndReason, Leg

LONGEST = 600.0
"""Seconds of a prompt."""
SILENCE = 6.0
"""Seconds without a voice that end it."""

PromptName = Annotated[str, StringConstraints(pattern=r"^[^\W_][\w-]*(/[^\W_][\w-]*)*$", max_length=100)]


class PromptLine(Document):
    """A number at which prompts are recorded."""

    kind: ClassVar[str] = "prompt_lines"

    number: Number
    """What is dialled."""
    users: Annotated[tuple[Login, ...], Field(min_length=1)]
    """Who may: each is asked for his PIN, at his own phone as well. Who has none is not let in."""
    prompts: Annotated[
        Mapping[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}$")], PromptName], Field(min_length=1)
    ]
    """The prompts by the digits that stand for them: `1: welcome`."""
    language: Literal["", "en", "ru", "uk"] = ""
    """For callers of which language they are. Empty: for everybody."""

    def numbers(self) -> tuple[str, ...]:
        """That number."""
        return (self.number,)

    def faults(self, office: OfficeData) -> Iterator[str]:
        """Users who are not there, or have no PIN."""
        with_pin = {user.login: bool(user.pin_hash) for user in office.users}
        for login in self.users:
            if login not in with_pin:
                yield f"{login!r} may record prompts at {self.number}, and there is no such user"
            elif not with_pin[login]:
                yield f"{login!r} may record prompts at {self.number} and has no PIN: set one, or he is not let in"


class PhonePrompts:
    """Implements `switchboard.Service` for the numbers of prompt lines."""

    def __init__(self, office: OfficeDirectory, announcer: Announcer, keeper: PromptKeeper) -> None:
        self._office = office
        self._announcer = announcer
        self._keeper = keeper

    def takes(self, number: str) -> bool:
        """See Service."""
        return self._line(number) is not None

    async def serve(self, leg: Leg, number: str, login: str) -> EndReason | None:
        """See Service."""
        line = self._line(number)
        if line is None:
            return EndReason.NOT_FOUND
        if not await leg.answer():
            return None
        person = self._office.by_login(login) if login else None
        talker = Talker(leg, self._announcer, person.language if person else "")
        if login in line.users:
            known = login if await by_pin(talker, self._office, login) else ""
        else:
            known = await by_number_and_pin(talker, self._office)
        if known in line.users:
            with tempfile.TemporaryDirectory(prefix="cordboard-prompt-") as folder:
                await self._choose(talker, line, Path(folder))
        elif known:
            await talker.say(words.WRONG)
        await talker.say(words.GOODBYE)
        return None

    def _line(self, number: str) -> PromptLine | None:
        return next((line for line in self._office.documents(PromptLine).values() if line.number == number), None)

    async def _choose(self, talker: Talker, line: PromptLine, folder: Path) -> None:
        """One prompt after the other."""
        files = count(1)
        tries = 0
        while talker.there and tries < TRIES:
            name = line.prompts.get(await talker.digits(words.ASK_PROMPT), "")
            if name:
                tries = 0
                await self._work_on(talker, name, line.language, folder / f"{next(files)}")
            else:
                tries += 1
                await talker.say(words.NO_PROMPT)

    async def _work_on(self, talker: Talker, name: str, language: str, stem: Path) -> None:
        """Record, hear and keep one prompt, until the star."""
        takes = count(1)
        recorded: Path | None = None
        silent = 0
        while talker.there and silent < TRIES:
            key = await talker.key(words.PROMPT_MENU)
            silent = 0 if key else silent + 1
            match key:
                case "*":
                    return
                case "1" if recorded is not None:
                    await talker.leg.play([Clip(recorded, name)], interrupt="*#")
                    talker.leg.forget_keys()
                case "1":
                    await talker.say(Recorded(name, words.NOTHING_RECORDED))
                case "2":
                    recorded = await self._record(talker, stem.with_name(f"{stem.name}-{next(takes)}.wav"))
                case "3" if recorded is not None:
                    kept = await self._keeper.keep(name, recorded, language)
                    await talker.say(words.SAVED if kept else words.NOTHING_RECORDED)
                case "3":
                    await talker.say(words.NOTHING_RECORDED)
                case _:
                    pass

    async def _record(self, talker: Talker, path: Path) -> Path | None:
        await talker.say(words.SPEAK, interrupt="#")
        talker.leg.forget_keys()
        await talker.leg.play([BEEP])
        seconds = await talker.leg.record_to(path, limit=LONGEST, stop_on="#", silence=SILENCE)
        if not seconds:
            return None
        await talker.leg.play([Clip(path, path.name)], interrupt="*#")
        talker.leg.forget_keys()
        return path
