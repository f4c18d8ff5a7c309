"""What the scenarios of one story share, beyond the end of each: session variables, how it is spoken, who is shown."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any, Self

from cordboard.scenario.values import AnyValue, JsonValue, from_json, to_json
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
    voice: str = ""
    """The name of the voice, or of several, as `speech.api.Speech` takes it; empty: that of the office."""
    speed: float = 1.0
    """How fast it speaks, beside the office's own speed."""

    def copy(self) -> "Session":
        """What a service run begins with."""
        return replace(self, values=dict(self.values))

    def to_json(self) -> JsonValue:
        """As the checkpoint of a service run holds it."""
        return {
            "values": {name: to_json(value) for name, value in self.values.items()},
            "language": self.language,
            "shown": [self.shown.number, self.shown.name] if self.shown else None,
            "voice": self.voice,
            "speed": self.speed,
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read what `to_json` wrote; nothing, from a checkpoint that is older than sessions, is an empty one."""
        if not raw:
            return cls()
        values = {name: from_json(value) for name, value in raw["values"].items()}
        shown = Party(*raw["shown"]) if raw["shown"] else None
        return cls(values, raw["language"], shown, raw.get("voice", ""), raw.get("speed", 1.0))


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

    def copied(self, chain: str) -> Session:
        """A copy of the session of a chain; an empty one if it has none. None begins by this."""
        found = self._kept.get(chain)
        return found.copy() if found is not None else Session()

    def adopt(self, chain: str, session: Session) -> None:
        """Let the legs of a chain that a service run began share the session of that run."""
        if self._kept.setdefault(chain, session) is session:
            self.of(chain)
