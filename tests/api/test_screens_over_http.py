import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import screens
from cordboard.api.access import Access
from cordboard.office.ports import Form, FormField, FormFieldKind
from cordboard.office.screens import PendingForms
from cordboard.office.tokens import ApiToken, hashed
from cordboard.telephony import SystemClock

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MAY = {"Authorization": "Bearer secret"}
CARD = Form("Customer", "Who is it?", (FormField("age", "Age", FormFieldKind.NUMBER, required=True),))


class OneToken:
    """Knows one token."""

    def __init__(self) -> None:
        self.used_at: list[datetime] = []

    async def by_hash(self, digest: str) -> ApiToken | None:
        return ApiToken("page", digest, ("screens",), NOW) if digest == hashed("secret") else None

    async def used(self, name: str, at: datetime) -> None:
        self.used_at.append(at)


@pytest.fixture
def forms() -> PendingForms:
    return PendingForms()


@pytest.fixture
async def web(forms: PendingForms) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(screens.routes(forms, Access(OneToken(), SystemClock())))  # type: ignore[arg-type]  # the part that is asked
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        yield client


async def test_a_form_is_shown_and_what_is_written_comes_back(web: httpx2.AsyncClient, forms: PendingForms) -> None:
    asked = asyncio.create_task(forms.ask("ann", CARD))
    await asyncio.sleep(0)
    (form,) = (await web.get("/api/screens/ann", headers=MAY)).json()
    assert (form["title"], form["fields"][0]["label"], form["fields"][0]["kind"]) == ("Customer", "Age", "number")
    refused = await web.post(f"/api/screens/ann/{form['id']}", json={"age": "old"}, headers=MAY)
    assert refused.status_code == 422
    assert "age" in refused.json()["detail"]
    assert (await web.post(f"/api/screens/bob/{form['id']}", json={"age": "7"}, headers=MAY)).status_code == 404
    assert (await web.post(f"/api/screens/ann/{form['id']}", json={"age": "37"}, headers=MAY)).status_code == 204
    assert await asked == {"age": "37"}
    assert (await web.get("/api/screens/ann", headers=MAY)).json() == []


async def test_a_form_is_closed_once(web: httpx2.AsyncClient, forms: PendingForms) -> None:
    asked = asyncio.create_task(forms.ask("ann", CARD))
    await asyncio.sleep(0)
    form = forms.of("ann")[0].id
    assert (await web.delete(f"/api/screens/ann/{form}", headers=MAY)).status_code == 204
    assert await asked is None
    assert (await web.delete(f"/api/screens/ann/{form}", headers=MAY)).status_code == 404


async def test_nobody_sees_forms_without_a_token(web: httpx2.AsyncClient) -> None:
    assert (await web.get("/api/screens/ann")).status_code == 401
