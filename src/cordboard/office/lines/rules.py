"""What a line may carry, how much of it, and whom the called side sees."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field, model_validator

from cordboard.office.documents import Document
from cordboard.office.lines.gateways import all_lines
from cordboard.office.lines.prefixes import Days, Hours, Prefix, longest
from cordboard.office.lines.rewriting import Rewriting

if TYPE_CHECKING:
    from cordboard.office.model import OfficeData, OfficeLine

Count = Annotated[int, Field(ge=0, le=1_000_000)]
Price = Annotated[Decimal, Field(ge=0, le=10_000)]
World = Annotated[str, Field(pattern=r"^\+?[0-9]{0,32}$")]
"""A number outside, or nothing."""


class CallerId(StrEnum):
    """Whom the called side sees."""

    OWN = "own"
    """The line's own number."""
    USER = "user"
    """The number from outside that leads to the user who calls; the line's own if he has none."""
    CALLER = "caller"
    """Whoever called us, if the call is led on; the line's own if it began inside. Many providers refuse that."""
    FIXED = "fixed"
    """Always the same number."""
    ANONYMOUS = "anonymous"
    """Nobody."""
    TRANSFORMED = "transformed"
    """The internal number of the user, rewritten."""


class LineRules(Document):
    """The rules of one line; its name is the line's. A line without rules carries everything, without limits."""

    kind: ClassVar[str] = "line_rules"

    number: World = ""
    """Its own number, in place of the one that was given to the line."""
    gateway: str = ""
    """The gateway that it belongs to, if it is not one of its modems anyhow."""
    allowed: tuple[Prefix, ...] = ()
    """Beginnings of the numbers that it may carry; none: all."""
    calls: Count = 0
    """Calls at once, both ways together; 0: any number."""
    calls_in: Count = 0
    """Calls at once that came in over it; 0: any number."""
    calls_out: Count = 0
    """Calls at once that go out over it; 0: any number."""
    calls_a_second: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """Calls that may begin in a second; 0.5: one in two seconds; 0: any number."""
    minutes_a_day: Count = 0
    """Minutes that may be talked outwards in a day of the office; 0: any number."""
    minutes_a_month: Count = 0
    """Minutes that may be talked outwards in a month; 0: any number."""
    prices: Mapping[Prefix, Price] = {}
    """What a minute costs, by the beginning of the number: the longest counts. Free of charge is 0."""
    charged_by: Annotated[int, Field(ge=1, le=3600)] = 1
    """Seconds by which the provider counts: 60, if each minute that has begun is paid whole."""
    quiet_hours: Hours = ""
    """Hours in which nothing goes out over it: 22:00-08:00."""
    quiet_days: Days = ""
    """Days on which the quiet hours count."""
    in_band_keys: bool = False
    """Whether keys come as tones in the voice, although its far end says that it sends them otherwise."""
    caller_id: CallerId = CallerId.OWN
    """Whom the called side sees."""
    shown: World = ""
    """The fixed number that is shown."""
    shown_match: Annotated[str, Field(max_length=200)] = ""
    """Of a transformed number: a regular expression that meets the internal number."""
    shown_replace: Annotated[str, Field(max_length=100)] = ""
    """What is shown instead: +38032232{1}."""
    inbound_numbers: tuple[World, ...] = ()
    """Numbers outside that lead to it, beside its own."""
    check_every: Annotated[float, Field(ge=0, le=3600)] = 30.0
    """Seconds between questions whether its far end is there; 0: it is never asked."""

    @model_validator(mode="after")
    def _shown_can_be_made(self) -> Self:
        if self.caller_id is CallerId.FIXED and not self.shown:
            raise ValueError("say which number is shown: fill `shown`")
        if self.caller_id is CallerId.TRANSFORMED:
            Rewriting(self.shown_match, self.shown_replace)
        return self

    def price(self, canonical: str) -> Decimal | None:
        """What a minute to that number costs; None if nobody has said."""
        return longest(canonical, self.prices)

    def faults(self, office: "OfficeData") -> Iterator[str]:
        """The line must be there."""
        if self.name not in {each.line.name for each in all_lines(office)}:
            yield f"rules of the line {self.name}: there is no such line"
        if self.gateway and not any(each.kind == "gateways" and each.name == self.gateway for each in office.documents):
            yield f"rules of the line {self.name}: there is no gateway {self.gateway}"


def ruled(item: "OfficeLine", rules: LineRules) -> "OfficeLine":
    """A line with what its rules say of it."""
    line = replace(
        item.line,
        number=rules.number or item.line.number,
        check_every=rules.check_every,
        inband_keys=rules.in_band_keys,
    )
    return replace(item, line=line)
