"""The lines to the mobile network as they run: made of their settings, kept up, made anew when these change."""

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import structlog

from cordboard.outbox.ports import TemporaryError
from cordboard.outbox.sms.keeping import LineKind, SmsArchive, SmsLineConfig, SmsSettings
from cordboard.outbox.sms.ports import OutgoingSms, SmsLine
from cordboard.telephony import Clock

POLL = 1.0
"""Seconds until a change of the settings is seen."""
TIDY = 30.0
"""Seconds between two looks for parts that never came."""
AGAIN = 15.0
"""Seconds until a line that has broken down is begun anew."""
FAREWELL = 10.0
"""Seconds that a message on its way is given when its line is changed or the exchange stops."""

Maker = Callable[[str, Mapping[str, str]], SmsLine]
"""Makes a line of its name and settings. Raises ValueError, a sentence, if these cannot be used."""

_PLACES: Mapping[LineKind, tuple[str, str]] = MappingProxyType(
    {
        LineKind.SMPP: ("cordboard.outbox.sms.smpp", "SmppLine"),
        LineKind.MODEM: ("cordboard.outbox.sms.modem", "ModemLine"),
        LineKind.HTTP: ("cordboard.outbox.sms.http_provider", "HttpProviderLine"),
        LineKind.SIP: ("cordboard.outbox.sms.sip_message", "SipMessageLine"),
    }
)

_log = structlog.get_logger("sms")


@runtime_checkable
class CalledBack(Protocol):
    """A line whose far end calls it."""

    async def called_back(self, secret: str, told: Any) -> bool:
        """See HttpProviderLine."""


def line_class(kind: LineKind) -> Any:
    """The class of a kind of line; its libraries are loaded only then. `from_settings(name, settings)` makes one."""
    module, name = _PLACES[kind]
    return getattr(importlib.import_module(module), name)


def make_line(config: SmsLineConfig, makers: Mapping[LineKind, Maker] = MappingProxyType({})) -> SmsLine:
    """Make a line of its settings. Raises ValueError, a sentence, if they cannot be used.

    `makers` are those of kinds that need more than settings, such as the exchange's own SIP.
    """
    maker: Maker = makers.get(config.kind) or line_class(config.kind).from_settings
    return maker(config.name, config.settings)


@dataclass(frozen=True, slots=True)
class LineState:
    """How a line stands, for people."""

    name: str
    kind: LineKind
    up: bool
    note: str


@dataclass(slots=True)
class _Running:
    """A line and what runs it."""

    config: SmsLineConfig
    line: SmsLine | None
    note: str = ""
    """Why there is none, or why it does not run."""
    task: asyncio.Task[None] | None = None
    busy: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while nothing is on its way."""


class SmsLines:
    """All lines of one node. `run` it until it is cancelled."""

    def __init__(
        self,
        settings: SmsSettings,
        inbox: SmsArchive,
        clock: Clock,
        makers: Mapping[LineKind, Maker] = MappingProxyType({}),
    ) -> None:
        """`makers`: see `make_line`."""
        self._settings = settings
        self._inbox = inbox
        self._clock = clock
        self._makers = makers
        self._lines: dict[str, _Running] = {}

    def states(self) -> Sequence[LineState]:
        """Every line that is enabled, by name."""
        return [
            LineState(name, one.config.kind, up=_is_up(one), note=one.note or (one.line.note if one.line else ""))
            for name, one in sorted(self._lines.items())
        ]

    def state(self, name: str) -> LineState:
        """One line; one that is not there is down."""
        missing = LineState(name, LineKind.HTTP, up=False, note="it is not running yet")
        return next((each for each in self.states() if each.name == name), missing)

    async def send(self, name: str, sms: OutgoingSms) -> Sequence[str]:
        """Hand a message over by one line. Raises what `SmsLine.send` raises; TemporaryError if it does not run."""
        one = self._lines.get(name)
        if one is None or one.line is None or not _is_up(one):
            raise TemporaryError(f"the SMS line {name} is down: {self.state(name).note or 'no reason is known'}")
        one.busy += 1
        one.idle.clear()
        try:
            return await one.line.send(sms)
        finally:
            one.busy -= 1
            if not one.busy:
                one.idle.set()

    async def called_back(self, name: str, secret: str, told: Any) -> bool:
        """A provider tells a line something. False if there is no such line, or nothing that it takes."""
        one = self._lines.get(name)
        return one is not None and isinstance(one.line, CalledBack) and await one.line.called_back(secret, told)

    async def run(self) -> None:
        """Keep the lines as they are set up, until cancelled. While the store is away they stay as they are."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tidy(), name="sms-tidy")
            try:
                while True:
                    try:
                        await self._adopt([each for each in await self._settings.lines() if each.enabled], group)
                    except Exception:  # noqa: BLE001 - the store has many ways to fail; all pass
                        _log.exception("the SMS lines cannot be read; they stay as they are")
                    await asyncio.sleep(POLL)
            finally:
                await asyncio.gather(*(self._end(name) for name in list(self._lines)))

    async def _adopt(self, wanted: Sequence[SmsLineConfig], group: asyncio.TaskGroup) -> None:
        """End what is not wanted any more, or otherwise, and begin what is new."""
        configs = {each.name: each for each in wanted}
        gone = [name for name, one in self._lines.items() if not _runs_as(one, configs.get(name))]
        await asyncio.gather(*(self._end(name) for name in gone))
        for name, config in configs.items():
            if name in self._lines:
                self._lines[name].config = config
            else:
                self._lines[name] = self._begun(config, group)

    def _begun(self, config: SmsLineConfig, group: asyncio.TaskGroup) -> _Running:
        try:
            line = make_line(config, self._makers)
        except (ValueError, ImportError) as fault:
            _log.error("an SMS line cannot be used", line=config.name, error=str(fault))
            return _Running(config, None, str(fault))
        one = _Running(config, line)
        one.idle.set()
        one.task = group.create_task(self._serve(one, line), name=f"sms-line-{config.name}")
        return one

    async def _serve(self, one: _Running, line: SmsLine) -> None:
        """Serve it, and begin anew when it breaks down: that is a fault of ours, and must not stop the others."""
        while True:
            try:
                await line.serve(self._inbox)
            except Exception as fault:  # noqa: BLE001 - see above
                one.note = f"it broke down: {fault!r}"
                _log.exception("an SMS line broke down; it is begun anew", line=line.name)
            await asyncio.sleep(AGAIN)
            one.note = ""

    async def _end(self, name: str) -> None:
        """What is on its way has a few seconds: cut off, nobody would know whether it was taken."""
        one = self._lines.pop(name)
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                if one.busy:
                    await one.idle.wait()
        if one.task is not None:
            one.task.cancel()
            await asyncio.wait([one.task])

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY)
            try:
                await self._inbox.tidy(self._clock.now())
            except Exception:  # noqa: BLE001 - as above
                _log.exception("what has come by SMS cannot be tidied")


def _is_up(one: _Running) -> bool:
    return one.line is not None and not one.note and one.line.up


def _runs_as(one: _Running, config: SmsLineConfig | None) -> bool:
    """Whether it need not be made anew: a price or a prefix is no matter of the line itself."""
    return config is not None and (one.config.kind, dict(one.config.settings)) == (config.kind, dict(config.settings))
