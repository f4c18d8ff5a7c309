"""The contracts of `VoicemailRepository` and `RecordingRepository`, over every database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cordboard.office.recordings_kept import Hearing, KeptRecording, RecordingRepository
from cordboard.office.voicemail import VoicemailMessage, VoicemailRepository
from cordboard.outbox.ports import EMAIL, Verdict
from cordboard.outbox.ports import State as Delivered
from cordboard.store.database import Store
from cordboard.testing.outbox import TEN
from cordboard.testing.store import STORES

HOUR = timedelta(hours=1)
MESSAGE = VoicemailMessage("anna", "chain-1", "0671234567", "Ольга", TEN, 7.5, "2026-11-23/a.wav")
MAIL = {"to": "anna@example.com, boss@example.com", "subject": "s", "text": "t", "attachments": [MESSAGE.file]}
TALK = KeptRecording(
    "chain-1", "leg-1", "2026-11-23/r.wav", TEN, "all", "+380671234567", "0671234567", "city", "anna", "boris"
)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        yield opened


def left(box: str, file: str, **changes: Any) -> VoicemailMessage:
    return replace(MESSAGE, box=box, file=file, **changes)


async def test_a_message_comes_with_its_mail_and_its_notice_and_only_once(store: Store) -> None:
    voicemail: VoicemailRepository = store.voicemail
    ids = [await voicemail.add(MESSAGE, mail=MAIL, notice={"to": ["anna"], "text": "n"}) for _ in range(2)]
    assert ids[0] == ids[1]
    assert await voicemail.of(["anna"]) == [replace(MESSAGE, id=ids[0])]
    assert await voicemail.get(ids[0]) == replace(MESSAGE, id=ids[0])
    ordered = await store.runs.effects()
    assert sorted((effect.kind, effect.payload["text"], effect.chain) for effect in ordered) == [
        ("email", "t", "chain-1"),
        ("notice", "n", "chain-1"),
    ]


async def test_one_that_is_being_spoken_is_seen_by_nobody_until_it_is_added(store: Store) -> None:
    id_ = await store.voicemail.begin(replace(MESSAGE, seconds=0.0))
    assert await store.voicemail.unfinished() == [replace(MESSAGE, id=id_, seconds=0.0)]
    assert (await store.voicemail.of(["anna"]), await store.voicemail.get(id_)) == ([], None)
    assert (await store.voicemail.counts(["anna"]), await store.voicemail.boxes()) == ((0, 0), [])
    assert await store.voicemail.before("anna", TEN + HOUR) == []
    assert [await store.voicemail.add(MESSAGE, mail=MAIL) for _ in range(2)] == [id_, id_]
    assert await store.voicemail.of(["anna"]) == [replace(MESSAGE, id=id_)]
    assert await store.voicemail.unfinished() == []
    assert len(await store.runs.effects()) == 1
    (event,) = await store.runs.messages(name="voicemail.left")
    assert (event.key, event.chain) == ("anna", "chain-1")
    assert event.data == {
        "box": "anna",
        "caller": "0671234567",
        "caller_name": "Ольга",
        "seconds": 8,
        "file": MESSAGE.file,
    }


async def test_new_ones_stand_first_and_are_counted(store: Store) -> None:
    ids = [await store.voicemail.add(left(box, f"{n}.wav")) for n, box in enumerate(("anna", "sales", "anna", "boris"))]
    assert await store.voicemail.mark(ids[0], TEN)
    assert [each.id for each in await store.voicemail.of(["anna", "sales"])] == [ids[1], ids[2], ids[0]]
    assert await store.voicemail.counts(["anna", "sales"]) == (2, 1)
    assert await store.voicemail.counts(["nobody"]) == (0, 0)
    assert await store.voicemail.mark(ids[0], None)
    assert await store.voicemail.counts(["anna"]) == (2, 0)
    assert await store.voicemail.boxes() == ["anna", "boris", "sales"]


async def test_what_is_removed_is_gone_once(store: Store) -> None:
    id_ = await store.voicemail.add(MESSAGE)
    assert [await store.voicemail.remove(id_), await store.voicemail.remove(id_)] == [True, False]
    assert await store.voicemail.get(id_) is None
    assert not await store.voicemail.mark(id_, TEN)


async def test_one_that_passes_is_given_once_all_of_its_mails_were_taken(store: Store) -> None:
    id_ = await store.voicemail.add(MESSAGE, mail=MAIL, passing=True)
    await store.voicemail.add(left("anna", "stays.wav"), mail=MAIL)
    await store.outbox.take_in(TEN)
    first, second, *rest = await store.outbox.claim(EMAIL, TEN, "node", TEN + HOUR, 10)
    assert await store.voicemail.mailed() == []
    await store.outbox.settle(first.id, first.epoch, Verdict(Delivered.DELIVERED), TEN)
    assert await store.voicemail.mailed() == []
    for each in (second, *rest):
        await store.outbox.settle(each.id, each.epoch, Verdict(Delivered.DELIVERED), TEN)
    assert [each.id for each in await store.voicemail.mailed()] == [id_]


async def test_the_old_ones_of_a_box(store: Store) -> None:
    old = await store.voicemail.add(left("anna", "old.wav", at=TEN - HOUR))
    await store.voicemail.add(left("anna", "young.wav"))
    await store.voicemail.add(left("boris", "other.wav", at=TEN - HOUR))
    assert [each.id for each in await store.voicemail.before("anna", TEN)] == [old]


async def test_a_stranger_cannot_break_the_row(store: Store) -> None:
    id_ = await store.voicemail.add(left("anna", "x.wav", caller="06\x00712", caller_name="\ud800x"))
    found = await store.voicemail.get(id_)
    assert found is not None
    assert (found.caller, found.caller_name) == ("06712", "?x")


# --- recordings ------------------------------------------------------------------------------------------------------


async def test_a_recording_begins_ends_and_is_found(store: Store) -> None:
    kept: RecordingRepository = store.recordings
    id_ = await kept.begin(TALK)
    assert await kept.unfinished() == [replace(TALK, id=id_)]
    await kept.finish(id_, file="2026-11-23/r.mp3", seconds=12.5, size=2**33, ended=TEN + HOUR)
    whole = replace(TALK, id=id_, file="2026-11-23/r.mp3", seconds=12.5, size=2**33, ended=TEN + HOUR)
    assert await kept.unfinished() == []
    assert await kept.get(id_) == whole
    assert await kept.total() == 2**33
    for narrowed in (
        kept.find(),
        kept.find(chain="chain-1"),
        kept.find(number="+380671234567"),
        kept.find(users=["boris"]),
        kept.find(since=TEN, until=TEN + HOUR),
    ):
        assert await narrowed == [whole]
    for empty in (
        kept.find(chain="chain-2"),
        kept.find(number="0671234567"),
        kept.find(users=["carl"]),
        kept.find(users=[]),
        kept.find(since=TEN + HOUR),
        kept.find(until=TEN),
        kept.find(before=id_),
    ):
        assert await empty == []


async def test_of_recordings_those_are_given_whose_time_is_over_and_whose_file_is_there(store: Store) -> None:
    talks = [replace(TALK, file=f"{n}.wav", keep_until=until) for n, until in enumerate((TEN, TEN + HOUR, None, TEN))]
    ids = [await store.recordings.begin(talk) for talk in talks]
    for n, id_ in enumerate(ids[:3]):  # the last one goes on
        await store.recordings.finish(id_, file=f"{n}.wav", seconds=1, size=100, ended=TEN)
    assert [each.id for each in await store.recordings.expired(TEN)] == [ids[0]]
    assert [each.id for each in await store.recordings.oldest(2)] == ids[:2]
    assert [await store.recordings.gone(ids[0], TEN, "old") for _ in range(2)] == [True, False]
    assert await store.recordings.expired(TEN) == []
    assert await store.recordings.total() == 200
    assert ids[0] not in {each.id for each in await store.recordings.find()}
    gone = await store.recordings.get(ids[0])
    assert gone is not None
    assert (gone.gone, gone.gone_why) == (TEN, "old")
    await store.recordings.drop(ids[3])
    assert await store.recordings.get(ids[3]) is None


async def test_recordings_go_with_their_call_into_another_chain(store: Store) -> None:
    for file, chain in (("1.wav", "chain-1"), ("2.wav", "chain-2")):
        await store.recordings.begin(replace(TALK, file=file, chain=chain))
    await store.recordings.move("chain-2", "chain-1")
    assert [each.file for each in await store.recordings.find(chain="chain-1")] == ["2.wav", "1.wav"]


async def test_who_has_heard_it_stands_in_order(store: Store) -> None:
    id_ = await store.recordings.begin(TALK)
    for who, what in (("anna", "heard"), ("crm", "deleted")):
        await store.recordings.heard(id_, Hearing(TEN, who, what))
    assert await store.recordings.hearings(id_) == [Hearing(TEN, "anna", "heard"), Hearing(TEN, "crm", "deleted")]
    assert await store.recordings.hearings(id_ + 1) == []
