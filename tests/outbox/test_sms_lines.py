"""The contract of `outbox.sms.ports.SmsLine`: each kind of line is held to it, in virtual time.

A kind adds a `Rig` to RIGS: its far end, and how that is made to do what a test wants.
"""

import asyncio
import json
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qs

import pytest
import smpp34

from cordboard.datasource.web.guarded import Answered
from cordboard.outbox.ports import PermanentError, TemporaryError, UncertainError
from cordboard.outbox.sms.http_provider import HttpProviderLine, find_provider
from cordboard.outbox.sms.modem import ModemLine
from cordboard.outbox.sms.ports import Fate, IncomingSms, OutgoingSms, SmsLine, SmsReport
from cordboard.outbox.sms.segments import segments
from cordboard.outbox.sms.sip_message import SipMessageLine
from cordboard.outbox.sms.smpp import SmppConfig, SmppLine
from cordboard.outbox.sms.smpp_wire import SignIn
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony.texts import (
    IncomingText,
    TextPeer,
    TextPutOffError,
    TextRefusedError,
    TextState,
    TextTaker,
    TextUnansweredError,
)
from cordboard.testing.modem import Modem
from cordboard.testing.sms import MemoryInbox
from cordboard.testing.smsc import PASSWORD, USER, Act, Smsc, receipt

ANNA = "+380671234567"
START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
"""Where the virtual clock begins."""


class Behaves(Enum):
    """What the network does with a message."""

    TAKES = auto()
    REFUSES = auto()
    """For good."""
    IS_BUSY = auto()
    """For longer than anybody waits."""
    IS_SILENT = auto()
    """It takes it, and no answer arrives."""


class Rig(ABC):
    """A line and its far end."""

    behaves = Behaves.TAKES
    brings = 1
    """How often a test must bring what was not taken twice: 1, for the far end does that by itself."""
    reports = True
    """Whether the network tells what becomes of a message."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        """Phone and text of what the network has taken, parts joined by the test."""

    @abstractmethod
    def line(self) -> SmsLine:
        """The line, which nobody serves yet."""

    @abstractmethod
    async def bring(self, text: str) -> None:
        """A message from ANNA comes in."""

    @abstractmethod
    async def tell(self, reference: str) -> None:
        """The network tells that what it calls so is on the phone."""

    async def close(self) -> None:  # noqa: B027 - most have nothing to put away
        """Put it away."""


class HttpRig(Rig):
    """A provider that calls back."""

    brings = 3

    def line(self) -> HttpProviderLine:
        settings = {"url": "https://sms.test", "api_key": "hush-hush", "sender": "", "callback_secret": "letmein"}
        self._line = HttpProviderLine("one", find_provider("form_with_key"), settings, self._ask, VirtualClock(START))
        return self._line

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, at_most: int
    ) -> Answered:
        assert (method, url, at_most) == ("POST", "https://sms.test", 65_536)
        form = parse_qs(body.decode())
        if self.behaves in {Behaves.TAKES, Behaves.IS_SILENT}:
            self.taken.append((f"+{form['phone'][0]}", form["message"][0]))
        if self.behaves is Behaves.IS_SILENT:
            await asyncio.sleep(timeout)
            raise TimeoutError("sms.test did not answer")
        answers = {Behaves.REFUSES: "ERROR 201 spam", Behaves.IS_BUSY: "ERROR 102 later"}
        return Answered(200, "OK", {}, answers.get(self.behaves, f"OK r{len(self.taken)}").encode())

    async def bring(self, text: str) -> None:
        assert await self._line.called_back("letmein", {"from": ANNA, "to": "5050", "message": text})

    async def tell(self, reference: str) -> None:
        assert await self._line.called_back("letmein", {"id": reference, "status": "delivered"})


class SmppRig(Rig):
    """An SMSC in process."""

    _ACTS: Mapping[Behaves, Act] = {
        Behaves.TAKES: Act.TAKE,
        Behaves.REFUSES: Act.REFUSE,
        Behaves.IS_BUSY: Act.THROTTLE,
        Behaves.IS_SILENT: Act.SILENT,
    }

    def __init__(self) -> None:
        super().__init__()
        self._smsc = Smsc(act=self._act)

    def line(self) -> SmppLine:
        config = SmppConfig("smsc.test:2775", SignIn(USER, PASSWORD))
        return SmppLine("one", config, self._smsc.connect, clock=VirtualClock(START), dice=random.Random(1))

    def _act(self, pdu: smpp34.SubmitSm) -> Act:
        act = self._ACTS[self.behaves]
        if act in {Act.TAKE, Act.SILENT}:
            header = pdu.short_message[0] + 1 if pdu.esm_class & 0x40 else 0
            self.taken.append((f"+{pdu.destination_addr}", pdu.short_message[header:].decode("utf-16-be")))
        return act

    async def bring(self, text: str) -> None:
        pdu = smpp34.DeliverSm(
            source_addr="380671234567",
            source_addr_ton=1,
            source_addr_npi=1,
            destination_addr="5050",
            data_coding=8,
            short_message=text.encode("utf-16-be"),
        )
        self._smsc.bring(pdu)

    async def tell(self, reference: str) -> None:
        self._smsc.bring(receipt(reference, ANNA, "5050"))

    async def close(self) -> None:
        await self._smsc.__aexit__(None, None, None)


class ModemRig(Rig):
    """A modem in process. What it sends is read back by the digits of its PDU: all of it is UCS-2 here."""

    _ACTS: Mapping[Behaves, str] = {
        Behaves.TAKES: "send",
        Behaves.REFUSES: "+CMS ERROR: 1",
        Behaves.IS_BUSY: "+CMS ERROR: 42",
        Behaves.IS_SILENT: "silent",
    }
    _FROM_ANNA = "00 04 0C91836017325476 00 08 62113201000080"
    _TELLS_ANNA = "0C91836017325476 62113201000080 62113201100080 00"

    def __init__(self) -> None:
        super().__init__()
        self._modem = Modem(act=self._act)

    def line(self) -> ModemLine:
        return ModemLine(
            "one", "/dev/modem", self._modem.open, phone="5050", clock=VirtualClock(START), dice=random.Random(1)
        )

    def _act(self, pdu: str) -> str:
        act = self._ACTS[self.behaves]
        if act in {"send", "silent"}:
            octets = bytes.fromhex(pdu)
            text = octets[15:]  # after the service centre, its flags, ANNA's number and four octets more
            header = text[0] + 1 if octets[1] & 0x40 else 0
            self.taken.append((ANNA, text[header:].decode("utf-16-be")))
        return act

    async def bring(self, text: str) -> None:
        written = text.encode("utf-16-be")
        self._modem.store(1, (bytes.fromhex(self._FROM_ANNA) + bytes([len(written)]) + written).hex())

    async def tell(self, reference: str) -> None:
        number = int(reference.rpartition("/")[2])
        self._modem.say("+CDS: 25", (bytes([0, 6, number]) + bytes.fromhex(self._TELLS_ANNA)).hex())

    async def close(self) -> None:
        await self._modem.__aexit__(None, None, None)


class SipRig(Rig):
    """An exchange that carries texts: it knows nothing of what becomes of them."""

    brings = 3
    reports = False

    def __init__(self) -> None:
        super().__init__()
        self._takers: list[TextTaker] = []

    def line(self) -> SipMessageLine:
        return SipMessageLine("one", TextPeer(line="gateway"), self, clock=VirtualClock(START))

    def state(self, _peer: TextPeer) -> TextState:
        return TextState(up=True, note="registered")

    async def send(self, _peer: TextPeer, number: str, text: str) -> None:
        if self.behaves is Behaves.REFUSES:
            raise TextRefusedError("no such number")
        if self.behaves is Behaves.IS_BUSY:
            raise TextPutOffError("congestion")
        self.taken.append((number, text))
        if self.behaves is Behaves.IS_SILENT:
            raise TextUnansweredError("no answer")

    @contextmanager
    def taking(self, _peer: TextPeer, take: TextTaker) -> Iterator[None]:
        self._takers.append(take)
        yield
        self._takers.remove(take)

    async def bring(self, text: str) -> None:
        for take in self._takers:
            await take(IncomingText(ANNA, "5050", text, "call-1"))

    async def tell(self, reference: str) -> None:
        raise AssertionError(reference)


RIGS: Mapping[str, Callable[[], Rig]] = {"http": HttpRig, "smpp": SmppRig, "modem": ModemRig, "sip": SipRig}


@asynccontextmanager
async def served(rig: Rig, inbox: MemoryInbox | None = None) -> AsyncIterator[SmsLine]:
    line = rig.line()
    async with serving(line, inbox or MemoryInbox()):
        yield line
    await rig.close()


@asynccontextmanager
async def serving(line: SmsLine, inbox: MemoryInbox) -> AsyncIterator[None]:
    task = asyncio.create_task(line.serve(inbox))
    await asyncio.sleep(1)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def sms(text: str = "Привет") -> OutgoingSms:
    coding, parts = segments(text, 7)
    return OutgoingSms("k1", ANNA, "", coding, parts, START + timedelta(days=2))


def each_kind_in_virtual_time(test: Callable[[Rig], Any]) -> Any:
    """Run a test over each kind of line, in virtual time."""

    @pytest.mark.parametrize("kind", RIGS)
    @virtual_time
    async def over(kind: str) -> None:
        await test(RIGS[kind]())

    return over


def seconds() -> float:
    return asyncio.get_running_loop().time()


@each_kind_in_virtual_time
async def test_until_it_is_served_it_is_down_and_refuses_at_once(rig: Rig) -> None:
    line = rig.line()
    assert (line.name, line.up) == ("one", False)
    assert line.note
    with pytest.raises(TemporaryError):
        await line.send(sms())
    assert (rig.taken, seconds()) == ([], 0.0)
    await rig.close()


@each_kind_in_virtual_time
async def test_a_message_is_taken_once_whole_and_with_its_references(rig: Rig) -> None:
    async with served(rig) as line:
        assert line.up
        text = "Спасибо за звонок! " * 5
        references = await line.send(sms(text))
        assert "".join(words for _, words in rig.taken) == text
        assert {to for to, _ in rig.taken} == {ANNA}
        assert len(references) in {0, 1, 2}
        assert len(set(references)) == len(references)
        other = await line.send(sms("Другое"))
        assert not set(other) & set(references)


@each_kind_in_virtual_time
async def test_what_is_refused_for_good_is_permanent(rig: Rig) -> None:
    rig.behaves = Behaves.REFUSES
    async with served(rig) as line:
        with pytest.raises(PermanentError):
            await line.send(sms())
        rig.behaves = Behaves.TAKES
        await line.send(sms())  # that was this message, not the line
    assert len(rig.taken) == 1


@each_kind_in_virtual_time
async def test_a_busy_network_is_waited_for_a_minute_at_most_and_has_taken_nothing(rig: Rig) -> None:
    rig.behaves = Behaves.IS_BUSY
    async with served(rig) as line:
        began = seconds()
        with pytest.raises(TemporaryError):
            await line.send(sms())
        assert seconds() - began <= 75
        assert rig.taken == []


@each_kind_in_virtual_time
async def test_without_an_answer_it_is_uncertain_and_sent_no_second_time(rig: Rig) -> None:
    rig.behaves = Behaves.IS_SILENT
    async with served(rig) as line:
        with pytest.raises(UncertainError) as fault:
            await line.send(sms())
        assert str(fault.value)
        await asyncio.sleep(600)
    assert rig.taken == [(ANNA, "Привет")]


@each_kind_in_virtual_time
async def test_what_comes_in_is_handed_to_the_inbox(rig: Rig) -> None:
    inbox = MemoryInbox()
    async with served(rig, inbox):
        await rig.bring("Перезвоните мне")
        await asyncio.sleep(1)
    ((name, came),) = inbox.messages
    assert (name, came.sender, came.to, came.text) == ("one", ANNA, "5050", "Перезвоните мне")
    assert (came.part, came.parts) == (1, 1)
    assert came.at.tzinfo is not None


@each_kind_in_virtual_time
async def test_what_cannot_be_kept_is_not_confirmed_to_the_network(rig: Rig) -> None:
    class FullInbox(MemoryInbox):
        failed = 0

        async def received(self, line: str, sms: IncomingSms) -> None:
            if self.failed < 2:
                self.failed += 1
                raise OSError("the disk is full")
            await super().received(line, sms)

    inbox = FullInbox()
    async with served(rig, inbox):
        for _ in range(rig.brings):
            with suppress(OSError):  # the far end is told that it was not taken
                await rig.bring("Важно")
        await asyncio.sleep(120)
    assert (inbox.failed, [came.text for _, came in inbox.messages]) == (2, ["Важно"])


@each_kind_in_virtual_time
async def test_a_report_names_the_message_as_send_did(rig: Rig) -> None:
    inbox = MemoryInbox()
    async with served(rig, inbox) as line:
        references = await line.send(sms())
        if not rig.reports:
            assert list(references) == []
            return
        (reference,) = references
        await rig.tell(reference)
        await asyncio.sleep(1)
    assert [(report.reference, report.fate) for report in _told(inbox)] == [(reference, Fate.DELIVERED)]


def _told(inbox: MemoryInbox) -> Sequence[SmsReport]:
    return [report for _, report in inbox.reports]


@each_kind_in_virtual_time
async def test_it_ends_when_it_is_cancelled_and_can_be_served_again(rig: Rig) -> None:
    line = rig.line()
    for _ in range(2):
        async with serving(line, MemoryInbox()):
            assert line.up
            await line.send(sms())
        assert not line.up
        with pytest.raises(TemporaryError):
            await line.send(sms())
    assert len(rig.taken) == 2
    await rig.close()


@each_kind_in_virtual_time
async def test_nobody_reads_a_secret_in_what_it_shows(rig: Rig) -> None:
    async with served(rig) as line:
        shown = json.dumps([line.name, line.note, repr(line)])
    assert not any(secret in shown for secret in ("hush-hush", "letmein", PASSWORD))
