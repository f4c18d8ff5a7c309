"""Opens the store: the database, its writer, its reader and the repositories over them."""

import asyncio
from pathlib import Path

from cordboard.store.audit import StoredAudit
from cordboard.store.call_history import StoredCallHistory
from cordboard.store.call_log import StoredCallLog
from cordboard.store.call_tags import StoredTags
from cordboard.store.callbacks import StoredCallbacks
from cordboard.store.data_sources import StoredSources
from cordboard.store.drafts import StoredDrafts
from cordboard.store.engine import Engines, open_engines, place_of
from cordboard.store.line_usage import StoredLineUsage
from cordboard.store.notices import StoredNotices
from cordboard.store.number_lists import StoredNumberLists
from cordboard.store.office_store import OfficeStore, StoredPinFailures
from cordboard.store.outbox import StoredOutbox
from cordboard.store.outbox_settings import StoredOutboxSettings
from cordboard.store.presence import StoredPresence
from cordboard.store.reader import Reader
from cordboard.store.recordings import StoredRecordings
from cordboard.store.registrations import StoredRegistrations
from cordboard.store.releases import StoredReleases
from cordboard.store.reports import StoredReports
from cordboard.store.run_store import StoredRuns
from cordboard.store.secrets import SecretBox
from cordboard.store.sessions import StoredSessions
from cordboard.store.sms_inbox import StoredSmsInbox
from cordboard.store.sms_ledger import StoredSmsLedger
from cordboard.store.sms_settings import StoredSmsSettings
from cordboard.store.traces import StoredTraces
from cordboard.store.triggers import StoredHooks, StoredTokens
from cordboard.store.voicemail import StoredVoicemail
from cordboard.store.web import StoredAnswers, StoredWebSettings
from cordboard.store.workbook_journal import StoredWorkbookJournal
from cordboard.store.writer import Writer
from cordboard.telephony import Clock, SystemClock

KEY_FILE = "secret.key"
"""Stands beside a file of SQLite. With PostgreSQL each node has it in its own folder: the same file, copied there."""


class Store:
    """The open store. Make it with `open_store`; `close` it, or use `async with`."""

    def __init__(self, engines: Engines, folder: Path, clock: Clock) -> None:
        self._engines = engines
        self.writer = Writer(engines.writing)
        self.reader = Reader(engines.reading)
        secrets = SecretBox(folder / KEY_FILE)
        self.office = OfficeStore(self.writer, self.reader, secrets)
        self.pin_failures = StoredPinFailures(self.writer, self.reader)
        self.registrations = StoredRegistrations(self.writer, self.reader, clock)
        self.presence = StoredPresence(self.writer, self.reader)
        self.call_log = StoredCallLog(self.writer, self.reader)
        self.call_history = StoredCallHistory(self.reader)
        self.callbacks = StoredCallbacks(self.writer, self.reader)
        self.number_lists = StoredNumberLists(self.writer, self.reader)
        self.line_usage = StoredLineUsage(self.writer, self.reader)
        self.tags = StoredTags(self.writer, self.reader, clock)
        self.runs = StoredRuns(self.writer, self.reader, clock)
        self.releases = StoredReleases(self.writer, self.reader)
        self.drafts = StoredDrafts(self.writer, self.reader)
        self.hooks = StoredHooks(self.writer, self.reader)
        self.tokens = StoredTokens(self.writer, self.reader)
        self.sessions = StoredSessions(self.writer, self.reader)
        self.audit = StoredAudit(self.writer, self.reader)
        self.reports = StoredReports(self.reader)
        self.traces = StoredTraces(self.writer, self.reader)
        self.outbox = StoredOutbox(self.writer, self.reader)
        self.outbox_settings = StoredOutboxSettings(self.writer, self.reader, secrets)
        self.sms_settings = StoredSmsSettings(self.writer, self.reader, secrets)
        self.sms_ledger = StoredSmsLedger(self.writer, self.reader)
        self.sms_inbox = StoredSmsInbox(self.writer, self.reader, clock)
        self.notices = StoredNotices(self.writer, self.reader)
        self.voicemail = StoredVoicemail(self.writer, self.reader)
        self.recordings = StoredRecordings(self.writer, self.reader)
        self.data_sources = StoredSources(self.writer, self.reader, secrets)
        self.web_settings = StoredWebSettings(self.writer, self.reader, secrets)
        self.workbooks = StoredWorkbookJournal(self.writer, self.reader)
        self.web_answers = StoredAnswers(self.writer, self.reader)

    async def close(self) -> None:
        """Write what waits, then let go of the database."""
        await self.writer.close()
        await asyncio.to_thread(self._release)

    async def __aenter__(self) -> "Store":
        """The store itself."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close it."""
        await self.close()

    def _release(self) -> None:
        self.reader.close()
        self._engines.dispose()


async def open_store(url_or_path: str | Path, *, folder: Path | None = None, clock: Clock | None = None) -> Store:
    """Open the database, making or upgrading its tables if need be.

    A path, `sqlite:///path` or `postgresql://user:password@host/name`; there the database itself must exist. `folder`
    is where the key of the lines' passwords is kept: beside a file of SQLite unless it is given, else in the current
    folder. Raises StoreUnusableError whose text says what to do.
    """
    place = place_of(url_or_path)
    engines = await asyncio.to_thread(open_engines, place)
    beside = place.file.parent if place.file else Path()
    store = Store(engines, folder or beside, clock or SystemClock())
    await store.writer.start()
    return store
