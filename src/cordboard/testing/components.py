"""Components tried as they are used: in a scenario's text, on a call of the simulated exchange, by the real runner."""

import asyncio
import random
import tempfile
import textwrap
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from cordboard.components import all_components
from cordboard.office.calendar import OfficeCalendar
from cordboard.office.directory import OfficeDirectory
from cordboard.office.model import OfficeData
from cordboard.office.pins import PinGuard
from cordboard.office.ports import Calendar, Numbering, People, PinCheck, Recordings, Rooms, Screens, Staff, Tags
from cordboard.office.recordings import RecordingFolder
from cordboard.office.rooms import ConferenceRooms
from cordboard.office.screens import PendingForms
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.context import ScenarioError
from cordboard.scenario.ports import RunTrace, StepTrace
from cordboard.scenario.runner import Runner
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.speech import SimulatedSpeech
from cordboard.simulation.virtual_time import VirtualClock
from cordboard.speech.api import Prompts, Speech
from cordboard.speech.prompts import PromptStore
from cordboard.telephony import Leg, Sound, Target
from cordboard.testing.exchange import Listened, serving
from cordboard.testing.office import HandClock, HeldOffice
from cordboard.testing.queue import HeldPeople
from cordboard.testing.scenario import MemoryReleases, MemoryRunStore

_PINS = {"4821": PinCheck.RIGHT, "0000": PinCheck.LOCKED}


def voice(steps: str, *, name: str = "main", variables: str = "", after_hangup: str = "", fault: str = "") -> str:
    """The text of a voice scenario that begins with the first of `steps`."""
    more = (f"after_hangup: {after_hangup}\n" if after_hangup else "") + (f"fault: {fault}\n" if fault else "")
    return _text("voice", name, steps, variables, more)


def service(steps: str, *, name: str, variables: str = "") -> str:
    """The text of a service scenario that begins with the first of `steps`."""
    return _text("service", name, steps, variables, "")


def dialog(steps: str, *, name: str, variables: str = "") -> str:
    """The text of a dialog scenario that begins with the first of `steps`."""
    return _text("dialog", name, steps, variables, "")


class Trial:
    """The given scenarios published on a simulated exchange with the office of `testing.office`, in virtual time.

    Use it as a context. Inbound calls run the scenario `main`, or that of the dialled number in `numbers`. The PIN 4821
    is right and 0000 locked, whoever asks; checking that of the login `slow` takes ten seconds. The dice fall in
    each trial alike. `ports` are what else components may ask for.
    """

    def __init__(
        self,
        *scenarios: str,
        far_ends: Mapping[Target, FarEnd] | None = None,
        prompts: Path | None = None,
        store: MemoryRunStore | None = None,
        office: OfficeData | None = None,
        numbers: Mapping[str, str] | None = None,
        calendar: Calendar | None = None,
        ports: Mapping[type, object] | None = None,
    ) -> None:
        self.listened = Listened()
        self.speech = SimulatedSpeech()
        self.clock = VirtualClock()
        self.exchange = SimulatedExchange(self.listened, self.clock, far_ends)
        self.store = store or MemoryRunStore()
        self.steps: list[StepTrace] = []
        """Every step that is over, in that order."""
        self.runs: list[RunTrace] = []
        """Every run as it began and as it ended."""
        self.tags: list[tuple[str, str, str]] = []
        """Chain, name and value of every tag."""
        self.screens = PendingForms()
        self.rooms = ConferenceRooms(self.exchange)
        self._numbers = numbers or {}
        self._calendar = calendar or OfficeCalendar()
        self._ports = ports or {}
        self._scenarios = scenarios
        self._prompts = prompts or Path("/nowhere")
        self._office = office
        self._calls = 0
        self._fault: ScenarioError | None = None
        self._changed = asyncio.Event()
        self._stack = AsyncExitStack()

    # --- what is done -----------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self.recordings = RecordingFolder(Path(self._stack.enter_context(tempfile.TemporaryDirectory())))
        releases = MemoryReleases()
        texts = {name_of(text): text for text in self._scenarios}
        await releases.publish(texts, message="", at=self.clock.now())
        held = HeldOffice(self._office)
        office = _Office(held, PinGuard(held, HandClock()))
        await office.reload()
        self.runner = Runner(
            Catalogue(all_components()),
            releases,
            self.store,
            self.exchange,
            zone=ZoneInfo("Europe/Kyiv"),
            country="UA",
            ports={
                Numbering: office,
                Staff: office,
                People: HeldPeople(),
                Speech: self.speech,
                Prompts: PromptStore(self._prompts),
                Recordings: self.recordings,
                Rooms: self.rooms,
                Calendar: self._calendar,
                Screens: self.screens,
                Tags: _Tags(self),
                random.Random: random.Random(1),
                **self._ports,
            },
            clock=self.clock,
            traces=_Traces(self),
        )
        self._services = asyncio.create_task(self.runner.serve())
        self._stack.push_async_callback(self.stop_services)
        await self._stack.enter_async_context(serving(self.exchange, self._take))
        self._stack.push_async_callback(self.rooms.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def call(
        self, number: str = "0671234567", *, dialled: str = "700", account: str = "", voice: Sound | None = None
    ) -> SimulatedPhone:
        """Somebody calls."""
        self._calls += 1
        return self.exchange.call_in(number, dialled, line="" if account else "city", account=account, voice=voice)

    async def start(self, scenario: str) -> str:
        """Start a service scenario."""
        return await self.runner.start_service(scenario)

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def ended(self) -> None:
        """Wait until every call and every run that has begun is over, and one has.

        Raises ScenarioError if a scenario could not begin.
        """
        while self._calls or not self._begun or self._begun != self._over:
            if self._fault is not None:
                raise self._fault
            self._changed.clear()
            await self._changed.wait()

    async def stop_services(self) -> None:
        """Stop the runs of service scenarios in the midst of what they do, as a restart does."""
        self._services.cancel()
        await asyncio.wait([self._services])

    # --- what came of it --------------------------------------------------------------------------------------

    @property
    def path(self) -> list[str]:
        """The steps with their exits, as `step.exit`, in the order in which they were over."""
        return [f"{step.step}.{step.exit}" for step in self.steps]

    @property
    def walked(self) -> list[str]:
        """The steps alone."""
        return [step.step for step in self.steps]

    @property
    def seconds(self) -> float:
        """How long it took from the first step to the last run's end."""
        ends = [run.ended for run in self.runs if run.ended]
        return (max(ends) - self.steps[0].entered).total_seconds()

    @property
    def variables(self) -> Mapping[str, str]:
        """The variables of the main scenario as they were at its end."""
        return self.variables_of("main")

    def variables_of(self, scenario: str) -> Mapping[str, str]:
        """The variables of a scenario's last run as they were at its end."""
        return next(run.variables for run in reversed(self.runs) if run.scenario == scenario and run.ended)

    def note(self, trace: RunTrace) -> None:
        """A run has begun or ended."""
        self.runs.append(trace)
        self._changed.set()

    # --- within -----------------------------------------------------------------------------------------------

    async def _take(self, leg: Leg) -> None:
        try:
            await self.runner.run_voice(self._numbers.get(leg.record.dialled, "main"), leg)
        except ScenarioError as fault:
            self._fault = fault
            raise
        finally:
            self._calls -= 1
            self._changed.set()

    @property
    def _begun(self) -> set[str]:
        return {run.run_id for run in self.runs}

    @property
    def _over(self) -> set[str]:
        return {run.run_id for run in self.runs if run.ended}


class _Traces:
    """Implements TraceSink for a Trial."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def run(self, trace: RunTrace) -> None:
        self._trial.note(trace)

    def step(self, trace: StepTrace) -> None:
        self._trial.steps.append(trace)


class _Tags:
    """Implements Tags for a Trial."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    async def tag(self, chain: str, name: str, value: str) -> None:
        self._trial.tags.append((chain, name, value))


class _Office(OfficeDirectory):
    """The office with PINs that cost no time to check."""

    async def check_pin(self, login: str, pin: str) -> PinCheck:
        if login == "slow":
            await asyncio.sleep(10)
        return _PINS.get(pin, PinCheck.WRONG)


def name_of(text: str) -> str:
    """The name that a scenario's text gives it."""
    return next(line.removeprefix("scenario: ") for line in text.splitlines() if line.startswith("scenario: "))


def _text(kind: str, name: str, steps: str, variables: str, more: str) -> str:
    body = textwrap.dedent(steps).strip("\n")
    text = f"scenario: {name}\nkind: {kind}\nstart: {body.split(':', 1)[0]}\n{more}"
    if variables:
        text += "variables:\n" + textwrap.indent(textwrap.dedent(variables).strip("\n"), "  ") + "\n"
    return text + "steps:\n" + textwrap.indent(body, "  ") + "\n"
