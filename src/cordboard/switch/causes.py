"""Reasons of the telephony room and statuses of the wire, in two tables (RFC 3261 §21)."""

from cordboard.sip.api import EndedBy, SessionEnd
from cordboard.telephony import EndReason

_STATUS = {
    EndReason.BUSY: (486, "Busy Here"),
    EndReason.NO_ANSWER: (480, "Temporarily Unavailable"),
    EndReason.REJECTED: (603, "Decline"),
    EndReason.UNREACHABLE: (480, "Temporarily Unavailable"),
    EndReason.NOT_FOUND: (404, "Not Found"),
    EndReason.FORBIDDEN: (403, "Forbidden"),
    EndReason.MEDIA_LOST: (503, "Service Unavailable"),
    EndReason.SHUTDOWN: (503, "Service Unavailable"),
    EndReason.ERROR: (500, "Server Internal Error"),
}

_REASON = {
    403: EndReason.REJECTED,
    404: EndReason.NOT_FOUND,
    408: EndReason.UNREACHABLE,
    410: EndReason.NOT_FOUND,
    480: EndReason.UNREACHABLE,
    484: EndReason.NOT_FOUND,
    486: EndReason.BUSY,
    487: EndReason.CANCELLED,
    600: EndReason.BUSY,
    603: EndReason.REJECTED,
    604: EndReason.NOT_FOUND,
}


def status_for(reason: EndReason) -> tuple[int, str]:
    """The final response that tells an unanswered caller why."""
    return _STATUS.get(reason, (480, "Temporarily Unavailable"))


def reason_for(end: SessionEnd, *, answered: bool) -> EndReason:
    """Why a session that the far end, or the wire, ended is over."""
    if answered:
        return EndReason.HUNG_UP if end.by is EndedBy.REMOTE else EndReason.ERROR
    if end.status is None:
        return EndReason.CANCELLED if end.by is EndedBy.REMOTE else EndReason.UNREACHABLE
    if end.status == 480 and end.by is EndedBy.REMOTE:
        # A phone that was there to say 480 was reached: nobody took the call (do not disturb, or rang out there).
        return EndReason.NO_ANSWER
    return _REASON.get(end.status, EndReason.UNREACHABLE)


WORST_LAST = (
    EndReason.BUSY,
    EndReason.REJECTED,
    EndReason.NO_ANSWER,
    EndReason.NOT_FOUND,
    EndReason.UNREACHABLE,
)
"""Of several phones that were called at once, which reason the call ended with."""


def summary(reasons: list[EndReason]) -> EndReason:
    """The one reason of a call to several phones."""
    return next((reason for reason in WORST_LAST if reason in reasons), EndReason.UNREACHABLE)
