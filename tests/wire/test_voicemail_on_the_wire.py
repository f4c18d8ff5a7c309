"""Messages over real SIP and RTP: left, mailed, shown by the lamp, heard with keys; what is heard is told by tones."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cordboard.office import voicemail_words as words
from cordboard.office.directory import OfficeDirectory
from cordboard.office.model import OfficeData, OfficeSettings, User, UserPhone
from cordboard.office.phone_prompts import PhonePrompts, PromptLine
from cordboard.office.pins import PinGuard, hash_pin
from cordboard.office.reception import Reception
from cordboard.office.recordings import RecordingFolder
from cordboard.office.retention import Retention
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.office.voicemail import Mailbox, VoicemailMessage, VoicemailNumbers
from cordboard.office.voicemail_desk import VoicemailDesk
from cordboard.office.voicemail_listening import VoicemailService
from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.email import EmailGateway
from cordboard.outbox.ports import EMAIL, MailServer, Security
from cordboard.speech.prompts import PromptStore
from cordboard.store.database import Store
from cordboard.telephony import Leg, LegState, SystemClock
from cordboard.testing.audio import has_tone, hears, read_wav, samples_of, silence, tone, write_wav
from cordboard.testing.exchange import serving, until
from cordboard.testing.mail import PostOffice
from cordboard.testing.real_exchange import RealExchange, RealPhone, open_office
from cordboard.testing.store import sqlite_store
from cordboard.testing.voicemail import HeldRecordings, KeptPrompts, ShownLamps, ToneAnnouncer

pytestmark = [pytest.mark.slow, pytest.mark.wire]

GREETING, THANKS, MENU, LAST, NOTHING = 620.0, 900.0, 1400.0, 1800.0, 2200.0
CALLER = 440.0
BEEP = 1000.0
FREQUENCIES = {
    id(words.GREETING): GREETING,
    id(words.THANKS): THANKS,
    id(words.MENU): MENU,
    id(words.LAST): LAST,
    id(words.NOTHING_HEARD): NOTHING,
    id(words.SAVED): 2600.0,
    id(words.PROMPT_MENU): MENU,
}
OFFICE = OfficeData(
    OfficeSettings(language="en"),
    users=(User("anna", "Anna", "101", pin_hash=hash_pin("4821")), User("boris", "Boris", "102")),
    phones=(UserPhone("101", "anna", "s"), UserPhone("102", "boris", "s")),
    documents=(
        Mailbox(name="anna", number="8101", email="anna@example.com", max_seconds=30, delete_after_mailing=True),
        VoicemailNumbers(name="voicemail"),
        PromptLine(name="prompts", number="790", users=("anna",), prompts={"1": "welcome"}, language="uk"),
    ),
)


class NoScenarios:
    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        raise LookupError(name)


class Rows:
    """The office as it stands above."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self) -> OfficeData:
        return OFFICE

    async def version(self) -> int:
        return 1


@dataclass
class Trial:
    x: RealExchange
    store: Store
    desk: VoicemailDesk
    lamps: ShownLamps
    folder: Path
    post: PostOffice
    retention: Retention

    async def call(self, dialled: str, *, account: str = "102", hz: float = 0.0) -> RealPhone:
        phone = await self.x.call_in(dialled, account=account, hz=hz)
        assert isinstance(phone, RealPhone)
        await phone.reaches(LegState.ANSWERED)
        return phone

    async def messages(self) -> list[VoicemailMessage]:
        return list(await self.store.voicemail.of(["anna"]))

    async def one(self) -> VoicemailMessage:
        async with asyncio.timeout(15):
            while not (found := await self.messages()):  # noqa: ASYNC110  (a row sets no event)
                await asyncio.sleep(0.05)
        return found[0]

    async def recorded(self, seconds: float) -> None:
        """Wait until so much of a message has been recorded."""
        await recorded(self.folder / "recordings", "*/*.wav", seconds)

    async def left(self, name: str, *parts: float) -> VoicemailMessage:
        """A message of tones, two seconds each."""
        path = self.desk.recordings.path(name)
        write_wav(path, *(tone(hz, seconds=2) if hz else silence(2) for hz in parts))
        message = VoicemailMessage("anna", "chain", "102", "", SystemClock().now(), 2.0 * len(parts), name)
        return replace(message, id=await self.store.voicemail.add(message))


async def recorded(folder: Path, pattern: str, seconds: float) -> None:
    """Wait until a file of that pattern holds so much sound."""
    await until(lambda: any(path.stat().st_size > seconds * 16000 for path in folder.glob(pattern)))


@asynccontextmanager
async def trial(folder: Path) -> AsyncIterator[Trial]:
    clock = SystemClock()
    recordings = RecordingFolder(folder / "recordings")
    (folder / "recordings").mkdir()
    async with (
        open_office(folder, rtp_ports=range(36000, 36100), phone_ports=range(36100, 36200)) as office,
        sqlite_store(folder) as store,
        PostOffice() as post,
    ):
        await store.outbox_settings.set_mail(MailServer("127.0.0.1", post.port, "pbx@office.test", Security.PLAIN))
        deliverer = Deliverer(store.outbox, {EMAIL: EmailGateway(store.outbox_settings, recordings)}, clock, "node")
        directory = OfficeDirectory(Rows(store), PinGuard(store.pin_failures, clock))  # type: ignore[arg-type]  # read only
        await directory.reload()
        lamps = ShownLamps()
        desk = VoicemailDesk(
            directory,
            store.voicemail,
            recordings,
            ToneAnnouncer(FREQUENCIES),
            lamps=lamps,
            clock=clock,
            ordered=deliverer.wake,
        )
        switchboard = OfficeSwitchboard(office.exchange, directory, NoScenarios())
        prompts = PromptStore(folder / "prompts", "en")
        keeper = KeptPrompts(prompts)
        switchboard.services += [
            VoicemailService(desk, switchboard, keeper),
            PhonePrompts(directory, desk.announcer, keeper),
        ]
        delivering = asyncio.create_task(deliverer.run())
        async with serving(office.exchange, Reception(office.exchange, directory, switchboard)):
            retention = Retention(HeldRecordings(), recordings, desk, clock)
            yield Trial(RealExchange(office), store, desk, lamps, folder, post, retention)
        await desk.close()
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)


async def test_a_message_is_left_trimmed_mailed_and_shown_and_goes_when_it_was_mailed(tmp_path: Path) -> None:
    async with trial(tmp_path) as on:
        phone = await on.call("8101", hz=CALLER)
        await phone.hears(GREETING)
        await phone.hears(BEEP)
        await on.recorded(3)
        await phone.press("#")
        await phone.hears(THANKS)
        message = await on.one()
        file = on.desk.recordings.path(message.file)
        assert (message.caller, message.heard) == ("102", None)
        assert 2.0 < message.seconds < 6.0
        sound = read_wav(file)
        assert hears(sound, CALLER)
        assert not any(hears(sound, hz) for hz in (GREETING, BEEP, THANKS))
        assert on.lamps.messages["101"] == (1, 0)
        await phone.call.ended()
        await until(lambda: on.post.mails)
        (mail,) = on.post.mails
        assert (mail.recipient, str(mail.message["Subject"])[:23]) == ("anna@example.com", "Voice message from Phon")
        (attached,) = mail.message.iter_attachments()
        assert attached.get_content_type() in ("audio/wav", "audio/x-wav")
        assert attached.get_content()[:4] == b"RIFF"
        assert hears(samples_of(attached.get_content()[44:]), CALLER)
        async with asyncio.timeout(15):
            while await on.retention.sweep() == (0, 0):  # noqa: ASYNC110  (a row sets no event)
                await asyncio.sleep(0.05)
        assert await on.messages() == []
        assert not file.exists()
        assert on.lamps.messages["101"] == (0, 0)


async def test_who_hangs_up_in_the_middle_has_left_a_message(tmp_path: Path) -> None:
    async with trial(tmp_path) as on:
        phone = await on.call("8101", hz=CALLER)
        await phone.hears(BEEP)
        await on.recorded(2)
        await phone.hang_up()
        message = await on.one()
        assert message.seconds > 1.5
        assert has_tone(on.desk.recordings.path(message.file), CALLER)
        await until(lambda: on.post.mails)


async def test_silence_is_no_message(tmp_path: Path) -> None:
    async with trial(tmp_path) as on:
        phone = await on.call("8101")
        await phone.hears(BEEP)
        await on.recorded(2)
        await phone.press("#")
        await phone.hears(NOTHING)
        await phone.call.ended()
        assert await on.messages() == []
        assert [path for path in (tmp_path / "recordings").rglob("*") if path.is_file()] == []
        assert on.lamps.messages == {}


async def test_messages_are_heard_with_keys(tmp_path: Path) -> None:
    async with trial(tmp_path) as on:
        first = await on.left("a.wav", 440, 540, 740, 1100)
        second = await on.left("b.wav", 3000)
        phone = await on.call("*98", account="101")
        await phone.hears(200)  # two new ones
        for hz in (440, 540):
            await phone.hears(hz)
        await phone.press("9")  # five seconds on
        await phone.hears(1100)
        await phone.hears(MENU)
        await phone.press("6")  # five seconds back
        await phone.hears(540)
        await phone.press("1")
        await phone.hears(440)
        await phone.press("2")
        await phone.hears(2600)
        await phone.hears(3000)
        await phone.press("3")
        await phone.hears(LAST)
        await phone.press("*")
        await phone.call.ended()
        (kept,) = await on.messages()
        assert (kept.id, kept.heard is not None) == (first.id, True)
        assert not on.desk.recordings.path(second.file).exists()
        assert on.lamps.messages["101"] == (0, 1)


async def test_from_another_phone_number_and_pin_let_in(tmp_path: Path) -> None:
    async with trial(tmp_path) as on:
        await on.left("a.wav", 440)
        phone = await on.call("797", account="102")
        await phone.press("101#")
        await phone.press("4821#")
        await phone.hears(440)


async def test_a_greeting_recorded_with_a_phone_is_heard_by_the_next_caller(tmp_path: Path) -> None:
    async with trial(tmp_path) as on:
        phone = await on.call("*98", account="101", hz=740)
        await phone.hears(LAST)
        await phone.press("0")
        await phone.hears(BEEP)
        await recorded(Path(tempfile.gettempdir()), "cordboard-voicemail-*/*.wav", 2)
        await phone.press("#")
        await phone.hears(2600)
        await phone.hang_up()
        prompts = PromptStore(tmp_path / "prompts", "en")
        assert has_tone((await prompts.find("voicemail/anna")).path or tmp_path, 740)


async def test_a_prompt_is_recorded_with_a_phone_heard_and_kept_as_loud_as_others(tmp_path: Path) -> None:
    async with trial(tmp_path) as on:
        phone = await on.call("790", account="101", hz=740)
        for keys in ("4821#", "1#"):
            await phone.press(keys)
        await phone.hears(MENU)
        await phone.press("2")
        await phone.hears(BEEP)
        await recorded(Path(tempfile.gettempdir()), "cordboard-prompt-*/*.wav", 2)
        await phone.press("#")
        await phone.hears(740)
        await phone.hears(MENU)
        await phone.press("3")
        await phone.hears(2600)
        await phone.hang_up()
        clip = await PromptStore(tmp_path / "prompts", "en").find("welcome", "uk")
        assert clip.path is not None
        assert clip.path.name == "welcome.uk.wav"
        assert has_tone(clip.path, 740)
