"""The zones of the tz database by name. The list comes first: a name is never made into the path of a file."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cordboard.scenario.said import said
from cordboard.scenario.values import BadValueError, shorten

_known = cache(available_timezones)


def zone_named(name: str) -> ZoneInfo:
    """A zone by its name, as Europe/Kyiv. Raises BadValueError."""
    if name not in _known():
        raise BadValueError(said("{name!r} is no zone: write Europe/Kyiv or America/New_York", name=shorten(name)))
    return ZoneInfo(name)
