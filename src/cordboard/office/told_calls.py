"""What pages and programs are told of a call that has ended, as JSON has it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cordboard.office.ended_calls import EndedCall
from cordboard.telephony import PhoneNumber

CONTENT, MISSED = "call.content", "call.missed"


def topics_of(call: EndedCall) -> Sequence[str]:
    """What its content is told as."""
    return (CONTENT, MISSED) if call.missed else (CONTENT,)


def content_of(call: EndedCall) -> Mapping[str, Any]:
    """All that is known of it."""
    return {name: _plain(value) for name, value in call.content.items()}


def logins_of(call: EndedCall) -> Collection[str]:
    """The users whom it concerns."""
    return {leg["login"] for leg in call.content["legs"] if leg["login"]}


def _plain(value: Any) -> Any:
    """Phones in international writing, moments in ISO 8601, durations in seconds."""
    match value:
        case PhoneNumber():
            return value.canonical
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value
