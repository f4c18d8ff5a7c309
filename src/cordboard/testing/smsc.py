"""An SMSC for tests, in process: it throttles, breaks off, forgets to answer, brings receipts late and twice."""

import asyncio
import itertools
import socket
import ssl
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, Self

import smpp34

from cordboard.outbox.sms.ports import IncomingSms, OutgoingSms, SmsReport
from cordboard.outbox.sms.segments import segments
from cordboard.outbox.sms.smpp_session import Streams
from cordboard.outbox.sms.smpp_wire import HEADER_OCTETS, Command, Packet, length_of, packet

USER, PASSWORD = "office", "secret12"
PATIENCE = 20.0
"""Seconds that it waits for the answer to a deliver_sm, then it brings it again over the next connection."""


class Act(Enum):
    """What it does with a submit_sm."""

    TAKE = auto()
    THROTTLE = auto()
    """Refuses it for now: ESME_RTHROTTLED."""
    FULL = auto()
    """Refuses it for now: ESME_RMSGQFUL."""
    REFUSE = auto()
    """Refuses it for good: ESME_RINVDSTADR."""
    SICK = auto()
    """Refuses it: ESME_RSYSERR."""
    NACK = auto()
    """Answers generic_nack with ESME_RTHROTTLED."""
    SILENT = auto()
    """Takes it and never answers."""
    LATE = auto()
    """Takes it and answers after 45 s."""
    LOSE = auto()
    """Neither takes nor answers it."""
    BREAK_AFTER = auto()
    """Takes it and breaks the connection."""
    BREAK_BEFORE = auto()
    """Breaks the connection without taking it."""


_STATUS = {Act.THROTTLE: 0x58, Act.FULL: 0x14, Act.REFUSE: 0x0B, Act.SICK: 0x08, Act.NACK: 0x58}
_TAKING = frozenset({Act.TAKE, Act.SILENT, Act.LATE, Act.BREAK_AFTER})
_LATE = 45.0
_AGAIN = frozenset({-1, 0x14, 0x58, 0x64})
"""Answers to a deliver_sm after which it is brought again; -1: none came."""


class _BrokenError(Exception):
    """It breaks this connection."""


@dataclass(slots=True)
class Smsc:
    """Use as a context; hand `connect` to a line, or `listen` on a port."""

    act: Callable[[smpp34.SubmitSm], Act] = lambda _pdu: Act.TAKE
    receipts: Callable[[smpp34.SubmitSm], Sequence[float]] = lambda _pdu: ()
    """After how many seconds it tells that a message was delivered; several: as often."""
    written_id: Callable[[int], tuple[str, str]] = lambda number: (str(number), str(number))
    """A message's name in the answer and in the receipt."""
    bind_status: int = 0
    deaf: bool = False
    """It answers nothing any more."""
    unreachable: bool = False
    tls: ssl.SSLContext | None = None
    taken: list[smpp34.SubmitSm] = field(default_factory=list)
    answered: list[bytes] = field(default_factory=list)
    """The short messages that it took and of which it said so in time."""
    refused: list[bytes] = field(default_factory=list)
    """Those that it refused for good."""
    acts: Counter[Act] = field(default_factory=Counter)
    statuses: list[int] = field(default_factory=list)
    """How its deliver_sm were answered, in order."""
    binds: list[Command] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    """Commands of other packets."""
    to_deliver: deque[bytes] = field(default_factory=deque)
    port: int = 0
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self.break_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what a test does --------------------------------------------------------------------------------------------

    async def connect(self) -> Streams:
        """The far end of a new connection, without a port."""
        if self.unreachable:
            raise ConnectionRefusedError("nobody listens")
        here, there = socket.socketpair()
        self._own(self._session(*await asyncio.open_connection(sock=here)))
        return await asyncio.open_connection(sock=there)

    async def listen(self) -> None:
        """Take connections on a port of the loopback."""
        self._server = await asyncio.start_server(self._session, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    def bring(self, pdu: smpp34.DeliverSm) -> None:
        """Deliver this as soon as somebody is bound who receives; again if he does not take it."""
        self.to_deliver.append(pdu.encode()[HEADER_OCTETS:])
        self._news.set()

    def break_all(self) -> None:
        """Break all connections."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def send_raw(self, octets: bytes) -> None:
        """Send octets over each connection."""
        for writer in self._writers:
            writer.write(octets)

    # --- one connection ----------------------------------------------------------------------------------------------

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        deliveries: dict[int, asyncio.Future[int]] = {}
        delivering: asyncio.Task[None] | None = None
        try:
            while True:
                header = await reader.readexactly(HEADER_OCTETS)
                heard = packet(header + await reader.readexactly(length_of(header) - HEADER_OCTETS))
                if self.deaf:
                    continue
                match heard.command:
                    case Command.BIND_TRANSCEIVER | Command.BIND_TRANSMITTER | Command.BIND_RECEIVER:
                        self._bind(heard, writer)
                        if heard.command != Command.BIND_TRANSMITTER:
                            delivering = self._own(self._deliver(writer, deliveries))
                    case Command.SUBMIT_SM:
                        self._submitted(heard, writer)
                    case Command.ENQUIRE_LINK | Command.UNBIND:
                        self.heard.append(heard.command)
                        writer.write(heard.answer().octets())
                    case _:
                        self.heard.append(heard.command)
                        waiting = deliveries.get(heard.sequence)
                        if waiting is not None and not waiting.done():
                            waiting.set_result(heard.status)
        except (asyncio.IncompleteReadError, ConnectionError, _BrokenError):
            pass
        finally:
            if delivering is not None:
                delivering.cancel()
            writer.close()

    def _bind(self, heard: Packet, writer: asyncio.StreamWriter) -> None:
        user, password = heard.body.split(b"\0")[:2]
        right = (user.decode(), password.decode()) == (USER, PASSWORD)
        status = self.bind_status or (0 if right else 0x0E)
        writer.write(heard.answer(status, b"smsc\0" if not status else b"").octets())
        self.binds.append(Command(heard.command))

    def _submitted(self, heard: Packet, writer: asyncio.StreamWriter) -> None:
        pdu = smpp34.decode(heard.octets())
        assert isinstance(pdu, smpp34.SubmitSm)
        act = self.act(pdu)
        self.acts[act] += 1
        if act in _STATUS:
            if act is Act.REFUSE:
                self.refused.append(pdu.short_message)
            answer = heard.refusal if act is Act.NACK else heard.answer
            writer.write(answer(_STATUS[act]).octets())
        if act in _TAKING:
            told, receipted = self.written_id(next(self._numbers))
            self.taken.append(pdu)
            for delay in self.receipts(pdu):
                self._own(self._receipt(delay, pdu, receipted))
            answer_ok = heard.answer(0, told.encode() + b"\0")
            if act is Act.TAKE:
                writer.write(answer_ok.octets())
                self.answered.append(pdu.short_message)
            elif act is Act.LATE:
                asyncio.get_running_loop().call_later(_LATE, self._answer_late, writer, answer_ok)
        if act in {Act.BREAK_AFTER, Act.BREAK_BEFORE}:
            raise _BrokenError

    @staticmethod
    def _answer_late(writer: asyncio.StreamWriter, answer: Packet) -> None:
        if not writer.is_closing():
            writer.write(answer.octets())

    # --- receipts ----------------------------------------------------------------------------------------------------

    async def _receipt(self, delay: float, pdu: smpp34.SubmitSm, name: str) -> None:
        await asyncio.sleep(delay)
        self.bring(receipt(name, phone=pdu.destination_addr, sender=pdu.source_addr))

    async def _deliver(self, writer: asyncio.StreamWriter, answers: dict[int, asyncio.Future[int]]) -> None:
        for sequence in itertools.count(1):
            while not self.to_deliver:
                self._news.clear()
                await self._news.wait()
            body = self.to_deliver.popleft()
            answers[sequence] = answered = asyncio.get_running_loop().create_future()
            status = -1
            try:
                writer.write(Packet(Command.DELIVER_SM, sequence, body=body).octets())
                async with asyncio.timeout(PATIENCE):
                    status = await answered
                self.statuses.append(status)
            except TimeoutError:
                pass
            finally:
                if status in _AGAIN:
                    self.to_deliver.append(body)
                del answers[sequence]

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def receipt(name: str, phone: str, sender: str, stat: str = "DELIVRD", err: str = "000") -> smpp34.DeliverSm:
    """A receipt in the form of appendix B."""
    words = f"id:{name} sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:{stat} err:{err} text:Hello"
    return smpp34.DeliverSm(phone, sender, words.encode(), source_addr_ton=1, source_addr_npi=1, esm_class=4)


def order(
    text: str,
    to: str = "+380671234567",
    *,
    key: str = "run:1",
    sender: str = "",
    deadline: datetime = datetime(2026, 11, 25, 10, tzinfo=UTC),
) -> OutgoingSms:
    """A text as a line is given it; the deadline is two days after the virtual clock's start."""
    coding, parts = segments(text, reference=7)
    return OutgoingSms(key, to, sender, coding, parts, deadline)


@dataclass(slots=True)
class Inbox:
    """An `SmsInbox` that keeps all in memory; it can be told to fail."""

    came: list[IncomingSms] = field(default_factory=list)
    reports: list[SmsReport] = field(default_factory=list)
    failing: int = 0
    """How many times it still fails."""
    gate: asyncio.Event | None = None
    """Until it is set, nothing is kept."""

    async def received(self, _line: str, sms: IncomingSms) -> None:
        """See SmsInbox."""
        await self._trouble()
        self.came.append(sms)

    async def reported(self, _line: str, report: SmsReport) -> None:
        """See SmsInbox."""
        await self._trouble()
        self.reports.append(report)

    async def _trouble(self) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.failing:
            self.failing -= 1
            raise OSError("the disk is full")
