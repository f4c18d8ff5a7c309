"""What came of a simulation: plain facts, from which the transcript, the tests and the page are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cordboard.scenario.ports import Effect, Message, RunInfo, RunTrace, StepTrace
from cordboard.scenario.programs import ReleasePrograms
from cordboard.scenario.values import AnyValue
from cordboard.simulation.script import Deed, Script
from cordboard.telephony import EndReason, LegState

RUNNING = "running"
"""The outcome of a run that had not ended when the simulation did."""
CALLER = "caller"
"""The name of whoever calls in first."""


@dataclass(frozen=True, slots=True)
class Said:
    """Something that a party heard. Times are seconds since the beginning of the simulation."""

    at: float
    until: float
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """Something that a party did."""

    at: float
    deed: Deed


@dataclass(slots=True)
class PartyReport:
    """One end of one call."""

    name: str
    """CALLER, or as the script names who was called, or the number; of a second caller his account or number."""
    names: frozenset[str]
    """All names by which a script may mean it."""
    leg_id: str
    inbound: bool
    number: str
    """That it shows (inbound), or that was dialled (outbound)."""
    shown: str
    """The number that the called side sees."""
    line: str
    states: Sequence[tuple[float, LegState]] = ()
    reason: EndReason | None = None
    told: EndReason | None = None
    """Why the exchange ended or refused the call; None if this side did."""
    heard: Sequence[Said] = ()
    keys: str = ""
    """Keys that the exchange pressed towards it."""
    done: Sequence[Done] = ()
    undone: Sequence[Deed] = ()

    @property
    def outcome(self) -> str:
        """What came of a call that was placed: answered, or why not."""
        answered = any(state is LegState.ANSWERED for _, state in self.states)
        return "answered" if answered else str(self.reason or RUNNING)


@dataclass(frozen=True, slots=True)
class Report:
    """The whole simulation."""

    script: Script
    began: datetime
    """The moment at which it began, aware, in the zone of the office."""
    scenario: str
    """The scenario that was tried; empty if the office decided for none."""
    last_scenario: str
    """That in which it ended, if it jumped; whose variables `variables` are."""
    run_id: str
    """Of the run that was tried; empty if there was none."""
    kind: str
    outcome: str
    """An Outcome, or RUNNING."""
    value: AnyValue
    error: str
    seconds: float
    """Virtual time from the beginning until nothing was left to happen."""
    variables: Mapping[str, str]
    """Of the scenario that was tried, at its end, as traces show them."""
    exact: Mapping[str, AnyValue]
    """The same with their exact values, if it was a voice scenario."""
    programs: ReleasePrograms
    """The scenarios that were played."""
    country: str
    """Of the office."""
    parties: Sequence[PartyReport] = ()
    """The caller, if there is one, then everybody who was called or has called as well."""
    steps: Sequence[StepTrace] = ()
    """In the order in which they were over."""
    runs: Sequence[RunTrace] = ()
    """Each run as it ended, or as it began if it has not ended, in the order of their beginning."""
    started: Sequence[RunInfo] = ()
    """Service runs other than the one that was tried, in that order."""
    effects: Sequence[Effect] = ()
    messages: Sequence[Message] = ()
    tables: Mapping[str, Sequence[Mapping[str, AnyValue]]] = field(default_factory=dict)
    """The rows of the given workbooks (of the first sheet), as they stood at the end."""
    undone: Sequence[tuple[str, Deed]] = ()
    """What did not come to pass of the script, and whose deed it was."""
    notes: Sequence[str] = ()
    """What is worth knowing about the script itself."""

    @property
    def caller(self) -> PartyReport | None:
        """Whoever called in."""
        return next((party for party in self.parties if party.inbound), None)

    @property
    def placed(self) -> Sequence[PartyReport]:
        """Whom the exchange called."""
        return [party for party in self.parties if not party.inbound]

    def at(self, step: StepTrace) -> float:
        """When a step was entered, in seconds since the beginning."""
        return (step.entered - self.began).total_seconds()
