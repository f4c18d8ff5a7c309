"""The office in memory: what a call asks in its midst is answered from here, never from the database."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from cordboard.office.checks import faults
from cordboard.office.documents import Document
from cordboard.office.lines.gateways import all_lines
from cordboard.office.lines.inbound import Inbound, InboundPlan
from cordboard.office.lines.rules import LineRules, ruled
from cordboard.office.model import D, OfficeData, OfficeSettings, User
from cordboard.office.numbering import NumberingPlan
from cordboard.office.pins import PinGuard
from cordboard.office.ports import Destination, Person, PinCheck
from cordboard.office.repositories import OfficeRepository
from cordboard.telephony import Account, Clock, Line, Party, PhoneNumber, SystemClock, Target

_log = structlog.get_logger("office")


class _Snapshot:
    """One state of the office, indexed."""

    def __init__(self, office: OfficeData) -> None:
        users = sorted((user for user in office.users if user.enabled), key=lambda user: user.number)
        country = office.settings.country
        self.office = office
        self.settings = office.settings
        self.zone = _zone(office.settings.time_zone)
        self.plan = NumberingPlan(office)
        self.users = {user.login: user for user in users}
        # Of two people with one mobile the lower number owns it.
        self.mobiles = {PhoneNumber.parse(user.mobile, country=country): user for user in reversed(users)}
        self.owners = {phone.account: self.users[phone.login] for phone in office.phones if phone.login in self.users}
        self.accounts = {
            phone.account: Account(
                phone.account, owner.number, owner.name, phone.secret, phone.algorithm, phone.behind_nat
            )
            for phone in office.phones
            if (owner := self.owners.get(phone.account))
        }
        self.inbound = InboundPlan(office)
        rules = office.of(LineRules)
        self.lines = {
            each.line.name: each if (rule := rules.get(each.line.name)) is None else ruled(each, rule)
            for each in all_lines(office)
            if each.enabled
        }
        self._documents: dict[type[Document], Mapping[str, Document]] = {}

    def documents(self, kind: type[D]) -> Mapping[str, D]:
        if kind not in self._documents:
            self._documents[kind] = self.office.of(kind)
        return cast("Mapping[str, D]", self._documents[kind])


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        _log.error("there is no such time zone, the call log is kept in UTC", zone=name)
        return ZoneInfo("UTC")


class OfficeDirectory:
    """Implements `telephony.Directory`, `office.ports.Numbering` and `office.ports.Staff` over a snapshot.

    Empty until `reload`. A user or a line that is switched off does not exist here.
    """

    def __init__(self, repository: OfficeRepository, pins: PinGuard, clock: Clock | None = None) -> None:
        """`clock` tells which hours of routes and lines it is; the machine's if none is given."""
        self._clock = clock or SystemClock()
        self._repository = repository
        self._pins = pins
        self._version: int | None = None
        self._snapshot = _Snapshot(OfficeData())

    async def reload(self) -> None:
        """Read the office anew."""
        # The version first: a change between the two is then read again, never missed.
        version = await self._repository.version()
        office = await self._repository.load()
        self._snapshot = _Snapshot(office)
        self._version = version
        for fault in faults(office):
            _log.warning("the office has a fault", fault=fault)

    async def watch(self, interval: float = 1.0) -> None:
        """Reload within `interval` seconds of every change, also one made by another process; until cancelled.

        While the office cannot be read, the last state holds.
        """
        trouble = ""
        while True:
            await asyncio.sleep(interval)
            try:
                if await self._repository.version() != self._version:
                    await self.reload()
                    _log.info("the office has changed and was read anew")
                trouble = ""
            except Exception as error:  # noqa: BLE001 - calls go on with what is known; it is tried again
                if str(error) != trouble:
                    trouble = str(error)
                    _log.error("the office cannot be read, its last state holds", error=trouble)

    @property
    def settings(self) -> OfficeSettings:
        """What holds for the whole office."""
        return self._snapshot.settings

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the office; UTC if nobody knows the one that was set, for calls go on."""
        return self._snapshot.zone

    def phone(self, text: str) -> PhoneNumber:
        """`text` as a number, read as this office's country writes them."""
        return PhoneNumber.parse(text, country=self.settings.country)

    def inbound_scenario(self, line: str) -> str:
        """The scenario that takes an inbound call of `line`."""
        known = self._snapshot.lines.get(line)
        return known.scenario if known and known.scenario else self.settings.main_scenario

    def inbound(self, line: str, dialled: str) -> Inbound:
        """What takes a call from outside that came in over `line` to that number."""
        return self._snapshot.inbound.leads(line, dialled)

    @property
    def plan(self) -> NumberingPlan:
        """The rules of numbers as they stand now; they do not change, the next state of the office has others."""
        return self._snapshot.plan

    def owners(self) -> Mapping[str, str]:
        """The login behind each account that can sign in."""
        return {account: user.login for account, user in self._snapshot.owners.items()}

    def documents(self, kind: type[D]) -> Mapping[str, D]:
        """The documents of one kind, by name."""
        return self._snapshot.documents(kind)

    def users(self) -> Sequence[User]:
        """Everybody who is enabled, by number."""
        return list(self._snapshot.users.values())

    def phones_of(self, login: str) -> Sequence[str]:
        """The accounts of a user's phones, in the order in which they were added."""
        return [account for account, owner in self._snapshot.owners.items() if owner.login == login]

    # telephony.Directory

    @property
    def realm(self) -> str:
        """The name in which passwords were hashed."""
        return self.settings.realm

    def account(self, name: str) -> Account | None:
        """The account of that name, if its owner is enabled."""
        return self._snapshot.accounts.get(name)

    def line(self, name: str) -> Line | None:
        """The line of that name, if it is switched on."""
        known = self._snapshot.lines.get(name)
        return known.line if known else None

    def lines(self) -> Sequence[Line]:
        """All lines that are switched on."""
        return [each.line for each in self._snapshot.lines.values()]

    # office.ports.Numbering

    def destination(self, number: str, *, dialled_by: str = "") -> Destination:
        """Where `number` leads, see `NumberingPlan`."""
        return self._snapshot.plan.destination(number, dialled_by=dialled_by, at=self.now())

    def over_line(self, line: str, number: str) -> Destination:
        """`number` over one line."""
        return self._snapshot.plan.over_line(line, number)

    def shown_party(self, *, dialled_by: str, targets: Sequence[Target], original: Party) -> Party:
        """Whom the called side shall see."""
        return self._snapshot.plan.shown_party(dialled_by=dialled_by, targets=targets, original=original)

    # office.ports.Staff

    def by_login(self, login: str) -> Person | None:
        """The user of that login."""
        return self._person(self._snapshot.users.get(login))

    def knows(self, login: str) -> bool:
        """Whether there is a user of that login."""
        return login in self._snapshot.users

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""
        return self._person(self._snapshot.owners.get(account))

    def by_phone(self, phone: PhoneNumber) -> Person | None:
        """The user whose mobile that is."""
        return self._person(self._snapshot.mobiles.get(phone)) if phone else None

    async def check_pin(self, login: str, pin: str) -> PinCheck:
        """Compare with the user's PIN. Who does not exist or has none is WRONG, and nothing is counted."""
        user = self._snapshot.users.get(login)
        if user is None or not user.pin_hash:
            return PinCheck.WRONG
        return await self._pins.check(login, pin, user.pin_hash)

    def now(self) -> datetime:
        """The time by the clock of the office."""
        return self._clock.now().astimezone(self.zone)

    def _person(self, user: User | None) -> Person | None:
        if user is None:
            return None
        return Person(user.login, user.name, user.number, user.language or self.settings.language)
