"""Components for tests of what the engine does beside plain steps, and helpers to wait for runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import Field

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import (
    DIALOG,
    SERVICE,
    Component,
    ExitRow,
    ScenarioName,
    Text,
    Value,
    VariableName,
)
from cordboard.scenario.context import Context
from cordboard.scenario.results import Outcome
from cordboard.scenario.runner import Runner
from cordboard.scenario.values import from_json
from cordboard.testing.steps import (
    Begin,
    Call,
    Check,
    Choose,
    Drop,
    Emit,
    End,
    Fail,
    Jump,
    Launch,
    Put,
    Say,
    Stage,
    Wait,
)

DONE = "done"


class Way(ExitRow):
    """A branch."""


class Split(Component):
    """Goes several ways at once."""

    kind = "split"
    title = "Split"
    group = "test"
    kinds = SERVICE
    waits = True

    ways: list[Way]
    """The branches."""
    first: bool = False
    """Whether one is enough."""
    won: VariableName = ""
    """What ended first."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Go them."""
        ctx.set(self.won, await ctx.branches([way.id for way in self.ways], first=self.first))
        return DONE


class Unite(Component):
    """Ends a branch."""

    kind = "unite"
    title = "Unite"
    group = "test"

    async def run(self, ctx: Context) -> str:
        """End it."""
        ctx.join()


class Tell(Component):
    """Posts a message."""

    kind = "tell"
    title = "Tell"
    group = "test"

    name: Text
    """Its name."""
    key: Text = ""
    """Its key."""
    words: Text = ""
    """Its data."""
    to: Text = ""
    """For which run."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Post it."""
        ctx.post(self.name, self.key, {"words": self.words}, run_id=self.to)
        return DONE


class Hear(Component):
    """Waits for messages, in one step."""

    kind = "hear"
    title = "Hear"
    group = "test"
    waits = True

    name: Text
    """The name."""
    key: Text = ""
    """The key."""
    within: timedelta | None = None
    """How long at most, each."""
    times: int = Field(default=1)
    """How many."""
    into: VariableName = ""
    """The words, joined."""

    class Exit(StrEnum):
        """Its exits."""

        HEARD = "heard"
        NOTHING = "nothing"

    async def run(self, ctx: Context) -> str:
        """Wait."""
        words = []
        for _ in range(self.times):
            message = await ctx.wait_for(self.name, self.key, timeout=self.within)
            if message is None:
                return self.Exit.NOTHING
            words.append(str(from_json(message.data["words"])))
        ctx.set(self.into, " ".join(words))
        return self.Exit.HEARD


class Count(Component):
    """Counts how often it was entered."""

    kind = "count"
    title = "Count"
    group = "test"
    waits = True

    to: int
    """Where it ends."""
    into: VariableName = ""
    """How far it is."""

    class Exit(StrEnum):
        """Its exits."""

        MORE = "more"
        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Count."""
        number = int(ctx.remembered() or 0) + 1
        await ctx.sleep(60)
        ctx.set(self.into, Decimal(number))
        ctx.remember(number if number < self.to else None)
        return self.Exit.MORE if number < self.to else self.Exit.DONE


class Speak(Component):
    """Sets the language of the session."""

    kind = "speak"
    title = "Speak"
    group = "test"

    language: str
    """Which."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Set it."""
        ctx.session.language = self.language
        return DONE


class Show(Component):
    """Runs a dialog scenario beside this one."""

    kind = "show"
    title = "Show"
    group = "test"

    scenario: ScenarioName
    """Which one."""
    user: Text
    """On whose screen."""
    values: dict[str, Value] = Field(default_factory=dict)
    """With which values."""
    run_id: VariableName = ""
    """Its run."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Start it."""
        ctx.set(self.run_id, await ctx.start_dialog(self.scenario, self.user, self.values))
        return DONE


class Form(Component):
    """Something on a screen."""

    kind = "form"
    title = "Form"
    group = "test"
    kinds = DIALOG
    waits = True

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Take a minute."""
        await ctx.sleep(60)
        return DONE


class Cancel(Component):
    """Finds runs and cancels them."""

    kind = "cancel"
    title = "Cancel"
    group = "test"

    scenario: ScenarioName = ""
    """Of which scenario."""
    key: Text = ""
    """Of which key."""
    found: VariableName = ""
    """How many were found."""
    cancelled: VariableName = ""
    """How many were cancelled."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Do it."""
        ctx.set(self.found, Decimal(len(await ctx.find_runs(self.scenario, self.key))))
        ctx.set(self.cancelled, Decimal(await ctx.cancel_runs(self.scenario, self.key)))
        return DONE


class Over(Component):
    """Starts a service scenario as that declares it."""

    kind = "over"
    title = "Over"
    group = "test"

    scenario: ScenarioName
    """Which one."""
    values: dict[str, Value] = Field(default_factory=dict)
    """With which values."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Start it."""
        await ctx.start_service(self.scenario, self.values)
        return DONE


ENGINE_CATALOGUE = Catalogue(
    [
        *(Put, Say, Wait, Fail, Drop, Choose, Check, Call, Jump, End, Emit, Begin, Launch),
        *(Split, Unite, Tell, Hear, Count, Speak, Show, Form, Cancel, Over),
    ]
)


@asynccontextmanager
async def served(*runners: Runner) -> AsyncIterator[None]:
    """Let these nodes carry service runs on."""
    tasks = [asyncio.create_task(runner.serve()) for runner in runners]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def become(condition: Callable[[], bool], *, every: float = 0.01) -> None:
    """Let virtual time pass until something is so."""
    while True:
        if condition():
            return
        await asyncio.sleep(every)


async def ended(stage: Stage, run_id: str, *, every: float = 30.0) -> tuple[Outcome, Any, str]:
    """Wait for the end of a service run: outcome, value as JSON, error."""
    while True:
        info = await stage.store.get(run_id)
        assert info is not None
        if info.ending is not None:
            return info.ending.outcome, info.ending.value, info.ending.error
        await asyncio.sleep(every)
