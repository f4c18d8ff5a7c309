"""The service against a real server on loopback: secrets, redirects, attempts, and what is kept."""

import asyncio
import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cordboard.datasource.web.guarded import GuardedClient
from cordboard.datasource.web.ports import (
    NoAnswerError,
    PlainRules,
    PlainSecret,
    ReadAs,
    Sought,
    WebAnswer,
    WebError,
    WebRequest,
    WebTimeoutError,
)
from cordboard.datasource.web.service import MOST_BYTES, WebService
from cordboard.testing.web import Asked, HeldSettings, MemoryOfAnswers, Reply, WebServer, json_reply, web_server

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
RATE = json_reply('{"rate": 41.10}')
WORSE = Reply(b"Oops", "text/html", "503 Busy")
TAKE: Mapping[str, Sought] = {"rate": Sought("$.rate", required=True)}


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = TEN

    def now(self) -> datetime:
        return self.at

    def wait(self, **more: float) -> None:
        self.at += timedelta(**more)


class Office:
    """A service with its surroundings."""

    def __init__(self, memory: MemoryOfAnswers | None = None, clock: HandClock | None = None) -> None:
        self.memory = memory or MemoryOfAnswers()
        self.settings = HeldSettings()
        self.clock = clock or HandClock()
        self.service = WebService(GuardedClient(), self.settings, self.memory, self.clock)

    async def ask(self, url: str, **more: Any) -> WebAnswer:
        return await self.service.ask(WebRequest(url, **more))


async def test_an_answer_with_what_is_sought_in_it() -> None:
    async with web_server(json_reply('{"list": [{"a": 1}, {"a": 2.50}], "name": "Ann"}')) as there:
        sought = {"all": Sought("$.list[*].a", every=True), "name": Sought("name"), "none": Sought("$.x")}
        answer = await Office().ask(f"{there.url}/x", take=sought, whole=True)
    assert answer.good
    assert answer.taken == {"all": [Decimal(1), Decimal("2.50")], "name": "Ann", "none": None}
    assert answer.value == {"list": [{"a": 1}, {"a": Decimal("2.5")}], "name": "Ann"}
    assert (answer.age, answer.stale) == (0, False)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "REPORT"])
async def test_any_method_leaves_with_its_body(method: str) -> None:
    async with web_server() as there:
        await Office().ask(there.url + "/", method=method, body=b"words", headers={"X-Mine": "1"})
    (asked,) = there.asked
    assert (asked.method, asked.body, asked.headers["x-mine"]) == (method, b"words", "1")


async def test_a_refusal_is_an_answer() -> None:
    async with web_server(json_reply('{"error": "no such card"}', status="404 Not Found")) as there:
        answer = await Office().ask(there.url, take=TAKE, whole=True, keep=60, stale=60)
        await Office().ask(there.url, take=TAKE, keep=60)
    assert (answer.status, answer.good, answer.value, answer.taken) == (404, False, {"error": "no such card"}, {})
    assert len(there.asked) == 2


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "label", "header", "value"),
    [
        ("bearer", "", "authorization", "Bearer S3cret"),
        ("basic", "anna", "authorization", "Basic " + base64.b64encode(b"anna:S3cret").decode()),
        ("header", "X-Api-Key", "x-api-key", "S3cret"),
    ],
)
async def test_a_secret_is_named_and_proved(kind: str, label: str, header: str, value: str) -> None:
    office = Office()
    office.settings.secrets["crm"] = PlainSecret(kind, "127.0.0.1", "S3cret", label)
    async with web_server() as there:
        await office.ask(there.url, secret="crm")
    assert there.asked[0].headers[header] == value


async def test_a_secret_is_told_to_its_host_alone() -> None:
    office = Office()
    office.settings.secrets["crm"] = PlainSecret("bearer", "crm.test", "S3cret")
    async with web_server() as there:
        with pytest.raises(WebError, match=r"'crm' is for crm.test alone, and is not told to 127.0.0.1") as fault:
            await office.ask(there.url, secret="crm")
        with pytest.raises(WebError, match="there is no secret 'other': tell it with `cordboard web secret set`"):
            await office.ask(there.url, secret="other")
    assert there.asked == []
    assert "S3cret" not in str(fault.value) + repr(office.settings.secrets)


@pytest.mark.parametrize(("kind", "label", "header"), [("bearer", "", "authorization"), ("header", "X-Key", "x-key")])
async def test_a_redirect_to_another_host_does_not_get_the_secret(kind: str, label: str, header: str) -> None:
    office = Office()
    office.settings.secrets["crm"] = PlainSecret(kind, "127.0.0.1", "S3cret", label)
    async with web_server(json_reply('"there"')) as other:
        to = Reply(status="302 Found", headers={"Location": f"{other.url}/x"})
        own = Reply(status="301 Moved", headers={"Location": "/y"})
        async with web_server(own, to) as there:
            answer = await office.ask(there.url, secret="crm", whole=True)
    assert answer.value == "there"
    assert [header in asked.headers for asked in there.asked] == [True, True]
    assert header not in other.asked[0].headers


# --- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:10.0.0.1]/", "http://2852039166/"],
)
async def test_a_redirect_into_the_local_network_is_not_followed(location: str) -> None:
    async with web_server(Reply(status="302 Found", headers={"Location": location})) as there:
        with pytest.raises(WebError, match="is in a local network"):
            await Office().ask(there.url)
    assert len(there.asked) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://x.test/", "http://a:b@x.test/", "http://x.test:y/"])
async def test_a_redirect_to_no_web_address_is_no_answer(location: str) -> None:
    async with web_server(Reply(status="302 Found", headers={"Location": location})) as there:
        with pytest.raises(NoAnswerError, match="leads elsewhere"):
            await Office().ask(there.url)


async def test_redirects_in_a_circle_come_to_an_end() -> None:
    async with web_server(Reply(status="307 Again", headers={"Location": "/"})) as there:
        with pytest.raises(NoAnswerError, match="on and on"):
            await Office().ask(there.url)
    assert len(there.asked) == 6


async def test_an_order_is_not_sent_on() -> None:
    async with web_server(Reply(status="307 Again", headers={"Location": "/other"})) as there:
        assert (await Office().ask(there.url, method="POST", body=b"x")).status == 307
    assert len(there.asked) == 1


# --- attempts and time -----------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_what_may_be_repeated_is_asked_again() -> None:
    async with web_server(WORSE, Reply(cut=True), RATE) as there:
        assert (await Office().ask(there.url, take=TAKE)).taken == {"rate": Decimal("41.10")}
    assert len(there.asked) == 3


@pytest.mark.slow
async def test_an_order_that_may_have_arrived_is_sent_again_only_if_it_may_be() -> None:
    async with web_server(Reply(cut=True), Reply(cut=True), RATE) as there:
        with pytest.raises(NoAnswerError, match="nobody knows whether it arrived"):
            await Office().ask(there.url, method="POST", body=b"x")
        assert len(there.asked) == 1
        assert (await Office().ask(there.url, method="POST", body=b"x", repeatable=True)).good
    assert len(there.asked) == 3


async def test_the_time_is_for_all_attempts_together() -> None:
    async with web_server(WORSE, Reply(silent=True)) as there:
        began = asyncio.get_running_loop().time()
        assert (await Office().ask(there.url, timeout=0.5)).status == 503
        assert asyncio.get_running_loop().time() - began < 1
    async with web_server(Reply(silent=True)) as there:
        with pytest.raises(WebTimeoutError, match=r"within 0.2 seconds"):
            await Office().ask(there.url, timeout=0.2)


@pytest.mark.parametrize(
    "reply",
    [
        json_reply("{"),
        json_reply('{"other": 1}'),
        json_reply('{"rate": null}'),
        Reply(b"<html>Sign in to this network", "text/html"),
        Reply(b"x" * (MOST_BYTES + 1), "text/plain"),
    ],
)
async def test_an_answer_of_no_use_is_none(reply: Reply) -> None:
    memory = MemoryOfAnswers()
    async with web_server(reply) as there:
        with pytest.raises(NoAnswerError):
            await Office(memory).ask(there.url, take=TAKE, keep=60, stale=60, timeout=1)
    assert memory.kept == {}


async def test_what_may_not_be_asked_is_a_fault_not_a_silence() -> None:
    office = Office()
    office.settings.allowed = PlainRules()
    async with web_server() as there:
        with pytest.raises(WebError, match="local network") as fault:
            await office.ask(there.url, stale=60)
        assert not isinstance(fault.value, NoAnswerError)
        with pytest.raises(WebError, match="header"):
            await Office().ask(there.url, headers={"Host": "x"})
        with pytest.raises(WebError, match="no path"):
            await Office().ask(there.url, take={"a": Sought("$[")})


# --- what is kept ----------------------------------------------------------------------------------------------------


async def test_a_good_answer_is_given_again_while_it_is_fresh() -> None:
    office = Office()
    async with web_server(RATE, json_reply('{"rate": 42}')) as there:
        answers = []
        for minutes in (0, 9, 2):
            office.clock.wait(minutes=minutes)
            answers.append(await office.ask(there.url, take=TAKE, keep=600))
    assert [(answer.taken["rate"], answer.age) for answer in answers] == [
        (Decimal("41.10"), 0),
        (Decimal("41.10"), 540),
        (42, 0),
    ]
    assert not any(answer.stale for answer in answers)
    assert len(there.asked) == 2


@pytest.mark.slow
@pytest.mark.parametrize("trouble", [WORSE, Reply(cut=True), json_reply("{"), json_reply('{"error": "limit"}'), None])
async def test_the_last_good_answer_outlives_the_service_and_a_restart(trouble: Reply | None) -> None:
    memory = MemoryOfAnswers()
    before = Office(memory)
    async with web_server(RATE) as there:
        await before.ask(there.url, take=TAKE, stale=7200)
        before.clock.wait(hours=1)
        if trouble is not None:
            there.replies = [trouble]
            answer = await Office(memory, before.clock).ask(there.url, take=TAKE, stale=7200, whole=True)
    if trouble is None:  # nobody listens there any more
        answer = await Office(memory, before.clock).ask(there.url, take=TAKE, stale=7200, whole=True)
    assert (answer.taken, answer.age, answer.stale, answer.status) == ({"rate": Decimal("41.10")}, 3600, True, 200)
    assert answer.value == {"rate": Decimal("41.10")}
    before.clock.wait(hours=2)
    after = Office(memory, before.clock)
    with pytest.raises(NoAnswerError):
        await after.ask(f"{there.url}", take=TAKE, stale=7200)


async def test_questions_are_told_apart() -> None:
    office = Office()
    office.settings.secrets |= {
        "a": PlainSecret("bearer", "127.0.0.1", "x"),
        "b": PlainSecret("bearer", "127.0.0.1", "y"),
    }
    async with web_server(RATE) as there:
        for more in (
            {}, {"headers": {"X": "1"}}, {"headers": {"X": "2"}}, {"secret": "a"}, {"secret": "b"}, {"method": "HEAD"},
            {"method": "POST", "body": b"1"}, {"method": "POST", "body": b"2"}, {"read": ReadAs.TEXT},
        ):  # fmt: skip
            for _ in range(2):
                await office.ask(there.url, keep=60, **more)
    assert len(there.asked) == 9


async def test_those_who_ask_the_same_at_once_are_answered_by_one_request() -> None:
    office = Office()
    async with web_server(RATE) as there:
        there.held.clear()
        asking = [asyncio.create_task(office.ask(there.url, take=TAKE)) for _ in range(100)]
        gone = asyncio.create_task(office.ask(there.url, take=TAKE))
        await there.busy.wait()
        asking[0].cancel()
        gone.cancel()
        there.held.set()
        answers = await asyncio.gather(*asking[1:])
        assert len(there.asked) == 1
        await office.ask(there.url)
    assert {answer.taken["rate"] for answer in answers} == {Decimal("41.10")}
    assert len(there.asked) == 2


async def test_orders_are_never_put_together() -> None:
    async with web_server(RATE) as there:
        office = Office()
        await asyncio.gather(*(office.ask(there.url, method="POST", body=b"x") for _ in range(3)))
    assert len(there.asked) == 3


async def test_a_memory_that_is_away_takes_no_answer() -> None:
    class Away(MemoryOfAnswers):
        async def recall(self, key: str) -> None:
            raise OSError(key)

        async def remember(self, *_: Any, **__: Any) -> None:
            raise OSError("disk full")

    async with web_server(RATE) as there:
        assert (await Office(Away()).ask(there.url, take=TAKE, keep=60, stale=60)).good


async def test_closing_lets_go_of_what_is_asked() -> None:
    office = Office()
    async with web_server(Reply(silent=True)) as there:
        asking = asyncio.create_task(office.ask(there.url))
        await there.busy.wait()
        await office.service.close()
        with pytest.raises(asyncio.CancelledError):
            await asking


@pytest.mark.slow
async def test_a_large_answer_is_read_beside_the_loop() -> None:
    rows = ",".join(f'{{"id": {number}, "name": "Client {number}"}}' for number in range(20_000))
    async with web_server(json_reply(f"[{rows}]")) as there:
        answer = await Office().ask(there.url, take={"last": Sought("$[?@.id == 19999].name")}, keep=60)
    assert answer.taken == {"last": "Client 19999"}


async def test_the_server_sees_who_asks() -> None:
    def echo(asked: Asked) -> Reply:
        return Reply(asked.headers["user-agent"].encode(), "text/plain")

    there: WebServer
    async with web_server() as there:
        there.answer = echo
        assert (await Office().ask(there.url, whole=True)).value == "Cordboard"
