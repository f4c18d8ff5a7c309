"""Which line takes a message. Pure."""

from collections.abc import Iterable, Sequence

from cordboard.outbox.sms.keeping import SmsLineConfig


def by_preference(lines: Iterable[SmsLineConfig], phone: str) -> Sequence[SmsLineConfig]:
    """The enabled lines that serve `phone` (canonical), the best first.

    Whose prefix fits longest is best, then who costs least, then the lowest rank, then the name. A line without
    prefixes serves all, and fits least.
    """
    fitting = [(length, line) for line in lines if line.enabled and (length := _fits(line, phone)) is not None]
    return [line for _, line in sorted(fitting, key=lambda each: (-each[0], each[1].cost, each[1].rank, each[1].name))]


def _fits(line: SmsLineConfig, phone: str) -> int | None:
    """The length of its longest prefix of that phone; None if it has prefixes, and none fits."""
    fitting = [len(prefix) for prefix in line.prefixes if phone.startswith(prefix)]
    return max(fitting, default=None if line.prefixes else 0)
