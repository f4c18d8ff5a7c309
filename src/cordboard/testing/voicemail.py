"""What the tests of voicemail and of recordings share: everything in memory, and announcers whose words are told."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from cordboard.office.recordings_kept import Hearing, KeptRecording
from cordboard.office.voicemail_held import HeldVoicemail
from cordboard.office.voicemail_words import Digits, Phrase, Recorded
from cordboard.speech.api import PromptError, Prompts
from cordboard.telephony import Clip, Lamp, Sound, Tone, choose

__all__ = [
    "HeldRecordings",
    "HeldVoicemail",
    "KeptPrompts",
    "NotedPrompts",
    "ShownLamps",
    "ToneAnnouncer",
    "WrittenAnnouncer",
    "at_once",
]

T = TypeVar("T")


async def at_once(work: Callable[..., T], *arguments: Any) -> T:
    """Stands for `asyncio.to_thread` in virtual time, which would run on while a thread works."""
    return work(*arguments)


class KeptPrompts:
    """Implements `office.voicemail_words.PromptKeeper` over the folder of prompts."""

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts

    async def keep(self, name: str, audio: Path, language: str = "") -> bool:
        """See PromptKeeper."""
        try:
            await self._prompts.save(name, audio, language)
        except PromptError:
            return False
        return True


class WrittenAnnouncer:
    """Implements Announcer: each phrase is a clip without a file, whose text the simulated phone notes. In English.

    Of prompts those in `prompts` are there. `languages` holds in which it was asked to speak.
    """

    def __init__(self, *prompts: str) -> None:
        self.prompts = set(prompts)
        self.languages: list[str] = []

    async def sounds(self, phrases: Sequence[Phrase], language: str = "") -> Sequence[Sound]:
        """See Announcer."""
        self.languages.append(language)
        return [Clip(None, text) for phrase in phrases if (text := self._text(phrase))]

    def _text(self, phrase: Phrase) -> str:
        match phrase:
            case Recorded(name, instead):
                return f"prompt {name}" if name in self.prompts else choose(instead, "en")[0]
            case Digits(text):
                return text
            case datetime():
                return f"{phrase:%H:%M:%S}"
            case int():
                return str(phrase)
            case _:
                return choose(phrase, "en")[0]


class NotedPrompts:
    """Implements PromptKeeper: notes what it is given. Nothing is kept while `fails`."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.fails = False

    async def keep(self, name: str, audio: Path, language: str = "") -> bool:
        """See PromptKeeper."""
        if self.fails:
            return False
        self.kept[f"{name}.{language}" if language else name] = audio.read_bytes()
        return True


class ShownLamps:
    """Implements `telephony.Lamps`: notes what each lamp shows."""

    def __init__(self) -> None:
        self.lamps: dict[str, Lamp] = {}
        self.messages: dict[str, tuple[int, int]] = {}

    def show(self, number: str, lamp: Lamp) -> None:
        """See Lamps."""
        self.lamps[number] = lamp

    def show_messages(self, account: str, new: int, old: int) -> None:
        """See Lamps."""
        self.messages[account] = (new, old)


@dataclass
class HeldRecordings:
    """Implements `office.recordings_kept.RecordingRepository` in memory."""

    rows: dict[int, KeptRecording] = field(default_factory=dict)
    heard_by: dict[int, list[Hearing]] = field(default_factory=dict)
    _last: int = 0

    async def begin(self, recording: KeptRecording) -> int:
        """See RecordingRepository."""
        self._last += 1
        self.rows[self._last] = replace(recording, id=self._last)
        return self._last

    async def finish(self, id_: int, *, file: str, seconds: float, size: int, ended: datetime) -> None:
        """See RecordingRepository."""
        self.rows[id_] = replace(self.rows[id_], file=file, seconds=seconds, size=size, ended=ended)

    async def drop(self, id_: int) -> None:
        """See RecordingRepository."""
        del self.rows[id_]

    async def move(self, chain: str, to: str) -> None:
        """See RecordingRepository."""
        self.rows |= {id_: replace(row, chain=to) for id_, row in self.rows.items() if row.chain == chain}

    async def unfinished(self) -> Sequence[KeptRecording]:
        """See RecordingRepository."""
        return [row for row in self.rows.values() if row.ended is None]

    async def get(self, id_: int) -> KeptRecording | None:
        """See RecordingRepository."""
        return self.rows.get(id_)

    async def find(
        self,
        *,
        chain: str = "",
        number: str = "",
        users: Collection[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int = 0,
        limit: int = 100,
    ) -> Sequence[KeptRecording]:
        """See RecordingRepository."""
        return [
            row
            for row in reversed(self.rows.values())
            if row.gone is None
            and chain in ("", row.chain)
            and number in ("", row.number)
            and (users is None or {row.user, row.peer} & {*users})
            and (since is None or row.started >= since)
            and (until is None or row.started < until)
            and (not before or row.id < before)
        ][:limit]

    async def heard(self, id_: int, hearing: Hearing) -> None:
        """See RecordingRepository."""
        self.heard_by.setdefault(id_, []).append(hearing)

    async def hearings(self, id_: int) -> Sequence[Hearing]:
        """See RecordingRepository."""
        return self.heard_by.get(id_, [])

    async def expired(self, now: datetime, limit: int = 100) -> Sequence[KeptRecording]:
        """See RecordingRepository."""
        return [row for row in await self.oldest(1000) if row.keep_until and row.keep_until <= now][:limit]

    async def oldest(self, limit: int = 100) -> Sequence[KeptRecording]:
        """See RecordingRepository."""
        return [row for row in self.rows.values() if row.gone is None and row.ended is not None][:limit]

    async def total(self) -> int:
        """See RecordingRepository."""
        return sum(row.size for row in self.rows.values() if row.gone is None)

    async def gone(self, id_: int, at: datetime, why: str) -> bool:
        """See RecordingRepository."""
        self.rows[id_] = replace(self.rows[id_], gone=at, gone_why=why)
        return True


class ToneAnnouncer:
    """Implements Announcer for real phones: a phrase is a tone of its own, by `frequencies` (Hz); any other is short.

    Numbers are so many hundred hertz. Of prompts there are none.
    """

    def __init__(self, frequencies: Mapping[int, float]) -> None:
        """`frequencies` by the `id()` of the words."""
        self._frequencies = frequencies

    async def sounds(self, phrases: Sequence[Phrase], language: str = "") -> Sequence[Sound]:  # noqa: ARG002  (the port's)
        """See Announcer."""
        return [tone for phrase in phrases if (tone := self._tone(phrase)) is not None]

    def _tone(self, phrase: Phrase) -> Sound | None:
        match phrase:
            case Recorded(instead=instead):
                return self._tone(instead) if instead else None
            case bool() | int():
                return Tone((100.0 * phrase,), on=0.5) if phrase else None
            case datetime() | Digits():
                return None
            case _:
                hz = self._frequencies.get(id(phrase))
                return Tone((hz,), on=0.6) if hz else None
