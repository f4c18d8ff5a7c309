"""What an expression can see: the names that every scenario has, and the variables of this one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol

from cordboard.scenario.values import AnyValue, ValueType

T = ValueType


class Names(Protocol):
    """The values of the names in scope; a dict will do."""

    def __getitem__(self, name: str, /) -> AnyValue:
        """The value of a name."""


@dataclass(frozen=True, slots=True)
class CallDatum:
    """A name that every scenario has."""

    type: ValueType
    help: str


CALL_DATA: Mapping[str, CallDatum] = {
    "caller": CallDatum(T.PHONE, "Who calls. Empty if the number is hidden, and in a run without a call."),
    "caller_name": CallDatum(T.TEXT, "The name that came with the call or stands in the directory; else empty."),
    "dialled": CallDatum(T.PHONE, "The number that was dialled."),
    "line": CallDatum(T.TEXT, "The line (trunk or gateway) by which the call came; empty for a call from inside."),
    "transferred_by": CallDatum(
        T.TEXT, "The internal number of the colleague who has transferred the caller to here; else empty."
    ),
    "chain": CallDatum(T.TEXT, "The id that all parts of one call share in the call log."),
    "waiting": CallDatum(T.DURATION, "How long ago the call came; 0s in a run without a call."),
    "now": CallDatum(T.DATETIME, "The present moment, in the zone of the office."),
    "today": CallDatum(T.DATE, "The present day in the zone of the office."),
    "error": CallDatum(T.TEXT, "The words of the last fault, for the steps behind an `error` exit; else empty."),
    "run": CallDatum(T.TEXT, "The id of this run."),
    "user": CallDatum(T.TEXT, "The user of the office who is on the call or started the run; else empty."),
    "scenario": CallDatum(T.TEXT, "The name of the scenario that runs now."),
    "language": CallDatum(T.TEXT, "The language of the call: en, ru or uk. The component *set language* changes it."),
    "release": CallDatum(T.NUMBER, "The number of the release that the run is pinned to."),
}
"""Data of the call and of the run, by name."""

OF_A_CALL = frozenset({"caller", "caller_name", "dialled", "line", "transferred_by", "waiting"})
"""What is empty in a service scenario, which has no call: there, variables may have these names, as events do."""

BUILTINS: Mapping[str, ValueType] = {name: datum.type for name, datum in CALL_DATA.items()}
"""Names that every scenario has: data of the call, the moment, the words of the last fault."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can see."""

    zone: tzinfo
    country: str
    variables: Mapping[str, ValueType] = field(default_factory=dict)

    def type_of(self, name: str) -> ValueType | None:
        """The type of a name; None if there is no such name."""
        return self.variables.get(name) or BUILTINS.get(name)
