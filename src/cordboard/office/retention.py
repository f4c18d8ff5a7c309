"""Deletes what is too old or too much: recordings by days and megabytes, messages by days or once they were mailed."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from cordboard.office.ports import Recordings
from cordboard.office.recording_rules import RecordingSettings
from cordboard.office.recordings_desk import MEGABYTE
from cordboard.office.recordings_kept import KeptRecording, RecordingRepository
from cordboard.office.voicemail import Mailbox
from cordboard.office.voicemail_desk import VoicemailDesk
from cordboard.telephony import Clock

EVERY = 300.0
"""Seconds between two looks."""
OLD, SPACE = "old", "space"
"""Why a recording is gone."""

_log = structlog.get_logger("retention")


class Retention:
    """Looks through recordings and messages; `run` does so until it is cancelled."""

    def __init__(
        self, kept: RecordingRepository, recordings: Recordings, voicemail: VoicemailDesk, clock: Clock
    ) -> None:
        self._kept = kept
        self._recordings = recordings
        self._voicemail = voicemail
        self._clock = clock

    async def run(self, every: float = EVERY) -> None:
        """Look again and again; while the store is away, later."""
        while True:
            try:
                await self.sweep()
            except Exception:  # noqa: BLE001 - the store has many ways to fail; all pass, and nothing is lost
                _log.exception("what is old cannot be deleted; it is tried again")
            await asyncio.sleep(every)

    async def sweep(self) -> tuple[int, int]:
        """Delete what is to be deleted now: how many recordings, and how many messages."""
        recordings = await self._old_recordings() + await self._beyond()
        messages = await self._mailed() + await self._old_messages()
        if recordings or messages:
            _log.info("what is old is deleted", recordings=recordings, messages=messages)
        return recordings, messages

    # --- recordings -----------------------------------------------------------------------------------------------

    async def _old_recordings(self) -> int:
        gone = 0
        while found := await self._kept.expired(self._clock.now()):
            gone += await self._delete(found, OLD)
        return gone

    async def _beyond(self) -> int:
        """The oldest ones, until the rest is no more than what is allowed."""
        settings = list(self._voicemail.office.documents(RecordingSettings).values())
        most = settings[0].max_megabytes * MEGABYTE if settings else 0
        beyond = await self._kept.total() - most if most else 0
        gone = 0
        while beyond > 0 and (oldest := await self._kept.oldest(1)):
            gone += await self._delete(oldest, SPACE)
            beyond -= oldest[0].size
        return gone

    async def _delete(self, found: Sequence[KeptRecording], why: str) -> int:
        for each in found:
            # The file first: a row without its file is found again, a file without its row never.
            self._recordings.discard(each.file)
            await self._kept.gone(each.id, self._clock.now(), why)
        return len(found)

    # --- messages -------------------------------------------------------------------------------------------------

    async def _mailed(self) -> int:
        gone = 0
        while found := await self._voicemail.kept.mailed():
            for each in found:
                gone += await self._voicemail.delete(each)
        return gone

    async def _old_messages(self) -> int:
        """Of boxes that are no more, messages stay: somebody may want them."""
        gone = 0
        boxes = self._voicemail.office.documents(Mailbox)
        for name in await self._voicemail.kept.boxes():
            box = boxes.get(name)
            if box is None or not box.retention_days:
                continue
            before = self._clock.now() - timedelta(days=box.retention_days)
            while found := await self._voicemail.kept.before(name, before):
                for each in found:
                    gone += await self._voicemail.delete(each)
        return gone
