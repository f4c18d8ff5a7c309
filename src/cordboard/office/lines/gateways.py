"""SIP-GSM gateways: one box, several SIM cards, each of them a line."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cordboard.office.documents import Document, Name
from cordboard.telephony import Line
from cordboard.telephony.directory import LineMode

if TYPE_CHECKING:
    from cordboard.office.model import OfficeData, OfficeLine

Port = Annotated[int, Field(ge=0, le=65535)]


class Modem(BaseModel):
    """One modem with its SIM card: a line of the office. It is found by its port, its prefix or its user part."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    line: Name
    """The name of the line."""
    number: Annotated[str, Field(pattern=r"^\+?[0-9]{0,32}$")] = ""
    """The number of its SIM card."""
    port: Port = 0
    """The port of the gateway at which it is reached, and from which it calls; 0: the gateway's own."""
    prefix: Annotated[str, Field(pattern=r"^[0-9*#+]{0,32}$")] = ""
    """What the gateway wants before a number to take this modem."""
    called: Annotated[str, Field(pattern=r"^[A-Za-z0-9*#+_.-]{0,64}$")] = ""
    """What the gateway dials when a call has come in on this modem: tells modems of one port apart."""
    scenario: str = ""
    """Takes its inbound calls in place of the main scenario."""
    enabled: bool = True
    """Whether it is used."""


class Gateway(Document):
    """A gateway with modems. What each may carry stands in the rules of its line."""

    kind: ClassVar[str] = "gateways"
    secrets: ClassVar[tuple[str, ...]] = ("password",)

    host: Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$")]
    """Its address."""
    port: Annotated[int, Field(ge=1, le=65535)] = 5060
    """Where it listens."""
    transport: Literal["udp", "tcp"] = "udp"
    """How it is spoken to."""
    username: Annotated[str, Field(max_length=100)] = ""
    """What it asks us to sign calls with, if it does."""
    password: Annotated[str, Field(max_length=200, repr=False)] = ""
    """The password for that."""
    behind_nat: bool = False
    """Whether its voice may arrive from elsewhere than it says."""
    modems: tuple[Modem, ...]
    """Its modems."""

    def lines(self) -> Iterator["OfficeLine"]:
        """Each modem as a line."""
        from cordboard.office.model import OfficeLine  # noqa: PLC0415 - the model knows documents, not their kinds

        for modem in self.modems:
            line = Line(
                modem.line,
                LineMode.ADDRESS,
                self.host,
                modem.port or self.port,
                self.transport,
                modem.number,
                self.username,
                self.password,
                behind_nat=self.behind_nat,
                prefix=modem.prefix,
                called=modem.called,
            )
            yield OfficeLine(line, modem.scenario, modem.enabled)

    def faults(self, office: "OfficeData") -> Iterator[str]:
        """Names of lines are unique, and the modems can be told apart."""
        others = [each.line.name for each in office.lines]
        others += [
            line.line.name
            for each in office.documents
            if isinstance(each, Gateway) and each.name != self.name
            for line in each.lines()
        ]
        seen: set[tuple[int, str]] = set()
        names: set[str] = set()
        for modem in self.modems:
            if modem.line in others or modem.line in names:
                yield f"gateway {self.name}: there are two lines {modem.line}: give one of them another name"
            if (way := (modem.port, modem.called)) in seen:
                yield f"gateway {self.name}: nothing tells a call of {modem.line} apart: give it a port or a user part"
            names.add(modem.line)
            seen.add(way)


def all_lines(office: "OfficeData") -> Sequence["OfficeLine"]:
    """The lines of the office, those of gateways included; of two with one name the first."""
    found = {each.line.name: each for each in reversed([*office.lines, *_of_gateways(office)])}
    return list(reversed(found.values()))


def _of_gateways(office: "OfficeData") -> Iterator["OfficeLine"]:
    for each in office.documents:
        if isinstance(each, Gateway):
            yield from each.lines()
