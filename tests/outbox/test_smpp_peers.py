"""The SMPP line over real connections: with somebody else's SMSC (smpp34's), and with TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import smpp34

from cordboard.outbox.sms.ports import Fate, SmsReport
from cordboard.outbox.sms.smpp import SmppLine
from cordboard.testing.mail import certificate_in
from cordboard.testing.smsc import PASSWORD, USER, Inbox, Smsc, order

pytestmark = [pytest.mark.wire, pytest.mark.slow]


@asynccontextmanager
async def served(settings: Mapping[str, str], inbox: Inbox) -> AsyncIterator[SmppLine]:
    line = SmppLine.from_settings(
        "operator", {"host": "127.0.0.1", "system_id": USER, "password": PASSWORD, **settings}
    )
    serving = asyncio.create_task(line.serve(inbox))
    try:
        yield line
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def becomes(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)


async def test_it_speaks_with_a_foreign_smsc(unused_tcp_port: int) -> None:
    server = smpp34.Server("127.0.0.1", unused_tcp_port, system_id="foreign")
    await server.start()
    got: list[smpp34.SubmitSmEvent] = []
    answers: list[smpp34.DeliverSmResp] = []

    async def answer() -> None:
        esme = None
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                esme = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                got.append(event)
                event.accept(f"id-{len(got)}")
                assert esme is not None
                words = f"id:id-{len(got)} sub:001 dlvrd:001 stat:DELIVRD err:000 text:".encode()
                answers.append(
                    await esme.deliver_sm(
                        event.source_addr, words, source_addr=event.destination_addr, source_addr_ton=1, esm_class=4
                    )
                )
                coming = "Дякую".encode("utf-16-be")
                answers.append(
                    await esme.deliver_sm("5050", coming, source_addr="380671234567", source_addr_ton=1, data_coding=8)
                )

    answering = asyncio.create_task(answer())
    inbox = Inbox()
    try:
        async with served({"port": str(unused_tcp_port), "sender": "Office"}, inbox) as line:
            await becomes(lambda: line.up)
            assert list(await line.send(order("Привіт, світ"))) == ["id-1"]
            await becomes(lambda: len(answers) == 2)
            assert line.note == f"connected to 127.0.0.1:{unused_tcp_port}"
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        await server.stop()
    assert [each.is_success for each in answers] == [True, True]
    assert (got[0].source_addr, got[0].short_message.decode("utf-16-be")) == ("Office", "Привіт, світ")
    assert inbox.reports == [SmsReport("id-1", Fate.DELIVERED, "DELIVRD", to="+380671234567")]
    assert [(each.sender, each.to, each.text) for each in inbox.came] == [("+380671234567", "5050", "Дякую")]


async def test_with_tls_only_a_trusted_smsc_is_spoken_to(tmp_path: Path) -> None:
    authority = certificate_in(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem")
    async with Smsc(tls=context) as smsc:
        await smsc.listen()
        port = {"port": str(smsc.port), "tls": "yes"}
        async with served(port, Inbox()) as line:
            await becomes(lambda: "certificate verify failed" in line.note)
            assert not line.up
        async with served({**port, "authority": str(authority)}, Inbox()) as line:
            await becomes(lambda: line.up)
            assert list(await line.send(order("Hi"))) == ["1"]
        async with served({**port, "authority": str(tmp_path / "none.pem")}, Inbox()) as line:
            await becomes(lambda: "cannot be reached" in line.note)
    assert len(smsc.taken) == 1


async def test_a_port_where_nobody_listens(unused_tcp_port: int) -> None:
    async with served({"port": str(unused_tcp_port)}, Inbox()) as line:
        await becomes(lambda: "cannot be reached" in line.note)
        assert not line.up
