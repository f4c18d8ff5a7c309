"""A phone that others wrote: Debian's baresip, with a tone for a voice and a recording of all that it hears.

Each instance lives in a folder of its own and speaks on 127.0.0.1 alone. It is driven over its ctrl_tcp module (JSON
in netstrings). Its voice comes from a file by `aufile`, and `sndfile` writes what it decoded. Only modules are used
that Debian 12 (baresip 1.0) and Debian 13 (baresip 3) both have.

Known of baresip 1.0: once a call was anything but sendrecv (it held, or was told that it is held), that side records
nothing more. It still takes keys: press one at the other side to prove that RTP arrives.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cordboard.testing.audio import SAMPLE_RATE, Samples, hears, samples_of, silence, tone_wav
from cordboard.testing.office_process import free_port

T = TypeVar("T")
Event = dict[str, Any]

WITHIN = 10.0
"""Seconds in which something expected must have come about."""
_VOICE_SECONDS = 180.0
"""How long a phone can speak in one call."""
_RTP_FROM, _RTP_TO, _RTP_PORTS = 32000, 32760, 40
"""Below the ports that the system hands out by itself, above those of the tested exchange."""
_WAV_HEADER = 44
_END_OF_LOG = 6000
_MODULES = ("g711", "sndfile", "aufile")
_APPLICATIONS = ("menu", "ctrl_tcp")
_CONFIG = """\
poll_method          epoll
sip_listen           127.0.0.1:{sip_port}
net_interface        127.0.0.1
call_max_calls       2
audio_source         aufile,{voice}
audio_path           {folder}
ringback_disabled    yes
jitter_buffer_delay  1-2
rtp_ports            {rtp_first}-{rtp_last}
rtp_timeout          0
statmode_default     off
ctrl_tcp_listen      127.0.0.1:{control_port}
snd_path             {folder}
module_path          {modules}
"""


class Baresip:
    """One running baresip with one account and at most one call that counts. Made by `baresip`."""

    def __init__(self, folder: Path, account: str, server: str, address: str) -> None:
        self.account = account
        self.address = address
        """Its own host:port; also what to dial without an exchange."""
        self.events: list[Event] = []
        """All that it told, in order: `type` (as in CALL_ESTABLISHED), `param` and what else it knows."""
        self._folder = folder
        self._server = server
        self._call_began = 0
        self._news = asyncio.Condition()
        self._replies: dict[str, asyncio.Future[Event]] = {}
        self._writer: asyncio.StreamWriter | None = None

    # --- says -------------------------------------------------------------------------------------------------

    async def dial(self, number: str) -> None:
        """Call a number of the exchange, or a whole SIP address. Returns before anybody rings."""
        self._call_began = len(self.events)
        await self.command("dial", number if ":" in number else f"sip:{number}@{self._server}")

    async def answer(self) -> None:
        """Take the call that rings here."""
        await self._event("CALL_INCOMING")
        await self.command("accept")

    async def press(self, keys: str) -> None:
        """Press keys (RFC 4733), one after the other. Returns before they were sent."""
        for key in keys:
            await self.command("sndcode", key)

    async def hold(self) -> None:
        """Put the far end on hold by a re-INVITE. Returns when it was accepted; no voice leaves here from then on."""
        await self._offer("hold")

    async def resume(self) -> None:
        """Come back from hold. Returns when the far end has accepted."""
        await self._offer("resume")

    async def _offer(self, command: str) -> None:
        before = len(self.events)
        await self.command(command)
        await self._wait(lambda: self._find("CALL_REMOTE_SDP", since=before), f"an answer to {command}")

    async def hang_up(self) -> None:
        """End the call, or give up calling."""
        await self.command("hangup")

    async def command(self, name: str, parameters: str = "") -> str:
        """Do what baresip's `/name parameters` does, and return what it prints. Raises AssertionError if it fails."""
        assert self._writer is not None, "baresip is not connected"
        token = str(len(self._replies))
        reply = self._replies[token] = asyncio.get_running_loop().create_future()
        request = json.dumps({"command": name, "params": parameters, "token": token}).encode()
        self._writer.write(b"%d:%s," % (len(request), request))
        try:
            answer = await asyncio.wait_for(reply, WITHIN)
        except TimeoutError:
            raise self.fault(f"it did not answer the command {name}") from None
        if not answer["ok"]:
            raise self.fault(f"it refused the command {name} {parameters}: {answer['data']}")
        return str(answer["data"])

    # --- tells ------------------------------------------------------------------------------------------------

    async def registered(self) -> None:
        """Wait until the registrar has accepted it."""
        await self._wait(
            lambda: self._find("REGISTER_OK", since=0),
            "registered",
            unless=lambda: self._find("REGISTER_FAIL", since=0),
        )

    async def established(self) -> None:
        """Wait until the call is answered."""
        await self._event("CALL_ESTABLISHED")

    async def ended(self) -> str:
        """Wait until the call is over; returns why, in baresip's words."""
        return str((await self._event("CALL_CLOSED")).get("param", ""))

    async def _event(self, kind: str) -> Event:
        over = (lambda: None) if kind == "CALL_CLOSED" else (lambda: self._find("CALL_CLOSED"))
        return await self._wait(lambda: self._find(kind), kind, unless=over)

    def _find(self, kind: str, *, since: int | None = None) -> Event | None:
        """The last such event of this call."""
        first = self._call_began if since is None else since
        return next((event for event in reversed(self.events[first:]) if event["type"] == kind), None)

    async def _wait(
        self, condition: Callable[[], T | None], what: str, *, unless: Callable[[], Event | None] = lambda: None
    ) -> T:
        async with self._news:
            try:
                async with asyncio.timeout(WITHIN):
                    while (found := condition()) is None:
                        if against := unless():
                            raise self.fault(f"{what} can no longer happen: {against['type']} {against.get('param')}")
                        await self._news.wait()
            except TimeoutError:
                raise self.fault(f"{what} did not happen in {WITHIN} s") from None
            return found

    # --- hears ------------------------------------------------------------------------------------------------

    def heard(self) -> Samples:
        """All that has arrived in its calls up to now. Time in which nothing arrived is not in it."""
        parts = [_dumped(path) for path in sorted(self._folder.glob("dump-*-dec.wav"), key=_made)]
        return np.concatenate(parts) if parts else silence(0)

    @property
    def keys(self) -> str:
        """The keys that have arrived in this call."""
        return "".join(
            event["param"] for event in self.events[self._call_began :] if event["type"] == "CALL_DTMF_START"
        )

    async def hears_keys(self, keys: str) -> None:
        """Wait until exactly these keys have arrived in this call."""
        await self._wait(lambda: self.keys == keys or None, f"the keys {keys}")

    async def hears(self, hz: float, *, seconds: float = 1.0) -> Samples:
        """Wait until the tone fills the last `seconds` of what arrives from now on; returns these."""
        length = round(seconds * SAMPLE_RATE)
        began = len(self.heard())

        def last() -> Samples | None:
            now = self.heard()[began:][-length:]
            return now if len(now) == length and hears(now, hz) else None

        return await self.hears_that(last, f"{hz} Hz")

    async def hears_that(self, condition: Callable[[], T | None], what: str) -> T:
        """Ask `condition` again until it gives something, and return it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WITHIN):
                while True:
                    if (found := condition()) is not None:
                        return found
                    await asyncio.sleep(0.05)
        raise self.fault(f"it did not hear {what} within {WITHIN} s; {len(self.heard())} samples arrived in its calls")

    async def listens(self, seconds: float) -> Samples:
        """What arrives in so much time, by the real clock; perhaps nothing."""
        began = len(self.heard())
        await asyncio.sleep(seconds)
        return self.heard()[began:]

    # --- its process ------------------------------------------------------------------------------------------

    def log(self) -> str:
        """What it printed, with its SIP messages."""
        return (self._folder / "baresip.log").read_text(encoding="utf-8", errors="replace")

    def fault(self, what: str) -> AssertionError:
        """An error that shows what it was told and what it printed."""
        told = ", ".join(f"{event['type']} {event.get('param', '')}".strip() for event in self.events)
        return AssertionError(f"baresip {self.account}: {what}\nevents: {told}\n{self.log()[-_END_OF_LOG:]}")

    async def connect(self, port: int, process: asyncio.subprocess.Process) -> asyncio.Task[None]:
        """Reach its control port. Returns the task that takes what it tells."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WITHIN):
                while process.returncode is None:
                    with contextlib.suppress(OSError):
                        reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
                        return asyncio.create_task(self._listen(reader))
                    await asyncio.sleep(0.02)
        raise self.fault(f"its control port cannot be reached; its exit status is {process.returncode}")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                message: Event = json.loads((await reader.readexactly(length + 1))[:-1])
                if message.get("response"):
                    self._replies[message["token"]].set_result(message)
                    continue
                async with self._news:
                    if message["type"] == "CALL_INCOMING":
                        self._call_began = len(self.events)
                    self.events.append(message)
                    self._news.notify_all()

    async def disconnect(self) -> None:
        """Close the connection to its control port."""
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()


@asynccontextmanager
async def baresip(
    folder: Path,
    *,
    account: str,
    password: str = "",
    server: str = "",
    tone_hz: float,
    auto_answer: bool = False,
    codecs: str = "pcma",
) -> AsyncIterator[Baresip]:
    """Run a baresip that registers with `server` (host:port; empty: with nobody) and says a tone of `tone_hz`.

    `folder` is made; it keeps the configuration, the log and the recordings. `codecs` as in its account's parameter
    audio_codecs. Raises AssertionError with its log if it does not start.
    """
    folder.mkdir(parents=True)
    voice = tone_wav(folder / "voice.wav", tone_hz, seconds=_VOICE_SECONDS)
    sip_port, control_port = free_port(), free_port()
    first = _RTP_FROM + sip_port * _RTP_PORTS % (_RTP_TO - _RTP_FROM)
    config = _CONFIG.format(
        sip_port=sip_port,
        control_port=control_port,
        rtp_first=first,
        rtp_last=first + _RTP_PORTS,
        voice=voice,
        folder=folder,
        modules=_module_folder(),
    )
    lines = [f"module {name}.so" for name in _MODULES] + [f"module_app {name}.so" for name in _APPLICATIONS]
    (folder / "config").write_text(config + "\n".join(lines) + "\n", encoding="utf-8")
    address = f"127.0.0.1:{sip_port}"
    phone = Baresip(folder, account, server, address)
    with (folder / "baresip.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *("baresip", "-4", "-s", "-f", str(folder)),
            env=os.environ | {"HOME": str(folder)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    listening = None
    try:
        listening = await phone.connect(control_port, process)
        # Only now: baresip keeps no events for whoever connects later.
        await phone.command(
            "uanew",
            f"<sip:{account}@{server or address}>;auth_pass={password};audio_codecs={codecs};dtmfmode=rtpevent"
            f";answermode={'auto' if auto_answer else 'manual'};regint={3600 if server else 0}",
        )
        yield phone
    finally:
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await phone.disconnect()
        await _stop(process)


def _module_folder() -> Path:
    """Where Debian keeps baresip's modules: the folder of the architecture is newer."""
    for pattern in ("baresip/modules/g711.so", "*/baresip/modules/g711.so"):
        for module in Path("/usr/lib").glob(pattern):
            return module.parent
    raise AssertionError("baresip is not installed: apt-get install baresip-core")


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()


def _dumped(path: Path) -> Samples:
    """The samples of a file that is still being written: its header tells their number only in the end."""
    data = path.read_bytes()[_WAV_HEADER:]
    return samples_of(data[: len(data) // 2 * 2])


def _made(path: Path) -> tuple[int, str]:
    return path.stat().st_ctime_ns, path.name
