"""Where a dialled number leads, and going there: the one way for phones, scenarios, transfers and the API."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from cordboard.office.directory import OfficeDirectory
from cordboard.office.ports import Destination, Refusal
from cordboard.telephony import Dialled, EndReason, Exchange, Leg, LegState, LineTarget, Sound, Target, dial
from cordboard.telephony.sounds import RINGBACK

RING_TIME = 30.0
OUTSIDE_RING_TIME = 120.0
"""Seconds. The network outside takes its time, and ends the ringing by itself."""

_REFUSALS = {
    Refusal.UNKNOWN: EndReason.NOT_FOUND,
    Refusal.FORBIDDEN: EndReason.FORBIDDEN,
    Refusal.UNREACHABLE: EndReason.UNREACHABLE,
}
_TOLD = (EndReason.BUSY, EndReason.NO_ANSWER, EndReason.REJECTED, EndReason.NOT_FOUND)
"""What whoever called is told as it happened; all else is UNREACHABLE to him."""

_log = structlog.get_logger("office")


class VoiceScenarios(Protocol):
    """Runs scenarios on calls."""

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        """Run the voice scenario `name` on `leg` to its end. `values` are start parameters, by their names.

        Raises LookupError if there is no such scenario.
        """


class Service(Protocol):
    """Something of the office that has numbers of its own: parking, voicemail, rooms, groups, feature codes."""

    def takes(self, number: str) -> bool:
        """Whether that number is its own. Answers from memory."""

    async def serve(self, leg: Leg, number: str, login: str) -> EndReason | None:
        """Take care of `leg`, see `Switchboard.connect`. `login` is empty for a stranger."""


class OfficeSwitchboard:
    """Implements `office.ports.Switchboard`. Services are asked in order, before scenarios, users and routes.

    `after_talk` names the scenario that takes an external leg which remains after a talk; empty: none does.
    """

    def __init__(
        self,
        exchange: Exchange,
        office: OfficeDirectory,
        scenarios: VoiceScenarios,
        *,
        after_talk: Callable[[], str] = lambda: "",
        has_talked: Callable[[Leg], bool] = lambda _: False,
    ) -> None:
        self.services: list[Service] = []
        self._exchange = exchange
        self._office = office
        self._scenarios = scenarios
        self._after_talk = after_talk
        self._has_talked = has_talked

    async def connect(
        self,
        leg: Leg,
        number: str,
        *,
        login: str = "",
        ring_time: float | None = None,
        ringback: Sequence[Sound] | None = None,
        inside_only: bool = False,
    ) -> EndReason | None:
        """See Switchboard."""
        for service in self.services:
            if service.takes(number):
                return await service.serve(leg, number, login)
        destination = self._office.destination(number, dialled_by=login)
        if destination.refusal is not None:
            return _REFUSALS[destination.refusal]
        if inside_only and any(_outside(targets) for targets in destination.targets):
            return EndReason.FORBIDDEN
        if destination.scenario:
            return await self.enter(destination.scenario, leg)
        return await self._ring(leg, destination, login, ring_time, (RINGBACK,) if ringback is None else ringback)

    async def enter(self, scenario: str, leg: Leg) -> EndReason | None:
        """Run a voice scenario on the leg to its end. NOT_FOUND if there is none."""
        try:
            await self._scenarios.run(scenario, leg, {})
        except LookupError as fault:
            _log.error("the scenario cannot be run", call=leg.chain, scenario=scenario, fault=str(fault))
            return EndReason.NOT_FOUND
        return None

    async def remains(self, leg: Leg) -> None:
        """The office's side has hung up and nothing more was drawn: the survey, or whatever is attached, begins."""
        if (scenario := self._after_talk()) and leg.state is LegState.ANSWERED and self._has_talked(leg):
            await self.enter(scenario, leg)

    async def _ring(
        self, leg: Leg, destination: Destination, login: str, ring_time: float | None, ringback: Sequence[Sound]
    ) -> EndReason | None:
        """Try the alternatives in order; only one that cannot be reached lets the next have its turn."""
        failure = EndReason.UNREACHABLE
        for targets in destination.targets:
            outside = _outside(targets)
            result = await dial(
                self._exchange,
                leg,
                targets,
                show=self._office.shown_party(dialled_by=login, targets=targets, original=leg.record.caller),
                ring_time=ring_time or (OUTSIDE_RING_TIME if outside else RING_TIME),
                ringback=ringback,
                remains=self.remains if outside else None,
            )
            if result.outcome is Dialled.ANSWERED or leg.state is LegState.ENDED:
                return None
            failure = result.reason if result.reason in _TOLD else EndReason.UNREACHABLE
            if result.outcome is not Dialled.UNREACHABLE:
                break
        return failure


def _outside(targets: Sequence[Target]) -> bool:
    return any(isinstance(target, LineTarget) for target in targets)
