"""Messages and recordings over HTTP: who hears what."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import recordings, voicemail
from cordboard.api.access import Access
from cordboard.office.recording_rules import Hears, RecordingRights
from cordboard.office.recordings import RecordingFolder
from cordboard.office.recordings_kept import Hearing, KeptRecording
from cordboard.office.tokens import ApiToken, hashed
from cordboard.office.voicemail import Mailbox, VoicemailMessage
from cordboard.office.voicemail_desk import VoicemailDesk
from cordboard.testing.audio import tone_wav
from cordboard.testing.office import OFFICE, HandClock, HeldOffice, loaded_directory
from cordboard.testing.voicemail import HeldRecordings, HeldVoicemail, ShownLamps, WrittenAnnouncer

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TALKS = {
    1: ("anna", "", NOW),
    2: ("boris", "anna", NOW + timedelta(hours=1)),
    3: ("carl", "", NOW - timedelta(days=1)),
}


class Tokens:
    """A token for each: `login role`, or the scopes of a program."""

    async def by_hash(self, digest: str) -> ApiToken | None:
        tokens = [
            ApiToken("crm", hashed("crm"), ("recordings:read", "voicemail"), NOW),
            ApiToken("boss", hashed("boss"), ("recordings:write",), NOW),
            *(ApiToken(login, hashed(login), (), NOW, login=login, role="user") for login in ("anna", "boris", "carl")),
            ApiToken("sup", hashed("sup"), (), NOW, login="phoneless", role="supervisor"),
            ApiToken("admin", hashed("admin"), (), NOW, login="phoneless", role="administrator"),
        ]
        return next((token for token in tokens if token.hash == digest), None)

    async def used(self, name: str, at: datetime) -> None:
        pass


class Switches:
    """Stands for the desk."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []

    def switch(self, chain: str, *, on: bool) -> int:
        self.asked.append((chain, on))
        return 1 if chain == "talked" else 0


@dataclass
class Web:
    client: httpx2.AsyncClient
    folder: Path
    kept: HeldRecordings
    voicemail: HeldVoicemail
    lamps: ShownLamps
    switches: Switches

    async def ask(self, who: str, path: str, method: str = "GET", **more: Any) -> httpx2.Response:
        headers: Mapping[str, str] = {"Authorization": f"Bearer {who}", **more.pop("headers", {})}
        return await self.client.request(method, f"/api/v1/{path}", headers=headers, **more)

    async def ids(self, who: str, **query: Any) -> list[int]:
        return [each["id"] for each in (await self.ask(who, "recordings", params=query)).json()]


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    documents = (
        Mailbox(name="anna"),
        Mailbox(name="sales", owners=("boris",)),
        RecordingRights(name="carl", hears=Hears.GROUPS, groups=("sales",), may_delete=True),
    )
    clock = HandClock()
    office = await loaded_directory(HeldOffice(replace(OFFICE, documents=documents)), clock)
    folder, kept, held, lamps, switches = (
        RecordingFolder(tmp_path),
        HeldRecordings(),
        HeldVoicemail(),
        ShownLamps(),
        Switches(),
    )
    for n, (user, peer, at) in TALKS.items():
        path = tone_wav(tmp_path / f"{n}.wav", 440.0, seconds=n)
        talk = KeptRecording(f"chain-{n}", "l", path.name, at, "all", f"+38067000000{n}", f"067000000{n}", "city", user)
        id_ = await kept.begin(replace(talk, peer=peer))
        await kept.finish(id_, file=path.name, seconds=n, size=path.stat().st_size, ended=at)
    for n, box in enumerate(("anna", "sales"), start=1):
        tone_wav(tmp_path / f"m{n}.wav", 440.0, seconds=1)
        await held.add(VoicemailMessage(box, "c", "067", "Ольга", NOW, 1.0, f"m{n}.wav"))
    desk = VoicemailDesk(office, held, folder, WrittenAnnouncer(), lamps=lamps, clock=clock)
    access = Access(Tokens(), clock)  # type: ignore[arg-type]  # the part that is asked
    app = FastAPI()
    members = {"sales": {"boris"}}
    app.include_router(recordings.routes(kept, folder, switches, office, lambda: members, access=access, clock=clock))
    app.include_router(voicemail.routes(desk, access))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield Web(client, tmp_path, kept, held, lamps, switches)


async def test_each_sees_the_recordings_that_he_may_hear(web: Web) -> None:
    seen = {who: await web.ids(who) for who in ("crm", "sup", "anna", "boris", "carl")}
    assert seen == {"crm": [3, 2, 1], "sup": [3, 2, 1], "anna": [2, 1], "boris": [2], "carl": [3, 2]}
    for who, ids in seen.items():
        for id_ in TALKS:
            status = 200 if id_ in ids else 404
            assert (await web.ask(who, f"recordings/{id_}")).status_code == status
            assert (await web.ask(who, f"recordings/{id_}/audio")).status_code == status


async def test_they_are_found_by_call_number_user_and_day_of_the_office(web: Web) -> None:
    assert await web.ids("crm", chain="chain-2") == [2]
    assert await web.ids("crm", number="067 000 00 03") == [3]
    assert await web.ids("crm", talker="anna") == [2, 1]
    assert await web.ids("crm", day="2026-11-22") == [3]
    assert await web.ids("crm", day="2026-11-23") == [2, 1]
    assert await web.ids("crm", before=3, limit=1) == [2]
    assert await web.ids("carl", talker="boris") == [2]
    assert (await web.ask("crm", "recordings?day=yesterday")).status_code == 422
    assert await web.ids("anna", talker="boris") == []


async def test_a_recording_is_heard_in_pieces_and_that_is_noted_once(web: Web) -> None:
    whole = (web.folder / "2.wav").read_bytes()
    for piece, (first, last) in {"bytes=0-99": (0, 100), "bytes=100-": (100, len(whole))}.items():
        answer = await web.ask("anna", "recordings/2/audio", headers={"Range": piece})
        assert (answer.status_code, answer.headers["content-type"]) == (206, "audio/wav")
        assert answer.content == whole[first:last]
    assert (await web.ask("crm", "recordings/2/audio")).content == whole
    told = (await web.ask("crm", "recordings/2")).json()
    assert [(each["who"], each["what"]) for each in told["hearings"]] == [("anna", "heard"), ("crm", "heard")]
    assert (told["format"], told["seconds"], told["number"]) == ("wav", 2.0, "+380670000002")


async def test_who_may_delete_does_and_it_is_noted(web: Web) -> None:
    assert (await web.ask("anna", "recordings/1", "DELETE")).status_code == 403
    assert (await web.ask("crm", "recordings/1", "DELETE")).status_code == 403
    assert (await web.ask("carl", "recordings/1", "DELETE")).status_code == 404
    for who, id_ in (("boss", 1), ("carl", 2), ("sup", 3)):
        assert (await web.ask(who, f"recordings/{id_}", "DELETE")).status_code == 204
        assert (await web.ask(who, f"recordings/{id_}", "DELETE")).status_code == 404
        assert not (web.folder / f"{id_}.wav").exists()
    assert web.kept.heard_by[2] == [Hearing(NOW, "carl", "deleted")]
    assert web.kept.rows[2].gone_why == "deleted"


async def test_one_that_goes_on_is_neither_heard_nor_deleted(web: Web) -> None:
    id_ = await web.kept.begin(KeptRecording("c", "l", "running.wav", NOW, user="anna"))
    assert (await web.ask("boss", f"recordings/{id_}/audio")).status_code == 409
    assert (await web.ask("boss", f"recordings/{id_}", "DELETE")).status_code == 409


async def test_the_recording_of_a_talk_is_paused(web: Web) -> None:
    answer = await web.ask("boss", "recordings/calls/talked", "POST", json={"on": False})
    assert (answer.status_code, answer.json()) == (200, {"talks": 1})
    assert (await web.ask("boss", "recordings/calls/lost", "POST", json={"on": True})).status_code == 404
    assert (await web.ask("crm", "recordings/calls/talked", "POST", json={"on": True})).status_code == 403
    assert web.switches.asked == [("talked", False), ("lost", True)]


async def test_messages_are_for_their_owners(web: Web) -> None:
    told = (await web.ask("anna", "voicemail")).json()
    assert (told["new"], told["old"]) == (1, 0)
    assert [(each["id"], each["caller_name"], each["heard"]) for each in told["messages"]] == [(1, "Ольга", None)]
    assert [each["id"] for each in (await web.ask("boris", "voicemail")).json()["messages"]] == [2]
    for who, id_, status in (("anna", 2, 404), ("boris", 2, 200), ("sup", 1, 404), ("admin", 1, 200), ("crm", 2, 200)):
        assert (await web.ask(who, f"voicemail/{id_}/audio")).status_code == status
    assert (await web.ask("sup", "voicemail?user=anna")).status_code == 403
    assert (await web.ask("anna", "voicemail?user=boris")).status_code == 403
    assert [each["id"] for each in (await web.ask("crm", "voicemail?user=anna")).json()["messages"]] == [1]


async def test_a_message_is_marked_and_deleted_and_the_lamp_follows(web: Web) -> None:
    marked = await web.ask("anna", "voicemail/1/heard", "POST", json={"heard": True})
    assert marked.json()["heard"] is not None
    assert web.lamps.messages["101"] == (0, 1)
    again = await web.ask("anna", "voicemail/1/heard", "POST", json={"heard": False})
    assert again.json()["heard"] is None
    assert (await web.ask("boris", "voicemail/1", "DELETE")).status_code == 404
    assert (await web.ask("anna", "voicemail/1", "DELETE")).status_code == 204
    assert (await web.ask("anna", "voicemail/1/audio")).status_code == 404
    assert not (web.folder / "m1.wav").exists()
    assert web.lamps.messages["101"] == (0, 0)
