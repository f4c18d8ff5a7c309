"""Where a call from outside leads: by the number that was dialled, then by the line; and who is not let in at all."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from cordboard.office.lines.gateways import all_lines
from cordboard.office.lines.numbers import InboundNumber
from cordboard.office.lines.rules import LineRules
from cordboard.office.model import OfficeData
from cordboard.office.ports import NumberLists
from cordboard.telephony import Clock, LegRecord, PhoneNumber

BLACK = "black"
"""The list of numbers whose calls are refused at the door."""

_log = structlog.get_logger("office")


@dataclass(frozen=True, slots=True)
class Inbound:
    """What takes a call from outside: a scenario, or a number of the office."""

    scenario: str = ""
    number: str = ""
    by: str = ""
    """The entry that says so; empty: the line, or the office."""


class InboundPlan:
    """The inbound numbers of one office that does not change."""

    def __init__(self, office: OfficeData) -> None:
        self._country = office.settings.country
        self._main = office.settings.main_scenario
        self._scenarios = {each.line.name: each.scenario for each in all_lines(office)}
        users = {user.login: user.number for user in office.users if user.enabled}
        groups = {each.name: each.numbers() for each in office.documents if each.kind == "groups"}
        self._numbers = {
            (each.line, self._normal(each.number)): Inbound(
                each.scenario, users.get(each.user, "") or next(iter(groups.get(each.group, ())), ""), each.name
            )
            for each in office.of(InboundNumber).values()
        }
        self._owners = {
            self._normal(number): rules.name
            for rules in office.of(LineRules).values()
            for number in rules.inbound_numbers
            if number
        }

    def leads(self, line: str, dialled: str) -> Inbound:
        """What takes a call that came in over `line` to the number `dialled`."""
        number = self._normal(dialled)
        found = self._numbers.get((line, number)) or self._numbers.get(("", number))
        if found is not None and (found.scenario or found.number):
            return found
        owner = self._owners.get(number, line)
        return Inbound(self._scenarios.get(owner) or self._main)

    def _normal(self, number: str) -> str:
        return PhoneNumber.parse(number, country=self._country).canonical


class Door:
    """Refuses callers of the black list before anybody pays, or hears anything."""

    def __init__(self, lists: NumberLists, country: str, clock: Clock) -> None:
        self._lists = lists
        self._country = country
        self._clock = clock

    async def refuses(self, record: LegRecord) -> bool:
        """Whether a call from outside is not let in. One is let in while the lists cannot be read."""
        phone = PhoneNumber.parse(record.caller.number, country=self._country)
        try:
            entry = await self.bars(phone, self._clock.now())
        except Exception:  # noqa: BLE001 - the database may be away: better a bore than a lost customer
            _log.exception("the black list cannot be read", call=record.chain)
            return False
        if entry:
            _log.info("a caller of the black list is refused", call=record.chain, leg=record.id, entry=entry)
        return bool(entry)

    async def bars(self, phone: PhoneNumber, at: datetime) -> str:
        """The entry of the black list that meets the number at that moment; empty: none."""
        found = await self._lists.find(BLACK, phone, at)
        return found.number if found is not None else ""
