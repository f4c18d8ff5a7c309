"""Who takes an inbound call: a scenario, a colleague's phones, a line, or nobody."""

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from cordboard.office.directory import OfficeDirectory
from cordboard.office.ports import Destination, Person, Refusal
from cordboard.telephony import Dialled, EndReason, Exchange, Leg, LegRecord, LegState, LineTarget, dial

RING_TIME = 30.0
OUTSIDE_RING_TIME = 120.0
"""Seconds. The network outside takes its time, and ends the ringing by itself."""

_REFUSALS = {
    Refusal.UNKNOWN: EndReason.NOT_FOUND,
    Refusal.FORBIDDEN: EndReason.FORBIDDEN,
    Refusal.UNREACHABLE: EndReason.UNREACHABLE,
}
_TOLD = (EndReason.BUSY, EndReason.NO_ANSWER, EndReason.REJECTED, EndReason.NOT_FOUND)
"""What the caller is told as it happened; all else is UNREACHABLE to him."""

_log = structlog.get_logger("office")


class VoiceScenarios(Protocol):
    """Runs scenarios on calls."""

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        """Run the voice scenario `name` on `leg` to its end. `values` are start parameters, by their names.

        Raises LookupError if there is no such scenario.
        """


class Reception:
    """The rule for every inbound leg; an instance is the exchange's `LegHandler`."""

    def __init__(
        self,
        exchange: Exchange,
        office: OfficeDirectory,
        scenarios: VoiceScenarios,
        *,
        after_talk: Callable[[], str] = lambda: "",
        has_talked: Callable[[Leg], bool] = lambda _: False,
    ) -> None:
        """`after_talk` names the scenario that takes an external leg which remains after a talk; empty: none does."""
        self._exchange = exchange
        self._office = office
        self._scenarios = scenarios
        self._after_talk = after_talk
        self._has_talked = has_talked

    async def __call__(self, leg: Leg) -> None:
        """Take care of `leg` until its call is over."""
        record = leg.record
        if record.line:
            await self._run(self._office.inbound_scenario(record.line), leg)
            await self._remains(leg)
        elif person := self._office.by_account(record.account):
            await self._from_phone(leg, record, person)
        else:
            await leg.reject(EndReason.FORBIDDEN)

    async def _from_phone(self, leg: Leg, record: LegRecord, person: Person) -> None:
        destination = self._office.destination(record.dialled, dialled_by=person.login)
        if destination.refusal is not None:
            await leg.reject(_REFUSALS[destination.refusal])
        elif destination.scenario:
            await self._run(destination.scenario, leg)
        else:
            await self._connect(leg, record, person, destination)

    async def _remains(self, leg: Leg) -> None:
        """The office's side has hung up and nothing more was drawn: the survey, or whatever is attached, begins."""
        if (scenario := self._after_talk()) and leg.state is LegState.ANSWERED and self._has_talked(leg):
            await self._run(scenario, leg)

    async def _run(self, scenario: str, leg: Leg) -> None:
        try:
            await self._scenarios.run(scenario, leg, {})
        except LookupError as fault:
            _log.error("the scenario cannot be run", call=leg.chain, scenario=scenario, fault=str(fault))
            await leg.reject(EndReason.NOT_FOUND)

    async def _connect(self, leg: Leg, record: LegRecord, person: Person, destination: Destination) -> None:
        """Try the alternatives in order; only one that cannot be reached lets the next have its turn."""
        failure = EndReason.UNREACHABLE
        for targets in destination.targets:
            show = self._office.shown_party(dialled_by=person.login, targets=targets, original=record.caller)
            outside = any(isinstance(target, LineTarget) for target in targets)
            result = await dial(
                self._exchange,
                leg,
                targets,
                show=show,
                ring_time=OUTSIDE_RING_TIME if outside else RING_TIME,
                remains=self._remains if outside else None,
            )
            if result.outcome is Dialled.ANSWERED or leg.state is LegState.ENDED:
                return
            failure = result.reason if result.reason in _TOLD else EndReason.UNREACHABLE
            if result.outcome is not Dialled.UNREACHABLE:
                break
        await leg.reject(failure)
