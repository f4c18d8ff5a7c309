"""An office as a text file, in which scenarios are tried: people, lines, numbers, routes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from cordboard.office.calendar import CalendarError, OfficeCalendar, read_calendar
from cordboard.office.checks import faults
from cordboard.office.configuration_parts import ConfigurationError
from cordboard.office.configuration_parts import parts as known_parts
from cordboard.office.documents import Document
from cordboard.office.kinds import KINDS
from cordboard.office.model import InternalNumber, OfficeData, OfficeLine, OfficeSettings, Route, User, UserPhone
from cordboard.scenario.faults import Fault
from cordboard.scenario.said import said
from cordboard.scenario.text.nodes import MapNode, Node, TextError, compose
from cordboard.scenario.values import parse_number
from cordboard.simulation.reading import NodeReader
from cordboard.telephony import Line
from cordboard.telephony.directory import LineMode

_SETTINGS = ("country", "time_zone", "language", "main_scenario")
PARTS = (*_SETTINGS, "calendar", "users", "lines", "numbers", "routes", *KINDS)
USER_FIELDS = ("login", "name", "number", "mobile", "language", "pin", "may_call")
LINE_FIELDS = ("name", "number", "scenario")
ROUTE_FIELDS = ("prefix", "lines", "strip", "prepend", "priority", "shortest")


@dataclass(frozen=True, slots=True)
class OfficeFile:
    """What was read. PINs stand in clear: they are of people who do not exist."""

    office: OfficeData = field(default_factory=OfficeData)
    pins: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    calendar: OfficeCalendar = field(default_factory=OfficeCalendar)


def read_office(text: str) -> OfficeFile:
    """Read an office. Never raises: faults carry their place."""
    try:
        root = compose(text)
    except TextError as error:
        return OfficeFile(faults=[error.fault])
    if not isinstance(root, MapNode):
        return OfficeFile(faults=[Fault(said("an office is a map of names"), said("begin with `users:`"), 1, 1)])
    return _OfficeReader().office(root)


class _OfficeReader(NodeReader):
    def office(self, root: MapNode) -> OfficeFile:
        parts = self.fields(root, PARTS, said("an office"))
        settings = replace(OfficeSettings(), **{name: self.text(parts[name]) for name in _SETTINGS if name in parts})
        users, pins = [], {}
        for row in self._rows(parts.get("users"), USER_FIELDS, said("a user")):
            login = self.text(row.get("login"))
            users.append(
                User(
                    login,
                    self.text(row.get("name")) or login,
                    self.text(row.get("number")),
                    self.text(row.get("mobile")),
                    self.text(row.get("language")),
                    allowed_prefixes=self._words(row.get("may_call")),
                )
            )
            pins[login] = self.text(row.get("pin"))
        lines = [
            OfficeLine(
                Line(self.text(row.get("name")), LineMode.ADDRESS, "127.0.0.1", number=self.text(row.get("number"))),
                self.text(row.get("scenario")),
            )
            for row in self._rows(parts.get("lines"), LINE_FIELDS, said("a line"))
        ]
        numbers = self.map(parts["numbers"], "numbers") if "numbers" in parts else {}
        office = OfficeData(
            settings,
            users=tuple(users),
            phones=tuple(UserPhone(user.number, user.login, "") for user in users if user.number),
            lines=tuple(lines),
            internal_numbers=tuple(InternalNumber(number, self.text(node)) for number, node in numbers.items()),
            routes=tuple(self._routes(parts.get("routes"), [line.line.name for line in lines])),
            documents=tuple(each for kind in KINDS if kind in parts for each in self._documents(kind, parts[kind])),
        )
        calendar = self._calendar(parts["calendar"]) if "calendar" in parts else OfficeCalendar()
        self.faults += [Fault(message) for message in faults(office)]
        return OfficeFile(office, {login: pin for login, pin in pins.items() if pin}, self.faults, calendar)

    def _calendar(self, node: Node) -> OfficeCalendar:
        try:
            return read_calendar(self.text(node))
        except CalendarError as fault:
            self.fault(node, str(fault), said("write it as the file of the office's calendar is written"))
            return OfficeCalendar()

    def _documents(self, kind: str, node: Node) -> Iterator[Document]:
        """Things of one kind by their names, as `cordboard office export` writes them."""
        known = known_parts()[kind]
        for name, inner in self.map(node, kind).items():
            values = {field: self.value(each) for field, each in self.map(inner, name).items()}
            try:
                item = known.whole({}, {**values, known.key: name}, OfficeSettings())
            except ConfigurationError as error:
                for fault in error.faults:
                    self.fault(inner, fault)
                continue
            assert isinstance(item, Document)
            yield item

    def _routes(self, node: Node | None, lines: Sequence[str]) -> list[Route]:
        return [
            Route(
                f"route {number}",
                self.text(row.get("prefix")),
                self._words(row.get("lines")) or tuple(lines),
                strip=self._number(row, "strip", 0),
                prepend=self.text(row.get("prepend")),
                priority=self._number(row, "priority", 0),
                shortest=self._number(row, "shortest", 7),
            )
            for number, row in enumerate(self._rows(node, ROUTE_FIELDS, said("a route")), 1)
        ]

    def _number(self, row: Mapping[str, Node], name: str, default: int) -> int:
        return int(self.parsed(row[name], parse_number, Decimal(default))) if name in row else default

    def _rows(self, node: Node | None, allowed: Sequence[str], what: str) -> list[dict[str, Node]]:
        return [self.fields(row, allowed, what) for row in self.items(node)] if node is not None else []

    def _words(self, node: Node | None) -> tuple[str, ...]:
        return tuple(word for item in self.items(node) for word in self.text(item).split()) if node else ()
