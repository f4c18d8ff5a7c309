from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from cordboard.api.web import build
from cordboard.telephony import Direction, LegRecord, LegState, Party

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


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
async def web(office: Office) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=build(office))
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
