"""Numbers written anew: a regular expression that must meet the whole number, and what takes its place."""

import re

_PLACE = re.compile(r"\{(\d)\}")
_WRITTEN = re.compile(r"(?:[+0-9*#]|\{\d\})*")


class Rewriting:
    """`match` and `replace`, where {0} is the whole and {1} the first group: 0(.{9}) and +380{1}.

    Raises ValueError for what cannot be read.
    """

    def __init__(self, match: str, replace: str) -> None:
        self._replace = replace
        try:
            self._match = re.compile(match)
        except re.error as fault:
            raise ValueError(f"{match!r} is no regular expression: {fault}") from fault
        if not _WRITTEN.fullmatch(replace):
            raise ValueError(f"{replace!r} cannot be a number: write digits, +, *, # and {{1}} for the first group")
        if any(int(place) > self._match.groups for place in _PLACE.findall(replace)):
            raise ValueError(f"{replace!r} names a group that {match!r} does not have")

    def __call__(self, number: str) -> str:
        """The number as it is rewritten; as it was, if it is not met."""
        found = self._match.fullmatch(number)
        if found is None:
            return number
        return _PLACE.sub(lambda place: found.group(int(place[1])) or "", self._replace)


def rewritten(match: str, replace: str, number: str) -> str:
    """`number` by a rule that may be empty, or wrong: then the number is as it was."""
    if not match:
        return number
    try:
        return Rewriting(match, replace)(number)
    except ValueError:
        return number
