"""What happens if this number calls, or is called, at this moment: the rules asked as a call asks them, in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cordboard.office.directory import OfficeDirectory
from cordboard.office.lines.guard import Health, LineGuard
from cordboard.office.lines.inbound import Door
from cordboard.office.lines.said import said
from cordboard.office.ports import Destination, Refusal
from cordboard.telephony import Clock, LineTarget, Party

_WHY = {
    Refusal.UNKNOWN: said("nobody and nothing has this number"),
    Refusal.FORBIDDEN: said("whoever dials has no right to it"),
    Refusal.UNREACHABLE: said("no phone and no line of it can be used"),
}


@dataclass(frozen=True, slots=True)
class Way:
    """A line that would be tried."""

    line: str
    sent: str
    """The number, as it would be written."""
    shown: str
    """Whom the called side would see; empty: nobody."""
    price: str
    """Of a minute; empty: nobody has said."""
    barred: str
    """Why it would be passed over; empty: it would be called."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a decision was made."""

    steps: Sequence[str]
    """Sentences, in the order in which things were looked at."""
    result: str
    """What would happen, in words."""
    allowed: bool
    """Whether there would be a call."""
    scenario: str = ""
    user: str = ""
    number: str = ""
    """Of an inbound call that leads to a number of the office."""
    ways: Sequence[Way] = ()
    """The lines that would be tried, in order."""


class RouteTester:
    """Asks without calling. `services` tells whether a number belongs to a service: parking, a group, a feature."""

    def __init__(
        self,
        office: OfficeDirectory,
        guard: LineGuard,
        door: Door,
        clock: Clock,
        *,
        health: Health = lambda _: "",
        services: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._office = office
        self._guard = guard
        self._door = door
        self._clock = clock
        self._health = health
        self._services = services

    async def explain(
        self, number: str, *, login: str = "", at: datetime | None = None, line: str = "", dialled: str = ""
    ) -> Explanation:
        """What happens when `login` dials `number` at that moment (aware; None: now).

        With a `line`, `number` is somebody outside who calls in over it, and has dialled `dialled`. What is used up,
        which lines are full or down, is as it is now, whatever the moment.
        """
        moment = (at or self._clock.now()).astimezone(self._office.zone)
        if line:
            return await self._inbound(number, line, dialled, moment)
        return self._outbound(number, login, moment)

    async def _inbound(self, number: str, line: str, dialled: str, at: datetime) -> Explanation:
        phone = self._office.phone(number)
        if entry := await self._door.bars(phone, at):
            listed = said("{number} stands on the black list, as {entry}", number=phone.canonical, entry=entry)
            return Explanation([listed], said("the call is refused before anybody pays"), allowed=False)
        steps = [said("{number} does not stand on the black list", number=phone.canonical or "-")]
        found = self._office.inbound(line, dialled)
        if found.by:
            steps.append(said("the inbound number {name} takes calls to {dialled}", name=found.by, dialled=dialled))
        else:
            steps.append(said("no inbound number takes {dialled}: the line {line} decides", dialled=dialled, line=line))
        if found.number:
            result = said("the number {number} of the office is called", number=found.number)
            return Explanation(steps, result, allowed=True, number=found.number)
        result = said("the scenario {scenario} takes the call", scenario=found.scenario)
        return Explanation(steps, result, allowed=True, scenario=found.scenario)

    def _outbound(self, number: str, login: str, at: datetime) -> Explanation:
        if self._services(number):
            own = said("{number} belongs to a service of the office", number=number)
            return Explanation([own], said("the service takes the call"), allowed=True)
        steps: list[str] = []
        destination = self._office.plan.destination(number, dialled_by=login, at=at, trail=steps.append)
        if destination.refusal is not None:
            result = said("there is no call: {why}", why=_WHY[destination.refusal])
            return Explanation(steps, result, allowed=False)
        if destination.scenario:
            result = said("the scenario {scenario} takes the call", scenario=destination.scenario)
            return Explanation(steps, result, allowed=True, scenario=destination.scenario)
        if destination.user:
            result = said("the phones of {login} ring", login=destination.user)
            return Explanation(steps, result, allowed=True, user=destination.user)
        ways = list(self._ways(destination, login, at))
        steps += [way.barred for way in ways if way.barred]
        first = next((way for way in ways if not way.barred), None)
        if first is None:
            return Explanation(steps, said("there is no call: every line is passed over"), allowed=False, ways=ways)
        result = said("{number} is called over the line {line}", number=first.sent, line=first.line)
        return Explanation(steps, result, allowed=True, ways=ways)

    def _ways(self, destination: Destination, login: str, at: datetime) -> Sequence[Way]:
        ways = []
        for target in (each for targets in destination.targets for each in targets):
            if not isinstance(target, LineTarget):
                continue
            shown = self._office.shown_party(dialled_by=login, targets=[target], original=Party(""))
            price = self._office.plan.outbound.price(target.line, self._office.phone(target.number))
            ways.append(
                Way(
                    target.line,
                    target.number,
                    shown.number,
                    "" if price is None else f"{price.normalize():f}",
                    self._guard.bars(target, "", self._health, at=at, by_phone=bool(login)),
                )
            )
        return ways
