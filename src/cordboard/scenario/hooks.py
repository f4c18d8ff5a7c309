"""What starts scenarios by itself: events and schedules that they are attached to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol


class HookKind(StrEnum):
    """What a scenario is attached to. Main scenario, internal numbers and lines are the office's own settings."""

    EVENT = "event"
    """A service scenario starts at each message of a name."""
    SCHEDULE = "schedule"
    """A service scenario starts by the clock."""
    AFTER_TALK = "after_talk"
    """A voice scenario takes the external leg that remains when the office's side has hung up."""


EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "call.ended": "Every call that has ended, once its row stands in the call log: the after-call hook.",
        "call.missed": "A call from outside that nobody of the office has talked with.",
        "user.state": "A user's phones have come or gone: his login, and the state online or offline.",
        "line.down": "A line can no longer be used: its name, and why.",
        "line.up": "A line can be used again.",
        "money.cap": "80 % of a cap on minutes or money is used up, or all: scope, of, period, unit, percent, text.",
        "voicemail.left": "A message was left: box, caller, caller_name, seconds, file.",
        "recording.disk_full": "There is too little room on the disk: talks are not recorded. Why.",
        "sms.received": "An SMS has come in: phone, from, to, text, line, at, complete, stop.",
        "sms.delivered": "An SMS that was sent is on the phone: phone, line, delivery, words.",
        "sms.lost": "An SMS that the network had taken never reached the phone: phone, line, delivery, words.",
    }
)
"""The events that the exchange posts by itself; scenarios and programs may post any other name."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One attachment. Times are aware, in UTC."""

    name: str
    kind: HookKind
    scenario: str
    on: str = ""
    """The event's name, or the schedule as `schedule.parse_schedule` reads it; empty after a talk."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Start parameters as literals; what the event brings counts more."""
    enabled: bool = True
    created: datetime | None = None
    """What has happened before starts nothing."""
    fired: datetime | None = None
    """The last moment of a schedule that was seen to."""
    error: str = ""
    """Why the last start failed; empty if it did not."""


class Hooks(Protocol):
    """Keeps attachments. Every method that writes is durable when it returns."""

    async def all(self) -> Sequence[Hook]:
        """Every attachment, by name."""

    async def put(self, hook: Hook) -> None:
        """Add it, or replace the one of that name."""

    async def remove(self, name: str) -> bool:
        """Take it away. False if it was not there."""

    async def seen_to(self, name: str, fired: datetime | None, error: str) -> None:
        """Note how the last start went; `fired` only moves forward. Nothing if the hook is gone."""
