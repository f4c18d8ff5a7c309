"""The line over SMPP 3.4: what the operators of mobile networks and their resellers offer."""

import asyncio
import random
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import ClassVar, Self

import smpp34
import structlog

from cordboard.outbox.sms.line_settings import YES_NO, LineSetting, ReadSettings
from cordboard.outbox.sms.parts import hand_over_all
from cordboard.outbox.sms.ports import (
    Coding,
    Fate,
    OutgoingSms,
    Part,
    PermanentError,
    SmsInbox,
    SmsReport,
    TemporaryError,
    UncertainError,
)
from cordboard.outbox.sms.smpp_incoming import HAS_HEADER, IdBase, UnreadableError, reference, told
from cordboard.outbox.sms.smpp_repeats import Repeats
from cordboard.outbox.sms.smpp_session import (
    ClosedError,
    NoAnswerError,
    NotSentError,
    RefusedError,
    SmppSession,
    Streams,
)
from cordboard.outbox.sms.smpp_status import OK, RECEIVER_NEVER, Meaning, meaning
from cordboard.outbox.sms.smpp_wire import HEADER_OCTETS, Command, Packet, SignIn
from cordboard.telephony import Clock, SystemClock

PATIENCE = 60.0
"""Seconds in all that a message waits for its places in the window and the rate, and while the SMSC throttles."""
CONNECTING = 15.0
"""Seconds for the connection."""
FIRST_BREATH, LONGEST_BREATH = 1.0, 8.0
"""Seconds until a message that came too early is tried again; doubled each time."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until it connects again; doubled each time."""
STABLE = 60.0
"""Seconds after which a connection counts as one that had worked."""

_BINDS = {
    "transceiver": (Command.BIND_TRANSCEIVER,),
    "transmitter+receiver": (Command.BIND_TRANSMITTER, Command.BIND_RECEIVER),
    "transmitter": (Command.BIND_TRANSMITTER,),
}
_SENDING = frozenset({Command.BIND_TRANSCEIVER, Command.BIND_TRANSMITTER})
_DATA_CODING = {Coding.GSM7: 0, Coding.UCS2: 8}
_NUMBERS = (
    (re.compile(r"\+(\d+)"), 1, 1),  # international, ISDN
    (re.compile(r"(\d{1,8})"), 3, 0),  # a short code: specific to the network
    (re.compile(r"(\d+)"), 0, 1),  # unknown, ISDN
    (re.compile(r"()"), 0, 0),  # the SMSC knows
    (re.compile(r"([ -~]{1,11})"), 5, 0),  # a name
)
"""How an address looks, and its type and plan (§5.2.5 and 6)."""

_NOTE = "not connected yet"
_log = structlog.get_logger("sms.smpp")

Connect = Callable[[], Awaitable[Streams]]
"""Opens a connection. Raises OSError."""


@dataclass(frozen=True, slots=True)
class SmppConfig:
    """The settings as values."""

    where: str
    """host:port, for people."""
    who: SignIn
    binds: Sequence[Command] = _BINDS["transceiver"]
    window: int = 10
    rate: int = 0
    """Messages a second; 0: as many as the window lets through."""
    sender: str = ""
    sender_ton: int | None = None
    """Type and plan of numbers; None: by their looks."""
    sender_npi: int | None = None
    phone_ton: int | None = None
    phone_npi: int | None = None
    id_base: IdBase = IdBase.SAME


class SmppLine:
    """Implements `outbox.sms.ports.SmsLine` over SMPP 3.4. What it is set up with stands in `SETTINGS`.

    A message or receipt is answered to the SMSC only when the inbox has kept it.
    """

    SETTINGS: ClassVar[Sequence[LineSetting]] = (
        LineSetting("host", "The SMSC's name or address.", None),
        LineSetting("port", "Its port.", "2775"),
        LineSetting("system_id", "The user name that the operator has given.", None),
        LineSetting("password", "Its password.", "", secret=True),
        LineSetting("system_type", "Only if the operator asks for one.", ""),
        LineSetting("tls", "Whether the connection is encrypted.", "no", choices=YES_NO),
        LineSetting("authority", "A file with the certificates that are trusted beside those of the system (PEM)."),
        LineSetting(
            "bind", "One connection both ways, one each way, or sending only.", "transceiver", choices=[*_BINDS]
        ),
        LineSetting("window", "How many messages may be unanswered at a time.", "10"),
        LineSetting("rate", "How many messages a second the operator takes; 0: as fast as he answers.", "0"),
        LineSetting("sender", "A number, or a name of up to 11 Latin letters, if the message has none of its own."),
        LineSetting("sender_ton", "Type of number of senders, 0 to 7; empty: by its looks."),
        LineSetting("sender_npi", "Numbering plan of senders, 0 to 31; empty: by its looks."),
        LineSetting("phone_ton", "Type of number of phones, 0 to 7; empty: by its looks."),
        LineSetting("phone_npi", "Numbering plan of phones, 0 to 31; empty: by its looks."),
        LineSetting(
            "id_base",
            "How the operator writes a message's name in answers and in receipts, if not in the same way.",
            "same",
            choices=[*IdBase],
        ),
    )

    def __init__(
        self,
        name: str,
        config: SmppConfig,
        connect: Connect,
        *,
        clock: Clock | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._name = name
        self._config = config
        self._connect = connect
        self._clock = clock or SystemClock()
        self._dice = dice or random.Random()
        self._sessions: dict[Command, SmppSession] = {}
        self._troubles: dict[Command, str] = dict.fromkeys(config.binds, _NOTE)
        self._free_at = 0.0
        """When, by the loop's time, the next message may leave."""
        self._repeats = Repeats()

    @classmethod
    def from_settings(cls, name: str, settings: Mapping[str, str], *, clock: Clock | None = None) -> Self:
        """Read the settings. Raises ValueError, a sentence for the administrator."""
        given = ReadSettings(name, cls.SETTINGS, settings)
        host, port = given.text("host"), given.number("port", 1, 65535)
        who = SignIn(given.text("system_id"), given.text("password"), given.text("system_type"))
        try:
            who.body()
        except ValueError as fault:
            raise ValueError(
                f"system_id, password and system_type of the SMS line {name!r} are Latin and of at most 63 characters, "
                "the last of 12"
            ) from fault
        config = SmppConfig(
            where=f"{host}:{port}",
            who=who,
            binds=_BINDS[given.text("bind")],
            window=given.number("window", 1, 1000),
            rate=given.number("rate", 0, 10_000),
            sender=given.text("sender"),
            sender_ton=given.number_if_given("sender_ton", 0, 7),
            sender_npi=given.number_if_given("sender_npi", 0, 31),
            phone_ton=given.number_if_given("phone_ton", 0, 7),
            phone_npi=given.number_if_given("phone_npi", 0, 31),
            id_base=IdBase(given.text("id_base")),
        )
        return cls(
            name, config, partial(_over_tcp, host, port, given.flag("tls"), given.text("authority")), clock=clock
        )

    @property
    def name(self) -> str:
        """See SmsLine."""
        return self._name

    @property
    def up(self) -> bool:
        """See SmsLine."""
        return self._sending() is not None

    @property
    def note(self) -> str:
        """See SmsLine."""
        troubles = dict.fromkeys(each for each in self._troubles.values() if each)
        return "; ".join(troubles) or f"connected to {self._config.where}"

    def _sending(self) -> SmppSession | None:
        sending = (each for command, each in self._sessions.items() if command in _SENDING and not each.closed)
        return next(sending, None)

    # --- out -------------------------------------------------------------------------------------------------------

    async def send(self, sms: OutgoingSms) -> Sequence[str]:
        """See SmsLine."""
        until = asyncio.get_running_loop().time() + PATIENCE
        return await hand_over_all(sms.parts, lambda part: self._hand_over(sms, part, until))

    async def _hand_over(self, sms: OutgoingSms, part: Part, until: float) -> str:
        """One part; its reference. Raises the errors of `send`, of this part alone."""
        loop = asyncio.get_running_loop()
        breath = FIRST_BREATH
        while True:
            await self._turn(until)
            session = self._sending()
            if session is None:
                raise TemporaryError(f"{self._config.where} is not connected: {self.note}")
            body = self._body(sms, part)
            about = sms if len(sms.parts) == 1 else None
            try:
                return reference(await session.submit(body, until, about), self._config.id_base)
            except NotSentError as fault:
                raise TemporaryError(f"{self._config.where}: {fault}") from fault
            except NoAnswerError as fault:
                raise UncertainError(f"{self._config.where}: {fault}") from fault
            except RefusedError as fault:
                words = f"{self._config.where} answered {fault}"
                follows = meaning(fault.status)
                if follows is Meaning.NEVER:
                    raise PermanentError(words) from fault
                if follows is Meaning.LATER or loop.time() + breath > until:
                    raise TemporaryError(words) from fault
                # It holds for the whole line: whoever is next would hear the same.
                self._free_at = max(self._free_at, loop.time() + breath)
                breath = min(breath * 2, LONGEST_BREATH)

    async def _turn(self, until: float) -> None:
        """Wait for this message's turn in the rate. Raises TemporaryError if it would be too late."""
        loop = asyncio.get_running_loop()
        while (left := self._free_at - loop.time()) > 0:
            if self._free_at > until:
                raise TemporaryError(f"{self._config.where} takes no more messages just now", retry_after=left)
            await asyncio.sleep(left)
        if self._config.rate:
            self._free_at = loop.time() + 1 / self._config.rate

    def _body(self, sms: OutgoingSms, part: Part) -> bytes:
        config = self._config
        sender, sender_ton, sender_npi = _numbered(sms.sender or config.sender, config.sender_ton, config.sender_npi)
        phone, phone_ton, phone_npi = _numbered(sms.to, config.phone_ton, config.phone_npi)
        left = sms.deadline - self._clock.now()
        if left <= timedelta(0):
            raise TemporaryError("its deadline is over")
        try:
            pdu = smpp34.SubmitSm(
                sender,
                phone,
                part.header + part.user_data,
                source_addr_ton=sender_ton,
                source_addr_npi=sender_npi,
                dest_addr_ton=phone_ton,
                dest_addr_npi=phone_npi,
                esm_class=HAS_HEADER if part.header else 0,
                data_coding=_DATA_CODING[sms.coding],
                registered_delivery=1,
                validity_period=_validity(left),
            )
        except (ValueError, smpp34.SmppError) as fault:
            raise PermanentError(f"the message cannot be written as SMPP: {fault}") from fault
        return pdu.encode()[HEADER_OCTETS:]

    # --- in, and staying connected ---------------------------------------------------------------------------------

    async def serve(self, inbox: SmsInbox) -> None:
        """See SmsLine."""
        async with asyncio.TaskGroup() as group:
            for command in self._config.binds:
                group.create_task(self._keep_bound(command, inbox))

    async def _keep_bound(self, command: Command, inbox: SmsInbox) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        while True:
            began = loop.time()
            self._troubles[command] = await self._once(command, inbox)
            _log.warning("not connected", line=self._name, why=self._troubles[command])
            if loop.time() - began > STABLE:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause * self._dice.uniform(0.75, 1.25))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _once(self, command: Command, inbox: SmsInbox) -> str:
        """Connect, and stay connected as long as it lasts. Why it is over, as a sentence."""
        where = self._config.where
        try:
            async with asyncio.timeout(CONNECTING):
                streams = await self._connect()
        except (OSError, ValueError) as fault:  # a TimeoutError is one
            return f"{where} cannot be reached: {str(fault) or 'it does not answer'}"
        try:
            session = await SmppSession.bind(
                streams,
                command,
                self._config.who,
                window=self._config.window,
                keep=partial(self._keep, inbox),
                late=partial(self._late, inbox),
            )
        except RefusedError as fault:
            return f"{where} refuses the sign-in ({fault}): check system_id, password and bind"
        except (ClosedError, NoAnswerError) as fault:
            return f"{where}: {fault}"
        self._sessions[command] = session
        self._troubles[command] = ""
        _log.info("connected", line=self._name, where=where)
        try:
            await session.run()
        finally:
            del self._sessions[command]
            self._repeats.lost(asyncio.get_running_loop().time())
        return f"{where}: {session.closed}"

    async def _keep(self, inbox: SmsInbox, brought: Packet) -> int:
        """What a deliver_sm brought. What nobody could ever read is taken and told in the log, or it comes for ever."""
        try:
            pdu = smpp34.decode(brought.octets())
            assert isinstance(pdu, smpp34.DeliverSm)
            tells = told(pdu, self._config.id_base, self._clock.now())
        except smpp34.SmppError as fault:
            _log.warning("a broken deliver_sm", line=self._name, fault=str(fault))
            return RECEIVER_NEVER
        except UnreadableError as fault:
            _log.warning("passed over", line=self._name, fault=str(fault))
            return OK
        now = asyncio.get_running_loop().time()
        if isinstance(tells, SmsReport):
            await inbox.reported(self._name, tells)
        elif not self._repeats.known(brought.body, now):
            await inbox.received(self._name, tells)
            self._repeats.kept(brought.body, now)
        return OK

    async def _late(self, inbox: SmsInbox, about: object, message_id: str) -> None:
        """The answer came after all: nobody needs to be in doubt any more."""
        assert isinstance(about, OutgoingSms)
        name = reference(message_id, self._config.id_base)
        await inbox.reported(
            self._name, SmsReport(name, Fate.PENDING, "the answer came late", key=about.key, to=about.to)
        )


def _numbered(address: str, ton: int | None, npi: int | None) -> tuple[str, int, int]:
    """An address with its type and plan. Raises PermanentError for what no network knows."""
    for looks, its_ton, its_npi in _NUMBERS:
        if found := looks.fullmatch(address):
            is_number = address.lstrip("+").isdecimal()
            return (
                found[1],
                ton if ton is not None and is_number else its_ton,
                npi if npi is not None and is_number else its_npi,
            )
    raise PermanentError(f"{address!r} is neither a number nor a name of up to 11 Latin letters and digits")


def _validity(left: timedelta) -> str:
    """§7.1.1.2: a time from now on, from a minute to 30 days."""
    seconds = int(min(max(left, timedelta(minutes=1)), timedelta(days=30)).total_seconds())
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"0000{days:02}{hours:02}{minutes:02}{seconds:02}000R"


async def _over_tcp(host: str, port: int, tls: bool, authority: str) -> Streams:
    context = await asyncio.to_thread(_trust, authority) if tls else None
    return await asyncio.open_connection(host, port, ssl=context)


def _trust(authority: str) -> ssl.SSLContext:
    """The system's certificates, and those of the file."""
    context = ssl.create_default_context()
    if authority:
        context.load_verify_locations(cafile=authority)
    return context
