"""Leaving messages, and hearing them with keys, on the simulated exchange."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cordboard.office.directory import OfficeDirectory
from cordboard.office.documents import Document
from cordboard.office.model import OfficeData
from cordboard.office.pins import PinGuard, hash_pin
from cordboard.office.reception import Reception
from cordboard.office.recordings import RecordingFolder
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.office.voicemail import Mailbox, VoicemailMessage, VoicemailNumbers, greeting_prompt
from cordboard.office.voicemail_audio import cut, seconds_in, trim
from cordboard.office.voicemail_desk import BEEP, VoicemailDesk
from cordboard.office.voicemail_listening import VoicemailService
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import Leg, LegState, LineTarget, Tone
from cordboard.testing.audio import has_tone, read_wav, silence, tone, tone_wav, write_wav
from cordboard.testing.exchange import Listened, serving, until
from cordboard.testing.office import OFFICE, HeldOffice
from cordboard.testing.voicemail import HeldVoicemail, NotedPrompts, ShownLamps, WrittenAnnouncer, at_once

PIN = hash_pin("4821")
VOICE = Tone((440.0,), on=3600.0)
ANNA = Mailbox(name="anna", email="anna@example.com", max_seconds=20, number="8101")
SALES = Mailbox(name="sales", owners=("anna", "carl"), number="8200")
CARL = Mailbox(name="carl", delete_after_mailing=True, email="carl@example.com")
NUMBERS = VoicemailNumbers(name="voicemail")


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "to_thread", at_once)


class NoScenarios:
    """There are none."""

    async def run(self, name: str, leg: Leg, values: object) -> None:
        raise LookupError(name)


@dataclass
class Trial:
    folder: Path
    exchange: SimulatedExchange
    desk: VoicemailDesk
    kept: HeldVoicemail
    lamps: ShownLamps
    announcer: WrittenAnnouncer
    prompts: NotedPrompts
    ordered: list[str]

    def call(
        self, dialled: str, *, account: str = "102", number: str = "", voice: Tone | None = None
    ) -> SimulatedPhone:
        return self.exchange.call_in(number or account, dialled, account=account, voice=voice)

    async def left(self, *messages: VoicemailMessage) -> None:
        for message in messages:
            path = self.desk.recordings.path(message.file)
            path.parent.mkdir(exist_ok=True)
            tone_wav(path, 440.0, seconds=message.seconds)
            await self.kept.add(message)

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


@asynccontextmanager
async def trial(folder: Path, *documents: Document) -> AsyncIterator[Trial]:
    users = tuple(replace(user, pin_hash=PIN if user.login == "anna" else "") for user in OFFICE.users)
    office: OfficeData = replace(OFFICE, users=users, documents=documents or (ANNA, SALES, CARL, NUMBERS))
    held, clock = HeldOffice(office), VirtualClock()
    directory = OfficeDirectory(held, PinGuard(held, clock))
    await directory.reload()
    exchange = SimulatedExchange(Listened(), clock)
    kept, lamps, announcer, prompts, ordered = HeldVoicemail(), ShownLamps(), WrittenAnnouncer(), NotedPrompts(), []
    desk = VoicemailDesk(
        directory,
        kept,
        RecordingFolder(folder),
        announcer,
        lamps=lamps,
        clock=clock,
        ordered=lambda: ordered.append("ordered"),
    )
    switchboard = OfficeSwitchboard(exchange, directory, NoScenarios())
    switchboard.services.append(VoicemailService(desk, switchboard, prompts))
    async with serving(exchange, Reception(exchange, directory, switchboard)):
        yield Trial(folder, exchange, desk, kept, lamps, announcer, prompts, ordered)
    await desk.close()


async def over(phone: SimulatedPhone) -> None:
    await phone.wait_state(LegState.ENDED, within=600)


def message(file: str, *, box: str = "anna", caller: str = "103", seconds: float = 12.0) -> VoicemailMessage:
    return VoicemailMessage(box, "chain-9", caller, "", datetime(2026, 11, 23, 8, 30, tzinfo=UTC), seconds, file)


# --- leaving ---------------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_message_is_kept_trimmed_mailed_noticed_and_lights_the_lamp(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        phone = x.call("8101", account="102", voice=VOICE)
        await phone.wait_heard("Leave a message after the tone")
        await until(lambda: phone.hearing == BEEP)
        await until(lambda: phone.hearing is None)
        await asyncio.sleep(7)
        phone.press("#")
        await phone.wait_heard("Your message was taken")
        (left,) = x.kept.messages.values()
        await over(phone)
    assert (left.box, left.caller, left.heard, left.chain) == ("anna", "102", None, "chain-2")
    assert left.seconds == pytest.approx(7, abs=0.1)
    assert has_tone(tmp_path / left.file, 440.0)
    (mail_kind, mail), (notice_kind, notice) = x.kept.orders
    assert (mail_kind, mail["to"], mail["attachments"]) == ("mail", "anna@example.com", [left.file])
    assert mail["subject"] == "Голосове повідомлення від 102, 0:07"
    assert mail["text"] == "102 залишає повідомлення довжиною 0:07 для anna: 23.11.2026, 12:00."
    assert (notice_kind, notice["to"]) == ("notice", ["anna"])
    assert x.ordered == ["ordered"]
    assert x.lamps.messages == {"101": (1, 0), "101-mobile": (1, 0)}


@virtual_time
async def test_who_hangs_up_in_the_middle_has_left_a_message(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        phone = x.call("8101", voice=VOICE)
        await phone.wait_heard("Leave a message")
        await asyncio.sleep(10)
        phone.hang_up()
        await until(lambda: x.kept.messages)
        (left,) = x.kept.messages.values()
    assert 3 < left.seconds < 10
    assert seconds_in(tmp_path / left.file) == pytest.approx(left.seconds)


@virtual_time
async def test_a_message_is_kept_also_if_whoever_let_it_be_left_is_cancelled(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:

        async def handle(leg: Leg) -> None:
            await x.desk.leave(leg, "anna")

        async with serving(x.exchange, handle):
            phone = x.call("700", voice=VOICE)
            await phone.wait_heard("Leave a message")
            await asyncio.sleep(10)
            (leg,) = x.exchange.legs()
            leaving = asyncio.create_task(x.desk.leave(leg, "carl"))
            await asyncio.sleep(20)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            phone.hang_up()
        await until(lambda: len(x.kept.messages) == 2)
        assert {each.box for each in x.kept.messages.values()} == {"anna", "carl"}


@virtual_time
async def test_silence_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        phone = x.call("8101")
        await phone.wait_heard("Nothing was heard")
        await over(phone)
        assert (x.kept.messages, x.kept.orders, x.files(), x.lamps.messages) == ({}, [], [], {})


@virtual_time
async def test_a_message_ends_at_its_longest(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        phone = x.call("8101", voice=VOICE)
        await phone.wait_heard("Your message was taken")
        (left,) = x.kept.messages.values()
    assert left.seconds == pytest.approx(20, abs=0.1)


@virtual_time
async def test_the_pound_key_skips_the_greeting_and_does_not_end_the_message(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        phone = x.call("8101", voice=VOICE)
        await phone.wait_heard("Leave a message")
        phone.press("#")
        await asyncio.sleep(5)
        phone.press("#")
        await phone.wait_heard("Your message was taken")
        (left,) = x.kept.messages.values()
    assert left.seconds == pytest.approx(4.65, abs=0.1)


@virtual_time
async def test_the_greeting_of_the_owner_comes_before_that_of_the_box_and_the_spoken_one(tmp_path: Path) -> None:
    box = Mailbox(name="anna", greeting="company", number="8101")
    async with trial(tmp_path, box) as x:
        heard = []
        for prompts in ((), ("company",), ("company", "voicemail/anna")):
            x.announcer.prompts = set(prompts)
            phone = x.call("8101")
            await over(phone)
            heard.append(phone.texts[0])
    assert heard == [
        "Nobody can answer now. Leave a message after the tone.",
        "prompt company",
        "prompt voicemail/anna",
    ]


@virtual_time
async def test_a_full_disk_is_told_to_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: RecordingFolder, chain: str, at: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RecordingFolder, "new", full)
    async with trial(tmp_path) as x:
        phone = x.call("8101", voice=VOICE)
        await over(phone)
    assert phone.texts == ["Messages cannot be taken now. Please call later."]


@virtual_time
async def test_a_group_has_a_box_whose_message_lights_the_lamps_of_its_owners(tmp_path: Path) -> None:
    async with trial(tmp_path, SALES, ANNA) as x:
        assert (x.desk.has_box("sales"), x.desk.has_box("boris")) == (True, False)
        phone = x.call("8200", voice=VOICE)
        await phone.wait_heard("Leave a message")
        await asyncio.sleep(10)
        phone.press("#")
        await phone.wait_heard("Your message was taken")
        assert x.lamps.messages["101"] == (1, 0)
        assert x.kept.orders[0][1]["to"] == ["anna", "carl"]
        assert x.desk.boxes_of("anna") == ["anna", "sales"]


@virtual_time
async def test_what_was_spoken_when_the_exchange_was_killed_is_kept_at_the_next_start(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        for name in ("cut.wav", "silent.wav"):
            await x.kept.begin(replace(message(name), seconds=0.0))
        await x.kept.begin(replace(message("of another node.wav"), seconds=0.0))
        write_wav(tmp_path / "cut.wav", silence(1), tone(440.0, seconds=3))
        write_wav(tmp_path / "silent.wav", silence(3))
        phone = x.call("8101", voice=VOICE)
        await phone.wait_heard("Leave a message")
        running = asyncio.create_task(x.desk.run())
        await asyncio.sleep(10)
        assert [(each.file, round(each.seconds, 1)) for each in x.kept.messages.values()] == [("cut.wav", 3.2)]
        assert [order["to"] for _, order in x.kept.orders] == ["anna@example.com", ["anna"]]
        phone.press("#")
        await phone.wait_heard("Your message was taken")
        assert len(x.kept.messages) == 2
        assert [each.file for each in x.kept.begun.values()] == ["of another node.wav"]
        running.cancel()


@virtual_time
async def test_lamps_are_lit_after_a_start_and_told_only_what_has_changed(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        await x.left(message("a.wav"), message("b.wav", box="sales"))
        running = asyncio.create_task(x.desk.run(every=30))
        await asyncio.sleep(1)
        assert x.lamps.messages == {"101": (2, 0), "101-mobile": (2, 0)}
        x.lamps.messages.clear()
        await asyncio.sleep(30)
        assert x.lamps.messages == {}
        await x.kept.remove(2)
        await asyncio.sleep(30)
        assert x.lamps.messages == {"101": (1, 0), "101-mobile": (1, 0)}
        running.cancel()


def test_a_greeting_is_named_so_that_no_two_boxes_share_it() -> None:
    assert greeting_prompt("anna") == "voicemail/anna"
    names = [greeting_prompt(box) for box in ("a.b", "a-b", "Анна", "Борис", "../x")]
    assert len(set(names)) == 5
    assert all(re.fullmatch(r"voicemail/[A-Za-z0-9][A-Za-z0-9-]*", name) for name in names)


def test_a_box_of_nobody_and_a_wrong_address_are_faults() -> None:
    lost = Mailbox(name="lost", delete_after_mailing=True)
    assert list(lost.faults(OFFICE)) == [
        "nobody hears the mailbox 'lost': give it owners, or the login of a user as its name",
        "the mailbox 'lost' deletes what it mails, and mails no recordings: nothing is deleted",
    ]
    assert list(Mailbox(name="x", owners=("ghost", "anna")).faults(OFFICE)) == [
        "the mailbox 'x' belongs to 'ghost', and there is no such user"
    ]
    with pytest.raises(ValueError, match="is no e-mail address"):
        Mailbox(name="anna", email="anna")


# --- audio -----------------------------------------------------------------------------------------------------------


def test_silence_at_both_ends_is_cut_and_that_within_stays(tmp_path: Path) -> None:
    word = tone(440.0, seconds=1)
    path = write_wav(tmp_path / "m.wav", silence(3), word, silence(2), word, silence(5))
    assert trim(path) == pytest.approx(4.5, abs=0.05)
    samples = read_wav(path)
    assert len(samples) == pytest.approx(4.5 * 8000, abs=400)
    assert not samples[:1600].any()
    assert samples[2400:9000].any()
    assert list(tmp_path.iterdir()) == [path]


def test_a_silent_file_stays_and_a_loud_one_is_not_written_again(tmp_path: Path) -> None:
    quiet = write_wav(tmp_path / "quiet.wav", silence(2))
    assert (trim(quiet), seconds_in(quiet)) == (0.0, 2.0)
    loud = tone_wav(tmp_path / "loud.wav", 440.0, seconds=2)
    before = loud.stat().st_ino
    assert (trim(loud), loud.stat().st_ino) == (2.0, before)


def test_a_file_is_cut_from_a_moment_on(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "m.wav", tone(440.0, seconds=2), tone(1000.0, seconds=1))
    assert cut(path, 2.0, tmp_path / "rest.wav") == 1.0
    assert has_tone(tmp_path / "rest.wav", 1000.0)
    assert not has_tone(tmp_path / "rest.wav", 440.0)
    assert cut(path, 9.0, tmp_path / "none.wav") == 0.0
    assert seconds_in(tmp_path / "lost.wav") == 0.0


# --- hearing ---------------------------------------------------------------------------------------------------------


@virtual_time
async def test_messages_are_counted_told_and_heard_and_the_lamp_goes_out(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        await x.left(message("a.wav", caller="067"), message("b.wav", caller=""))
        phone = x.call("*98", account="101")
        await phone.wait_heard("One: repeat")
        assert phone.texts == [
            "New messages:", "2", "Old messages:", "0",
            "08:30:00", "From", "067", "a.wav", phone.texts[-1],
        ]  # fmt: skip
        assert x.kept.messages[1].heard is not None
        assert x.lamps.messages["101"] == (1, 1)
        phone.press("#")
        await phone.wait_heard("From a hidden number")
        await phone.wait_heard("b.wav")
        phone.press("#")
        await phone.wait_heard("There are no more messages")
        assert x.lamps.messages["101"] == (0, 2)
        phone.press("*")
        await phone.wait_heard("Goodbye")
        await over(phone)
    assert x.announcer.languages[0] == "uk"


@virtual_time
async def test_one_that_was_not_begun_stays_new(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        await x.left(message("a.wav"))
        phone = x.call("*98", account="101")
        await phone.wait_heard("08:30:00")
        phone.press("#")
        await phone.wait_heard("There are no more messages")
        assert x.kept.messages[1].heard is None


@virtual_time
async def test_keys_repeat_save_and_delete(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        await x.left(message("a.wav"), message("b.wav"))
        phone = x.call("*98", account="101")
        await phone.wait_heard("a.wav")
        phone.press("1")
        await phone.wait_heard("08:30:00")
        await phone.wait_heard("a.wav")
        phone.press("2")
        await phone.wait_heard("Saved")
        await phone.wait_heard("b.wav")
        phone.press("3")
        await phone.wait_heard("Deleted")
        await phone.wait_heard("There are no more messages")
        phone.hang_up()
        assert list(x.kept.messages) == [1]
        assert [path.name for path in x.files()] == ["a.wav"]
        assert x.lamps.messages["101"] == (0, 1)


@virtual_time
async def test_keys_go_five_seconds_back_and_forward(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        await x.left(message("a.wav"))
        phone = x.call("*98", account="101")
        await phone.wait_heard("a.wav")
        await asyncio.sleep(3)
        phone.press("9")
        await phone.wait_heard("a.wav from 8 s")
        await asyncio.sleep(1)
        phone.press("6")
        await phone.wait_heard("a.wav from 4 s")
        phone.press("6")
        piece = await phone.wait_heard("a.wav")
        assert piece.text == "a.wav"
        await asyncio.sleep(11)
        phone.press("9")
        await phone.wait_heard("One: repeat")


@virtual_time
async def test_the_caller_is_called_back_with_the_rights_of_who_listens(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        called = LineTarget("city", "0671112233")
        x.exchange.far_ends[called] = FarEnd(hangs_up_after=3)
        await x.left(message("a.wav", caller="0671112233"), message("b.wav", caller="+48221112233"))
        phone = x.call("*98", account="101")
        await phone.wait_heard("a.wav")
        phone.press("4")
        await until(lambda: [each.target for each in x.exchange.called] == [called])
        await phone.wait_heard("One: repeat")
        phone.press("#")
        await phone.wait_heard("b.wav")
        phone.press("4")
        await phone.wait_heard("That number cannot be called")


@virtual_time
async def test_a_message_is_forwarded_to_a_colleague_who_has_a_box(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        await x.left(message("a.wav", caller="067"))
        phone = x.call("*98", account="101")
        await phone.wait_heard("a.wav")
        phone.press("5")
        await phone.wait_heard("Enter the number of the colleague")
        phone.press("102#")
        await phone.wait_heard("There is no voicemail at that number")
        phone.press("5103#")
        await phone.wait_heard("Forwarded")
        copy = x.kept.messages[2]
        assert (copy.box, copy.caller, copy.heard) == ("carl", "067", None)
        assert (tmp_path / copy.file).read_bytes() == (tmp_path / "a.wav").read_bytes()
        assert x.kept.passing == {2}
        assert [order["to"] for _, order in x.kept.orders] == ["carl@example.com", ["carl"]]


@virtual_time
async def test_the_greeting_is_recorded_with_a_phone(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        phone = x.call("*98", account="101", voice=VOICE)
        await phone.wait_heard("There are no more messages")
        phone.press("0")
        await phone.wait_heard("Say your greeting")
        await until(lambda: phone.hearing == BEEP)
        await asyncio.sleep(3)
        phone.press("#")
        await phone.wait_heard("Saved")
        assert list(x.prompts.kept) == ["voicemail/anna"]
        x.prompts.fails = True
        phone.press("0")
        await phone.wait_heard("Say your greeting")
        await until(lambda: phone.hearing == BEEP)
        await asyncio.sleep(3)
        phone.press("#")
        await phone.wait_heard("Nothing was heard")


@virtual_time
async def test_who_presses_nothing_for_long_is_let_go(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        await x.left(message("a.wav"))
        phone = x.call("*98", account="101")
        await over(phone)
        assert phone.texts.count("a.wav") == 1
        assert phone.texts[-1] == "Goodbye."


@virtual_time
async def test_who_has_no_box_is_told_so(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        phone = x.call("*98", account="102")
        await over(phone)
        assert phone.texts == ["You have no voicemail."]


@pytest.mark.slow
@virtual_time
async def test_from_another_phone_number_and_pin_are_asked(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        await x.left(message("a.wav"))
        phone = x.call("797", account="102")
        await phone.wait_heard("Enter your number")
        phone.press("101#")
        await phone.wait_heard("Enter your PIN")
        phone.press("1111#")
        await phone.wait_heard("That is wrong")
        await phone.wait_heard("Enter your number")
        phone.press("101#")
        await phone.wait_heard("Enter your PIN")
        phone.press("4821#")
        await phone.wait_heard("New messages")
        await phone.wait_heard("a.wav")


@virtual_time
async def test_somebody_without_a_pin_and_an_unknown_number_are_let_in_by_none(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        phone = x.call("797", account="102")
        for number in ("103", "999", ""):
            await phone.wait_heard("Enter your number")
            phone.press(f"{number}#")
            await phone.wait_heard("Enter your PIN")
            phone.press("1234#")
            await phone.wait_heard("That is wrong")
        await over(phone)
        assert "New messages:" not in phone.texts


@pytest.mark.slow
@virtual_time
async def test_guessing_locks_the_pin(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        for guesses in (3, 2):
            phone = x.call("797", account="102")
            for _ in range(guesses):
                await phone.wait_heard("Enter your number")
                phone.press("101#")
                await phone.wait_heard("Enter your PIN")
                phone.press("1111#")
            await over(phone)
        assert phone.texts[-1] == "There were too many wrong attempts. Try again later."


@pytest.mark.slow
@virtual_time
async def test_at_his_own_phone_a_user_with_a_pin_is_asked_for_it_if_the_office_wants_so(tmp_path: Path) -> None:
    numbers = VoicemailNumbers(name="voicemail", own="*97", other=None, ask_pin=True)
    async with trial(tmp_path, ANNA, CARL, numbers) as x:
        phone = x.call("*97", account="101")
        await phone.wait_heard("Enter your PIN")
        phone.press("4821#")
        await phone.wait_heard("New messages")
        unknown = x.call("797", account="101")
        await over(unknown)
        assert unknown.texts == []


@virtual_time
async def test_without_a_document_messages_are_heard_at_star_98(tmp_path: Path) -> None:
    async with trial(tmp_path, ANNA) as x:
        phone = x.call("*98", account="101")
        await phone.wait_heard("New messages")
        assert VoicemailNumbers(name="v").numbers() == ("*98", "797")
