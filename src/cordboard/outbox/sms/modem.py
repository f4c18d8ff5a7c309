"""The line over a GSM modem on a serial port, and the SIM in it."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar, Self

import serial_asyncio_fast
import structlog

from cordboard.outbox.sms.line_settings import LineSetting, ReadSettings
from cordboard.outbox.sms.modem_at import Channel, GoneError, ModemError, NoPromptError, SilentError, Streams
from cordboard.outbox.sms.modem_errors import Outcome, outcome, words
from cordboard.outbox.sms.modem_lines import Info, values
from cordboard.outbox.sms.modem_setup import Refusal, Watched, set_up, watch
from cordboard.outbox.sms.parts import hand_over_all
from cordboard.outbox.sms.pdu import StatusReport, read, submit
from cordboard.outbox.sms.ports import (
    Fate,
    IncomingSms,
    OutgoingSms,
    Part,
    PermanentError,
    SmsInbox,
    SmsReport,
    TemporaryError,
    UncertainError,
)
from cordboard.telephony import Clock, SystemClock

PATIENCE = 60.0
"""Seconds that a part waits for its turn: a modem sends one after the other."""
TAKING = 90.0
"""Seconds that the network has for one part."""
LOOK = 30.0
"""Seconds after which the network and the SIM's storage are looked at anyhow."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until the port is opened again; doubled each time."""
_SPEEDS = ("9600", "19200", "38400", "57600", "115200", "230400", "460800")
_RECEIVED = frozenset({"0", "1"})
"""States of stored messages (3GPP TS 27.005 §3.1) that have come, unread or read. The others somebody wrote there."""

_log = structlog.get_logger("sms.modem")

Open = Callable[[], Awaitable[Streams]]
"""Opens the port. Raises OSError."""
Comes = IncomingSms | SmsReport


class ModemLine:
    """Implements `outbox.sms.ports.SmsLine` over AT commands. What it is set up with stands in `SETTINGS`.

    What comes is stored by the SIM, and deleted there when the inbox has it. The sender is the SIM's number, whatever
    the message says. A reference is the end of the phone's number and the modem's count, which begins again after 255.
    """

    SETTINGS: ClassVar[Sequence[LineSetting]] = (
        LineSetting("device", "The serial port, for instance /dev/serial/by-id/usb-…: names with ttyUSB change.", None),
        LineSetting("speed", "Bits a second. A modem on USB takes any.", "115200", choices=_SPEEDS),
        LineSetting("pin", "The SIM's PIN, if it asks for one. A wrong one is tried once only.", secret=True),
        LineSetting("phone", "The SIM's number, +380671234567: it is what people have written to."),
        LineSetting("service_centre", "The number of the operator's service centre, if the SIM does not hold it."),
        LineSetting("storage", "Where messages that come are kept: the SIM or the modem.", "SM", choices=("SM", "ME")),
    )

    def __init__(
        self,
        name: str,
        device: str,
        open_port: Open,
        *,
        pin: str = "",
        phone: str = "",
        service_centre: str = "",
        storage: str = "SM",
        clock: Clock | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._name = name
        self._device = device
        self._open = open_port
        self._pin = pin
        self._phone = phone
        self._service_centre = service_centre
        self._storage = storage
        self._clock = clock or SystemClock()
        self._dice = dice or random.Random()
        self._channel: Channel | None = None
        """None: it cannot send."""
        self._note = "the port is not open yet"
        self._pin_refused = False
        self._news = asyncio.Event()
        self._direct: asyncio.Queue[Comes] = asyncio.Queue()
        """What the modem has told without storing it."""
        self._doubted: OutgoingSms | None = None
        """The message whose answer may still come."""

    @classmethod
    def from_settings(cls, name: str, settings: Mapping[str, str], *, clock: Clock | None = None) -> Self:
        """Read the settings. Raises ValueError, a sentence for the administrator."""
        given = ReadSettings(name, cls.SETTINGS, settings)
        device, pin = given.text("device"), given.text("pin")
        if pin and not (pin.isascii() and pin.isdecimal() and 4 <= len(pin) <= 8):
            raise ValueError(f"the setting 'pin' of the SMS line {name!r} is 4 to 8 digits")
        for number in ("phone", "service_centre"):
            digits = given.text(number).removeprefix("+")
            if digits and not (digits.isascii() and digits.isdecimal()):
                raise ValueError(f"the setting {number!r} of the SMS line {name!r} is a number such as +380671234567")
        return cls(
            name,
            device,
            partial(_open_serial, device, int(given.text("speed"))),
            pin=pin,
            phone=given.text("phone"),
            service_centre=given.text("service_centre"),
            storage=given.text("storage"),
            clock=clock,
        )

    @property
    def name(self) -> str:
        """See SmsLine."""
        return self._name

    @property
    def up(self) -> bool:
        """See SmsLine."""
        return self._channel is not None

    @property
    def note(self) -> str:
        """See SmsLine."""
        return self._note

    # --- out -------------------------------------------------------------------------------------------------------

    async def send(self, sms: OutgoingSms) -> Sequence[str]:
        """See SmsLine."""
        until = asyncio.get_running_loop().time() + PATIENCE
        return await hand_over_all(sms.parts, lambda part: self._hand_over(sms, part, until))

    async def _hand_over(self, sms: OutgoingSms, part: Part, until: float) -> str:
        channel = self._channel
        if channel is None:
            raise TemporaryError(self._note)
        left = sms.deadline - self._clock.now()
        if left.total_seconds() <= 0:
            raise TemporaryError("its deadline is over")
        try:
            pdu = submit(sms.to, part, sms.coding, left)
        except ValueError as fault:
            raise PermanentError(str(fault)) from fault
        try:
            # The length does not count the octet of the service centre (3GPP TS 27.005 §3.5.1).
            answer = await channel.hand_over(
                f"AT+CMGS={len(pdu) - 1}",
                pdu,
                "+CMGS",
                patience=max(until - asyncio.get_running_loop().time(), 0),
                seconds=TAKING,
            )
        except NoPromptError as fault:
            raise TemporaryError(f"{self._device}: {fault}") from fault
        except (SilentError, GoneError) as fault:
            self._doubted = sms if len(sms.parts) == 1 else None
            raise UncertainError(f"{self._device}: {fault}") from fault
        except ModemError as fault:
            raise _verdict(self._device, fault) from fault
        self._doubted = None
        if not answer:
            raise UncertainError(f"{self._device}: the modem's answer does not say that it has sent it")
        return _reference(sms.to, answer[-1].value)

    # --- in, and staying with it -----------------------------------------------------------------------------------

    async def serve(self, inbox: SmsInbox) -> None:
        """See SmsLine."""
        pause = FIRST_PAUSE
        while True:
            worked = False
            try:
                worked = await self._once(inbox)
            finally:
                self._channel = None
            _log.warning("not connected", line=self._name, why=self._note)
            pause = FIRST_PAUSE if worked else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause * self._dice.uniform(0.75, 1.25))

    async def _once(self, inbox: SmsInbox) -> bool:
        """Open the port and stay as long as it lasts; the note tells why it is over. Whether it ever worked."""
        try:
            streams = await self._open()
        except (OSError, ValueError) as fault:
            self._note = f"{self._device} cannot be opened: {fault}"
            return False
        channel = Channel(streams, self._unasked)
        reading = asyncio.ensure_future(channel.run())
        working = asyncio.ensure_future(self._work(channel, inbox))
        handing_on = asyncio.ensure_future(self._hand_on(inbox))
        tasks = [working, reading, handing_on]
        worked = False
        try:
            await asyncio.wait([working, reading], return_when=asyncio.FIRST_COMPLETED)
        finally:
            worked = self.up
            self._channel = None
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        trouble = next((each for each in ended if isinstance(each, Exception)), None)
        self._note = f"{self._device}: {trouble or 'the modem is gone'}"
        if trouble is not None and not isinstance(trouble, Refusal | SilentError | GoneError | ModemError):
            raise trouble
        return worked

    async def _work(self, channel: Channel, inbox: SmsInbox) -> None:
        # A wrong PIN is never tried twice: the third time would block the SIM.
        pin = "" if self._pin_refused else self._pin
        try:
            await set_up(channel, pin=pin, service_centre=self._service_centre, storage=self._storage)
        except Refusal as fault:
            self._pin_refused = self._pin_refused or fault.wrong_pin
            if self._pin_refused:
                raise Refusal("the SIM has refused the PIN: mend the setting `pin`") from fault
            raise
        while True:
            self._seen(channel, await watch(channel))
            try:
                await self._collect(channel, inbox)
            except ModemError as fault:
                _log.warning("the storage cannot be read just now", line=self._name, fault=str(fault))
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news.wait()
            self._news.clear()

    def _seen(self, channel: Channel, seen: Watched) -> None:
        if seen.registered and self._channel is None:
            _log.info("connected", line=self._name, note=seen.note)
        self._channel = channel if seen.registered else None
        self._note = seen.note

    async def _collect(self, channel: Channel, inbox: SmsInbox) -> None:
        """Hand on what is stored, and delete what was kept. What cannot be kept just now stays for the next look."""
        for stored in await channel.ask("AT+CMGL=4", "+CMGL"):
            place, state, *_ = [*values(stored.value), "", ""]
            if state not in _RECEIVED:
                continue
            comes = self._read(stored.pdu)
            try:
                if comes is not None:
                    await self._keep(inbox, comes)
            except Exception as fault:  # noqa: BLE001 - whatever keeps the inbox from it, the SIM still has it
                _log.warning("cannot be kept just now", line=self._name, fault=str(fault))
                continue
            await channel.ask(f"AT+CMGD={place}")

    async def _hand_on(self, inbox: SmsInbox) -> None:
        """What the modem has told directly is nowhere else: it is tried until it is kept."""
        while True:
            comes = await self._direct.get()
            pause = FIRST_PAUSE
            while True:
                try:
                    await self._keep(inbox, comes)
                    break
                except asyncio.CancelledError:
                    self._direct.put_nowait(comes)
                    raise
                except Exception as fault:  # noqa: BLE001 - as above
                    _log.warning("cannot be kept just now", line=self._name, fault=str(fault))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _keep(self, inbox: SmsInbox, comes: Comes) -> None:
        if isinstance(comes, SmsReport):
            await inbox.reported(self._name, comes)
        else:
            await inbox.received(self._name, comes)

    def _unasked(self, told: Info) -> None:
        if told.name in {"+CMTI", "+CDSI"}:
            self._news.set()
        elif told.name in {"+CMT", "+CDS"}:
            comes = self._read(told.pdu)
            if comes is not None:
                self._direct.put_nowait(comes)
        elif told.name == "+CMGS" and (sms := self._doubted) is not None:
            self._doubted = None
            name = _reference(sms.to, told.value)
            self._direct.put_nowait(SmsReport(name, Fate.PENDING, "the answer came late", key=sms.key, to=sms.to))

    def _read(self, digits: str) -> Comes | None:
        """None: nobody can read it. It is told in the log, or it would fill the SIM."""
        try:
            octets = bytes.fromhex(digits)
            found = read(octets)
        except ValueError as fault:
            _log.warning("passed over", line=self._name, fault=str(fault), pdu=digits)
            return None
        if isinstance(found, StatusReport):
            name = _reference(found.to, str(found.reference))
            return SmsReport(name, found.fate, found.words, found.at, to=found.to)
        return IncomingSms(
            sender=found.sender,
            to=self._phone,
            text=found.text,
            at=found.sent or self._clock.now(),
            # It bears the second at which the service centre took it: only a repetition is alike in all.
            key=hashlib.sha256(octets).hexdigest()[:32],
            reference=found.place.reference,
            part=found.place.part,
            parts=found.place.parts,
        )


def _reference(phone: str, number: str) -> str:
    """Reports may have the phone without its country."""
    return f"{phone[-9:]}/{number.strip()}"


def _verdict(device: str, fault: ModemError) -> TemporaryError | PermanentError | UncertainError:
    """3GPP TS 27.005 knows no more of a plain ERROR than that it was not done."""
    if not fault.kind:
        return TemporaryError(f"{device} answered {fault}")
    told = f"{device} answered {words(fault.kind, fault.code)}"
    match outcome(fault.kind, fault.code):
        case Outcome.NEVER:
            return PermanentError(told)
        case Outcome.UNKNOWN:
            return UncertainError(told)
        case _:
            return TemporaryError(told)


async def _open_serial(device: str, speed: int) -> Streams:
    return await serial_asyncio_fast.open_serial_connection(url=device, baudrate=speed, exclusive=True)
