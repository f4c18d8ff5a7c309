"""Components tried on either exchange of the contract suite: the simulated one, and the real one with its phones."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cordboard.components import all_components
from cordboard.office.directory import OfficeDirectory
from cordboard.office.model import OfficeData, User, UserPhone
from cordboard.office.pins import PinGuard
from cordboard.office.ports import Numbering, People, Recordings, Rooms, Staff
from cordboard.office.recordings import RecordingFolder
from cordboard.office.rooms import ConferenceRooms
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.ports import RunStore, RunTrace, StepTrace
from cordboard.scenario.runner import Runner
from cordboard.simulation.stores import MemoryReleases, MemoryRunStore
from cordboard.speech.api import Prompts
from cordboard.speech.prompts import PromptStore
from cordboard.telephony import Exchange, Leg, Party, PhoneTarget
from cordboard.testing.audio import tone_wav
from cordboard.testing.components import name_of
from cordboard.testing.exchange import ExchangeUnderTest, serving, until
from cordboard.testing.office import HandClock, HeldOffice
from cordboard.testing.queue import HeldPeople

ACCOUNTS = tuple(str(number) for number in range(101, 109))
TONES = (440.0, 620.0, 1000.0, 1400.0)
"""Hz of the prompts: `440.wav` … each a second long."""


@dataclass(slots=True)
class Stage:
    """What came of the scenarios. Implements TraceSink."""

    exchange: Exchange
    recordings: RecordingFolder
    steps: list[StepTrace] = field(default_factory=list)
    ends: list[RunTrace] = field(default_factory=list)
    runner: Runner = field(init=False)

    def run(self, trace: RunTrace) -> None:
        """See TraceSink."""
        if trace.ended:
            self.ends.append(trace)

    def step(self, trace: StepTrace) -> None:
        """See TraceSink."""
        self.steps.append(trace)

    @property
    def path(self) -> list[str]:
        """The steps with their exits."""
        return [f"{step.step}.{step.exit}" for step in self.steps]

    async def call_out(self, account: str) -> None:
        """Call a phone, and let the scenario `main` talk with it to its end."""
        leg = await self.exchange.originate([PhoneTarget(account)], caller=Party("700"))
        assert await leg.answer()
        await self.runner.run_voice("main", leg)

    async def ended(self, runs: int = 1) -> None:
        """Wait until so many runs have ended."""
        await until(lambda: len(self.ends) >= runs, within=20)


@asynccontextmanager
async def playing(
    x: ExchangeUnderTest,
    *scenarios: str,
    numbers: Mapping[str, str] | None = None,
    store: RunStore | None = None,
    ports: Mapping[type, Any] | None = None,
) -> AsyncIterator[Stage]:
    """Calls run the scenario of the dialled number in `numbers`, else `main`. Each account is a user of its name.

    `ports` are what components use beside the office, the prompts, the recordings and the rooms.
    """
    prompts = x.folder / "prompts"
    prompts.mkdir()
    for hertz in TONES:
        tone_wav(prompts / f"{hertz:g}.wav", hertz, seconds=1)
    office = HeldOffice(
        OfficeData(
            users=tuple(User(name, name, name) for name in ACCOUNTS),
            phones=tuple(UserPhone(name, name, "") for name in ACCOUNTS),
        )
    )
    directory = OfficeDirectory(office, PinGuard(office, HandClock()))
    await directory.reload()
    releases = MemoryReleases({name_of(text): text for text in scenarios})
    rooms = ConferenceRooms(x.exchange)
    stage = Stage(x.exchange, RecordingFolder(x.folder / "recordings"))
    all_ports: dict[type, Any] = {
        Numbering: directory,
        People: HeldPeople(),
        Staff: directory,
        Prompts: PromptStore(prompts),
        Recordings: stage.recordings,
        Rooms: rooms,
        **(ports or {}),
    }
    runner = stage.runner = Runner(
        Catalogue(all_components()),
        releases,
        store or MemoryRunStore(),
        x.exchange,
        zone=ZoneInfo("Europe/Kyiv"),
        country="UA",
        ports=all_ports,
        traces=stage,
    )
    await runner.prepare()

    async def take(leg: Leg) -> None:
        await runner.run_voice((numbers or {}).get(leg.record.dialled, "main"), leg)

    async with serving(x.exchange, take):
        yield stage
    await asyncio.gather(rooms.close(), runner.close())


def recorded(stage: Stage, name: str) -> Path:
    """The file that a variable names in the run that ended last."""
    return stage.recordings.path(stage.ends[-1].variables[name])
