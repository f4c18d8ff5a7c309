"""What a running component can ask for. The docstrings are the contract; the runner implements it."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NoReturn, Protocol, TypeVar

from cordboard.scenario.ports import Message, RunInfo
from cordboard.scenario.results import RunResult
from cordboard.scenario.run_mode import RunMode, ScenarioError
from cordboard.scenario.sessions import Session
from cordboard.scenario.values import AnyValue, JsonValue
from cordboard.telephony import Exchange, Leg

PortT = TypeVar("PortT")


__all__ = ["Context", "RunMode", "ScenarioError"]


class Context(Protocol):
    """One step's view of its run. Good for the time of one `run` call only."""

    @property
    def run_id(self) -> str:
        """The run's id, unique for ever. A nested scenario is in the run of its caller."""

    @property
    def chain(self) -> str:
        """The id of the story: that of the leg, or the one that a service run inherited."""

    @property
    def step(self) -> str:
        """The id of the step that runs."""

    @property
    def scenario(self) -> str:
        """The name of the scenario in which the step stands."""

    @property
    def visit(self) -> str:
        """Unique for this entering of the step, and the same when it is entered anew after a sleep or a crash."""

    @property
    def log(self) -> "logging.LoggerAdapter[logging.Logger]":
        """A log whose lines begin with run and step."""

    @property
    def leg(self) -> Leg:
        """The leg that a voice scenario drives. Raises ScenarioError in a service scenario."""

    @property
    def in_call(self) -> bool:
        """Whether there is a leg, ended or not."""

    @property
    def exchange(self) -> Exchange:
        """Where calls are placed and joined."""

    @property
    def values(self) -> Mapping[str, AnyValue]:
        """The variables, read-only."""

    @property
    def country(self) -> str:
        """The office's ISO 3166 code, for reading phone numbers."""

    @property
    def session(self) -> Session:
        """What the whole story shares: its language, whom the called side shall see. Never None."""

    @property
    def user(self) -> str:
        """The login of the user on whose screen a dialog scenario runs; empty in other kinds."""

    def now(self) -> datetime:
        """The present moment, aware, in the zone of the office."""

    def port(self, protocol: type[PortT]) -> PortT:
        """The service that the application handed in for `protocol`. Raises ScenarioError if there is none."""

    def get(self, name: str) -> AnyValue:
        """A variable's value. Raises ScenarioError if the scenario declares no such variable."""

    def set(self, name: str, value: AnyValue) -> None:
        """Give a variable a value. An empty name is a property left empty: nothing happens.

        A text is read as a literal of the variable's type ("105" into a number, a phone in any writing), and any
        simple value is written out for a text variable. Raises ScenarioError if it does not fit, or no such variable.
        """

    def remembered(self) -> JsonValue:
        """What this step last remembered in this run of its scenario; None if it did not yet."""

    def remember(self, value: JsonValue) -> None:
        """Keep something for the next time that this step is entered (the place in a list that is being walked).

        Part of the checkpoint, committed with the step's end. None forgets it.
        """

    def emit(self, kind: str, key: str, payload: Mapping[str, JsonValue]) -> None:
        """Ask for an effect (SMS, mail, event). It is committed together with the step's end, or not at all.

        An effect whose `kind` and `key` were committed before is dropped; an empty key is unique to this visit.
        """

    async def sleep(self, seconds: float) -> None:
        """Let time pass. Not positive: returns at once.

        In a service scenario the run is put away durably: no task, no object. When the time has come, **the step
        is entered anew** from its beginning, and the sleeps (calls, starts) that were over return at once; so
        do nothing before a sleep that must not be done twice. Variables set and effects emitted before are undone.
        """

    async def branches(self, slugs: Sequence[str], *, first: bool = False) -> str:
        """Run the branches that begin at the steps to which these exits of this step lead, side by side.

        Each branch works on a copy of the variables; what it changed is put back when it ends, in the order of
        `slugs` (of two that changed one variable, the later slug wins). A branch ends at a `join`, or where its
        cords end. Returns when all have ended, or, with `first`, when one has: the others are cancelled. Returns the
        slug of the one that ended first. A Stop in a branch ends the whole scenario; a fault in one cancels the
        others and is raised here as ScenarioError. Service scenarios only, durable like everything there.
        """

    def join(self) -> NoReturn:
        """End the branch in which the step stands. Raises ScenarioError where no branches run side by side."""

    async def wait_for(self, name: str, key: str = "", *, timeout: timedelta | None = None) -> Message | None:
        """Wait for a message of that name and key. None when the time is over; without a `timeout` it waits for ever.

        It takes one posted since this step was entered, or one sent to this very run at any time since it began; each
        is taken once.
        In a service scenario the run is put away meanwhile, as with `sleep`. A voice scenario waits in its call.
        """

    def post(self, name: str, key: str = "", data: Mapping[str, AnyValue] | None = None, *, run_id: str = "") -> None:
        """Post a message; it is committed together with the step's end, as an effect is.

        It is for whoever waits for it and the scenarios that are attached to events of that name, or, with `run_id`,
        for one run alone.
        """

    async def find_runs(self, scenario: str = "", key: str = "", *, ended: bool = False) -> Sequence[RunInfo]:
        """The unfinished service runs of that scenario and key, youngest first; this run is never among them.

        With `ended` those that have ended as well. It looks anew each time that a step is entered anew.
        """

    async def cancel_runs(self, scenario: str = "", key: str = "") -> int:
        """End those that `find_runs` gives, and return how many there were. Needs a scenario or a key."""

    async def call(self, scenario: str, values: Mapping[str, AnyValue] | None = None) -> RunResult:
        """Run another scenario of the same kind inside this run and come back.

        Variables of the same name and type are shared both ways; `values` are set on top. A fault that nothing in the
        nested scenario caught is raised here as ScenarioError.
        """

    def jump(self, scenario: str) -> NoReturn:
        """End this scenario and go on in another, which gets the variables of the same name and type."""

    def stop(self, value: AnyValue = None, *, whole_chain: bool = False) -> NoReturn:
        """End this scenario without hanging up, giving `value` to who called it.

        `whole_chain` does not give control back: whoever called this scenario ends as well.
        """

    async def start_service(
        self,
        scenario: str,
        values: Mapping[str, AnyValue] | None = None,
        *,
        key: str = "",
        mode: RunMode | None = None,
        at_most: int = 0,
    ) -> str:
        """Start a service scenario beside this run; it inherits the chain. Durable when this returns its run id.

        `values` are copied once into the variables of these names. What is not given here (mode, `at_most`, key) is as
        the scenario itself declares it. Raises ScenarioError if there is no such service scenario, or
        a value does not fit.
        """

    async def start_dialog(self, scenario: str, user: str, values: Mapping[str, AnyValue] | None = None) -> str:
        """Start a dialog scenario on a user's screen beside this run, in its chain, and return its run id.

        It runs on this node, in memory: it ends with the exchange. Raises ScenarioError if there is no such dialog
        scenario, or a value does not fit.
        """

    async def run_voice(self, scenario: str, leg: Leg, values: Mapping[str, AnyValue] | None = None) -> RunResult:
        """Hand an answered leg to a voice scenario and wait for its end. Does not hang up.

        `values` are copied once into its variables. A fault inside is in the result, not raised.
        """

    async def attempt(self, description: str) -> None:
        """Write down that something is about to be done that cannot be taken back (a call leaves).

        Durable in a service run when this returns. If the process dies before the step is finished, the step is not
        run again: it leaves by the exit `interrupted` (by `error`, if it has no such exit).
        """
