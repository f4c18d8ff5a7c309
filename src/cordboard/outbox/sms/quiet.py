"""When people are left alone. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_STEP = timedelta(minutes=5)
"""How finely the end of the quiet is looked for."""
_FAR = timedelta(days=8)
"""How far: beyond a week in which the office does not work at all."""

Working = Callable[[datetime], bool]
"""Whether the office works at a moment of its zone."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of each day, by the clock on the wall, also over midnight."""

    begin: time
    end: time

    def hold(self, at: datetime) -> bool:
        """Whether it is quiet then. The end is not."""
        now = at.time()
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


def quiet_hours(text: str) -> QuietHours | None:
    """Read `21:00-08:00`; None for an empty text. Raises ValueError, a sentence."""
    if not text.strip():
        return None
    match = _SPAN.fullmatch(text.strip())
    try:
        hours = [int(group) for group in match.groups()] if match else []
        begin, end = time(hours[0] % 24, hours[1]), time(hours[2] % 24, hours[3])
    except (IndexError, ValueError) as fault:
        raise ValueError(f"{text!r} are no quiet hours: write 21:00-08:00") from fault
    if begin == end:
        raise ValueError(f"{text!r} are no quiet hours: they never end")
    return QuietHours(begin, end)


def quiet_until(
    now: datetime, quiet: QuietHours | None, zones: Sequence[ZoneInfo], working: Working | None = None
) -> datetime | None:
    """The moment at which an SMS may leave; None if it may now.

    It must be quiet in none of `zones`, and the office must work, if `working` is given. `now` is aware; the answer is
    in UTC.
    """

    def allowed(at: datetime) -> bool:
        if quiet is not None and any(quiet.hold(at.astimezone(zone)) for zone in zones):
            return False
        return working is None or working(at)

    if allowed(now):
        return None
    # From the next full five minutes on: that is where hours begin and end.
    seconds = now.timestamp()
    first = now + timedelta(seconds=_STEP.total_seconds() - seconds % _STEP.total_seconds())
    moments = (first + step * _STEP for step in range(int(_FAR / _STEP)))
    return next((each for each in moments if allowed(each)), now + _FAR)


def zones_of(called: Sequence[str], office: ZoneInfo) -> Sequence[ZoneInfo]:
    """Whose clock counts for a phone that is in one of the zones `called`.

    The one zone, if there is one. Of several the office's, if it is among them, for most people write to their
    neighbours; else all of them. The office's if nothing is known.
    """
    if len(called) > 1 and office.key in called:
        return (office,)
    return tuple(ZoneInfo(name) for name in called) or (office,)
