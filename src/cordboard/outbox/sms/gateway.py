"""Hands short messages over: by the best line that is up, within what the office and the called one allow."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NoReturn, Protocol
from zoneinfo import ZoneInfo

import structlog

from cordboard.outbox.ports import (
    Delivery,
    PermanentError,
    PostponedError,
    Receipt,
    TemporaryError,
    UncertainError,
)
from cordboard.outbox.sms.choice import by_preference
from cordboard.outbox.sms.keeping import Handed, Limit, SentSms, SmsLedger, SmsLineConfig, SmsRules, SmsSettings
from cordboard.outbox.sms.ports import OutgoingSms
from cordboard.outbox.sms.quiet import Working, quiet_hours, quiet_until, zones_of
from cordboard.outbox.sms.segments import TooLongError, segments
from cordboard.telephony import Clock, PhoneNumber

_WORDS: Mapping[Limit, str] = MappingProxyType(
    {
        Limit.PARTS: "the office's limit of {parts} parts a day is reached",
        Limit.MONEY: "the office's limit of {money} {currency} a day for SMS is reached",
        Limit.SCENARIO: "the limit of {parts} parts a day for orders of one scenario is reached",
        Limit.RECIPIENT: "{messages} SMS went to this phone today: perhaps a machine answers there",
    }
)
_SEE = "see `cordboard sms limits`"

_log = structlog.get_logger("sms")


class Lines(Protocol):
    """The part of `SmsLines` that is needed here."""

    async def send(self, name: str, sms: OutgoingSms) -> Sequence[str]:
        """See SmsLines.send."""


class SmsGateway:
    """Implements `outbox.ports.Gateway` for SMS.

    What the network may have taken is never sent again, by no line: rather no message than two. A line that is down or
    has no room leaves its turn to the next one. Who has asked for silence gets nothing; in quiet hours what is not
    urgent is postponed, and so is what passes a limit of the day, until the next one. What passes the limit of one
    phone is refused, for a loop would go on tomorrow.
    """

    places = 8
    repeats = False

    def __init__(  # noqa: PLR0917 - it stands between that many
        self,
        settings: SmsSettings,
        ledger: SmsLedger,
        lines: Lines,
        clock: Clock,
        zone: Callable[[], ZoneInfo],
        working: Working | None = None,
    ) -> None:
        """`zone` is that of the office; `working` tells whether it works at a moment of that zone."""
        self._settings = settings
        self._ledger = ledger
        self._lines = lines
        self._clock = clock
        self._zone = zone
        self._working = working

    async def deliver(self, delivery: Delivery) -> Receipt:
        """See Gateway."""
        try:
            rules, lines = await self._settings.rules(), await self._settings.lines()
            refusal = await self._settings.opted_out(delivery.recipient)
        except Exception as fault:  # whatever keeps the settings away, nothing has left yet
            raise TemporaryError(f"the settings of SMS cannot be read: {fault}") from fault
        if refusal is not None:
            words = f"{delivery.recipient} gets no SMS since {refusal.at:%Y-%m-%d}: {refusal.words}"
            raise PermanentError(f"{words}; take it off the list with `cordboard sms optout remove`")
        self._heed_the_hour(delivery, rules)
        return await self._by_one_of(_chosen(lines, delivery), delivery, self._message(delivery, rules), rules)

    async def remembered(self, delivery: Delivery) -> Receipt | None:
        """See Remembering: a message is booked before it leaves, so one that is not in the book never did."""
        booked = await self._ledger.sent(deliveries=[delivery.id])
        if not booked:
            return None
        if booked[0].handed is Handed.TAKEN:
            return _receipt(booked[0].line, booked[0].parts)
        raise UncertainError(f"line {booked[0].line}: nobody knows")

    def _heed_the_hour(self, delivery: Delivery, rules: SmsRules) -> None:
        """Raises PostponedError if it is not urgent and the hour is a quiet one there, or the office does not work."""
        if delivery.payload.get("urgent"):
            return
        zone = self._zone()
        try:
            quiet = quiet_hours(rules.quiet)
        except ValueError as fault:
            raise TemporaryError(f"{fault}; {_SEE}") from fault
        zones = zones_of(PhoneNumber(delivery.recipient, delivery.recipient).zones, zone)
        ask = self._working if rules.working_time else None
        working = (lambda at: ask(at.astimezone(zone))) if ask is not None else None
        until = quiet_until(self._clock.now(), quiet, zones, working)
        if until is not None:
            raise PostponedError(
                f"it waits until {until.astimezone(zone):%Y-%m-%d %H:%M}: these are quiet hours", until
            )

    @staticmethod
    def _message(delivery: Delivery, rules: SmsRules) -> OutgoingSms:
        payload = delivery.payload
        try:
            # Two texts to one phone that arrive interleaved must not be taken for one.
            coding, parts = segments(str(payload.get("text") or ""), delivery.id, simplify=rules.simplify)
        except TooLongError as fault:
            raise PermanentError(f"the SMS cannot be made: {fault}") from fault
        if 0 < rules.parts_of_one < len(parts):
            raise PermanentError(f"the text takes {len(parts)} parts, and {rules.parts_of_one} are allowed: {_SEE}")
        sender = str(payload.get("sender") or "")
        return OutgoingSms(key_of(delivery), delivery.recipient, sender, coding, parts, delivery.deadline)

    async def _by_one_of(
        self, lines: Sequence[SmsLineConfig], delivery: Delivery, sms: OutgoingSms, rules: SmsRules
    ) -> Receipt:
        """Try one line after the other, until one has taken it or nobody knows whether it has."""
        failed: list[TemporaryError] = []
        for line in lines:
            number = await self._begun(line, delivery, sms, rules)
            try:
                return await self._by(line, number, sms)
            except TemporaryError as fault:
                failed.append(fault)
                _log.info("an SMS line does not take a message", line=line.name, delivery=delivery.id, error=str(fault))
        words = "; ".join(str(fault) for fault in failed)
        raise TemporaryError(words, min(fault.retry_after for fault in failed))

    async def _by(self, line: SmsLineConfig, number: int, sms: OutgoingSms) -> Receipt:
        try:
            references = await self._lines.send(line.name, sms)
        except (TemporaryError, PermanentError):
            await self._noted(self._ledger.refused(number))
            raise
        except UncertainError as fault:
            await self._noted(self._ledger.doubtful(number, fault.references))
            raise UncertainError(f"line {line.name}: {fault}", fault.references) from fault
        except Exception as fault:  # a fault of the line's own: how far it came is unknown
            _log.exception("an SMS line has failed", line=line.name)
            await self._noted(self._ledger.doubtful(number))
            raise UncertainError(f"line {line.name} has failed: {fault!r}") from fault
        await self._noted(self._ledger.taken(number, references))
        return _receipt(line.name, len(sms.parts))

    @staticmethod
    async def _noted(writing: Awaitable[None]) -> None:
        """Write down what is known. If that fails, what came of the message is true all the same."""
        try:
            await writing
        except Exception:  # noqa: BLE001 - see above
            _log.exception("what became of an SMS could not be written into its ledger")

    async def _begun(self, line: SmsLineConfig, delivery: Delivery, sms: OutgoingSms, rules: SmsRules) -> int:
        """Book it before it leaves. Raises PostponedError or PermanentError if a limit forbids it."""
        now = self._clock.now()
        today = now.astimezone(self._zone()).replace(hour=0, minute=0, second=0, microsecond=0)
        sent = SentSms(
            delivery.id, sms.key, delivery.recipient, line.name, len(sms.parts), line.cost * len(sms.parts),
            line.currency, now, sms.coding, str(delivery.payload.get("scenario") or ""),
        )  # fmt: skip
        try:
            booked = await self._ledger.begin(sent, rules, today)
        except Exception as fault:  # nothing has left yet
            raise TemporaryError(f"the SMS cannot be booked: {fault}") from fault
        if isinstance(booked, Limit):
            _refuse(booked, rules, line, today)
        return booked


def key_of(delivery: Delivery) -> str:
    """The same in each attempt, and of no other message: an effect to several phones makes several."""
    return hashlib.blake2b(f"{delivery.key}\n{delivery.recipient}".encode(), digest_size=12).hexdigest()


def _receipt(line: str, parts: int) -> Receipt:
    return Receipt(f"SMS line {line}, {parts} parts" if parts > 1 else f"SMS line {line}")


def _refuse(limit: Limit, rules: SmsRules, line: SmsLineConfig, today: datetime) -> NoReturn:
    told = _WORDS[limit].format(
        parts=rules.scenario_parts_a_day if limit is Limit.SCENARIO else rules.parts_a_day,
        money=rules.money_a_day,
        currency=line.currency,
        messages=rules.messages_a_day_to_one,
    )
    words = f"{told}; {_SEE}"
    if limit is Limit.RECIPIENT:
        raise PermanentError(words)
    tomorrow = (today + timedelta(hours=36)).replace(hour=0)  # a day may have 23 or 25 hours
    raise PostponedError(words, tomorrow)


def _chosen(lines: Sequence[SmsLineConfig], delivery: Delivery) -> Sequence[SmsLineConfig]:
    """The lines that may take it, the best first. Raises TemporaryError if there is none: somebody may add one."""
    wanted = str(delivery.payload.get("line") or "")
    if wanted:
        named = [line for line in lines if line.name == wanted and line.enabled]
        if not named:
            raise TemporaryError(f"there is no SMS line {wanted}, or it is off: see `cordboard sms line list`")
        return named
    found = by_preference(lines, delivery.recipient)
    if not found:
        raise TemporaryError(
            f"no SMS line serves {delivery.recipient}: add one with `cordboard sms line add`, or see its prefixes"
        )
    return found
