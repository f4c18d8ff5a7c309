"""Why a leg ended, in words that a log, a scenario's exit and a person can share."""

from enum import StrEnum


class EndReason(StrEnum):
    """Why a leg is over. The value is stored in the call log and must not change."""

    HUNG_UP = "hung_up"
    """A party of an answered call put the handset down, or the exchange did so as the scenario asked."""
    CANCELLED = "cancelled"
    """The calling side gave up before the answer."""
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    """Another phone of the same call answered first."""
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    """It rang for the whole ring time."""
    REJECTED = "rejected"
    """The called person, or the scenario, declined the call."""
    UNREACHABLE = "unreachable"
    """No registered phone, no usable line, or the far end did not respond."""
    NOT_FOUND = "not_found"
    """There is no such number."""
    FORBIDDEN = "forbidden"
    """The caller may not dial this number, or did not prove who he is."""
    MEDIA_LOST = "media_lost"
    """The process that carried the voices died."""
    SHUTDOWN = "shutdown"
    """The exchange was stopped."""
    ERROR = "error"
    """A fault of the exchange or a far end that broke the protocol; the log has the words."""
