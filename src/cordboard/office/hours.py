"""Hours of a week: spans of the day, also beyond midnight, on some of its days."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of a day. If it closes no later than it opens, it ends on the next day, and belongs to the first."""

    opens: time
    closes: time

    @property
    def overnight(self) -> bool:
        """Whether it goes beyond midnight."""
        return self.closes <= self.opens

    def holds(self, at: datetime, day: date) -> bool:
        """Whether `at` is in the span that begins on `day`. The end is not in it. By the clock on the wall."""
        if at.date() == day:
            return self.opens <= at.time() and (self.overnight or at.time() < self.closes)
        return self.overnight and at.date() == day + timedelta(days=1) and at.time() < self.closes


def days_of(text: str) -> Iterator[int]:
    """Week days, 0 is Monday: `mon-fri`, `sat, sun`, `fri-mon`; an empty text is every day. Raises ValueError."""
    for part in text.lower().split(",") if text.strip() else ("mon-sun",):
        first, _, last = (piece.strip() for piece in part.partition("-"))
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(part.strip())
        begin, end = DAYS.index(first), DAYS.index(last or first)
        yield from ((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def spans_of(text: str) -> tuple[Span, ...]:
    """Spans of a day: `09:00-13:00, 14:00-18:00`, `22:00-06:00`; none for `closed` or nothing. Raises ValueError."""
    if text.strip().lower() in ("", "closed"):
        return ()
    spans = []
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            raise ValueError(part.strip())
        hour, minute, last_hour, last_minute = (int(group) for group in match.groups())
        # 24:00 is how people write the end of a day.
        closes = time() if (last_hour, last_minute) == (24, 0) else time(last_hour, last_minute)
        spans.append(Span(time(hour, minute), closes))
    return tuple(spans)


def open_at(at: datetime, spans_on: "Iterable[tuple[date, Iterable[Span]]]") -> bool:
    """Whether one of the spans of the given days holds `at`."""
    return any(span.holds(at, day) for day, spans in spans_on for span in spans)


def days_around(at: datetime) -> tuple[date, date]:
    """The days whose spans may hold `at`: this one, and the one before it."""
    return at.date(), at.date() - timedelta(days=1)
