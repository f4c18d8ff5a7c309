"""Prompts over HTTP: the list, upload of audio in any format, download, removal."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import FileResponse

from cordboard.api.access import Access
from cordboard.speech.api import PromptError, Prompts

SCOPE = "prompts"
LARGEST = 100_000_000
"""Bytes of an upload: nine minutes of a studio's stereo, half an hour of anything that is compressed."""

Json = dict[str, Any]
Language = Annotated[str, Query(pattern="^(en|ru|uk)?$")]


def routes(prompts: Prompts, access: Access) -> APIRouter:
    """The routes under /api/prompts. The audio itself is the body of an upload: `curl --data-binary @hello.mp3 …`."""
    router = APIRouter(prefix="/api/prompts", dependencies=[access.to(SCOPE)])

    @router.get("")
    async def show_all() -> list[Json]:
        return [asdict(prompt) for prompt in await prompts.all()]

    @router.get("/{name:path}")
    async def download(name: str, language: Language = "") -> FileResponse:
        try:
            clip = await prompts.find(name, language)
        except PromptError as fault:
            raise HTTPException(404, str(fault)) from fault
        assert clip.path is not None
        return FileResponse(clip.path, media_type="audio/wav")

    @router.post("/{name:path}", status_code=201)
    async def upload(
        name: str, request: Request, language: Language = "", text: Annotated[str, Query(max_length=5000)] = ""
    ) -> Json:
        with tempfile.TemporaryDirectory(prefix="cordboard-") as folder:
            audio = Path(folder) / "the upload"
            await _receive(request, audio)
            try:
                return asdict(await prompts.save(name, audio, language, text))
            except PromptError as fault:
                raise HTTPException(422, str(fault)) from fault

    @router.delete("/{name:path}", status_code=204)
    async def remove(name: str, language: Language = "") -> None:
        try:
            found = await prompts.remove(name, language)
        except PromptError as fault:
            raise HTTPException(422, str(fault)) from fault
        if not found:
            raise HTTPException(404, f"there is no prompt {name!r} in that language")

    return router


async def _receive(request: Request, path: Path) -> None:
    """Write the body into a file. What is too large is refused before the rest of it has come."""
    received = 0
    with path.open("wb") as file:
        async for piece in request.stream():
            received += len(piece)
            if received > LARGEST:
                raise HTTPException(413, f"the audio is larger than {LARGEST // 1_000_000} MB: send it as MP3 or OGG")
            file.write(piece)
    if not received:
        raise HTTPException(422, "the body is empty: it must be the audio file itself")
