"""A script: who calls, what the world outside answers, what the caller does, and what is expected of it. Plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cordboard.scenario.rehearsal import StepAnswer
from cordboard.scenario.said import said
from cordboard.scenario.values import AnyValue
from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import Tone

OTHERS = "others"
"""Among the people: everybody who is not named."""
ANY = "*"
"""Among what is heard: any text."""
A_VOICE = Tone((440.0,), 1.0, 0.0)
"""What whoever speaks sounds like."""
LONGEST = timedelta(days=400)
"""How long a simulation goes on, in virtual time, unless its script says otherwise."""


@dataclass(frozen=True, slots=True)
class Posting:
    """Something that happens outside while a simulation runs."""

    name: str
    key: str = ""
    data: Mapping[str, AnyValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Beginning:
    """A service scenario that somebody starts while a simulation runs."""

    scenario: str
    values: Mapping[str, AnyValue] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True)
class SecondCall:
    """Somebody else calls while a simulation runs; the office decides who takes it."""

    number: str
    """What he dials; empty: the number of the line."""
    caller: str = ""
    """The number that he shows, and by which he is expected to hear this and that."""
    name: str = ""
    line: str = ""
    """The line by which he calls; empty: the first line of the office, or none for an `account`."""
    account: str = ""
    """The phone of the office from which he calls."""
    speaks: bool = False
    when: Sequence["Deed"] = ()
    """What he does in his call."""

    @property
    def told(self) -> str:
        """The call in words."""
        who = self.account or self.caller or said("somebody unknown")
        return said("call of {who} to {called}", who=who, called=self.number)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a party does, once its time has come; deeds take place one after the other.

    It waits for what is heard or for a step, then for `after` seconds; with neither, they count from the deed before,
    or from the beginning of the call. What was over at the deed before does not count, and nothing counts twice.
    """

    hears: str = ""
    """Words of a text that begins to be said; ANY is any text."""
    at: str = ""
    """A step of the own call that begins: `step`, or `scenario.step`. For who has no call: of any run."""
    visit: int = 0
    """Which beginning of that step in the call, from 1; 0: the next one."""
    after: float = 0.0
    press: str = ""
    hang_up: bool = False
    hold: float = 0.0
    """Seconds for which it puts us on hold."""
    event: Posting | None = None
    start: Beginning | None = None
    call: SecondCall | None = None
    line: int = 0
    """Where it stands in the file."""

    @property
    def outside(self) -> bool:
        """Whether it is no business of the party's phone."""
        return bool(self.event or self.start or self.call)

    @property
    def does(self) -> str:
        """What is done, in words."""
        return (
            (said("presses {keys}", keys=self.press) if self.press else "")
            or (said("hangs up") if self.hang_up else "")
            or (said("holds for {time}", time=f"{self.hold:g}s") if self.hold else "")
            or (said("event {name}", name=self.event.name) if self.event else "")
            or (said("starts {scenario}", scenario=self.start.scenario) if self.start else "")
            or (self.call.told if self.call else "")
            or said("waits")
        )

    @property
    def told(self) -> str:
        """The deed in words, with its time."""
        nth = f" ({self.visit})" if self.visit else ""
        when = said("hears {text!r}", text=self.hears) if self.hears else ""
        when = when or (said("at the step {step}", step=f"{self.at}{nth}") if self.at else "")
        parts = [when, said("after {time}", time=f"{self.after:g}s") if self.after else "", self.does]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What somebody does who is called: how he takes the call, and then in the talk."""

    far_end: FarEnd
    when: Sequence[Deed] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """The world in which a simulation begins."""

    caller: str = "+380501234567"
    """The number that the caller shows; empty: he hides it."""
    name: str = ""
    line: str = ""
    """The line by which he calls; empty: the first line of the office, or none for an `account`."""
    account: str = ""
    """The phone of the office from which he calls, by what it signs in with."""
    dialled: str = ""
    """What he has dialled; empty: the number of the line."""
    transferred_by: str = ""
    """The number of the colleague who has transferred him to here."""
    moment: datetime | None = None
    speaks: bool = False
    """Whether the caller says something all the time: a recording of him is then no silence."""
    user: str = ""
    """Of a dialog scenario: the login of whose screen it runs on."""
    language: str = ""
    """In which the office speaks; empty: as it is set."""
    limit: timedelta = LONGEST
    """After which the simulation is ended, whatever goes on."""
    key: str = ""
    """Of the service scenario that is started."""
    variables: Mapping[str, AnyValue] = field(default_factory=dict)
    """Start parameters."""
    people: Mapping[str, Sequence[Behaviour]] = field(default_factory=dict)
    """Who is called, by number, login or account. Of several behaviours each serves one call, the last all others."""
    answers: Mapping[str, Sequence[StepAnswer | None]] = field(default_factory=dict)
    """By `step`, `scenario.step`, or the kind of a component. Each serves one visit, the last all others; with None the
    component runs."""
    tables: Mapping[str, Mapping[str, Sequence[Mapping[str, str]]]] = field(default_factory=dict)
    """By workbook and sheet the rows, each by column."""
    pins: Mapping[str, str] = field(default_factory=dict)
    """The right PIN of a user, by his login."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that is expected."""

    name: str
    """What kind of thing: a key of `expect`."""
    value: Any
    """As the reader of that kind gives it."""
    line: int = 0
    of: str = ""
    """Of whom it is expected; empty: the caller."""


@dataclass(frozen=True, slots=True)
class Script:
    """One simulation, or one test if something is expected."""

    name: str = ""
    scenario: str = ""
    """Which scenario is tried."""
    call: str = ""
    """Instead of a scenario: a number is dialled, and the office decides."""
    given: Given = field(default_factory=Given)
    when: Sequence[Deed] = ()
    expect: Sequence[Wanted] = ()
    line: int = 0
