"""Small components for tests of the language itself, and a runner around them on the simulated exchange."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import (
    SERVICE,
    VOICE,
    Component,
    ExitRow,
    ScenarioName,
    Text,
    Value,
    VariableName,
)
from cordboard.scenario.context import Context, RunMode
from cordboard.scenario.limits import Limits
from cordboard.scenario.markers import Variable
from cordboard.scenario.runner import Runner
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.virtual_time import VirtualClock
from cordboard.telephony import Clip, KeyRule, Leg
from cordboard.testing.exchange import Listened
from cordboard.testing.scenario import MemoryReleases, MemoryRunStore, MemoryTraces

KYIV = ZoneInfo("Europe/Kyiv")
DONE = "done"


class Put(Component):
    """Puts a value into a variable."""

    kind = "put"
    title = "Put"
    group = "test"

    into: Annotated[str, Variable(of="value")]
    """The variable."""
    value: Value = ""
    """The value."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Put it."""
        ctx.set(self.into, self.value)
        return DONE


class Say(Component):
    """Says a text."""

    kind = "say"
    title = "Say"
    group = "test"
    kinds = VOICE
    waits = True

    text: Text
    """What is said."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Say it."""
        await ctx.leg.answer()
        await ctx.leg.play([Clip(None, self.text)])
        return DONE


class Wait(Component):
    """Waits."""

    kind = "wait"
    title = "Wait"
    group = "test"
    waits = True

    time: timedelta
    """How long."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Wait."""
        await ctx.sleep(self.time.total_seconds())
        return DONE


class Fail(Component):
    """Fails."""

    kind = "fail"
    title = "Fail"
    group = "test"

    words: Text = "broken"
    """With which words."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:  # noqa: ARG002 - it needs nothing
        """Fail."""
        raise RuntimeError(self.words)


class Drop(Component):
    """Hangs up."""

    kind = "drop"
    title = "Drop"
    group = "test"
    kinds = VOICE
    ends_leg = True

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Hang up."""
        await ctx.leg.hang_up()
        return DONE


class Key(ExitRow):
    """A key."""

    key: str
    """The key."""


class Choose(Component):
    """Waits for a key."""

    kind = "choose"
    title = "Choose"
    group = "test"
    kinds = VOICE
    waits = True

    keys: list[Key]
    """The keys."""

    class Exit(StrEnum):
        """Its fixed exits."""

        NOTHING = "nothing"

    async def run(self, ctx: Context) -> str:
        """Wait for one."""
        pressed = (await ctx.leg.collect(KeyRule())).digits
        return next((row.id for row in self.keys if row.key == pressed), self.Exit.NOTHING)


class Check(Component):
    """Goes by a condition."""

    kind = "check"
    title = "Check"
    group = "test"

    condition: bool
    """The condition."""

    class Exit(StrEnum):
        """Its exits."""

        YES = "yes"
        NO = "no"

    async def run(self, ctx: Context) -> str:  # noqa: ARG002 - it needs nothing
        """Decide."""
        return self.Exit.YES if self.condition else self.Exit.NO


class Call(Component):
    """Calls a scenario."""

    kind = "call"
    title = "Call"
    group = "test"

    scenario: ScenarioName
    """Which one."""
    result: VariableName = ""
    """Where its value goes."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Call it."""
        ended = await ctx.call(self.scenario)
        ctx.set(self.result, ended.value)
        return DONE


class Jump(Component):
    """Jumps to a scenario."""

    kind = "jump"
    title = "Jump"
    group = "test"

    scenario: ScenarioName
    """Which one."""

    async def run(self, ctx: Context) -> str:
        """Jump."""
        ctx.jump(self.scenario)


class End(Component):
    """Stops."""

    kind = "end"
    title = "End"
    group = "test"

    value: Value = None
    """With which value."""
    all: bool = False
    """Whether the callers end, too."""

    async def run(self, ctx: Context) -> str:
        """Stop."""
        ctx.stop(self.value, whole_chain=self.all)


class Emit(Component):
    """Emits an effect."""

    kind = "emit"
    title = "Emit"
    group = "test"

    key: Text = ""
    """Its key."""
    text: Text
    """Its payload."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Emit it."""
        ctx.emit("sms", self.key, {"text": self.text})
        return DONE


class Begin(Component):
    """Starts a service scenario."""

    kind = "begin"
    title = "Begin"
    group = "test"

    scenario: ScenarioName
    """Which one."""
    values: dict[str, Value] = Field(default_factory=dict)
    """With which values."""
    key: Text = ""
    """With which key; given one, it is single."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Start it."""
        mode = RunMode.SINGLE if self.key else RunMode.PARALLEL
        await ctx.start_service(self.scenario, self.values, key=self.key, mode=mode)
        return DONE


class Launch(Component):
    """Does something that cannot be taken back, and takes its time."""

    kind = "launch"
    title = "Launch"
    group = "test"
    kinds = SERVICE
    waits = True

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        INTERRUPTED = "interrupted"

    async def run(self, ctx: Context) -> str:
        """Launch."""
        await ctx.attempt("launch")
        launched = ctx.port(Launches)
        launched.visits.append(ctx.visit)
        if launched.hang:
            await launched.forever()
        return self.Exit.DONE


class Around(Component):
    """Sleeps, calls a scenario, starts another, sleeps again: all in one step."""

    kind = "around"
    title = "Around"
    group = "test"
    kinds = SERVICE
    waits = True

    scenario: ScenarioName
    """The scenario to call."""
    beside: ScenarioName
    """The scenario to start."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Go around."""
        ctx.emit("sms", "", {"text": "around"})
        await ctx.sleep(60)
        await ctx.call(self.scenario)
        await ctx.start_service(self.beside)
        await ctx.sleep(60)
        return DONE


@dataclass(slots=True)
class Launches:
    """A port: what was launched."""

    visits: list[str] = field(default_factory=list)
    hang: bool = False

    async def forever(self) -> None:
        """Never return."""
        await asyncio.Event().wait()


TEST_CATALOGUE = Catalogue([Put, Say, Wait, Fail, Drop, Choose, Check, Call, Jump, End, Emit, Begin, Launch, Around])


def voice(steps: str, *, name: str = "main", head: str = "") -> str:
    """A voice scenario that begins with the first of `steps`, each of which is `id: {…}` on a line of its own."""
    return _scenario("voice", name, steps, head)


def service(steps: str, *, name: str = "work", head: str = "") -> str:
    """A service scenario, likewise."""
    return _scenario("service", name, steps, head)


def dialog(steps: str, *, name: str = "form", head: str = "") -> str:
    """A dialog scenario, likewise."""
    return _scenario("dialog", name, steps, head)


def _scenario(kind: str, name: str, steps: str, head: str) -> str:
    lines = [line.strip() for line in steps.strip().splitlines()]
    start = lines[0].split(":", 1)[0]
    body = "\n".join(f"  {line}" for line in lines)
    return f"scenario: {name}\nkind: {kind}\n{head}{chr(10) if head else ''}start: {start}\nsteps:\n{body}\n"


class Stage:
    """A runner of the test components on a simulated exchange. Make it inside of the (virtual) loop."""

    def __init__(
        self,
        *scenarios: str,
        store: MemoryRunStore | None = None,
        catalogue: Catalogue = TEST_CATALOGUE,
        **more: Any,
    ) -> None:
        self.catalogue = catalogue
        texts = {text.split("\n", 1)[0].removeprefix("scenario: "): text for text in scenarios}
        self.clock = VirtualClock()
        self.listened = Listened()
        self.exchange = SimulatedExchange(self.listened, self.clock)
        self.store = store or MemoryRunStore()
        self.releases = MemoryReleases(texts)
        self.traces = MemoryTraces()
        self.launches = Launches()
        self.said_goodbye = 0
        self.more = more
        self.runner = self.node("a")

    def node(self, name: str, limits: Limits | None = None) -> Runner:
        """Another runner over the same store."""
        ports: Mapping[type, object] = {Launches: self.launches}
        return Runner(
            self.catalogue,
            self.releases,
            self.store,
            self.exchange,
            zone=KYIV,
            country="UA",
            ports=ports,
            clock=self.clock,
            limits=limits or self.more.get("limits"),
            traces=self.traces,
            goodbye=self._goodbye,
            node=name,
        )

    async def _goodbye(self, _leg: Leg) -> None:
        self.said_goodbye += 1
