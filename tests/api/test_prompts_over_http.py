import io
import wave
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import numpy as np
import pytest
import soundfile
from fastapi import FastAPI

from cordboard.api import prompts
from cordboard.api.access import Access
from cordboard.office.tokens import SCOPES, ApiToken, hashed
from cordboard.speech.prompts import PromptStore
from cordboard.telephony import SystemClock

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MAY = {"Authorization": "Bearer secret"}


class OneToken:
    """Knows one token."""

    async def by_hash(self, digest: str) -> ApiToken | None:
        return ApiToken("page", digest, ("prompts",), NOW) if digest == hashed("secret") else None

    async def used(self, name: str, at: datetime) -> None:
        pass


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    access = Access(OneToken(), SystemClock())  # type: ignore[arg-type]  # the part that is asked
    app.include_router(prompts.routes(PromptStore(tmp_path / "prompts", "uk"), access))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=MAY) as client:
        yield client


def audio(form: str = "FLAC", seconds: float = 1.0) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, 0.1 * np.sin(np.arange(int(seconds * 44100)) / 10), 44100, format=form)
    return file.getvalue()


async def test_a_prompt_is_uploaded_listed_heard_and_removed(web: httpx2.AsyncClient) -> None:
    made = await web.post("/api/prompts/menu/hello", params={"language": "ru", "text": "Алло"}, content=audio("MP3"))
    assert made.status_code == 201
    (listed,) = (await web.get("/api/prompts")).json()
    assert made.json() == listed
    assert (listed["name"], listed["language"], listed["text"], round(listed["seconds"])) == (
        "menu/hello", "ru", "Алло", 1
    )  # fmt: skip
    sound = await web.get("/api/prompts/menu/hello", params={"language": "ru"})
    with wave.open(io.BytesIO(sound.content)) as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 1)
    assert (await web.delete("/api/prompts/menu/hello")).status_code == 404
    assert (await web.delete("/api/prompts/menu/hello", params={"language": "ru"})).status_code == 204
    assert (await web.get("/api/prompts")).json() == []
    assert (await web.get("/api/prompts/menu/hello")).status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "status", "words"),
    [
        ("hello", b"no audio", 422, "cannot be read as audio"),
        ("hello", b"", 422, "the body is empty"),
        ("a%20b", b"x", 422, "no name for a prompt"),
        ("..%2F..%2Fetc%2Fpasswd", b"x", 422, "no name for a prompt"),
        ("hello?language=de", b"x", 422, "language"),
    ],
)
async def test_what_is_no_prompt_is_refused(
    web: httpx2.AsyncClient, name: str, body: bytes, status: int, words: str
) -> None:
    answer = await web.post(f"/api/prompts/{name}", content=body)
    assert answer.status_code == status
    assert words in answer.text


async def test_an_upload_has_a_largest_size(web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "LARGEST", 1_000_000)
    assert (await web.post("/api/prompts/hello", content=bytes(1_000_001))).status_code == 413


async def test_nobody_comes_in_without_a_token(web: httpx2.AsyncClient) -> None:
    assert prompts.SCOPE in SCOPES
    for method in ("GET", "POST", "DELETE"):
        answer = await web.request(method, "/api/prompts/x", headers={"Authorization": "Bearer wrong"}, content=b"x")
        assert answer.status_code == 401
