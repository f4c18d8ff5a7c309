"""What is too old or too much goes; everything else stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cordboard.office.documents import Document
from cordboard.office.recording_rules import RecordingSettings
from cordboard.office.recordings import RecordingFolder
from cordboard.office.recordings_kept import KeptRecording
from cordboard.office.retention import Retention
from cordboard.office.voicemail import Mailbox, VoicemailMessage
from cordboard.office.voicemail_desk import VoicemailDesk
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.office import OFFICE, HandClock, HeldOffice, loaded_directory
from cordboard.testing.voicemail import HeldRecordings, HeldVoicemail, ShownLamps, WrittenAnnouncer

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Trial:
    folder: Path
    retention: Retention
    kept: HeldRecordings
    voicemail: HeldVoicemail
    lamps: ShownLamps
    clock: HandClock

    async def recorded(self, name: str, *, keep_until: datetime | None = None, size: int = 1_000_000) -> None:
        (self.folder / name).touch()
        id_ = await self.kept.begin(KeptRecording("c", "l", name, NOW, keep_until=keep_until))
        await self.kept.finish(id_, file=name, seconds=1, size=size, ended=NOW)

    async def left(self, name: str, *, box: str = "anna", at: datetime = NOW, passing: bool = False) -> int:
        (self.folder / name).touch()
        return await self.voicemail.add(VoicemailMessage(box, "c", "067", "", at, 3, name), passing=passing)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@asynccontextmanager
async def trial(folder: Path, *documents: Document) -> AsyncIterator[Trial]:
    clock = HandClock()
    office = await loaded_directory(HeldOffice(replace(OFFICE, documents=documents)), clock)
    kept, voicemail, lamps, recordings = HeldRecordings(), HeldVoicemail(), ShownLamps(), RecordingFolder(folder)
    desk = VoicemailDesk(office, voicemail, recordings, WrittenAnnouncer(), lamps=lamps, clock=clock)
    yield Trial(folder, Retention(kept, recordings, desk, clock), kept, voicemail, lamps, clock)


@virtual_time
async def test_recordings_go_when_their_time_is_over(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        await x.recorded("old", keep_until=NOW)
        await x.recorded("young", keep_until=NOW + DAY)
        await x.recorded("for ever")
        assert await x.retention.sweep() == (1, 0)
        assert x.files() == ["for ever", "young"]
        assert (x.kept.rows[1].gone, x.kept.rows[1].gone_why) == (NOW, "old")
        x.clock.advance(days=1)
        assert await x.retention.sweep() == (1, 0)
        assert await x.retention.sweep() == (0, 0)
        assert x.files() == ["for ever"]


@virtual_time
async def test_beyond_so_many_megabytes_the_oldest_go(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingSettings(name="r", max_megabytes=3)) as x:
        for n in range(5):
            await x.recorded(f"{n}", size=900_000)
        await x.kept.begin(KeptRecording("c", "l", "running", NOW))
        assert await x.retention.sweep() == (2, 0)
        assert x.files() == ["2", "3", "4"]
        assert x.kept.rows[1].gone_why == "space"
        assert await x.retention.sweep() == (0, 0)


@virtual_time
async def test_a_row_whose_file_is_lost_does_not_stop_the_others(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        for name in ("a", "b"):
            await x.recorded(name, keep_until=NOW)
        (tmp_path / "a").unlink()
        assert await x.retention.sweep() == (2, 0)


@virtual_time
async def test_messages_go_after_the_days_of_their_box_and_the_lamp_follows(tmp_path: Path) -> None:
    boxes = (Mailbox(name="anna", retention_days=10), Mailbox(name="boris", retention_days=0))
    async with trial(tmp_path, *boxes) as x:
        await x.left("old", at=NOW - 10 * DAY - timedelta(seconds=1))
        await x.left("young", at=NOW - 9 * DAY)
        await x.left("kept", box="boris", at=NOW - 999 * DAY)
        await x.left("of a box that is no more", box="gone", at=NOW - 999 * DAY)
        assert await x.retention.sweep() == (0, 1)
        assert x.files() == ["kept", "of a box that is no more", "young"]
        assert x.lamps.messages["101"] == (1, 0)


@virtual_time
async def test_a_message_that_was_to_go_by_mail_goes_when_the_mail_was_taken(tmp_path: Path) -> None:
    async with trial(tmp_path, Mailbox(name="anna")) as x:
        first = await x.left("a", passing=True)
        await x.left("b", passing=True)
        assert await x.retention.sweep() == (0, 0)
        x.voicemail.taken.add(first)
        assert await x.retention.sweep() == (0, 1)
        assert x.files() == ["b"]


@virtual_time
async def test_it_goes_on_when_the_store_fails(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        await x.recorded("old", keep_until=NOW)
        whole = x.kept.rows
        x.kept.rows = None  # type: ignore[assignment]  # as if there were no database
        running = asyncio.create_task(x.retention.run(every=60))
        await asyncio.sleep(1)
        x.kept.rows = whole
        await asyncio.sleep(60)
        assert x.files() == []
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
