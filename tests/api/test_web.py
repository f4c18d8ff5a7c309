from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api.access import Access
from cordboard.api.web import build
from cordboard.telephony import Direction, LegRecord, LegState, Party
from cordboard.testing.api import HeldTokens, bearer, program
from cordboard.testing.office import HandClock

STARTED = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class Office:
    """An exchange with one call in it."""

    def __init__(self) -> None:
        self.ok = True

    def health(self) -> Mapping[str, Any]:
        return {"ok": self.ok, "media": "up"}

    def live_legs(self) -> Sequence[LegRecord]:
        party = Party("101", "<script>")
        return [
            LegRecord(
                "leg-2", "chain-1", Direction.OUTBOUND, LegState.RINGING, party, "102", "102", "", STARTED, STARTED
            ),
            LegRecord("leg-1", "chain-1", Direction.INBOUND, LegState.CALLING, party, "700", "101", "", STARTED),
        ]

    def live_runs(self) -> Sequence[Mapping[str, Any]]:
        return [{"id": "run-1", "scenario": "menu", "chain": "chain-1", "step": "ask"}]

    def counters(self) -> Mapping[str, float]:
        return {"calls": 7}

    def gauges(self) -> Mapping[str, float]:
        return {"legs": 2}


def application(office: Office) -> FastAPI:
    access = Access(HeldTokens(program("watch", "live")), HandClock())
    return build(office, access=access, names=["pbx.example.com"])


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
async def web(office: Office) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=application(office))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


async def test_health_is_503_when_a_part_is_not_well(web: httpx2.AsyncClient, office: Office) -> None:
    assert (await web.get("/health")).status_code == 200
    office.ok = False
    answer = await web.get("/health")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "media": "up"}


async def test_calls_are_grouped_by_chain_with_their_runs(web: httpx2.AsyncClient) -> None:
    [chain] = (await web.get("/calls")).json()
    assert chain["chain"] == "chain-1"
    assert [leg["id"] for leg in chain["legs"]] == ["leg-2", "leg-1"]
    assert chain["legs"][0]["state"] == "ringing"
    assert chain["legs"][0]["caller"] == {"number": "101", "name": "<script>"}
    assert chain["runs"] == [{"id": "run-1", "scenario": "menu", "chain": "chain-1", "step": "ask"}]


async def test_metrics_are_in_the_form_prometheus_reads(web: httpx2.AsyncClient) -> None:
    text = (await web.get("/metrics")).text
    assert "cordboard_calls_total 7.0" in text
    assert "cordboard_legs 2.0" in text


async def test_a_page_that_rebinds_its_name_to_this_machine_reads_nothing(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/calls", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "leg-1" not in answer.text


@pytest.mark.parametrize(
    ("client", "host"),
    [
        pytest.param("10.0.0.9", "pbx.example.com", id="a browser elsewhere"),
        pytest.param("10.0.0.9", "127.0.0.1:8080", id="somebody who says that he asks this machine"),
        pytest.param("127.0.0.1", "pbx.example.com", id="a proxy that tells nothing of whom it asks for"),
    ],
)
async def test_what_this_machine_is_told_others_are_told_with_a_token_alone(
    office: Office, client: str, host: str
) -> None:
    transport = httpx2.ASGITransport(app=application(office), client=(client, 50000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers={"host": host}) as web:
        assert (await web.get("/health")).json() == {"ok": True}
        for path in ("/metrics", "/calls"):
            assert (await web.get(path)).status_code == 401
            assert (await web.get(path, headers=bearer("watch"))).status_code == 200
            assert (await web.get(path, headers=bearer("operator"))).status_code == 403


async def test_another_name_is_refused(office: Office) -> None:
    transport = httpx2.ASGITransport(app=application(office))
    async with httpx2.AsyncClient(transport=transport, base_url="http://evil.example") as web:
        assert (await web.get("/health")).status_code == 400
