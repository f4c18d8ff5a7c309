"""When a delivery is tried again. Pure."""

import random
from datetime import datetime, timedelta

FIRST = 30.0
"""Seconds after the first attempt."""
LONGEST = 3600.0
"""Seconds between two attempts, however many there were."""
LEAST = timedelta(minutes=1)
"""A shorter time before the deadline is not worth another attempt."""


def pause(tries: int, dice: random.Random) -> float:
    """Seconds until the next attempt after `tries`: doubled each time, and up to a quarter more or less by chance."""
    doubled: float = min(LONGEST, FIRST * 2 ** min(max(tries - 1, 0), 16))
    return doubled * dice.uniform(0.75, 1.25)


def next_try(now: datetime, deadline: datetime, seconds: float) -> datetime | None:
    """The moment after `seconds`, or, where that is beyond the deadline, half-way to it. None: the time is over."""
    left = deadline - now
    if left < LEAST:
        return None
    return now + min(timedelta(seconds=seconds), left / 2)
