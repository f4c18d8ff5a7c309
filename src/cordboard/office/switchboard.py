"""Where a dialled number leads, and going there: the one way for phones, scenarios, transfers and the API."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from cordboard.office.directory import OfficeDirectory
from cordboard.office.forwarding import MOST, Forward, UserRules, When
from cordboard.office.ports import Destination, People, Presence, Refusal, Voicemails
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


_FAILURES = {
    When.DO_NOT_DISTURB: EndReason.BUSY,
    When.BUSY: EndReason.BUSY,
    When.UNREGISTERED: EndReason.UNREACHABLE,
}
"""What whoever called is told of somebody whose phones were not rung."""
_CONDITIONS = {
    EndReason.BUSY: When.BUSY,
    EndReason.REJECTED: When.BUSY,
    EndReason.NO_ANSWER: When.NO_ANSWER,
}


@dataclass(frozen=True, slots=True)
class _Ringing:
    """How somebody is rung."""

    login: str
    """Of who calls."""
    seconds: float | None
    ringback: Sequence[Sound]


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
        self.people: People | None = None
        """Knows what users are about; may be set later, as `voicemails`. Without them it does not count."""
        self.voicemails: Voicemails | None = None
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
        """See Switchboard. A call is led on MOST times, by the rights of whoever leads it on.

        These are rights to reach others. What a service does for a user it does for who has dialled it himself: else
        whoever calls somebody who forwards would change his settings and hear his messages.
        """
        payer = login
        for led_on in range(MOST + 1):
            for service in self.services:
                if service.takes(number):
                    return await service.serve(leg, number, "" if led_on else login)
            destination = self._office.destination(number, dialled_by=payer)
            if destination.refusal is not None and not (destination.user and self._rules(destination.user)):
                return _REFUSALS[destination.refusal]
            if inside_only and any(_outside(targets) for targets in destination.targets):
                return EndReason.FORBIDDEN
            if destination.scenario:
                return await self.enter(destination.scenario, leg)
            ringing = _Ringing(login, ring_time, (RINGBACK,) if ringback is None else ringback)
            failure, forward = await self._reach(leg, destination, ringing)
            if forward is None or leg.state is LegState.ENDED:
                return failure
            if forward.scenario:
                return await self.enter(forward.scenario, leg)
            if forward.voicemail and self.voicemails is not None:
                await self.voicemails.leave(leg, destination.user)
                return None
            number, payer = forward.number, destination.user or payer
            if not number:
                return failure
        return EndReason.BUSY

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

    async def _reach(
        self, leg: Leg, destination: Destination, ringing: "_Ringing"
    ) -> tuple[EndReason | None, Forward | None]:
        """Ring; if that fails, where the call goes instead: as the user has set it up, or as his phone has asked."""
        rules = self._rules(destination.user)
        if rules is None:
            failure, led_to = await self._ring(leg, destination, ringing)
            return failure, _as_asked(led_to)
        at, caller = self._office.now(), self._office.phone(leg.record.caller.number).canonical
        when = self._before(destination.user, rules)
        if forward := rules.forward(When.ALWAYS, at, caller):
            return EndReason.REDIRECTED, forward
        failure, led_to = _FAILURES[when] if when is not None else None, ""
        if when is None:
            waits = rules.forward(When.NO_ANSWER, at, caller)
            if waits is not None and not ringing.seconds:
                ringing = replace(ringing, seconds=waits.after)
            failure, led_to = await self._ring(leg, destination, ringing, each=rules.each_seconds * rules.in_order)
            if failure is None or led_to:
                return failure, _as_asked(led_to)
            when = _CONDITIONS.get(failure, When.UNREGISTERED)
        if forward := rules.forward(when, at, caller):
            return failure, forward
        box = rules.own_voicemail and self.voicemails is not None and self.voicemails.has_box(destination.user)
        return failure, Forward(when=when, voicemail=True) if box else None

    def _rules(self, login: str) -> UserRules | None:
        """Of a user, also of one who has set nothing up; None if it is no user."""
        if not login:
            return None
        return self._office.documents(UserRules).get(login) or UserRules(name=login)

    def _before(self, login: str, rules: UserRules) -> When | None:
        """Why his phones are not even rung."""
        if self.people is None:
            return None
        state = self.people.state(login)
        if state.presence is Presence.DO_NOT_DISTURB:
            return When.DO_NOT_DISTURB
        if state.calls and not rules.call_waiting:
            return When.BUSY
        return None if state.online else When.UNREGISTERED

    async def _ring(
        self, leg: Leg, destination: Destination, ringing: "_Ringing", *, each: int = 0
    ) -> tuple[EndReason | None, str]:
        """Try the alternatives in order; only one that cannot be reached lets the next have its turn.

        `each`: phones ring one after the other, for so many seconds. With a phone that has asked for it: where to lead
        the call instead.
        """
        failure = EndReason.UNREACHABLE
        login, ring_time, ringback = ringing.login, each or ringing.seconds, ringing.ringback
        one_by_one = [(target,) for targets in destination.targets for target in targets]
        for targets in one_by_one if each else destination.targets:
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
                return None, ""
            if result.reason is EndReason.REDIRECTED and result.leg is not None:
                return EndReason.UNREACHABLE, result.leg.record.redirected_to
            failure = result.reason if result.reason in _TOLD else EndReason.UNREACHABLE
            if result.outcome is not Dialled.UNREACHABLE and not (each and result.outcome is Dialled.NO_ANSWER):
                break
        return failure, ""


def _as_asked(number: str) -> Forward | None:
    """Where a phone leads a call by itself, whatever it has written there."""
    return Forward.model_construct(when=When.ALWAYS, number=number) if number else None


def _outside(targets: Sequence[Target]) -> bool:
    return any(isinstance(target, LineTarget) for target in targets)
