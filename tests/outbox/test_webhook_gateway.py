"""The gateway of webhooks against a real HTTP server on loopback."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from cordboard.datasource.web.guarded import GuardedClient
from cordboard.outbox.ports import Delivery, PermanentError, Receipt, TemporaryError, UncertainError, WebhookRules
from cordboard.outbox.webhooks import WebhookGateway
from cordboard.testing.outbox import MemorySettings, delivery

HERE = WebhookRules(("127.0.0.0/8",), "Geheimnis")


@dataclass(slots=True)
class Program:
    """Answers each call as the next of `answers` says (its head, or nothing at all)."""

    answers: list[str] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        self.heads.append({"": head[0], **{name.lower(): value for name, value in fields.items()}})
        self.bodies.append(await reader.readexactly(int(self.heads[-1]["content-length"])))
        answer = self.answers.pop(0) if self.answers else "200 OK"
        if answer:
            writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def program(*answers: str) -> AsyncIterator[Program]:
    there = Program(list(answers))
    server = await asyncio.start_server(there.take, "127.0.0.1", 0)
    there.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?a=1"
    try:
        yield there
    finally:
        server.close()
        await server.wait_closed()


def to(url: str, **payload: Any) -> Delivery:
    return delivery("webhook", url, {"to": url, "body": '{"сума":12.50,"phone":"+380671234567"}', **payload})


async def deliver(order: Delivery, rules: WebhookRules = HERE) -> Receipt:
    return await WebhookGateway(MemorySettings(rules=rules), GuardedClient()).deliver(order)


async def test_a_program_gets_the_record_as_json() -> None:
    async with program() as there:
        assert await deliver(to(there.url)) == Receipt("answered 200 OK")
    (head,) = there.heads
    assert head[""] == "POST /hook?a=1 HTTP/1.1"
    assert head["host"] == there.url.split("/")[2]
    assert head["content-type"] == "application/json"
    assert "x-cordboard-signature" not in head
    assert there.bodies == ['{"сума":12.50,"phone":"+380671234567"}'.encode()]


async def test_each_attempt_bears_the_same_key_and_the_same_body() -> None:
    async with program("503 Busy", "", "200 OK") as there:
        order = to(there.url)
        with pytest.raises(TemporaryError):
            await deliver(order)
        with pytest.raises(UncertainError):
            await deliver(order)
        await deliver(order)
        await deliver(delivery("webhook", there.url, order.payload, key="k2"))
    keys = [head["idempotency-key"] for head in there.heads]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert len(set(there.bodies)) == 1


async def test_a_signed_body_can_be_checked_by_who_knows_the_secret() -> None:
    async with program() as there:
        await deliver(to(there.url, signed=True))
    expected = hmac.new(b"Geheimnis", there.bodies[0], hashlib.sha256).hexdigest()
    assert there.heads[0]["x-cordboard-signature"] == f"sha256={expected}"


async def test_without_a_secret_nothing_leaves_that_must_be_signed() -> None:
    async with program() as there:
        with pytest.raises(TemporaryError, match="cordboard webhook secret"):
            await deliver(to(there.url, signed=True), WebhookRules(("127.0.0.1",)))
    assert there.heads == []


@pytest.mark.parametrize(
    ("answer", "error", "seconds"),
    [
        ("404 Not Found", PermanentError, 0),
        ("400 Bad", PermanentError, 0),
        ("302 Found\r\nLocation: http://10.0.0.1/", PermanentError, 0),
        ("429 Slow\r\nRetry-After: 120", TemporaryError, 120),
        ("503 Busy\r\nRetry-After: 99999999", TemporaryError, 86400),
        ("503 Busy\r\nRetry-After: soon", TemporaryError, 0),
        ("500 Oops", TemporaryError, 0),
        ("408 Late", TemporaryError, 0),
    ],
)
async def test_what_the_program_answers_decides(answer: str, error: type[Exception], seconds: float) -> None:
    async with program(answer) as there:
        with pytest.raises(error) as refused:
            await deliver(to(there.url))
    assert len(there.heads) == 1
    assert getattr(refused.value, "retry_after", 0) == seconds


async def test_a_date_after_which_to_try_again_is_understood() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    async with program(f"503 Busy\r\nRetry-After: {date}") as there:
        with pytest.raises(TemporaryError) as refused:
            await deliver(to(there.url))
    assert 60 < refused.value.retry_after <= 90


async def test_a_program_that_is_away_is_waited_for() -> None:
    async with program() as there:
        pass
    with pytest.raises(TemporaryError, match="cannot be reached"):
        await deliver(to(there.url))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433"])
async def test_the_local_network_is_called_only_where_it_is_allowed(host: str) -> None:
    async with program() as there:
        port = there.url.split(":")[2]
        with pytest.raises(TemporaryError, match=r"cordboard webhook allow|cannot be resolved"):
            await deliver(to(f"http://{host}:{port}"), WebhookRules(("10.0.0.0/8",)))
    assert there.heads == []


async def test_a_name_is_called_at_the_address_that_was_checked() -> None:
    async with program() as there:
        await deliver(to(there.url.replace("127.0.0.1", "localhost")))
    assert there.heads[0]["host"].startswith("localhost:")
