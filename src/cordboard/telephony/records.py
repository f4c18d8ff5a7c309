"""Snapshots of legs and connections as the exchange reports them to a listener (call log, live view)."""

from dataclasses import dataclass
from datetime import datetime

from cordboard.telephony.party import Direction, LegState, Party
from cordboard.telephony.reasons import EndReason


@dataclass(frozen=True, slots=True)
class LegRecord:
    """One leg as it stands now. Times are aware, in UTC."""

    id: str
    chain: str
    direction: Direction
    state: LegState
    caller: Party
    """Who calls on this leg: the far end if inbound, whom we show if outbound."""
    dialled: str
    """What the caller dialled (inbound) or what we dialled (outbound)."""
    account: str
    """The phone account at the far end; empty for an external line, or while several phones ring."""
    line: str
    """The external line; empty for a phone of the office."""
    started: datetime
    ringing: datetime | None = None
    answered: datetime | None = None
    ended: datetime | None = None
    reason: EndReason | None = None
    held: bool = False
    recorded: bool = False
    """Whether a recording of the talk was ever begun."""
    replaces: str = ""
    """The id of the leg in whose place this inbound one wants to talk (RFC 3891); empty for nearly all."""
    led_by: str = ""
    """The number of the colleague who has last transferred the far end; empty for nearly all."""
    redirected_to: str = ""
    """Where the called phone wants the call led instead, as dialled, if the reason is REDIRECTED (a 3xx)."""


@dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """Two legs joined. Times are aware, in UTC."""

    id: str
    chain: str
    a_leg: str
    b_leg: str
    started: datetime
    ended: datetime | None = None
