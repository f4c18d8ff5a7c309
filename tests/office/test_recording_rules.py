"""Which talks are recorded, and that they are."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cordboard.office.directory import OfficeDirectory
from cordboard.office.documents import Document
from cordboard.office.pins import PinGuard
from cordboard.office.ports import Person
from cordboard.office.recording_rules import (
    Format,
    Hears,
    RecordingRights,
    RecordingRule,
    RecordingSettings,
    Way,
    chosen,
    decide,
    facts_of,
    hears,
)
from cordboard.office.recordings import RecordingFolder
from cordboard.office.recordings_desk import DISK_FULL, RecordingDesk
from cordboard.office.recordings_kept import KeptRecording
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import VirtualClock, settle, virtual_time
from cordboard.telephony import (
    Direction,
    EndReason,
    Leg,
    LegRecord,
    LegState,
    LineTarget,
    Party,
    PhoneTarget,
    Tone,
)
from cordboard.testing.audio import hears as hears_tone
from cordboard.testing.audio import read_stereo, read_wav
from cordboard.testing.exchange import serving, until
from cordboard.testing.office import OFFICE, HeldOffice
from cordboard.testing.voicemail import HeldRecordings, WrittenAnnouncer, at_once

CLIENT, ANNA = Tone((440.0,), on=3600.0), Tone((1000.0,), on=3600.0)
ALL = RecordingRule(name="all")
PEOPLE = {"101": Person("anna", "Анна", "101"), "102": Person("boris", "Борис", "102")}


def leg(
    direction: Direction, *, line: str = "", account: str = "", caller: str = "", dialled: str = "", chain: str = "c"
) -> LegRecord:
    return LegRecord(
        id=f"{line}{account}",
        chain=chain,
        direction=direction,
        state=LegState.ANSWERED,
        caller=Party(caller),
        dialled=dialled,
        account=account,
        line=line,
        started=datetime(2026, 11, 23, tzinfo=UTC),
    )


CLIENT_IN = leg(Direction.INBOUND, line="city", caller="067")
ANNA_OUT = leg(Direction.OUTBOUND, account="101", dialled="101")
ANNA_IN = leg(Direction.INBOUND, account="101", caller="101", dialled="102")
BORIS_OUT = leg(Direction.OUTBOUND, account="102", dialled="102")
CLIENT_OUT = leg(Direction.OUTBOUND, line="gsm", dialled="063")


@pytest.mark.parametrize(
    ("legs", "expected"),
    [
        ((CLIENT_IN, ANNA_OUT), (Way.IN, "city", "anna", "", "067", "city")),
        ((ANNA_OUT, CLIENT_IN), (Way.IN, "city", "anna", "", "067", "city")),
        ((ANNA_IN, CLIENT_OUT), (Way.OUT, "gsm", "anna", "", "063", "gsm")),
        ((ANNA_IN, BORIS_OUT), (Way.INTERNAL, "", "boris", "anna", "101", "101")),
        ((CLIENT_IN, CLIENT_OUT), (Way.IN, "city", "", "", "067", "city")),
        ((CLIENT_OUT, BORIS_OUT), (Way.OUT, "gsm", "boris", "", "063", "gsm")),
    ],
)
def test_what_is_known_of_a_talk(legs: tuple[LegRecord, LegRecord], expected: tuple[Any, ...]) -> None:
    facts = facts_of(*legs, PEOPLE)
    assert (facts.way, facts.line, facts.user, facts.peer, facts.number, facts.other.id) == expected


IN_ANNA = facts_of(CLIENT_IN, ANNA_OUT, PEOPLE)
OUT_ANNA = facts_of(ANNA_IN, CLIENT_OUT, PEOPLE)
INSIDE = facts_of(ANNA_IN, BORIS_OUT, PEOPLE)


@pytest.mark.parametrize(
    ("rule", "meets"),
    [
        ({}, "in out inside"),
        ({"direction": Way.IN}, "in"),
        ({"direction": Way.OUT}, "out"),
        ({"direction": Way.INTERNAL}, "inside"),
        ({"line": "city"}, "in"),
        ({"users": ("anna",)}, "in out inside"),
        ({"users": ("boris",)}, "inside"),
        ({"users": ("carl",)}, ""),
        ({"groups": ("sales",)}, "in out inside"),
        ({"groups": ("nobody", "store")}, "inside"),
        ({"users": ("carl",), "groups": ("store",)}, "inside"),
        ({"share": 0}, ""),
    ],
)
def test_a_rule_meets_talks(rule: Mapping[str, Any], meets: str) -> None:
    members = {"sales": {"anna"}, "store": {"boris"}}
    only = [RecordingRule(name="r", **rule)]
    talks = {"in": IN_ANNA, "out": OUT_ANNA, "inside": INSIDE}
    assert " ".join(name for name, talk in talks.items() if decide(only, talk, members)) == meets


def test_the_first_rule_that_meets_decides_also_if_it_says_no() -> None:
    no = RecordingRule(name="not anna", order=1, record=False, users=("anna",))
    tenth = RecordingRule(name="none of them", order=2, direction=Way.IN, share=0)
    rules = [ALL, no, tenth]
    assert decide(rules, IN_ANNA, {}) is None
    assert decide([ALL, tenth], IN_ANNA, {}) is None
    assert decide([ALL, tenth], OUT_ANNA, {}) == ALL
    other = RecordingRule(name="a", order=100)
    assert decide([ALL, other], OUT_ANNA, {}) == other


def test_a_share_is_of_calls_and_of_one_call_always_the_same() -> None:
    found = Counter(chosen(f"chain-{n}", 30) for n in range(10_000))
    assert 2800 < found[True] < 3200
    assert [chosen("chain-7", 30) for _ in range(3)] == [chosen("chain-7", 30)] * 3
    assert all(chosen(f"chain-{n}", 60) for n in range(1000) if chosen(f"chain-{n}", 30))
    assert all(chosen(f"chain-{n}", 100) for n in range(1000))


def test_who_may_hear_whose() -> None:
    members = {"sales": {"boris", "carl"}}
    group = RecordingRights(name="anna", hears=Hears.GROUPS, groups=("sales", "none"))
    assert hears(None, "", members, leads=False) is None
    assert hears(None, "anna", members, leads=True) is None
    assert hears(None, "anna", members, leads=False) == {"anna"}
    assert hears(group, "anna", members, leads=True) == {"anna", "boris", "carl"}
    assert hears(RecordingRights(name="anna", hears=Hears.ALL), "anna", members, leads=False) is None
    assert hears(RecordingRights(name="anna", hears=Hears.NONE), "anna", members, leads=True) == ()


def test_rules_about_nobody_are_faults() -> None:
    assert list(RecordingRule(name="r", users=("ghost",), on_demand=True).faults(OFFICE)) == [
        "the recording rule 'r' is about 'ghost', and there is no such user",
        "the recording rule 'r' waits for a key and has none: only a program can begin it",
    ]
    assert list(RecordingRights(name="ghost").faults(OFFICE)) == [
        "there are recording rights of 'ghost', and no such user"
    ]


# --- recording -------------------------------------------------------------------------------------------------------


class Nothing:
    """Runs no scenario."""

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        raise LookupError(name)


@dataclass
class Trial:
    folder: Path
    kept: HeldRecordings
    exchange: SimulatedExchange = field(init=False)
    desk: RecordingDesk = field(init=False)
    alarms: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    free: int = 10**12
    fails: bool = False
    takes: float = 0.0
    """Seconds that a conversion takes."""

    def calls(self, dialled: str = "101") -> SimulatedPhone:
        return self.exchange.call_in("0671234567", dialled, line="city", voice=CLIENT)

    def rows(self) -> list[KeptRecording]:
        return list(self.kept.rows.values())

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())

    async def alarm(self, name: str, data: Mapping[str, Any]) -> None:
        self.alarms.append((name, data))

    async def convert(self, wav: Path, to: Path) -> None:
        if self.fails:
            raise OSError("no encoder")
        await asyncio.sleep(self.takes)
        await asyncio.to_thread(to.write_bytes, b"x" * 77)


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "to_thread", at_once)


@asynccontextmanager
async def trial(folder: Path, *documents: Document, kept: HeldRecordings | None = None) -> AsyncIterator[Trial]:
    held, clock = HeldOffice(replace(OFFICE, documents=documents)), VirtualClock()
    directory = OfficeDirectory(held, PinGuard(held, clock))
    await directory.reload()
    x = Trial(folder, kept or HeldRecordings())
    desk = x.desk = RecordingDesk(
        directory,
        x.kept,
        RecordingFolder(folder),
        WrittenAnnouncer("told"),
        clock,
        members=lambda: {"sales": {"anna"}},
        convert=x.convert,
        alarm=x.alarm,
        free=lambda: x.free,
    )
    exchange = x.exchange = SimulatedExchange(desk, clock)
    exchange.far_ends[PhoneTarget("101")] = FarEnd(answers_after=1, voice=ANNA)
    exchange.far_ends[PhoneTarget("102")] = FarEnd(answers_after=1, voice=ANNA)
    exchange.far_ends[LineTarget("city", "0671112233")] = FarEnd(answers_after=1, voice=CLIENT)
    switchboard = OfficeSwitchboard(exchange, directory, Nothing())

    async def take(leg: Leg) -> None:
        person = directory.by_account(leg.record.account)
        await switchboard.connect(leg, leg.record.dialled, login=person.login if person else "")

    running = asyncio.create_task(desk.run(exchange))
    async with serving(exchange, take):
        yield x
    await desk.close()
    running.cancel()


@virtual_time
async def test_a_talk_is_recorded_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    async with trial(tmp_path, ALL) as x:
        phone = x.calls()
        await asyncio.sleep(11)
        (running,) = x.rows()
        assert (running.ended, x.desk.recording("chain-2")) == (None, True)
        phone.hang_up()
        await until(lambda: x.rows()[0].ended)
        (row,) = x.rows()
        assert not x.desk.recording("chain-2")
    assert (row.rule, row.number, row.shown, row.line, row.user, row.peer, row.chain) == (
        "all", "+380671234567", "0671234567", "city", "anna", "", "chain-2",
    )  # fmt: skip
    assert row.seconds == pytest.approx(10, abs=0.05)
    assert row.size == 44 + 16 * round(row.seconds * 1000)
    assert row.file == "2026-11-23/12-00-01-chain-2.wav"
    assert row.keep_until == row.started + timedelta(days=90)
    samples = read_wav(tmp_path / row.file)
    assert hears_tone(samples, 440.0)
    assert hears_tone(samples, 1000.0)


@virtual_time
async def test_in_stereo_who_is_outside_is_left(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="all", stereo=True)) as x:
        for inbound in (True, False):
            phone = x.calls() if inbound else x.exchange.call_in("101", "0671112233", account="101", voice=ANNA)
            await asyncio.sleep(5)
            phone.hang_up()
            await settle()
    for row in x.rows():
        left, right = read_stereo(tmp_path / row.file)
        assert [hears_tone(left, hz) for hz in (440.0, 1000.0)] == [True, False]
        assert [hears_tone(right, hz) for hz in (440.0, 1000.0)] == [False, True]
    assert [row.number for row in x.rows()] == ["+380671234567", "+380671112233"]


@virtual_time
async def test_what_no_rule_wants_is_not_recorded(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="out", direction=Way.OUT)) as x:
        phone = x.calls()
        await asyncio.sleep(5)
        phone.hang_up()
    assert (x.rows(), x.files()) == ([], [])


@virtual_time
async def test_the_party_outside_is_told(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="all", announcement="told", announcement_text="Recorded")) as x:
        phone = x.calls()
        await phone.wait_heard("prompt told")
        await asyncio.sleep(3)
        assert phone.hearing == ANNA
        (called,) = x.exchange.called
        assert called.texts == []


@virtual_time
async def test_each_user_who_talks_in_a_call_has_a_recording_of_his_own(tmp_path: Path) -> None:
    async with trial(tmp_path, ALL) as x:
        phone = x.calls()
        await asyncio.sleep(6)
        (talk,) = x.exchange.talks.all()

        async def to_boris(kept: Leg) -> None:
            other = await x.exchange.originate([PhoneTarget("102")], caller=Party("0671234567"), chain=kept.chain)
            assert await other.answer()
            await x.exchange.talks.together(kept, other)

        talk.divert(talk.caller, to_boris)
        await asyncio.sleep(6)
        phone.hang_up()
        await until(lambda: [row.ended is not None for row in x.rows()] == [True, True])
    assert [(row.user, row.chain) for row in x.rows()] == [("anna", "chain-2"), ("boris", "chain-2")]
    assert [round(row.seconds) for row in x.rows()] == [5, 5]
    assert len(x.files()) == 2


@virtual_time
async def test_joined_anew_without_a_pause_neither_file_is_cut_by_the_other(tmp_path: Path) -> None:
    async with trial(tmp_path, ALL) as x:
        phone = x.calls()
        await asyncio.sleep(5)
        (talk,) = x.exchange.talks.all()
        await talk.join()
        await asyncio.sleep(4)
        phone.hang_up()
        await until(lambda: [row.ended is not None for row in x.rows()] == [True, True])
    assert [round(row.seconds) for row in x.rows()] == [4, 4]


@virtual_time
async def test_a_program_pauses_for_a_card_number_and_goes_on_in_another_file(tmp_path: Path) -> None:
    async with trial(tmp_path, ALL) as x:
        phone = x.calls()
        await asyncio.sleep(6)
        assert x.desk.switch("chain-2", on=False) == 1
        await asyncio.sleep(5)
        assert not x.desk.recording("chain-2")
        assert x.desk.switch("chain-2", on=True) == 1
        await asyncio.sleep(3)
        phone.hang_up()
        await until(lambda: len([row for row in x.rows() if row.ended]) == 2)
        assert x.desk.switch("chain-2", on=True) == 0
    assert [round(row.seconds) for row in x.rows()] == [5, 3]


@virtual_time
async def test_a_user_begins_by_keys_and_a_client_does_not(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="wanted", on_demand=True, key="*3")) as x:
        phone = x.calls()
        await asyncio.sleep(3)
        phone.press("*3")
        await asyncio.sleep(1)
        assert x.rows() == []
        (anna,) = x.exchange.called
        anna.press("1**3")
        await asyncio.sleep(4)
        assert len(x.rows()) == 1
        anna.press("*3")
        await asyncio.sleep(4)
        phone.hang_up()
    (row,) = x.rows()
    assert row.seconds == pytest.approx(4, abs=0.05)
    assert row.rule == "wanted"


@virtual_time
async def test_without_a_rule_a_program_records_and_it_is_kept(tmp_path: Path) -> None:
    async with trial(tmp_path) as x:
        phone = x.calls()
        await asyncio.sleep(2)
        assert x.desk.switch("chain-2", on=True) == 1
        await asyncio.sleep(3)
        phone.hang_up()
    (row,) = x.rows()
    assert (row.rule, row.keep_until) == ("", None)


@virtual_time
async def test_what_a_scenario_records_is_left_alone(tmp_path: Path) -> None:
    async with trial(tmp_path, ALL) as x:

        async def take(leg: Leg) -> None:
            await leg.answer()
            assert await leg.start_recording(tmp_path / "own.wav")
            other = await x.exchange.originate([PhoneTarget("101")], caller=Party("067"), chain=leg.chain)
            await other.answer()
            await x.exchange.talks.together(leg, other)

        async with serving(x.exchange, take):
            phone = x.calls()
            await asyncio.sleep(6)
            phone.hang_up()
            await settle()
        assert x.rows() == []
        assert len(read_wav(tmp_path / "own.wav")) == 6 * 8000


@virtual_time
async def test_a_file_is_converted_after_the_talk_and_else_stays(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="all", format=Format.MP3)) as x:
        for fails in (False, True):
            x.fails = fails
            phone = x.calls()
            await asyncio.sleep(5)
            phone.hang_up()
            await settle()
    first, second = x.rows()
    assert (first.file, first.size) == ("2026-11-23/12-00-01-chain-2.mp3", 77)
    assert (second.file[-4:], second.size > 1000) == (".wav", True)
    assert x.files() == sorted([first.file, second.file])


@virtual_time
async def test_who_stops_the_exchange_need_not_wait_for_what_is_still_to_be_converted(tmp_path: Path) -> None:
    async with trial(tmp_path, RecordingRule(name="all", format=Format.OGG)) as x:
        x.takes = 30
        for _ in range(3):
            phone = x.calls()
            await asyncio.sleep(5)
            phone.hang_up()
            await settle()
        loop = asyncio.get_running_loop()
        before = loop.time()
        await x.desk.close()
        assert loop.time() - before <= 30
    assert [row.file[-3:] for row in x.rows()] == ["ogg", "wav", "wav"]
    assert x.files() == [row.file for row in x.rows()]


@virtual_time
async def test_a_talk_whose_end_is_never_told_does_not_keep_the_exchange_from_stopping(tmp_path: Path) -> None:
    async with trial(tmp_path, ALL) as x:
        x.calls()
        await asyncio.sleep(5)
        before = asyncio.get_running_loop().time()
        await x.desk.close()
        assert asyncio.get_running_loop().time() - before == pytest.approx(60)
        assert x.rows()[0].ended is None


@virtual_time
async def test_on_a_full_disk_calls_go_on_unrecorded_and_it_is_told_once(tmp_path: Path) -> None:
    async with trial(tmp_path, ALL, RecordingSettings(name="r", min_free_megabytes=100)) as x:
        for free in (99_999_999, 50_000_000, 100_000_000):
            x.free = free
            phone = x.calls()
            await asyncio.sleep(5)
            assert phone.hearing == ANNA
            phone.hang_up()
            await settle()
    assert [(name, data["why"]) for name, data in x.alarms] == [(DISK_FULL, "99 MB are free")]
    assert len(x.rows()) == 1


@virtual_time
async def test_a_file_that_cannot_be_made_is_told_and_the_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: RecordingFolder, chain: str, at: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RecordingFolder, "new", full)
    async with trial(tmp_path, ALL) as x:
        phone = x.calls()
        await asyncio.sleep(5)
        assert phone.hearing == ANNA
        phone.hang_up()
    assert [name for name, _ in x.alarms] == [DISK_FULL]


@virtual_time
async def test_what_a_crash_has_cut_is_completed_at_the_next_start(tmp_path: Path) -> None:
    kept = HeldRecordings()
    async with trial(tmp_path, ALL, kept=kept) as x:
        phone = x.calls()
        await asyncio.sleep(5)
        phone.hang_up()
    (done,) = kept.rows.values()
    kept.rows[1] = replace(done, ended=None, seconds=0.0, size=0)
    await kept.begin(KeptRecording("c", "l", "2026-11-23/silent.wav", done.started))
    await kept.begin(KeptRecording("c", "l", "2026-11-23/of another node.wav", done.started))
    (tmp_path / "2026-11-23/silent.wav").touch()
    async with trial(tmp_path, ALL, kept=kept):
        await settle()
        assert list(kept.rows) == [1, 3]
        assert kept.rows[1] == done


@virtual_time
async def test_a_recording_moves_with_its_call(tmp_path: Path) -> None:
    async with trial(tmp_path, ALL) as x:
        phone = x.calls()
        await asyncio.sleep(5)
        (talk,) = x.exchange.talks.all()
        talk.caller.move("chain-older")
        talk.callee.move("chain-older")
        await settle()
        assert x.desk.recording("chain-older")
        phone.hang_up()
    assert [row.chain for row in x.rows()] == ["chain-older"]
    assert phone.told is not EndReason.ERROR
