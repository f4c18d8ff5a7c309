"""A modem's AT commands, one at a time, over any pair of streams."""

import asyncio
from collections.abc import Callable, Sequence

from cordboard.outbox.sms.modem_lines import Final, Info, Lines, Prompt, Told

USUAL = 10.0
"""Seconds that a modem has for most answers."""
OWED = 120.0
"""Seconds in which an answer that nobody waits for any more may still come; until then it takes no command."""
TRIES, BRIEF, SETTLING = 5, 2.0, 0.3
"""How often it is called until it answers, seconds for each, and seconds in which its last words from before come."""
_ESCAPE, _SEND = b"\x1b", b"\x1a"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Unasked = Callable[[Info], None]


class ModemError(Exception):
    """The modem has answered with an error."""

    def __init__(self, final: Final) -> None:
        super().__init__(final.error)
        self.kind = final.kind
        self.code = final.code


class SilentError(Exception):
    """No answer came in time."""


class GoneError(Exception):
    """The port is gone."""


class NoPromptError(Exception):
    """It does not take the PDU: nothing was sent."""


class Channel:
    """`run` it; `ask` and `hand_over` meanwhile. Lines that nobody has asked for go to `unasked`."""

    def __init__(self, streams: Streams, unasked: Unasked) -> None:
        self._reader, self._writer = streams
        self._unasked = unasked
        self._turn = asyncio.Lock()
        self._told: asyncio.Queue[Told | None] = asyncio.Queue()
        """Of the command under way; None: the port is gone."""
        self._expected = ""
        """The name of the lines that it is answered with."""
        self._under_way = False
        self._in_step = asyncio.Event()
        """Not set: an answer is owed that nobody waits for. It must not be taken for that of the next command."""
        self._in_step.set()
        self._gone = ""

    async def run(self) -> None:
        """Read until the port is gone: raises GoneError then."""
        lines = Lines()
        try:
            while octets := await self._reader.read(4096):
                for told in lines.feed(octets):
                    self._sort(told)
            self._gone = "the port was closed"
        except OSError as fault:
            self._gone = str(fault)
        finally:
            self._gone = self._gone or "the port was left"
            self._told.put_nowait(None)
            self._writer.close()
        raise GoneError(self._gone)

    async def find(self) -> None:
        """Bring it to where it takes commands, whatever it was in the midst of. Raises SilentError, GoneError."""
        for _ in range(TRIES):
            await self._begin("", USUAL)
            try:
                self._write(_ESCAPE + b"\rAT\r")
                await self._answer(BRIEF)
            except SilentError:
                self._in_step.set()
                continue
            except ModemError:
                pass
            finally:
                self._end()
            # The escape may be answered, too, and what was under way before.
            await asyncio.sleep(SETTLING)
            return
        raise SilentError("the modem does not answer: is it a modem, and is `speed` right?")

    async def ask(self, command: str, expected: str = "", seconds: float = USUAL) -> Sequence[Info]:
        """Give a command; the lines of its answer named `expected`. Raises ModemError, SilentError, GoneError."""
        await self._begin(expected, OWED)
        try:
            self._write(f"{command}\r".encode("ascii"))
            return await self._answer(seconds)
        finally:
            self._end()

    async def hand_over(
        self, command: str, pdu: bytes, expected: str, *, patience: float, seconds: float
    ) -> Sequence[Info]:
        """Give a command that takes a PDU, after waiting for its turn; the lines of its answer named `expected`.

        Raises ModemError; NoPromptError: nothing was sent; SilentError and GoneError: nobody knows.
        """
        try:
            await self._begin(expected, patience)
        except (SilentError, GoneError) as fault:
            raise NoPromptError(str(fault)) from fault
        try:
            await self._prompt(command)
            self._write(pdu.hex().upper().encode("ascii") + _SEND)
            return await self._answer(seconds)
        finally:
            self._end()

    # --- one command -----------------------------------------------------------------------------------------------

    async def _begin(self, expected: str, patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                await self._turn.acquire()
                try:
                    await self._in_step.wait()
                except BaseException:
                    self._turn.release()
                    raise
        except TimeoutError as fault:
            raise SilentError("the modem is busy and does not answer") from fault
        if self._gone:
            self._turn.release()
            raise GoneError(self._gone)
        while not self._told.empty():
            self._told.get_nowait()
        self._expected, self._under_way = expected, True

    def _end(self) -> None:
        self._under_way = False
        self._turn.release()

    async def _prompt(self, command: str) -> None:
        self._write(f"{command}\r".encode("ascii"))
        try:
            async with asyncio.timeout(USUAL):
                told = await self._told.get()
        except TimeoutError:
            told = Final()
        if told is None:
            raise NoPromptError(self._gone)
        if isinstance(told, Final) and told.error:
            raise ModemError(told)
        if not isinstance(told, Prompt):
            # Nothing, or an OK that answers something else: we are out of step.
            self._write(_ESCAPE)
            raise NoPromptError("the modem does not take the message")

    async def _answer(self, seconds: float) -> Sequence[Info]:
        lines: list[Info] = []
        try:
            async with asyncio.timeout(seconds):
                while not isinstance(told := await self._told.get(), Final):
                    if isinstance(told, Info):
                        lines.append(told)
                    elif told is None and lines:
                        return lines  # only the OK is missing
                    elif told is None:
                        raise GoneError(self._gone)
        except TimeoutError as fault:
            self._in_step.clear()
            raise SilentError(f"the modem has not answered within {seconds:.0f} s") from fault
        except asyncio.CancelledError:
            self._in_step.clear()
            raise
        if told.error:
            raise ModemError(told)
        return lines

    def _sort(self, told: Told) -> None:
        if isinstance(told, Info):
            if self._under_way and told.name == self._expected:
                self._told.put_nowait(told)
            else:
                self._unasked(told)
        elif self._under_way:
            self._told.put_nowait(told)
        elif isinstance(told, Final):
            self._in_step.set()

    def _write(self, octets: bytes) -> None:
        self._writer.write(octets)
