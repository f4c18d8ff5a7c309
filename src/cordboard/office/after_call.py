"""What is noted about a call while it lasts, beside its legs: for the content that the after-call scenario is told."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_CALLS = 10_000
"""Calls. The one of which nothing was noted for the longest is forgotten first."""
_STEPS = 200
"""Steps of one scenario, and keys of one call."""


@dataclass(slots=True)
class _Notes:
    paths: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    """Run → scenario and its steps."""
    keys: list[str] = field(default_factory=list)
    recordings: list[str] = field(default_factory=list)


class CallNotes:
    """Notes of living calls, in memory: what a crash takes away is in the traces and among the recordings."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, _Notes] = OrderedDict()

    def began(self, chain: str, run: str, scenario: str) -> None:
        """A scenario began."""
        self._of(chain).paths.setdefault(run, (scenario, []))

    def stepped(self, chain: str, run: str, step: str, keys: Sequence[str] = ()) -> None:
        """A step is over; `keys` were pressed meanwhile, those that nobody may know as `•`."""
        notes = self._calls.get(chain)
        if notes is None or run not in notes.paths:
            return
        if len(notes.paths[run][1]) < _STEPS:
            notes.paths[run][1].append(step)
        notes.keys += keys[: max(0, _STEPS - len(notes.keys))]

    def recorded(self, chain: str, file: str) -> None:
        """A recording has begun, under its name within the folder of recordings."""
        self._of(chain).recordings.append(file)

    def discarded(self, file: str) -> None:
        """It was nothing: an empty one that is not kept."""
        for notes in self._calls.values():
            if file in notes.recordings:
                notes.recordings.remove(file)

    def moved(self, chain: str, to: str) -> None:
        """Two calls have become one."""
        gone = self._calls.pop(chain, None)
        if gone is not None:
            notes = self._of(to)
            notes.paths |= gone.paths
            notes.keys += gone.keys
            notes.recordings += gone.recordings

    def take(self, chain: str) -> Mapping[str, Any]:
        """All that was noted, by the names of `ended_calls.CONTENT`; it is forgotten then."""
        notes = self._calls.pop(chain, None) or _Notes()
        return {
            "scenarios": [{"scenario": name, "path": list(steps)} for name, steps in notes.paths.values()],
            "keys": "".join(notes.keys),
            "recordings": list(dict.fromkeys(notes.recordings)),
        }

    def _of(self, chain: str) -> _Notes:
        notes = self._calls.setdefault(chain, _Notes())
        self._calls.move_to_end(chain)
        while len(self._calls) > _CALLS:
            self._calls.popitem(last=False)
        return notes
