"""The rows of ended calls, literally: who called whom, what they show, when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cordboard.office.connections import ConnectionRow, connection_rows
from cordboard.office.ports import Person
from cordboard.telephony import ConnectionRecord, Direction, EndReason, LegRecord, LegState, Party

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""Ten o'clock in Kyiv."""


class _Office:
    zone = ZoneInfo("Europe/Kyiv")

    def by_account(self, account: str) -> Person | None:
        return Person(account.removesuffix("-desk"), "", "101") if account.endswith("-desk") else None


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def here(seconds: float) -> datetime:
    return datetime(2026, 11, 23, 10, 0) + timedelta(seconds=seconds)  # noqa: DTZ001 - as it stands in the row


def came(name: str, number: str, dialled: str, *, line: str = "", account: str = "") -> LegRecord:
    """A leg that came in at 0 and has ended at 100, not answered."""
    leg = LegRecord(name, "c", Direction.INBOUND, LegState.ENDED, Party(number), dialled, account, line, at(0))
    return replace(leg, ended=at(100), reason=EndReason.HUNG_UP)


def placed(name: str, dialled: str, *, shows: str = "", line: str = "", account: str = "") -> LegRecord:
    return replace(came(name, shows, dialled, line=line, account=account), direction=Direction.OUTBOUND)


def times(leg: LegRecord, started: float, answered: float | None, ended: float) -> LegRecord:
    return replace(leg, started=at(started), answered=None if answered is None else at(answered), ended=at(ended))


def talk(name: str, a: str, b: str, started: float, ended: float | None) -> ConnectionRecord:
    return ConnectionRecord(name, "c", a, b, at(started), None if ended is None else at(ended))


def rows(legs: list[LegRecord], *talks: ConnectionRecord) -> list[ConnectionRow]:
    return [*connection_rows(legs, talks, _Office())]


def test_an_employee_dials_outside() -> None:
    legs = [
        times(came("a", "101", "90671234567", account="anna-desk"), 0, 8.05, 30),
        times(placed("b", "0671234567", shows="0322327757", line="gsm"), 0.1, 8, 30),
    ]
    expected = ConnectionRow(
        "t", "c", here(0.1), here(8.1), here(29.9), 1, 1, False,
        "anna-desk", "101", "90671234567", "anna", "gsm", "0671234567", None,
    )  # fmt: skip
    assert rows(legs, talk("t", "a", "b", 8.1, 29.9)) == [expected]
    assert rows(legs, talk("t", "b", "a", 8.1, 29.9)) == [expected], "in whatever order they were joined"


def test_a_menu_and_two_users_are_three() -> None:
    legs = [
        times(came("a", "+38 067 1234567", "2327757", line="city"), 0, 1, 60),
        times(placed("b", "101", account="anna-desk"), 6, 9, 20),
        times(placed("x", "104", account="dora"), 20.5, None, 25),
        times(placed("d", "102", account="boris-desk"), 25, 28, 60),
    ]
    assert rows(legs, talk("t", "a", "b", 9, 20), talk("u", "a", "d", 28, None)) == [
        ConnectionRow(
            "a", "c", here(0), here(1), here(9), 4, 1, False,
            "city", "+38 067 1234567", "2327757", None, "IVR", "2327757", None,
        ),
        ConnectionRow(
            "t", "c", here(6), here(9), here(20), 5, 2, False,
            "city", "+38 067 1234567", "2327757", None, "anna-desk", "101", "anna",
        ),
        ConnectionRow(
            "u", "c", here(25), here(28), here(60), 5, 2, False,
            "city", "+38 067 1234567", "2327757", None, "boris-desk", "101", "boris",
        ),
    ]  # fmt: skip


def test_attempts_are_no_rows() -> None:
    legs = [
        times(came("a", "0671234567", "2327757", line="city"), 0, None, 20),
        times(placed("b", "101", account="anna-desk"), 1, None, 20),
    ]
    assert rows(legs) == []
    given_up = [times(legs[0], 0, 19.5, 19.6), times(legs[1], 1, 19.4, 19.7)]
    assert rows(given_up) == [], "he gave up as she answered"


def test_a_scenario_alone() -> None:
    outside = times(came("a", "", "2327757", line="city"), 0, 0.2, 1)
    inside = times(came("a", "101", "700", account="anna-desk"), 0, 0.2, 1)
    kinds = [(row.type, row.a_line, row.a_number, row.b_line, row.b_number) for leg in (outside, inside)
             for row in rows([leg])]  # fmt: skip
    assert kinds == [(4, "city", "", "IVR", "2327757"), (2, "anna-desk", "101", "IVR", "700")]


def test_the_exchange_calls_somebody_and_lets_him_dial() -> None:
    legs = [
        times(placed("a", "0671234567", shows="0322327757", line="gsm"), 0, 5, 60),
        times(placed("b", "0441234567", shows="0322327757", line="city"), 20, 30, 60),
        times(placed("d", "101", account="anna-desk"), 70, 71, 75),
    ]
    assert [
        (row.id, row.type, row.reason, row.a_line, row.a_number, row.dialled, row.b_line, row.b_number, row.b_user)
        for row in rows(legs, talk("t", "b", "a", 30, 60))
    ] == [
        ("a", 7, 3, "IVR", "0322327757", "", "gsm", "0671234567", None),
        ("t", 6, 2, "gsm", "0671234567", "", "city", "0441234567", None),
        ("d", 8, 3, "IVR", "", "", "anna-desk", "101", "anna"),
    ]


def test_colleagues_and_a_call_that_one_fetches() -> None:
    one = times(came("a", "101", "102", account="anna-desk"), 0, 5.1, 60)
    other = times(placed("b", "102", account="boris-desk"), 0, 5, 20)
    fetching = times(came("d", "103", "711", account="olena-desk"), 40, 40.1, 60)
    found = rows([one, other, fetching], talk("t", "a", "b", 5.2, 20), talk("u", "a", "d", 40.3, 60))
    assert [(row.id, row.type, row.reason, row.a_user, row.b_user) for row in found] == [
        ("t", 3, 1, "anna", "boris"),
        ("u", 3, 2, "anna", "olena"),
    ]


def test_what_was_recorded_is_told_and_winter_time_is_that_of_the_office() -> None:
    leg = times(came("a", "0671234567", "2327757", line="city"), 0, 1, 3)
    (row,) = rows([replace(leg, recorded=True)])
    assert row.recorded
    july = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    (row,) = rows([replace(leg, started=july, answered=july, ended=july)])
    assert (row.answered.hour, row.answered.tzinfo) == (11, None)
