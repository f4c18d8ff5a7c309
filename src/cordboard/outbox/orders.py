"""What an effect asks for, read from its payload. Pure: the store makes rows of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cordboard.outbox.addresses import BadAddressError, email_address, sms_recipient, web_address
from cordboard.outbox.ports import EMAIL, SMS, WEBHOOK

PATIENCE = timedelta(days=2)
"""How long a delivery is tried unless its order says it."""


@dataclass(frozen=True, slots=True)
class Order:
    """An effect that was read."""

    recipients: Sequence[str]
    ordered: datetime
    deadline: datetime
    same: str = ""
    """What makes it the same order as another; empty: nothing does."""
    window: timedelta = timedelta(0)
    """For how long."""


def read_order(kind: str, payload: Mapping[str, Any], now: datetime) -> Order:
    """Read a payload. Raises ValueError, a sentence."""
    ordered = _moment(payload.get("ordered"), now)
    patience = payload.get("patience")
    allowed = timedelta(seconds=patience) if isinstance(patience, (int, float)) and patience > 0 else PATIENCE
    window = payload.get("window")
    return Order(
        _RECIPIENTS[kind](payload),
        ordered,
        ordered + allowed,
        str(payload.get("same", "")),
        timedelta(seconds=window) if isinstance(window, (int, float)) else timedelta(0),
    )


def _moment(written: object, now: datetime) -> datetime:
    """The moment of ordering: never in the future, and aware."""
    try:
        moment = datetime.fromisoformat(str(written))
    except ValueError:
        return now
    return min(moment, now) if moment.tzinfo else now


def _addresses(payload: Mapping[str, Any]) -> Sequence[str]:
    """Each address once, in the order in which they are written; no server tells Anna@ from anna@."""
    found: dict[str, str] = {}
    for part in _listed(payload):
        if part.strip():
            address = email_address(part)
            found.setdefault(address.lower(), address)
    if not found:
        raise BadAddressError("the mail has no recipient")
    return list(found.values())


def _phones(payload: Mapping[str, Any]) -> Sequence[str]:
    """Each phone once, canonical. National writings need the country that the order tells; short codes none."""
    country = str(payload.get("country") or "")
    phones = [sms_recipient(part, country) for part in _listed(payload) if part.strip()]
    if not phones:
        raise BadAddressError("the SMS has no recipient")
    return list(dict.fromkeys(phones))


def _listed(payload: Mapping[str, Any]) -> Sequence[str]:
    return str(payload.get("to") or "").split(",")


_RECIPIENTS: Mapping[str, Callable[[Mapping[str, Any]], Sequence[str]]] = {
    EMAIL: _addresses,
    SMS: _phones,
    WEBHOOK: lambda payload: [web_address(str(payload.get("to") or ""))],
}
KINDS = tuple(_RECIPIENTS)
"""The kinds of effects that the outbox takes."""
