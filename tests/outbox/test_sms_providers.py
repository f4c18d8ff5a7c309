"""Providers over HTTP that a file describes: the file, the requests, the answers, against a real server on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from cordboard.datasource.web.guarded import Answered, GuardedClient
from cordboard.outbox.ports import PermanentError, TemporaryError, UncertainError
from cordboard.outbox.sms.http_provider import HttpProviderLine, find_provider, made, settings_of, shipped
from cordboard.outbox.sms.ports import Fate, OutgoingSms, SmsReport
from cordboard.outbox.sms.provider_answers import judged
from cordboard.outbox.sms.provider_file import Means, ProviderFileError, read_provider
from cordboard.outbox.sms.segments import segments
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.testing.outbox import TEN
from cordboard.testing.sms import MemoryInbox
from cordboard.testing.web import Reply, WebServer, json_reply, web_server

FORM = {"provider": "form_with_key", "api_key": "hush", "sender": "Office", "callback_secret": "letmein"}
JSON = {"provider": "json_with_bearer", "token": "hush"}


def sms(text: str = "Ваш заказ & чай", to: str = "+380671234567", sender: str = "") -> OutgoingSms:
    coding, parts = segments(text, 1)
    return OutgoingSms("k1", to, sender, coding, parts, TEN + timedelta(hours=1))


async def asked(
    method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, at_most: int
) -> Answered:
    return await GuardedClient().ask(
        method, url, headers, body, local=("127.0.0.0/8",), timeout=min(timeout, 0.2), at_most=at_most
    )


@asynccontextmanager
async def serving(settings: Mapping[str, str], there: WebServer) -> AsyncIterator[tuple[HttpProviderLine, MemoryInbox]]:
    line = HttpProviderLine.from_settings("provider", {**settings, "url": there.url}, asked)
    inbox = MemoryInbox()
    task = asyncio.create_task(line.serve(inbox))
    await asyncio.sleep(0)
    try:
        yield line, inbox
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_form_is_posted_and_a_line_of_text_read() -> None:
    async with web_server(Reply(b"OK 4711\n")) as there, serving(FORM, there) as (line, _):
        assert await line.send(sms("Ваш заказ & чай " * 8)) == ["4711"]
    (request,) = there.asked
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {
        "apikey": ["hush"],
        "phone": ["380671234567"],
        "message": ["Ваш заказ & чай " * 8],
        "from": ["Office"],
        "ref": ["k1"],
    }


async def test_json_is_sent_with_a_token_and_empty_fields_are_left_away() -> None:
    answer = json_reply('{"messages": [{"status": "queued", "id": 4711}]}', status="202 Accepted")
    async with web_server(answer) as there, serving(JSON, there) as (line, _):
        assert await line.send(sms()) == ["4711"]
    (request,) = there.asked
    assert (request.target, request.headers["authorization"]) == ("/messages", "Bearer hush")
    assert request.headers["idempotency-key"] == "k1"
    assert json.loads(request.body) == {
        "messages": [{"to": "+380671234567", "text": "Ваш заказ & чай", "clientId": "k1"}]
    }


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply(b"ERROR 102 no money"), TemporaryError, "provider answered 200: ERROR 102 no money"),
        (Reply(b"ERROR 201 no such phone"), PermanentError, "provider answered 200: ERROR 201 no such phone"),
        (Reply(b"<html>", status="403 Forbidden"), TemporaryError, "provider answered 403: <html>"),
        (Reply(b"", status="404 Not Found"), PermanentError, "provider answered 404: "),
        (Reply(b"", status="429 Slow Down"), TemporaryError, "provider answered 429: "),
        (Reply(b"", status="503 Not Now"), TemporaryError, "provider answered 503: "),
        (Reply(b"oops", status="502 Bad Gateway"), UncertainError, "provider answered 502: oops (its description"),
        (Reply(b"Welcome"), UncertainError, "provider answered 200: Welcome (its description does not say"),
        (Reply(cut=True), UncertainError, "provider: 127.0.0.1"),
        (Reply(silent=True), UncertainError, "provider: 127.0.0.1"),
    ],
)
async def test_what_an_answer_means_is_told_by_the_description(
    reply: Reply, error: type[Exception], words: str
) -> None:
    async with web_server(reply) as there, serving(FORM, there) as (line, _):
        with pytest.raises(error) as fault:
            await line.send(sms())
    assert type(fault.value) is error
    assert str(fault.value).startswith(words)
    assert "hush" not in str(fault.value) + line.note


async def test_a_provider_that_cannot_be_reached_is_down_for_a_while() -> None:
    async with web_server() as there:
        pass
    async with serving(FORM, there) as (line, _):
        assert line.up
        for _ in range(2):
            with pytest.raises(TemporaryError, match="cannot be reached"):
                await line.send(sms())
            assert not line.up
        assert "127.0.0.1" in line.note
    assert not line.up
    assert line.note == "it does not run"


async def test_a_local_address_must_be_allowed() -> None:
    async def guarded(
        method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, at_most: int
    ) -> Answered:
        return await GuardedClient().ask(method, url, headers, body, local=(), timeout=timeout, at_most=at_most)

    async with web_server() as there:
        line = HttpProviderLine.from_settings("provider", {**FORM, "url": there.url}, guarded)
        task = asyncio.create_task(line.serve(MemoryInbox()))
        await asyncio.sleep(0)
        with pytest.raises(TemporaryError, match="is in a local network: allow it"):
            await line.send(sms())
        task.cancel()
        assert there.asked == []


# --- what the provider tells ----------------------------------------------------------------------------------------


async def test_a_provider_calls_back_with_reports_and_messages() -> None:
    async with web_server() as there, serving(FORM, there) as (line, inbox):
        report = {"id": "4711", "ref": "k1", "status": "expired", "error": "phone off"}
        assert await line.called_back("letmein", report)
        assert await line.called_back("letmein", {"from": "380671234567", "to": "5050", "message": "Да", "id": "n1"})
        assert not await line.called_back("guessed", report)
        assert not await line.called_back("letmein", {"something": "else"})
    ((name, told),) = inbox.reports
    assert (name, told.reference, told.key, told.fate, told.words) == (
        "provider",
        "4711",
        "k1",
        Fate.FAILED,
        "phone off",
    )
    ((_, came),) = inbox.messages
    assert (came.sender, came.to, came.text, came.key) == ("380671234567", "5050", "Да", "n1")


async def test_without_a_secret_nobody_calls_back() -> None:
    async with web_server() as there, serving({**FORM, "callback_secret": ""}, there) as (line, inbox):
        assert not await line.called_back("", {"id": "1", "status": "delivered"})
    assert inbox.reports == []


class AskedInbox(MemoryInbox):
    """It awaits the fate of some messages."""

    def __init__(self, *references: str) -> None:
        super().__init__()
        self.references = list(references)

    async def awaited(self, line: str, limit: int = 100) -> list[str]:
        assert line == "provider"
        return self.references[:limit]


@virtual_time
async def test_the_fate_of_messages_is_asked_for() -> None:
    calls: list[tuple[str, str]] = []
    answers = {
        "a/1": b'{"status": "sent"}',
        "b": b'{"status": "rejected", "error": "spam"}',
        "c": b"not there",
        "d": b'{"status": "delivered"}',
    }

    async def ask(
        method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, at_most: int
    ) -> Answered:
        assert (headers, body, timeout, at_most) == ({"Authorization": "Bearer hush"}, b"", 30.0, 65_536)
        reference = url.removeprefix("https://sms.test/messages/").replace("%2F", "/")
        calls.append((method, url))
        return Answered(404 if reference == "c" else 200, "", {}, answers[reference])

    inbox = AskedInbox("a/1", "b", "c", "d")
    settings = {**JSON, "url": "https://sms.test"}
    line = HttpProviderLine("provider", find_provider("json_with_bearer"), settings, ask, VirtualClock(TEN))
    task = asyncio.create_task(line.serve(inbox))
    await asyncio.sleep(61)
    assert [url for _, url in calls] == [f"https://sms.test/messages/{each}" for each in ("a%2F1", "b", "c", "d")]
    assert {method for method, _ in calls} == {"GET"}
    minute = TEN + timedelta(seconds=60)
    assert [report for _, report in inbox.reports] == [
        SmsReport("a/1", Fate.PENDING, "", minute),
        SmsReport("b", Fate.FAILED, "spam", minute),
        SmsReport("d", Fate.DELIVERED, "", minute),
    ]
    inbox.references = ["d"]
    await asyncio.sleep(60)
    assert len(calls) == 5
    task.cancel()


# --- the file -------------------------------------------------------------------------------------------------------


def test_what_comes_along_can_be_read() -> None:
    assert list(shipped()) == ["form_with_key", "json_with_bearer"]
    names = [each.name for each in settings_of({"provider": "form_with_key"})]
    assert names == ["provider", "sender", "callback_secret", "url", "api_key"]
    assert [each.name for each in settings_of(JSON) if each.secret] == ["callback_secret", "token"]


SMALL = """
[settings.login]
help = "Who"
[send]
method = "GET"
url = "https://sms.test/{digits}/send?x=1"
query = { text = "{text}", from = "{sender}" }
basic = ["{login}", "s:{login}"]
headers = { X-From = "{sender}" }
[[answers]]
means = "taken"
path = "ok"
values = [true]
reference = "ids.0, ids.1"
"""


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(SMALL, encoding="utf-8")
    provider = find_provider(str(file))
    message = {"digits": "../1", "text": "a&b {login}", "sender": "A\r\nB", "to": "", "key": "", "parts": "1"}
    url, headers, body = made(provider.send, {"login": "{text}"}, message)
    assert url == "https://sms.test/..%2F1/send?x=1&text=a%26b+%7Blogin%7D&from=A%0D%0AB"
    assert headers == {"X-From": "AB", "Authorization": "Basic e3RleHR9OnM6e3RleHR9"}
    assert body == b""
    taken = judged(200, b'{"ok": true, "ids": ["a", 7]}', provider.answers)
    assert (taken.means, taken.references) == (Means.TAKEN, ["a", "7"])
    assert judged(200, b'{"ok": false}', provider.answers).means is Means.UNCERTAIN
    assert judged(200, b"[]", provider.answers).means is Means.UNCERTAIN


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[send]", "[sned]"), "the description has 'sned'; it may have about, settings, send"),
        (("method =", "methode ="), "[send] has 'methode'; it may have method, url"),
        (('url = "https://sms.test/{digits}/send?x=1"', ""), "[send] needs 'url'"),
        (("{digits}", "{phone}"), "[send] inserts {phone}, and there are to, digits, text, sender, key, parts, login"),
        (('"taken"', '"fine"'), "[answers No. 1] means one of taken, temporary, permanent, uncertain"),
        (('path = "ok"', 'pattern = "("'), "[answers No. 1] has a pattern that is none: "),
        (("settings.login", "settings.text"), "a setting cannot be called 'text': take another name"),
        (("[settings.login]", "[settings.login"), "this is no TOML: "),
        (('basic = ["{login}", "s:{login}"]', 'basic = ["{login}"]'), "[send] basic: write the user and the password"),
        (("[settings", '[report]\nfate = "s"\n[settings'), "[report] needs 'delivered'"),
        (
            ("[settings", '[report]\nfate = "s"\ndelivered = "d"\nfailed = "f"\n[settings'),
            "[report] must say which message it is about: reference, key or to",
        ),
        (("[settings", '[poll]\nevery = 0\nurl = "x"\n[settings'), "[poll] every: write seconds, 60"),
        (("[settings", '[poll]\nurl = "{key}"\n[poll.answer]\nfate="s"\ndelivered="d"\nfailed="f"\n[settings'),
         "[poll] inserts {key}, and there are reference, login"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(change: tuple[str, str], words: str) -> None:
    read_provider(SMALL)
    with pytest.raises(ProviderFileError) as fault:
        read_provider(SMALL.replace(*change))
    assert str(fault.value).startswith(words)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "there is no provider '': name form_with_key, json_with_bearer, or a file that ends in .toml"),
        ({"provider": "nowhere.toml"}, "the description nowhere.toml cannot be read: "),
        ({"provider": "form_with_key", "url": "x"}, "the SMS line 'p' needs the setting 'api_key': The key"),
        ({**FORM, "url": "x", "colour": "red"}, "the SMS line 'p' has no setting 'colour'"),
    ],
)  # fmt: skip
def test_wrong_settings_are_told(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=r"^the") as fault:
        HttpProviderLine.from_settings("p", settings, asked)
    assert str(fault.value).startswith(words)
