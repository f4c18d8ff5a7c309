from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cordboard.office.ended_calls import CONTENT, EndedCall, EndedCalls
from cordboard.office.ports import Person
from cordboard.telephony import ConnectionRecord, Direction, EndReason, LegRecord, LegState, Party, PhoneNumber

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class _Office:
    zone = ZoneInfo("Europe/Kyiv")

    def phone(self, text: str) -> PhoneNumber:
        return PhoneNumber.parse(text, country="UA")

    def by_account(self, account: str) -> Person | None:
        return Person(account.removesuffix("-desk"), "Ann", "101") if account.endswith("-desk") else None


def _leg(
    leg_id: str,
    *,
    inbound: bool = True,
    caller: str = "",
    dialled: str = "",
    line: str = "",
    account: str = "",
    after: float = 0,
) -> LegRecord:
    direction = Direction.INBOUND if inbound else Direction.OUTBOUND
    started = START + timedelta(seconds=after)
    return LegRecord(leg_id, "c1", direction, LegState.CALLING, Party(caller, "Bob"), dialled, account, line, started)


def _over(record: LegRecord, after: float, reason: EndReason, *, answered: float | None = None) -> LegRecord:
    return replace(
        record,
        state=LegState.ENDED,
        answered=START + timedelta(seconds=answered) if answered is not None else None,
        ended=START + timedelta(seconds=after),
        reason=reason,
    )


def _watched(*changes: LegRecord | ConnectionRecord) -> list[EndedCall]:
    calls, ended = EndedCalls(_Office()), []
    for change in changes:
        if isinstance(change, ConnectionRecord):
            calls.connection_changed(change)
        elif (call := calls.leg_changed(change)) is not None:
            ended.append(call)
    return ended


def test_a_call_from_outside_that_an_employee_took() -> None:
    caller = _leg("a", caller="0671234567", dialled="2327757", line="city")
    callee = _leg("b", inbound=False, caller="0671234567", dialled="ann-desk", account="ann-desk", after=2)
    talk = ConnectionRecord("t", "c1", "a", "b", START + timedelta(seconds=8))
    (call,) = _watched(
        caller,
        callee,
        talk,
        _over(callee, 38, EndReason.HUNG_UP, answered=8),
        replace(talk, ended=START + timedelta(seconds=38)),
        _over(caller, 38, EndReason.HUNG_UP, answered=8),
    )
    assert (call.id, call.chain, call.phone, call.missed) == ("a", "c1", "+380671234567", False)
    assert list(call.content) == list(CONTENT)
    assert call.content["phone"] == PhoneNumber.parse("+380671234567", country="UA")
    expected = {
        "direction": "inbound",
        "line": "city",
        "waited": timedelta(seconds=8),
        "talked": timedelta(seconds=30),
        "connected": True,
        "missed": False,
        "answered": True,
        "login": "ann",
        "reason": "hung_up",
        "name": "Bob",
        "dialled": "2327757",
    }
    assert {name: call.content[name] for name in expected} == expected
    (connection,) = call.content["connections"]
    assert connection["login"] == "ann"
    assert connection["talked"] == timedelta(seconds=30)


def test_a_call_that_only_a_scenario_answered_is_missed() -> None:
    leg = _leg("a", caller="", line="city")
    (call,) = _watched(leg, _over(leg, 12, EndReason.HUNG_UP, answered=1))
    assert (call.missed, call.phone) == (True, "")
    assert (call.content["connected"], call.content["answered"], call.content["waited"]) == (
        False,
        True,
        timedelta(seconds=12),
    )


def test_an_employee_who_calls_out_is_named_and_the_call_is_not_missed() -> None:
    caller = _leg("a", caller="101", dialled="90671234567", account="ann-desk")
    callee = _leg("b", inbound=False, dialled="0671234567", line="city", after=1)
    (call,) = _watched(caller, callee, _over(callee, 20, EndReason.BUSY), _over(caller, 20.5, EndReason.BUSY))
    assert call.content["direction"] == "outbound"
    assert (call.missed, call.content["connected"], call.content["login"], call.phone) == (
        False,
        False,
        "ann",
        "+380671234567",
    )


def test_colleagues_among_themselves_are_an_internal_call() -> None:
    caller = _leg("a", caller="101", dialled="102", account="ann-desk")
    callee = _leg("b", inbound=False, dialled="bob-desk", account="bob-desk", after=1)
    (call,) = _watched(caller, callee, _over(callee, 9, EndReason.NO_ANSWER), _over(caller, 9, EndReason.NO_ANSWER))
    assert (call.content["direction"], call.missed, call.content["connected"]) == ("internal", False, False)


def test_a_chain_that_lives_again_is_another_call() -> None:
    first = _leg("a", caller="0671234567", line="city")
    later = _leg("b", inbound=False, dialled="+380671234567", line="city", after=60)
    calls = _watched(
        first,
        _over(first, 3, EndReason.REJECTED),
        later,
        _over(later, 70, EndReason.NO_ANSWER),
    )
    assert [(call.id, call.chain, call.missed) for call in calls] == [
        ("a", "c1", True),
        ("b", "c1", False),
    ]
    assert calls[1].content["direction"] == "outbound"


def test_two_calls_that_became_one_end_as_one() -> None:
    # Ann calls Bob, consults Carl in another call, and joins the two.
    ann, bob = _leg("a", account="ann-desk", dialled="102"), _leg("b", inbound=False, dialled="102", after=1)
    again = replace(_leg("a2", account="ann-desk", dialled="103", after=20), chain="c2")
    tried = replace(_leg("x", inbound=False, dialled="104", after=21), chain="c2")
    carl = replace(_leg("c", inbound=False, dialled="103", after=22), chain="c2")
    asked = ConnectionRecord("t2", "c2", "a2", "c", START + timedelta(seconds=25))
    calls = EndedCalls(_Office())
    for leg in (ann, bob, again, tried, carl):
        assert calls.united(leg) == ((), ())
        assert calls.leg_changed(leg) is None
    tried = _over(tried, 22, EndReason.BUSY)
    calls.leg_changed(tried)
    calls.connection_changed(asked)
    moved = replace(carl, chain="c1")
    legs, connections = calls.united(moved)
    assert [(leg.id, leg.chain) for leg in legs] == [("a2", "c1"), ("x", "c1"), ("c", "c1")]
    assert [(each.id, each.chain) for each in connections] == [("t2", "c1")]
    assert calls.leg_changed(moved) is None
    # A bridge that began in the old chain tells of its end there.
    assert calls.connection_changed(replace(asked, ended=START + timedelta(seconds=30))).chain == "c1"
    joined = ConnectionRecord("t3", "c1", "b", "c", START + timedelta(seconds=30))
    calls.connection_changed(joined)
    ends = [
        calls.leg_changed(_over(replace(leg, chain="c1"), 40, EndReason.HUNG_UP, answered=25))
        for leg in (ann, again, bob, carl)
    ]
    assert ends[:3] == [None, None, None]
    call = ends[3]
    assert call is not None
    assert (call.chain, len(call.content["connections"])) == ("c1", 2)
    assert call.content["started"] == START
