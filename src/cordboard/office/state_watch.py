"""Notices when a line goes down or comes up, and when the phones of a user come or go."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StateChange:
    """Something that scenarios may be attached to: an event's name, whom it is about, and what is told."""

    name: str
    key: str
    data: Mapping[str, str]


@dataclass(slots=True)
class StateWatch:
    """Compares what is with what was. The first look is how things stand and changes nothing."""

    _lines: dict[str, bool] | None = None
    _online: set[str] = field(default_factory=set)

    def look(self, lines: Mapping[str, tuple[bool, str]], online: Set[str]) -> list[StateChange]:
        """`lines`: whether each is up, and a note; `online`: the logins with a phone that is signed in."""
        before_lines, before_online = self._lines, self._online
        self._lines = {name: up for name, (up, _) in lines.items()}
        self._online = set(online)
        if before_lines is None:
            return []
        changes = [
            StateChange("line.up" if up else "line.down", name, {"line": name, "note": note})
            for name, (up, note) in sorted(lines.items())
            if before_lines.get(name, up) is not up
        ]
        changes += [
            StateChange("user.state", login, {"login": login, "state": "online" if login in online else "offline"})
            for login in sorted(before_online ^ self._online)
        ]
        return changes
