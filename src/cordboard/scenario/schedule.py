"""When something is due again: plain words, or the five fields of cron."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo

from cronsim import CronSim, CronSimError

from cordboard.scenario.said import said

WAYS = (
    "every 15m; daily at 09:00, 17:30; on mon-fri at 09:00; monthly on 1, 15 at 09:00; at 2026-12-31 23:00; "
    "*/5 9-17 * * 1-5"
)
"""One of each kind, for messages."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY = re.compile(r"every (\d{1,3}) ?(m|h)")
_TIMED = re.compile(r"(?:daily|on (?P<days>[a-z, -]+?)|monthly on (?P<dates>[\d, ]+?)) at (?P<times>[\d:, ]+)")
_ONCE = re.compile(r"at (\d{4}-\d\d-\d\d[ t]\d\d:\d\d)")


class BadScheduleError(ValueError):
    """The text is no schedule; the message says how one is written."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule in the office's zone."""

    text: str
    crons: Sequence[str] = ()
    """Five fields each; the earliest of them counts."""
    once: datetime | None = None
    """Naive, on the office's clock."""

    def after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The first moment after `moment` (aware), in UTC; None if there is none any more.

        An hour that the clock skips in spring happens right after it, one that comes twice in autumn happens once
        (cron(8) of Debian, for times of day).
        """
        local = moment.astimezone(zone)
        if self.once is not None:
            due = self.once.replace(tzinfo=zone).astimezone(UTC)
            return due if due > moment else None
        return min(next(CronSim(cron, local)).astimezone(UTC) for cron in self.crons)


def parse_schedule(text: str) -> Schedule:
    """Read a schedule. Raises BadScheduleError."""
    plain = " ".join(text.lower().split())
    try:
        return Schedule(text, *_parsed(plain))
    except (ValueError, CronSimError) as fault:
        if isinstance(fault, BadScheduleError):
            raise
        raise BadScheduleError(
            said("{text!r} is no schedule: write one of {ways}", text=text[:80], ways=WAYS)
        ) from fault


def _parsed(plain: str) -> tuple[Sequence[str], datetime | None]:
    if found := _ONCE.fullmatch(plain):
        return (), datetime.fromisoformat(found[1].upper())
    if found := _EVERY.fullmatch(plain):
        return (_every(int(found[1]), found[2]),), None
    if found := _TIMED.fullmatch(plain):
        times = [time.fromisoformat(part.strip().rjust(5, "0")) for part in found["times"].split(",")]
        dates, days = found["dates"] or "*", _days(found["days"]) if found["days"] else "*"
        crons = [f"{at.minute} {at.hour} {dates.replace(' ', '')} * {days}" for at in times]
    elif len(plain.split()) == 5:
        crons = [plain]
    else:
        raise ValueError(plain)
    for cron in crons:
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)), None)
    return crons, None


def _every(count: int, unit: str) -> str:
    whole = 60 if unit == "m" else 24
    if count < 1 or whole % count:
        hour = said("an hour can be cut into 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60 minutes")
        day = said("a day can be cut into 1, 2, 3, 4, 6, 8, 12 or 24 hours")
        raise BadScheduleError(hour if unit == "m" else day)
    step = "*" if count == 1 else f"*/{count}" if count < whole else "0"
    return f"{step} * * * *" if unit == "m" else f"0 {step} * * *"


def _days(words: str) -> str:
    """`mon-fri, sun` as cron counts days: 1 is Monday, 7 Sunday."""
    parts = []
    for part in words.split(","):
        ends = [str(_DAYS.index(word.strip()) + 1) for word in part.split("-")]
        if len(ends) > 2:
            raise ValueError(words)
        parts.append("-".join(ends))
    return ",".join(parts)
