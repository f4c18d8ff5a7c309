"""One bound connection to an SMSC: requests with their answers, keeping alive, and what it brings. SMPP 3.4 §2."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Self

import structlog

from cordboard.outbox.sms.smpp_status import (
    APPLICATION_LATER,
    INVALID_LENGTH,
    OK,
    QUEUE_FULL,
    UNKNOWN_COMMAND,
    words,
)
from cordboard.outbox.sms.smpp_wire import HEADER_OCTETS, Command, Packet, SignIn, length_of, packet, text

ANSWER = 30.0
"""Seconds that the SMSC has for an answer (the response timer of §7.2)."""
QUIET = 30.0
"""Seconds without a word after which it is asked whether it is there (the enquire_link timer)."""
WAITING = 200
"""Messages and receipts that may wait to be kept; more are put off."""

FAREWELL = 5.0
"""Seconds in which what is being kept when the session ends is still kept: given up half-way it might count twice."""

_log = structlog.get_logger("sms.smpp")

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Keep = Callable[[Packet], Awaitable[int]]
"""Keeps what a deliver_sm brought, and returns the status of its answer."""
Late = Callable[[object, str], Awaitable[None]]
"""Is told of a submit_sm whose answer came after all: what it was about, and its message_id."""


class RefusedError(Exception):
    """The SMSC has answered with an error: it has not taken it."""

    def __init__(self, status: int) -> None:
        super().__init__(words(status))
        self.status = status


class ClosedError(Exception):
    """The connection is not there (any more)."""


class NotSentError(ClosedError):
    """It was gone before the request left: certainly not taken."""


class NoAnswerError(Exception):
    """The request has left, and nothing is known of it."""


class SmppSession:
    """Made by `bind`; `run` it until it ends, `submit` meanwhile."""

    def __init__(self, streams: Streams, *, window: int, keep: Keep, late: Late | None = None) -> None:
        self._reader, self._writer = streams
        self._window = asyncio.Semaphore(window)
        self._keep = keep
        self._late = late
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Packet]] = {}
        self._given_up: OrderedDict[int, object] = OrderedDict()
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue(WAITING)
        self._handing_on = True
        self._keeping_now = False
        self._heard = 0.0
        self._closed = ""

    @classmethod
    async def bind(
        cls, streams: Streams, command: Command, who: SignIn, *, window: int, keep: Keep, late: Late | None = None
    ) -> Self:
        """Sign in. Raises RefusedError, ClosedError, NoAnswerError; the connection is closed then."""
        session = cls(streams, window=window, keep=keep, late=late)
        try:
            async with asyncio.timeout(ANSWER):
                await session._sign_in(command, who)
        except BaseException as fault:
            session._writer.close()
            if isinstance(fault, TimeoutError):
                raise NoAnswerError("the SMSC does not answer the sign-in") from fault
            raise
        return session

    async def _sign_in(self, command: Command, who: SignIn) -> None:
        request = self._write(Packet(command, self._next(), body=who.body()))
        while True:
            heard = await self._read()
            if heard.is_answer and heard.sequence == request.sequence:
                if heard.status != OK:
                    raise RefusedError(heard.status)
                break
            self._take(heard)
        self._heard = asyncio.get_running_loop().time()

    async def submit(self, body: bytes, until: float, about: object = None) -> str:
        """Hand a submit_sm over; its message_id. Waits for a place in the window until that time of the loop.

        Raises RefusedError, NotSentError, NoAnswerError. An answer that comes too late is told to `late` with `about`.
        """
        try:
            async with asyncio.timeout_at(until):
                await self._window.acquire()
        except TimeoutError as fault:
            raise NotSentError("the SMSC leaves too many messages unanswered") from fault
        try:
            answer = await self._ask(Packet(Command.SUBMIT_SM, self._next(), body=body), about)
        finally:
            self._window.release()
        if answer.status != OK:
            raise RefusedError(answer.status)
        return text(answer.body)

    async def run(self) -> None:
        """Read, keep and keep alive until the connection ends. Returns then; why, says `closed`.

        Cancelled, it takes its leave of the SMSC.
        """
        keeping = asyncio.ensure_future(self._hand_on())
        tasks = [keeping, *(asyncio.ensure_future(each()) for each in (self._listen, self._watch))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self._end("; ".join(str(task.exception()) for task in done))
        finally:
            self._handing_on = False
            if self._keeping_now:
                await asyncio.wait([keeping], timeout=FAREWELL)
            if not self._closed:
                self._write(Packet(Command.UNBIND, self._next()))
                self._end("the session was ended")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def closed(self) -> str:
        """Why it is over; empty: it is not."""
        return self._closed

    # --- requests of ours ------------------------------------------------------------------------------------------

    async def _ask(self, request: Packet, about: object = None) -> Packet:
        if self._closed:
            raise NotSentError(self._closed)
        answered: asyncio.Future[Packet] = asyncio.get_running_loop().create_future()
        self._waiting[request.sequence] = answered
        try:
            self._write(request)
            async with asyncio.timeout(ANSWER):
                await self._writer.drain()
                return await answered
        except TimeoutError as fault:
            self._given_up[request.sequence] = about
            if len(self._given_up) > WAITING:
                self._given_up.popitem(last=False)
            raise NoAnswerError(f"the SMSC has not answered within {ANSWER:.0f} s") from fault
        except (OSError, ClosedError) as fault:
            raise NoAnswerError(f"the connection was lost before the answer: {fault}") from fault
        finally:
            del self._waiting[request.sequence]

    def _next(self) -> int:
        """§5.1.4: from 1 to 0x7FFFFFFF."""
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if (left := self._heard + QUIET - loop.time()) > 0:
                await asyncio.sleep(left)
                continue
            await self._ask(Packet(Command.ENQUIRE_LINK, self._next()))

    # --- what comes ------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            heard = await self._read()
            self._heard = asyncio.get_running_loop().time()
            self._take(heard)

    def _take(self, heard: Packet) -> None:
        match heard.command:
            case _ if heard.is_answer:
                self._answered(heard)
            case Command.DELIVER_SM:
                if not self._put(partial(self._brought, heard)):
                    self._write(heard.answer(QUEUE_FULL, b"\0"))
            case Command.ENQUIRE_LINK:
                self._write(heard.answer())
            case Command.UNBIND:
                self._write(heard.answer())
                raise ClosedError("the SMSC has ended the session")
            case Command.ALERT_NOTIFICATION:
                pass  # §4.12: it takes no answer
            case _:
                self._write(heard.refusal(UNKNOWN_COMMAND))

    def _answered(self, heard: Packet) -> None:
        waiting = self._waiting.get(heard.sequence)
        if waiting is not None:
            if not waiting.done():
                waiting.set_result(heard)
        elif (about := self._given_up.pop(heard.sequence, None)) is not None and self._late and heard.status == OK:
            self._put(partial(self._late, about, text(heard.body)))

    def _put(self, job: Callable[[], Awaitable[None]]) -> bool:
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            return False
        return True

    async def _hand_on(self) -> None:
        """One after the other: a receipt must not overtake the one before."""
        while self._handing_on:
            job = await self._jobs.get()
            self._keeping_now = True
            try:
                await job()
            except Exception as fault:  # noqa: BLE001 - a store that is away must not end the session
                _log.warning("what the SMSC told cannot be kept just now", fault=str(fault))
            finally:
                self._keeping_now = False

    async def _brought(self, heard: Packet) -> None:
        """Answered only when it is kept. If it cannot be, it shall be brought again."""
        status = APPLICATION_LATER
        try:
            status = await self._keep(heard)
        finally:
            self._write(heard.answer(status, b"\0"))

    # --- octets ----------------------------------------------------------------------------------------------------

    async def _read(self) -> Packet:
        try:
            header = await self._reader.readexactly(HEADER_OCTETS)
            try:
                length = length_of(header)
            except ValueError:
                self._write(Packet(Command.GENERIC_NACK, 0, INVALID_LENGTH))
                raise
            return packet(header + await self._reader.readexactly(length - HEADER_OCTETS))
        except asyncio.IncompleteReadError as fault:
            raise ClosedError("the SMSC has closed the connection") from fault
        except ValueError as fault:
            raise ClosedError(f"the SMSC has sent {fault}") from fault
        except OSError as fault:
            raise ClosedError(str(fault)) from fault

    def _write(self, sent: Packet) -> Packet:
        if not self._writer.is_closing():
            self._writer.write(sent.octets())
        return sent

    def _end(self, why: str) -> None:
        if self._closed:
            return
        self._closed = why
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ClosedError(why))
        self._writer.close()
