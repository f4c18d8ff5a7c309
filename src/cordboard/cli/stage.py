"""What the demo is played on: an exchange of its own, phones, an outside world, and a teller who believes nothing."""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from cordboard.cli.common import console
from cordboard.cli.up import demo_logins
from cordboard.config import Settings
from cordboard.office.demo import CITY_NUMBER, DemoLogin
from cordboard.office.repositories import LoggedChain
from cordboard.phone import Call, Desk, Phone, open_desk, recognise
from cordboard.phone.listening import hears_tone
from cordboard.sip.api import Address, Identity
from cordboard.speech.cache import spoken
from cordboard.store.database import open_store

PATIENCE = 20.0
"""Seconds in which something that is told must have come true."""


class DemoFailedError(Exception):
    """The exchange could not be started; the message has its words."""


@dataclass
class Teller:
    """Tells the story line by line, each with its time and whether it is true."""

    patience: float = PATIENCE
    started: float = field(default_factory=time.monotonic)
    untrue: list[str] = field(default_factory=list)
    _told: dict[Call, float] = field(default_factory=dict)
    """Up to which moment of its recording a call's prompts were told: each is told once."""

    def chapter(self, title: str) -> None:
        """A heading."""
        console.print(f"\n{title}", markup=False, style="bold")

    def does(self, line: str) -> None:
        """Something that the demo itself does."""
        self._print("→", line)

    def fact(self, true: bool, line: str) -> bool:
        """Something that was observed; if it is not so, the demo fails."""
        if not true:
            self.untrue.append(line)
        self._print("✓" if true else "✗ NOT TRUE:", line)
        return true

    async def hears(self, who: str, call: Call, sounds: Path, words: str) -> bool:
        """`who` hears a prompt that begins with `words`; what is told is what was recognised in the recording."""
        heard = ""

        async def listen() -> bool:
            nonlocal heard
            known = {text: path for text, path in spoken(sounds).items() if text.startswith(words)}
            if not call.heard.exists():
                return False
            for one in await asyncio.to_thread(recognise, call.heard, known):
                if one.at > self._told.get(call, -1.0):
                    heard, self._told[call] = one.text, one.at
                    return True
            return False

        true = await comes_true(listen, self.patience)
        return self.fact(true, f"{who} hears “{heard or words + ' …'}”")

    async def hears_tone(self, who: str, call: Call, hz: float, whose: str) -> bool:
        """`who` hears the tone by which another party is known."""

        async def listen() -> bool:
            return call.heard.exists() and await asyncio.to_thread(hears_tone, call.heard, hz)

        return self.fact(await comes_true(listen, self.patience), f"{who} hears {whose} ({hz:g} Hz)")

    def _print(self, mark: str, line: str) -> None:
        console.print(f"{time.monotonic() - self.started:6.1f} s  {mark} {line}", markup=False)
        sys.stdout.flush()


async def comes_true(condition: Callable[[], Awaitable[bool]], within: float) -> bool:
    """Whether the condition becomes true in that many seconds."""
    end = time.monotonic() + within
    while not await condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.1)
    return True


@dataclass(frozen=True)
class Stage:
    """Everything that the stories need."""

    settings: Settings
    server: Address
    phones: Desk
    outside: Desk
    """At the far end of the line: its calls are calls from the city."""
    logins: Sequence[DemoLogin]
    teller: Teller
    city: asyncio.Queue[Call]
    """Calls that the exchange makes to the outside world."""
    exchange: "ExchangeProcess"

    def login(self, number: str) -> DemoLogin:
        """One of the demo's people, by number."""
        return next(login for login in self.logins if login.number == number)

    def phone(self, number: str) -> Phone:
        """A phone of his."""
        login = self.login(number)
        return self.phones.phone(login.account, login.password, self.server)

    async def call_in(self, number: str) -> Call:
        """Somebody in the city calls the office."""
        host, port = self.server.host, self.server.port
        return await self.outside.dial(
            f"sip:{CITY_NUMBER}@{host}:{port}",
            via=self.server,
            caller=Identity(number),
            called=Identity(CITY_NUMBER, host),
        )

    async def next_city_call(self) -> Call | None:
        """The next call to the outside world, or None if none comes."""
        try:
            async with asyncio.timeout(self.teller.patience):
                return await self.city.get()
        except TimeoutError:
            return None

    async def chain_with(self, number: str, legs: int) -> LoggedChain | None:
        """The youngest chain of the call log in which `number` takes part and that has so many ended legs."""
        found: LoggedChain | None = None

        async def look() -> bool:
            nonlocal found
            async with await open_store(self.settings.database) as store:
                for chain in await store.call_log.recent(20):
                    parties = {leg.caller.number for leg in chain.legs} | {leg.dialled for leg in chain.legs}
                    if number in parties and len(chain.legs) >= legs and all(leg.ended for leg in chain.legs):
                        found = chain
                        return True
            return False

        await comes_true(look, self.teller.patience)
        return found


@asynccontextmanager
async def stage(
    folder: Path,
    speech: Path,
    *,
    patience: float = PATIENCE,
    dress: Callable[[Settings, int], Awaitable[None]] | None = None,
) -> AsyncIterator[Stage]:
    """An exchange in a process of its own with the demo office, and the parties around it. Raises DemoFailedError.

    `dress` prepares the data folder before the exchange starts; it is told the settings and the port of the city.
    """
    sip, web, city = free_ports(3)
    settings = Settings.load(
        data=folder, sip_host="127.0.0.1", sip_port=sip, web_port=web, speech=speech.resolve(), rtp_first=24000,
        rtp_last=24999,
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        if dress is not None:
            await dress(settings, city)
        exchange = ExchangeProcess(settings, city)
        stack.push_async_callback(exchange.stop)
        await exchange.start()
        phones = await stack.enter_async_context(
            open_desk(rtp_ports=range(25000, 25200), folder=_new(folder / "heard"))
        )
        outside = await stack.enter_async_context(
            open_desk(Address("udp", "127.0.0.1", city), rtp_ports=range(25200, 25400), folder=_new(folder / "outside"))
        )
        calls: asyncio.Queue[Call] = asyncio.Queue()
        outside.answer_anybody(calls.put)
        server = Address("udp", "127.0.0.1", sip)
        yield Stage(settings, server, phones, outside, demo_logins(settings), Teller(patience), calls, exchange)


class ExchangeProcess:
    """The exchange in a process of its own: it can be killed, and started again on what it has left."""

    def __init__(self, settings: Settings, city: int) -> None:
        """`city` is the port at which the far end of the line stands."""
        self.log_file = settings.data / "exchange.log"
        self._settings = settings
        self._city = city
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it is well. Raises DemoFailedError with its log if it is not."""
        settings = self._settings
        settings.data.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {
            f"CORDBOARD_{name.upper()}": str(getattr(settings, name))
            for name in ("sip_host", "sip_port", "web_port", "rtp_first", "rtp_last", "speech")
        }
        with self.log_file.open("ab") as output:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cordboard.cli", "up", "--no-outside", "--city-port", str(self._city),
                "--data", str(settings.data), env=environment, stdin=asyncio.subprocess.DEVNULL,
                stdout=output, stderr=output,
            )  # fmt: skip

        async def is_up() -> bool:
            return process.returncode is not None or await asyncio.to_thread(_healthy, settings.web_port)

        if not await comes_true(is_up, PATIENCE) or process.returncode is not None:
            raise DemoFailedError(f"the exchange did not start:\n{self.log_file.read_text(errors='replace')}")

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def kill(self) -> None:
        """Give it no chance to put anything in order: kill -9."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def _healthy(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return bool(json.load(answer)["ok"])
    except OSError:
        return False


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def free_ports(count: int) -> list[int]:
    """Ports of this machine that are free now, for UDP and TCP."""
    ports: list[int] = []
    while len(ports) < count:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
    return ports
