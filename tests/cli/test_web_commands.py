import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.web import app, try_out
from cordboard.datasource.web.ports import ReadAs
from cordboard.outbox.ports import WebhookRules
from cordboard.store.database import Store, open_store
from cordboard.testing.web import json_reply, web_server

Command = Callable[..., Result]


def with_store(folder: Path, work: Callable[[Store], object]) -> object:
    async def run() -> object:
        async with await open_store(folder / "cordboard.sqlite") as store:
            return await work(store)  # type: ignore[misc]  # each work is a coroutine function

    return asyncio.run(run())


@pytest.fixture
def cordboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))

    async def seed(store: Store) -> None:
        await store.outbox_settings.set_webhooks(WebhookRules(("127.0.0.0/8",)))

    with_store(tmp_path, seed)
    return lambda *words, **more: CliRunner().invoke(app, words, **more)


def said(result: Result, status: int = 0) -> str:
    assert result.exit_code == status, result.output
    return result.output


@pytest.mark.parametrize(
    ("options", "kind", "label"),
    [((), "bearer", ""), (("--basic", "anna"), "basic", "anna"), (("--header", "X-Api-Key"), "header", "X-Api-Key")],
)
def test_a_secret_is_kept_and_never_shown(
    cordboard: Command, tmp_path: Path, options: tuple[str, ...], kind: str, label: str
) -> None:
    words = said(cordboard("secret", "set", "crm", "CRM.test", *options, input="S3cret\n"))
    assert "The secret crm is told to crm.test alone" in words
    listed = said(cordboard("secret", "list"))
    assert ["crm", "crm.test", kind, *([label] if label else [])] == listed.splitlines()[1].split()
    found = with_store(tmp_path, lambda store: store.web_settings.secret("crm"))
    assert (getattr(found, "kind", ""), getattr(found, "label", ""), getattr(found, "value", "")) == (
        kind,
        label,
        "S3cret",
    )
    assert "S3cret" not in words + listed


def test_a_secret_is_replaced_and_forgotten(cordboard: Command) -> None:
    for host in ("one.test", "two.test"):
        said(cordboard("secret", "set", "crm", host, "--value", "S3cret"))
    assert "two.test" in said(cordboard("secret", "list"))
    said(cordboard("secret", "remove", "crm"))
    assert "There is no secret crm" in said(cordboard("secret", "remove", "crm"), 1)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("a b", "crm.test"), "is no name"),
        (("crm", "https://crm.test"), "is no"),
        (("crm", "crm.test:8080"), "is no host"),
        (("crm", "crm.test/x"), "is no host"),
        (("crm", "a@crm.test"), "password"),
        (("crm", "crm.test", "--basic", "a", "--header", "B"), "give one of"),
        (("crm", "crm.test", "--header", "B: c"), "is no name of a header"),
        (("crm", "crm.test", "--value", "ключ"), "plain Latin letters"),
    ],
)
def test_what_is_no_secret(cordboard: Command, words: tuple[str, ...], told: str) -> None:
    assert told in said(cordboard("secret", "set", *words, input="S3cret\n"), 1)
    assert len(said(cordboard("secret", "list")).splitlines()) == 1


def test_an_authority_is_trusted_and_no_more(cordboard: Command, tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    assert "There is no file" in said(cordboard("authority", str(file)), 1)
    file.write_text("x", encoding="ascii")
    said(cordboard("authority", str(file)))
    assert str(file) in said(cordboard("show"))
    said(cordboard("authority"))
    assert said(cordboard("show")) == "allowed in local networks: 127.0.0.0/8\nown authority: none\n"


async def test_a_service_is_tried(cordboard: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del cordboard
    rates = '[{"cc": "USD", "rate": 41.10, "txt": "Долар"}]'
    async with web_server(json_reply(rates)) as there:
        command = try_out.__wrapped__  # type: ignore[attr-defined]  # the coroutine function itself: a loop runs here
        await command(f"{there.url}/x", ["$[?@.cc == 'USD'].rate"], "", ReadAs.AUTO, 5.0, tmp_path)
        await command(f"{there.url}/x", None, "", ReadAs.AUTO, 5.0, tmp_path)
    told = capsys.readouterr().out
    assert "answered 200\n$[?@.cc == 'USD'].rate: [41.1]\n" in told
    assert '"txt": "Долар"' in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("crm.test",), "is no web address"),
        (("https://crm.test", "--path", "$["), "is no path"),
        (("http://10.0.0.1/",), "local network"),
        (("http://127.0.0.1:1/",), "cannot be reached"),
        (("https://crm.test/", "--secret", "crm"), "there is no secret 'crm'"),
    ],
)
def test_what_cannot_be_tried_is_said(cordboard: Command, words: tuple[str, ...], told: str) -> None:
    assert told in said(cordboard("try", *words), 1)
