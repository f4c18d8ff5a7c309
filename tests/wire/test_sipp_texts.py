"""Texts with SIPp as the gateway."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cordboard.outbox.sms.sip_message import SipMessageLine
from cordboard.telephony import Line
from cordboard.telephony.directory import LineMode
from cordboard.testing.exchange import until
from cordboard.testing.real_exchange import Accounts, open_office
from cordboard.testing.sipp import sipp
from cordboard.testing.sms import MemoryInbox
from cordboard.testing.smsc import order

pytestmark = [pytest.mark.wire, pytest.mark.peer, pytest.mark.slow]
SIPP = Path(__file__).parent / "sipp"


async def test_a_text_that_sipp_hands_over_comes_in(tmp_path: Path) -> None:
    inbox = MemoryInbox()
    async with open_office(tmp_path, Accounts("gsm")) as office:
        line = SipMessageLine.from_settings("sim", {"account": "gsm"}, office.exchange.texts)
        serving = asyncio.create_task(line.serve(inbox))
        try:
            with sipp(
                SIPP / "message.xml",
                tmp_path,
                server=office.server.port,
                number="5050",
                account="gsm",
                password="gsm",
            ) as phone:
                await asyncio.to_thread(phone.finish)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    ((name, came),) = inbox.messages
    assert (name, came.sender, came.to, came.text) == ("sim", "+380671234567", "5050", "Передзвоніть мені")


async def test_a_text_whose_first_packet_is_lost_reaches_sipp(tmp_path: Path) -> None:
    with sipp(SIPP / "uas_message.xml", tmp_path, retransmits=False) as phone:
        directory = Accounts()
        directory.wanted = [Line("gw", LineMode.ADDRESS, "127.0.0.1", phone.port, check_every=0.0)]
        async with open_office(tmp_path, directory) as office:
            line = SipMessageLine.from_settings("sim", {"line": "gw"}, office.exchange.texts)
            serving = asyncio.create_task(line.serve(MemoryInbox()))
            await until(lambda: line.up)
            text = order("Дякуємо за дзвінок", deadline=datetime(2099, 1, 1, tzinfo=UTC))
            assert list(await line.send(text)) == []
            messages = await asyncio.to_thread(phone.finish)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    assert "MESSAGE sip:+380671234567@127.0.0.1" in messages
    assert "Дякуємо за дзвінок" in messages
