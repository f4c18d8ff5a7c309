"""Reasons and statuses, both ways."""

import pytest

from cordboard.sip.api import EndedBy, SessionEnd
from cordboard.switch.causes import reason_for, status_for, summary
from cordboard.telephony import EndReason


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (EndReason.BUSY, 486),
        (EndReason.NO_ANSWER, 480),
        (EndReason.UNREACHABLE, 480),
        (EndReason.REJECTED, 603),
        (EndReason.NOT_FOUND, 404),
        (EndReason.FORBIDDEN, 403),
        (EndReason.MEDIA_LOST, 503),
        (EndReason.SHUTDOWN, 503),
        (EndReason.ERROR, 500),
        (EndReason.HUNG_UP, 480),
        (EndReason.CANCELLED, 480),
        (EndReason.ANSWERED_ELSEWHERE, 480),
    ],
)
def test_an_unanswered_caller_is_told(reason: EndReason, status: int) -> None:
    assert status_for(reason)[0] == status


def test_every_reason_has_a_status() -> None:
    assert all(400 <= status_for(reason)[0] < 700 for reason in EndReason)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, EndReason.UNREACHABLE),
        (403, EndReason.REJECTED),
        (404, EndReason.NOT_FOUND),
        (408, EndReason.UNREACHABLE),
        (410, EndReason.NOT_FOUND),
        (480, EndReason.NO_ANSWER),
        (484, EndReason.NOT_FOUND),
        (486, EndReason.BUSY),
        (488, EndReason.UNREACHABLE),
        (500, EndReason.UNREACHABLE),
        (503, EndReason.UNREACHABLE),
        (600, EndReason.BUSY),
        (603, EndReason.REJECTED),
        (604, EndReason.NOT_FOUND),
        (607, EndReason.REJECTED),
        (699, EndReason.UNREACHABLE),
    ],
)
def test_a_refusal_is_a_reason(status: int, reason: EndReason) -> None:
    assert reason_for(SessionEnd(EndedBy.REMOTE, status), answered=False) is reason


@pytest.mark.parametrize(
    ("end", "answered", "reason"),
    [
        (SessionEnd(EndedBy.REMOTE), True, EndReason.HUNG_UP),
        (SessionEnd(EndedBy.TIMEOUT), True, EndReason.VANISHED),
        (SessionEnd(EndedBy.REMOTE), False, EndReason.CANCELLED),
        (SessionEnd(EndedBy.REMOTE, elsewhere=True), False, EndReason.ANSWERED_ELSEWHERE),
        (SessionEnd(EndedBy.TIMEOUT, 408), False, EndReason.UNREACHABLE),
        (SessionEnd(EndedBy.TIMEOUT, 503), False, EndReason.UNREACHABLE),
        (SessionEnd(EndedBy.TIMEOUT), False, EndReason.UNREACHABLE),
    ],
)
def test_an_end_is_a_reason(end: SessionEnd, answered: bool, reason: EndReason) -> None:
    assert reason_for(end, answered=answered) is reason


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        ([], EndReason.UNREACHABLE),
        ([EndReason.UNREACHABLE, EndReason.NO_ANSWER], EndReason.NO_ANSWER),
        ([EndReason.NO_ANSWER, EndReason.REJECTED], EndReason.REJECTED),
        ([EndReason.REJECTED, EndReason.BUSY], EndReason.BUSY),
        ([EndReason.UNREACHABLE, EndReason.NOT_FOUND], EndReason.NOT_FOUND),
        ([EndReason.CANCELLED], EndReason.UNREACHABLE),
    ],
)
def test_several_phones_have_one_reason(reasons: list[EndReason], told: EndReason) -> None:
    assert summary(reasons) is told
