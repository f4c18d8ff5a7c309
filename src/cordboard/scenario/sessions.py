"""What the scenarios of one story share, beyond the end of each: session variables, the language, the shown caller."""

from collections import OrderedDict
from dataclasses import dataclass, field

from cordboard.scenario.values import AnyValue
from cordboard.telephony import Party

_KEPT = 10_000
"""Stories. The one that was not asked for the longest is forgotten first; service runs hold copies of their own."""


@dataclass(slots=True)
class Session:
    """Belongs to a chain, on this node, for as long as it is used. Everything in it ends with the calls of the node."""

    values: dict[str, AnyValue] = field(default_factory=dict)
    """The variables that are declared with `session: true`, by name."""
    language: str = ""
    """en, ru or uk; empty: that of the office."""
    shown: Party | None = None
    """Whom the sides that are called from here on shall see; None: as the office decides."""


class Sessions:
    """The sessions by chain."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Session] = OrderedDict()

    def of(self, chain: str) -> Session:
        """The session of a chain, which begins with being asked for."""
        session = self._kept.get(chain)
        if session is None:
            session = self._kept[chain] = Session()
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(chain)
        return session
