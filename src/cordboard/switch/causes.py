"""Reasons of the telephony room and statuses of the wire, in two tables (RFC 3261 §21)."""

from collections.abc import Sequence

from cordboard.sip.api import EndedBy, SessionEnd
from cordboard.telephony import EndReason

_UNAVAILABLE = (480, "Temporarily Unavailable")

_STATUS = {
    EndReason.BUSY: (486, "Busy Here"),
    EndReason.REJECTED: (603, "Decline"),
    EndReason.NOT_FOUND: (404, "Not Found"),
    EndReason.FORBIDDEN: (403, "Forbidden"),
    EndReason.MEDIA_LOST: (503, "Service Unavailable"),
    EndReason.SHUTDOWN: (503, "Service Unavailable"),
    EndReason.ERROR: (500, "Server Internal Error"),
}

_REASON = {
    403: EndReason.REJECTED,
    404: EndReason.NOT_FOUND,
    410: EndReason.NOT_FOUND,
    # A phone that was there to say 480 was reached: nobody took the call (do not disturb, or it rang out there).
    480: EndReason.NO_ANSWER,
    484: EndReason.NOT_FOUND,
    486: EndReason.BUSY,
    487: EndReason.CANCELLED,
    600: EndReason.BUSY,
    603: EndReason.REJECTED,
    604: EndReason.NOT_FOUND,
    607: EndReason.REJECTED,  # Unwanted (RFC 8197)
    608: EndReason.REJECTED,  # Rejected (RFC 8688)
}


_AFTER_THE_ANSWER = {
    EndedBy.REMOTE: EndReason.HUNG_UP,
    EndedBy.LOCAL: EndReason.ERROR,
    EndedBy.TIMEOUT: EndReason.VANISHED,
}


def status_for(reason: EndReason) -> tuple[int, str]:
    """The final response that tells an unanswered caller why."""
    return _STATUS.get(reason, _UNAVAILABLE)


def reason_for(end: SessionEnd, *, answered: bool) -> EndReason:
    """Why a session that the far end, or the wire, ended is over."""
    if answered:
        return _AFTER_THE_ANSWER[end.by]
    if end.elsewhere:
        return EndReason.ANSWERED_ELSEWHERE
    if end.status is None:
        return EndReason.CANCELLED if end.by is EndedBy.REMOTE else EndReason.UNREACHABLE
    if end.redirected_to:
        return EndReason.REDIRECTED
    return _REASON.get(end.status, EndReason.UNREACHABLE)


_FIRST_THAT_OCCURRED = (
    EndReason.REDIRECTED,  # the only one that says how the call can go on
    EndReason.BUSY,
    EndReason.REJECTED,
    EndReason.NO_ANSWER,
    EndReason.NOT_FOUND,
)


def summary(reasons: Sequence[EndReason]) -> EndReason:
    """The one reason of a call to several phones: that of the phone which came nearest to a person."""
    return next((reason for reason in _FIRST_THAT_OCCURRED if reason in reasons), EndReason.UNREACHABLE)
