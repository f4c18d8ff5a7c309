import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from cordboard.api.limits import LARGEST
from cordboard.testing.api import bearer, whole_app


@pytest.fixture
async def web() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=whole_app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_a_body_that_is_too_large_is_refused(web: httpx2.AsyncClient) -> None:
    path = "/api/v1/office/users/anna"
    said = await web.put(path, content=b" " * (LARGEST + 1), headers=bearer("administrator"))
    assert (said.status_code, said.json()) == (413, {"detail": "the body is larger than 2 MB"})

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LARGEST // 1_000_000 + 1):
            yield b" " * 1_000_000

    sent = await web.put(path, content=pieces(), headers=bearer("administrator"))
    assert sent.status_code == 413
    right = await web.put(path, content=b"[" + b" " * (LARGEST - 3) + b"]", headers=bearer("administrator"))
    assert right.status_code == 422


async def test_a_prompt_may_be_larger(web: httpx2.AsyncClient) -> None:
    sent = await web.post("/api/prompts/hello", content=b" " * (LARGEST + 1), headers=bearer("administrator"))
    assert sent.status_code != 413


async def test_the_document_of_the_api_tells_the_fields_of_every_kind(web: httpx2.AsyncClient) -> None:
    document = (await web.get("/api/v1/openapi.json")).json()

    def body(kind: str) -> dict[str, Any]:
        asked = document["paths"][f"/api/v1/office/{kind}/{{key}}"]["put"]["requestBody"]
        schema: dict[str, Any] = asked["content"]["application/json"]["schema"]
        return schema

    assert "strategy" in body("groups")["properties"]
    assert body("groups")["additionalProperties"] is False
    phone = body("phones")["properties"]
    assert (phone["password"]["writeOnly"], "secret" in phone) == (True, False)
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= document["components"]["schemas"].keys()
