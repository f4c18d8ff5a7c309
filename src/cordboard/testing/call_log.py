"""A prepared call log: a hundred legs, with one of everything that a look-up may get wrong.

The office is that of `testing.office`: anna (101), boris (102), the lines city and gsm. Now is `NOW`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from cordboard.office.call_log import CallLog
from cordboard.office.repositories import CallLogRepository, LoggedCalls, LoggedLeg
from cordboard.telephony import ConnectionRecord, Direction, EndReason, LegRecord, LegState, Party, PhoneNumber
from cordboard.testing.office import loaded_directory

ZONE = ZoneInfo("Europe/Kyiv")
MORNING = datetime(2026, 11, 20, 10, 0, tzinfo=ZONE)
"""A Friday; the day of most of the calls."""
NOW = MORNING + timedelta(hours=2)


def at(seconds: float, start: datetime = MORNING) -> datetime:
    """A moment, in UTC as the exchange tells it."""
    return start.astimezone(ZoneInfo("UTC")) + timedelta(seconds=seconds)


class Dialogue:
    """One call, written leg by leg; moments are seconds from `start`. Its legs are `chain-a`, `chain-b` and so on."""

    def __init__(self, chain: str, start: datetime = MORNING) -> None:
        self.chain = chain
        self.start = start
        self.legs: list[LegRecord] = []
        self.talks: list[ConnectionRecord] = []

    def inbound(self, number: str, *, answered: float | None = None, ended: float) -> Self:
        """Somebody calls from outside over the line city."""
        return self._leg(Direction.INBOUND, number, "2327757", line="city", times=(0, answered, ended))

    def phone(self, account: str, dialled: str, *, answered: float | None = None, ended: float) -> Self:
        """A phone of the office calls."""
        return self._leg(Direction.INBOUND, account, dialled, account=account, times=(0, answered, ended))

    def user(self, account: str, started: float, *, answered: float | None = None, ended: float) -> Self:
        """A phone of the office is called."""
        return self._leg(Direction.OUTBOUND, "", account, account=account, times=(started, answered, ended))

    def outside(
        self, number: str, started: float, *, answered: float | None = None, ended: float, line: str = "gsm"
    ) -> Self:
        """Somebody outside is called."""
        return self._leg(Direction.OUTBOUND, "0322327757", number, line=line, times=(started, answered, ended))

    def talk(self, started: float, ended: float) -> Self:
        """The first leg and the last one so far are joined."""
        ends = (self.legs[0].id, self.legs[-1].id)
        name = f"{self.chain}-{len(self.talks) + 1}"
        self.talks.append(ConnectionRecord(name, self.chain, *ends, self._at(started), self._at(ended)))
        return self

    def _at(self, seconds: float) -> datetime:
        return at(seconds, self.start)

    def _leg(
        self,
        direction: Direction,
        shown: str,
        dialled: str,
        *,
        line: str = "",
        account: str = "",
        times: tuple[float, float | None, float],
    ) -> Self:
        started, answered, ended = times
        name = f"{self.chain}-{chr(ord('a') + len(self.legs))}"
        state, party = LegState.ENDED, Party(shown)
        leg = LegRecord(name, self.chain, direction, state, party, dialled, account, line, self._at(started))
        reason = EndReason.NO_ANSWER if answered is None else EndReason.HUNG_UP
        moment = None if answered is None else self._at(answered)
        self.legs.append(replace(leg, answered=moment, ended=self._at(ended), reason=reason))
        return self


async def write(repository: CallLogRepository, calls: Iterable[Dialogue]) -> None:
    """Let the call log write them as it writes living calls."""
    await write_with(CallLog(repository, await loaded_directory()), calls)


async def write_with(log: CallLog, calls: Iterable[Dialogue]) -> None:
    """The same, by a call log of your own."""
    for call in calls:
        for leg in call.legs:
            log.leg_changed(replace(leg, ended=None, reason=None))
        for talk in call.talks:
            log.connection_changed(talk)
        for leg in call.legs:
            log.leg_changed(leg)
    await log.flush()


def chains_of(calls: Iterable[Dialogue]) -> list[LoggedCalls]:
    """What a log holds of them."""
    return [
        LoggedCalls(
            tuple(
                LoggedLeg(leg, _canonical(leg.caller.number), _canonical(leg.dialled))
                for leg in sorted(call.legs, key=lambda each: each.started)
            ),
            tuple(call.talks),
        )
        for call in calls
    ]


def _canonical(number: str) -> str:
    return PhoneNumber.parse(number, country="UA").canonical


def _out(chain: str, account: str, number: str, start: datetime = MORNING, *, talked: bool = True) -> Dialogue:
    """An employee calls somebody outside."""
    call = Dialogue(chain, start)
    if not talked:
        return call.phone(account, f"9{number}", ended=30).outside(number, 0.1, ended=30)
    return (
        call.phone(account, f"9{number}", answered=8, ended=60).outside(number, 0.1, answered=7.9, ended=60).talk(8, 60)
    )


def _in(chain: str, number: str, account: str, start: datetime = MORNING, *, menu: bool = True) -> Dialogue:
    """Somebody outside calls and talks with an employee, through a menu or without one."""
    call = Dialogue(chain, start).inbound(number, answered=1 if menu else 9, ended=60)
    return call.user(account, 6, answered=8.9, ended=60).talk(9, 60)


def _hours(count: float) -> datetime:
    return NOW - timedelta(hours=count)


def _days(count: float) -> datetime:
    return NOW - timedelta(days=count)


LAST_YEAR = datetime(2025, 11, 21, 11, 0, tzinfo=ZONE)
"""The same week of the year before."""
CLIENT, WRITINGS = "0671112233", ("+380671112233", "380671112233", "067 111-22-33", "0671112233")

HISTORY: Sequence[Dialogue] = (
    # Who called the client: Boris last year, Anna this week, Boris after her without an answer.
    _out("last-year-1", "102", CLIENT, LAST_YEAR),
    _out("last-year-2", "102", "0509998877", LAST_YEAR + timedelta(minutes=5)),
    *(_out(f"this-week-{n}", "101", number, _hours(40 - n)) for n, number in enumerate(WRITINGS)),
    _out("attempt-1", "102", CLIENT, _hours(1.5), talked=False),
    *(_out(f"attempt-{n}", "101", f"050111220{n}", _hours(n), talked=False) for n in range(2, 6)),
    *(_out(f"out-{n}", ("101", "102")[n % 2], f"050222330{n}", _days(n)) for n in range(1, 10)),
    Dialogue("transferred").inbound(CLIENT, answered=1, ended=100)
    .user("101", 6, answered=9, ended=40).talk(9, 40)
    .user("102", 41, answered=44, ended=100).talk(44, 100),
    *(_in(f"menu-{n}", f"+38044333440{n}", ("101", "102")[n % 2], _hours(n + 30)) for n in range(8)),
    *(_in(f"direct-{n}", f"044 555 66 0{n}", "102", _days(n + 1), menu=False) for n in range(5)),
    *(Dialogue(f"robot-{n}", _hours(n + 2)).inbound(f"050777880{n}", answered=1, ended=20) for n in range(9)),
    Dialogue("robot-client", _hours(1)).inbound("067 1112233", answered=1, ended=20),
    Dialogue("hidden", _hours(1)).inbound("", answered=1, ended=20),
    *(Dialogue(f"missed-{n}", _hours(n / 4)).inbound("0504445566", ended=15) for n in range(1, 7)),
    *(Dialogue(f"internal-robot-{n}").phone("101", "700", answered=0.1, ended=9) for n in range(2)),
    *(
        Dialogue(f"colleagues-{n}").phone("101", "102", answered=4, ended=9).user("102", 0.1, answered=3.9, ended=9)
        .talk(4, 9)
        for n in range(2)
    ),
    *(
        Dialogue(f"callback-{n}", _days(1)).outside("0671234567", 0, answered=5, ended=90)
        .outside(f"044777880{n}", 30, answered=40, ended=90, line="city").talk(40.1, 90)
        for n in range(2)
    ),
    Dialogue("informer").outside("0501110000", 0, answered=5, ended=30),
    Dialogue("wake-up").user("101", 0, answered=5, ended=30),
    *(Dialogue(f"informer-{n}").outside("0501110001", 0, ended=30) for n in range(2)),
)  # fmt: skip
LEGS = [leg for call in HISTORY for leg in call.legs]
"""A hundred."""
