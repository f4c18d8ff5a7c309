"""A story on real SIP and RTP: its shipped scenarios and tables in an exchange of their own, and who takes part."""

import asyncio
import json
import shutil
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from cordboard.cli.stage import Stage, stage
from cordboard.cli.up import prepare
from cordboard.config import Settings
from cordboard.office.demo import CITY_LINE
from cordboard.office.documents import Document
from cordboard.office.lines.rules import LineRules
from cordboard.office.model import InternalNumber
from cordboard.office.tokens import new_token
from cordboard.phone import Call, Heard, recognise
from cordboard.scenario.ports import RunInfo, StepTrace
from cordboard.speech.cache import spoken
from cordboard.store.database import Store, open_store

ROOT = Path(__file__).parents[3]
WITHIN = 20.0
"""Seconds in which something expected must have come about."""
T = TypeVar("T")
Edits = Mapping[str, Mapping[str, str]]
"""By a scenario's name: pieces of its text, each of which is there once, and what stands there instead."""


@dataclass
class Props:
    """What a story is given before its exchange starts."""

    example: str
    """The folder in examples/."""
    edits: Edits = field(default_factory=dict)
    """Numbers, addresses and times that a real clock forces; nothing else is changed."""
    language: str = "en"
    main: str = ""
    """The scenario that takes calls from outside."""
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Internal numbers and the scenarios that answer them."""
    documents: Sequence[Document] = ()
    """Groups and what else scenarios name: they are there before these are published."""
    more: Callable[[Store], Awaitable[None]] | None = None
    """What else the office has."""
    prompts: Mapping[str, bytes] = field(default_factory=dict)
    """Recordings by file name."""
    tables: Mapping[str, bytes] = field(default_factory=dict)
    """Workbooks by file name, in place of those that are shipped."""
    scenarios: Mapping[str, str] = field(default_factory=dict)
    """What the story leaves to the office, as the main scenario: texts by name."""


class Told:
    """The stage with a story on it."""

    def __init__(self, on: Stage, token: str) -> None:
        self.on = on
        self.tables = on.settings.data / "tables"
        self._token = token

    async def start(self, scenario: str, **values: Any) -> str:
        """Start a service scenario by hand, as a program does over HTTP; its run."""
        url = f"http://127.0.0.1:{self.on.settings.web_port}/api/scenarios/{scenario}/runs"
        head = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(url, json.dumps({"values": values}).encode(), head)

        def ask() -> Any:
            with urllib.request.urlopen(asked, timeout=WITHIN) as answer:
                return json.load(answer)

        return str((await asyncio.to_thread(ask))["run"])

    async def store(self, ask: Callable[[Store], Awaitable[T]]) -> T:
        """Look into the exchange's database."""
        async with await open_store(self.on.settings.database) as store:
            return await ask(store)

    async def runs(self) -> Sequence[RunInfo]:
        """All runs of service scenarios."""
        return await self.store(lambda store: store.runs.find())

    async def all_over(self, *, within: float = WITHIN) -> None:
        """Wait until no run of a service scenario is left."""

        async def none_is_left() -> bool:
            return not await self.store(lambda store: store.runs.find(unfinished=True))

        await until(none_is_left, within=within)

    async def steps(self, scenario: str) -> list[StepTrace]:
        """The steps of the youngest call that entered a voice scenario."""
        [chain] = await self.store(lambda store: store.call_log.recent(1))
        runs = await self.store(lambda store: store.traces.runs_of(chain.id))
        found = [run for run in runs if run.scenario == scenario]
        return list(await self.store(lambda store: store.traces.steps_of(found[0].run_id))) if found else []

    def heard(self, call: Call) -> Sequence[Heard]:
        """What was said to this phone so far, by comparing sounds. Takes a while."""
        if not call.heard.exists():
            return []
        return recognise(call.heard, spoken(self.on.settings.sounds))

    async def hears(self, call: Call, words: str, *, within: float = WITHIN, times: int = 1) -> Heard:
        """Wait until it has heard a text with these words in it so many times. Raises AssertionError."""
        heard: Sequence[Heard] = []

        async def listen() -> Heard | None:
            nonlocal heard
            heard = await asyncio.to_thread(self.heard, call)
            fitting = [one for one in heard if words in one.text]
            return fitting[times - 1] if len(fitting) >= times else None

        return await until(listen, within=within, what=lambda: f"{words!r} was not heard, but {[*map(str, heard)]}")


@asynccontextmanager
async def told(folder: Path, props: Props, *, patience: float = WITHIN) -> AsyncIterator[Told]:
    """An exchange with a story's scenarios, published, and everybody around it."""
    token, kept = new_token("story", ["scenarios", "runs", "events"], datetime.now(UTC))

    async def dress(settings: Settings, city: int) -> None:
        _lay_out(settings, props)
        async with await open_store(settings.store, folder=settings.data) as store:
            await store.office.save(*props.documents)
        await prepare(settings, city)
        async with await open_store(settings.store, folder=settings.data) as store:
            office = await store.office.load()
            await store.office.save(
                replace(office.settings, language=props.language, main_scenario=props.main or "main"),
                # The far end is the test: a question would be taken for the first message of a call.
                LineRules(name=CITY_LINE, check_every=0),
                *(InternalNumber(number, scenario) for number, scenario in props.numbers.items()),
            )
            await store.tokens.add(kept)
            if props.more is not None:
                await props.more(store)

    async with stage(folder / "office", ROOT / ".speech", patience=patience, dress=dress) as on:
        yield Told(on, token)


async def until(
    condition: Callable[[], Awaitable[T | None]], *, within: float = WITHIN, what: Callable[[], str] = str
) -> T:
    """Ask again until the answer is true, and return it. Raises AssertionError with `what`."""
    end = asyncio.get_running_loop().time() + within
    while not (answer := await condition()):
        assert asyncio.get_running_loop().time() < end, what() or f"not within {within} s"
        await asyncio.sleep(0.2)
    return answer


def _lay_out(settings: Settings, props: Props) -> None:
    example = ROOT / "examples" / props.example
    settings.scenarios.mkdir(parents=True)
    for file in example.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        for good, other in props.edits.get(file.stem, {}).items():
            assert text.count(good) == 1, (file.name, good)
            text = text.replace(good, other)
        (settings.scenarios / file.name).write_text(text, encoding="utf-8")
    for name, text in props.scenarios.items():
        (settings.scenarios / f"{name}.yaml").write_text(text, encoding="utf-8")
    for shipped, place in ((example / "tables", settings.tables), (example / "prompts", settings.prompts)):
        place.mkdir(exist_ok=True)
        if shipped.exists():
            shutil.copytree(shipped, place, dirs_exist_ok=True)
    for folder, files in ((settings.tables, props.tables), (settings.prompts, props.prompts)):
        for name, content in files.items():
            (folder / name).write_bytes(content)
