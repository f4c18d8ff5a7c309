"""Talks of real phones recorded by a rule: who is heard on which channel is told by tones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile

from cordboard.media.convert import convert
from cordboard.office.directory import OfficeDirectory
from cordboard.office.documents import Document
from cordboard.office.model import OfficeData, OfficeSettings, User, UserPhone
from cordboard.office.pins import PinGuard
from cordboard.office.recording_rules import Format, RecordingRule
from cordboard.office.recordings import RecordingFolder
from cordboard.office.recordings_desk import RecordingDesk
from cordboard.office.recordings_kept import KeptRecording
from cordboard.simulation.far_end import FarEnd
from cordboard.store.database import Store
from cordboard.telephony import ConnectionRecord, Leg, LegRecord, LegState, PhoneTarget, SystemClock, dial
from cordboard.testing.audio import SAMPLE_RATE, Samples, hears, read_stereo, read_wav
from cordboard.testing.exchange import Listened, serving, until, voice
from cordboard.testing.office import HandClock, HeldOffice
from cordboard.testing.real_exchange import RealExchange, RealPhone, kill_worker, open_office
from cordboard.testing.store import sqlite_store
from cordboard.testing.voicemail import ToneAnnouncer

pytestmark = [pytest.mark.slow, pytest.mark.wire]

RTP = range(36200, 36300)
ANNA, BORIS, TOLD = 440.0, 1000.0, 2200.0
NOTICE = "This call is recorded."


class AlsoRecords(Listened):
    """Tells the desk, too, once there is one."""

    desk: RecordingDesk | None = None

    def leg_changed(self, record: LegRecord) -> None:
        super().leg_changed(record)
        if self.desk is not None:
            self.desk.leg_changed(record)

    def connection_changed(self, record: ConnectionRecord) -> None:
        super().connection_changed(record)
        if self.desk is not None:
            self.desk.connection_changed(record)


@dataclass
class Trial:
    x: RealExchange
    store: Store
    desk: RecordingDesk
    recordings: RecordingFolder

    async def talk(self) -> tuple[RealPhone, RealPhone]:
        await self.x.phone("102", FarEnd(answers_after=0.2, voice=voice(BORIS)))
        caller = await self.x.call_in("102", account="101", hz=ANNA)
        await caller.hears(BORIS)
        called = await self.x.rung("102")
        await called.hears(ANNA)
        assert isinstance(caller, RealPhone)
        assert isinstance(called, RealPhone)
        return caller, called

    async def recorded(self, seconds: float, *, files: int = 1) -> None:
        """Wait until the last of so many files holds so much sound."""

        def enough() -> bool:
            found = sorted((self.x.folder / "recordings").rglob("*.wav"), key=lambda path: path.stat().st_ctime_ns)
            return len(found) == files and found[-1].stat().st_size > 16000 * seconds

        await until(enough)

    def files(self) -> list[str]:
        """Their names."""
        return [path.name for path in (self.x.folder / "recordings").rglob("*") if path.is_file()]

    async def whole(self, count: int = 1) -> list[KeptRecording]:
        """The rows, the oldest first, once so many are complete."""
        found: list[KeptRecording] = []
        async with asyncio.timeout(15):
            while len([row for row in found if row.ended]) < count:
                await asyncio.sleep(0.05)
                found = list(await self.store.recordings.find())[::-1]
        return found


@asynccontextmanager
async def trial(folder: Path, *documents: Document) -> AsyncIterator[Trial]:
    clock, listener = SystemClock(), AlsoRecords()
    users = (User("anna", "Anna", "101"), User("boris", "Boris", "102"))
    phones = (UserPhone("101", "anna", "s"), UserPhone("102", "boris", "s"))
    held = HeldOffice(OfficeData(OfficeSettings(), users=users, phones=phones, documents=documents))
    directory = OfficeDirectory(held, PinGuard(held, HandClock()))
    await directory.reload()
    recordings = RecordingFolder(folder / "recordings")
    async with (
        sqlite_store(folder) as store,
        open_office(folder, rtp_ports=RTP, phone_ports=range(36300, 36400), listener=listener) as office,
    ):
        desk = RecordingDesk(
            directory,
            store.recordings,
            recordings,
            ToneAnnouncer({id(NOTICE): TOLD}),
            clock,
            convert=lambda wav, to: asyncio.to_thread(convert, wav, to),
        )
        listener.desk = desk

        async def take(leg: Leg) -> None:
            await dial(office.exchange, leg, [PhoneTarget(leg.record.dialled)], show=leg.record.caller)

        running = asyncio.create_task(desk.run(office.exchange))
        async with serving(office.exchange, take):
            yield Trial(RealExchange(office), store, desk, recordings)
        await desk.close()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_in_stereo_each_is_on_his_own_channel(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="all", stereo=True)) as on:
        caller, _ = await on.talk()
        await on.recorded(2)
        await caller.hang_up()
        (row,) = await on.whole()
        left, right = read_stereo(on.recordings.path(row.file))
    assert [hears(left, hz) for hz in (ANNA, BORIS)] == [True, False]
    assert [hears(right, hz) for hz in (ANNA, BORIS)] == [False, True]
    assert (row.user, row.peer, row.rule) == ("boris", "anna", "all")
    assert row.seconds == pytest.approx(len(left) / 8000, abs=0.05)
    assert row.size == (tmp_path / "recordings" / row.file).stat().st_size


async def test_mixed_both_are_heard_together(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="all")) as on:
        caller, _ = await on.talk()
        await on.recorded(2)
        await caller.hang_up()
        (row,) = await on.whole()
        sound = read_wav(on.recordings.path(row.file))
    assert [hears(sound[8000:], hz) for hz in (ANNA, BORIS)] == [True, True]
    assert row.seconds > 2


@pytest.mark.parametrize("form", [Format.MP3, Format.OGG])
async def test_after_the_talk_the_file_is_made_small_and_each_is_still_on_his_channel(
    tmp_path: Path, form: Format
) -> None:
    async with trial(tmp_path, RecordingRule(name="all", stereo=True, format=form)) as on:
        caller, _ = await on.talk()
        await on.recorded(2)
        await caller.hang_up()
        (whole,) = await on.whole()
        await until(lambda: on.files() == [Path(whole.file).with_suffix(f".{form}").name])
        await on.desk.close()
        (row,) = await on.whole()
        path = on.recordings.path(row.file)
        samples, rate = soundfile.read(str(path), dtype="int16")
    assert (path.suffix, row.size, row.seconds) == (f".{form}", path.stat().st_size, whole.seconds)
    assert row.size < 32_000 * row.seconds / 2
    found = [[_hears_at(samples[:, channel], rate, hz) for hz in (ANNA, BORIS)] for channel in (0, 1)]
    assert found == [[True, False], [False, True]]


def _hears_at(samples: Samples, rate: int, hz: float) -> bool:
    """As `hears`, of samples at any rate."""
    return hears(samples, hz * SAMPLE_RATE / rate)


async def test_who_calls_is_told_the_talk_goes_on_and_the_file_tells_that_he_was(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="all", stereo=True, announcement_text=NOTICE)) as on:
        await on.x.phone("102", FarEnd(answers_after=0.2, voice=voice(BORIS)))
        caller = await on.x.call_in("102", account="101", hz=ANNA)
        await caller.hears(TOLD)
        await caller.hears(BORIS)
        called = await on.x.rung("102")
        await called.hears(ANNA)
        assert isinstance(called, RealPhone)
        heard = read_wav(called.call.heard)
        await caller.hang_up()
        (row,) = await on.whole()
        _, right = read_stereo(on.recordings.path(row.file))
    assert not hears(heard, TOLD)
    assert any(hears(right[start : start + 4000], TOLD) for start in range(0, len(right) - 4000, 2000))


async def test_keys_pause_and_go_on(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="all", key="*3")) as on:
        caller, _ = await on.talk()
        await caller.press("*3")
        await on.whole()
        assert not any(on.desk.recording(leg.chain) for leg in on.x.exchange.legs())
        await caller.press("*3")
        await until(lambda: any(on.desk.recording(leg.chain) for leg in on.x.exchange.legs()))
        await on.recorded(1, files=2)
        await caller.hang_up()
        rows = await on.whole(2)
    assert len({row.file for row in rows}) == 2
    assert len({row.chain for row in rows}) == 1


async def test_what_was_said_before_the_worker_died_stays(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="all")) as on:
        caller, _ = await on.talk()
        await on.recorded(2)
        kill_worker(RTP.start)
        await caller.reaches(LegState.ENDED)
        await until(lambda: not on.x.exchange.legs())
        await on.desk.close()
        found = list((tmp_path / "recordings").rglob("*.wav"))
        rows = await on.store.recordings.find()
        assert [path.name for path in found] == [Path(row.file).name for row in rows]
