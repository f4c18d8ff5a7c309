"""A GSM modem for tests: it echoes, is slow, speaks unasked in the middle of answers, and can be pulled out."""

import asyncio
import itertools
import os
import socket
import tty
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from cordboard.outbox.sms.modem_at import Streams

_PROMPT, _SEND, _ESCAPE = b"\r\n> ", 0x1A, 0x1B
LATE, SLOW = 100.0, 20.0
"""Seconds until it answers then."""
_SIM = frozenset({"AT+CPIN?", "AT+CMGL", "AT+CPMS"})
"""Commands for which it needs one."""


@dataclass(slots=True)
class Modem:
    """Use as a context. `open` is one end of a pair of sockets; `plug_in` makes a device in the file system."""

    pin: str = ""
    """Empty: the SIM asks for none."""
    puk: bool = False
    sim: bool = True
    registration: str = "1"
    operator: str = "Kyivstar"
    signal: int = 17
    acts: deque[str] = field(default_factory=deque)
    """What becomes of the next messages: send, silent (sent without an answer), late, slow, unplug (sent, then pulled
    out), half (told, pulled out before the OK), `no prompt`, or an error's line; `early` before it: instead of the
    prompt. Then it is as `act` says."""
    act: Callable[[str], str] = lambda _pdu: "send"
    """The same for those after them, by their PDU."""
    between: list[str] = field(default_factory=list)
    """What it says in the middle of the next answer of several lines."""
    stored: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Place → state, PDU in hexadecimal digits."""
    sent: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    unknown: frozenset[str] = frozenset()
    """Commands that it answers with ERROR."""
    dumb: bool = False
    """It says nothing any more."""
    chunk: int = 1000
    """Octets that it writes at a time."""
    unlocked: bool = False
    unlockings: int = 0
    device: str = ""
    _echo: bool = True
    _pdu_expected: bool = False
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _writer: asyncio.StreamWriter | None = None
    _read_end: asyncio.BaseTransport | None = None
    _slave: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.unplug()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- how it is reached -----------------------------------------------------------------------------------------

    async def open(self) -> Streams:
        """A port without a device."""
        here, there = socket.socketpair()
        self._start(*await asyncio.open_connection(sock=here))
        return await asyncio.open_connection(sock=there)

    async def plug_in(self) -> str:
        """A device (a pty); its name."""
        master, slave = os.openpty()
        tty.setraw(slave)
        self.device = os.ttyname(slave)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        self._read_end, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(master), "rb", 0)
        )
        transport, protocol = await loop.connect_write_pipe(
            lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), os.fdopen(master, "wb", 0)
        )
        self._start(reader, asyncio.StreamWriter(transport, protocol, None, loop))
        self._slave = slave  # open as long as it is plugged in: a pty whose last user leaves is gone
        return self.device

    def unplug(self) -> None:
        """Pull it out."""
        if self._writer is not None:
            self._writer.close()
        if self._read_end is not None:
            self._read_end.close()
        if self._slave is not None:
            os.close(self._slave)
        self._writer, self._read_end, self._slave = None, None, None

    def say(self, *lines: str) -> None:
        """Say something unasked, or answer."""
        self._write("".join(f"\r\n{line}\r\n" for line in lines).encode())

    def store(self, place: int, pdu: str) -> None:
        """A message has come."""
        self.stored[place] = (0, pdu)
        self.say(f'+CMTI: "SM",{place}')

    # --- what it does ----------------------------------------------------------------------------------------------

    def _start(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer, self._echo, self._pdu_expected = writer, True, False
        task = asyncio.create_task(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._listen(reader)
        finally:
            writer.close()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        heard = bytearray()
        while octets := await self._some(reader):
            for octet in octets:
                if octet == _ESCAPE and self._pdu_expected:
                    self._pdu_expected = False
                    heard.clear()
                    self.say("OK")
                elif octet == _SEND and self._pdu_expected:
                    self._pdu_expected = False
                    await self._submitted(heard.decode())
                    heard.clear()
                elif octet == ord("\r") and not self._pdu_expected:
                    if self._echo:
                        self._write(bytes(heard) + b"\r")
                    await self._command(heard.decode().strip("\x1b"))
                    heard.clear()
                else:
                    heard.append(octet)

    @staticmethod
    async def _some(reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(100)
        except OSError:
            return b""

    async def _command(self, command: str) -> None:
        if not command:
            return
        self.commands.append(command)
        if self.dumb:
            return
        name, _, value = command.partition("=")
        if command in self.unknown or name in self.unknown:
            self.say("ERROR")
        elif name in _SIM and not self.sim:
            self.say("+CME ERROR: 10")
        elif (answer := self._answers().get(name)) is not None:
            self._answer(answer(value))
        elif name == "AT+CMGS":
            await self._cmgs()
        else:
            self.say("ERROR")

    def _answer(self, lines: Sequence[str]) -> None:
        """Lines, and what it has to say between them."""
        self.say(*lines[:1])
        if len(lines) > 1:
            self.say(*self.between)
            self.between.clear()
        self.say(*lines[1:])

    async def _cmgs(self) -> None:
        act = self.acts[0] if self.acts else ""
        if act.startswith("early "):
            self.acts.popleft()
            self.say(act.removeprefix("early "))
        elif act == "no prompt":
            self.acts.popleft()
        else:
            self._pdu_expected = True
            self._write(_PROMPT)

    async def _submitted(self, pdu: str) -> None:
        act = self.acts.popleft() if self.acts else self.act(pdu)
        if "ERROR" in act:
            self.say(act)
            return
        self.sent.append(pdu)
        number = next(self._numbers) & 0xFF
        if act in {"late", "slow"}:
            await asyncio.sleep(LATE if act == "late" else SLOW)
        if act in {"send", "late", "slow"}:
            self._answer([f"+CMGS: {number}", "OK"])
        elif act == "half":
            self.say(f"+CMGS: {number}")
            await asyncio.sleep(0.1)
        if act in {"unplug", "half"}:
            self.unplug()

    def _write(self, octets: bytes) -> None:
        writer = self._writer
        if writer is None or writer.is_closing():
            return
        for start in range(0, len(octets), self.chunk):
            writer.write(octets[start : start + self.chunk])

    # --- answers ---------------------------------------------------------------------------------------------------

    def _no_echo(self, _value: str) -> Sequence[str]:
        self._echo = False
        return ["OK"]

    def _pin(self, value: str) -> Sequence[str]:
        self.unlockings += 1
        self.unlocked = value.strip('"') == self.pin
        return ["OK"] if self.unlocked else ["+CME ERROR: 16"]

    def _pin_state(self, _value: str) -> Sequence[str]:
        state = "SIM PUK" if self.puk else "SIM PIN" if self.pin and not self.unlocked else "READY"
        return [f"+CPIN: {state}", "OK"]

    def _list(self, _value: str) -> Sequence[str]:
        lines = [
            line
            for place, (state, pdu) in sorted(self.stored.items())
            for line in (f"+CMGL: {place},{state},,{len(pdu) // 2 - 8}", pdu)
        ]
        return [*lines, "OK"]

    def _delete(self, value: str) -> Sequence[str]:
        return ["OK"] if self.stored.pop(int(value), None) else ["+CMS ERROR: 321"]

    def _ok(self, _value: str) -> Sequence[str]:
        return ["OK"]

    def _registered(self, _value: str) -> Sequence[str]:
        return [f"+CREG: 0,{self.registration}", "OK"]

    def _named(self, _value: str) -> Sequence[str]:
        return [f'+COPS: 0,0,"{self.operator}",7', "OK"]

    def _heard(self, _value: str) -> Sequence[str]:
        return [f"+CSQ: {self.signal},99", "OK"]

    def _answers(self) -> dict[str, Callable[[str], Sequence[str]]]:
        return {
            "AT": self._ok,
            "ATE0": self._no_echo,
            "AT+CMEE": self._ok,
            "AT+CPIN?": self._pin_state,
            "AT+CPIN": self._pin,
            "AT+CMGF": self._ok,
            "AT+CPMS": self._ok,
            "AT+CNMI": self._ok,
            "AT+CSCA": self._ok,
            "AT+CREG?": self._registered,
            "AT+COPS?": self._named,
            "AT+CSQ": self._heard,
            "AT+CMGL": self._list,
            "AT+CMGD": self._delete,
        }
