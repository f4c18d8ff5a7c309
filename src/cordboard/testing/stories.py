"""The scenarios that are shipped, tried over the simulated exchange in virtual time."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from cordboard.office.model import InternalNumber, OfficeData, OfficeLine, OfficeSettings, Route, User, UserPhone
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import CalledPhone
from cordboard.telephony import Line, LineTarget, Target
from cordboard.telephony.directory import LineMode
from cordboard.testing.components import Trial
from cordboard.testing.scenario import MemoryRunStore

DEMO = Path(__file__).parents[3] / "examples" / "s01-employee-callback"
CITY_NUMBER = "+380322327757"
OLENA = "+380671234567"
"""May call everywhere in the country."""
TARAS = "+380931112233"
"""May call Lviv only."""

DEMO_OFFICE = OfficeData(
    OfficeSettings(language="en", main_scenario="main"),
    users=(
        User("olena", "Олена", "101", OLENA, "uk", "hash", ("+380",)),
        User("taras", "Тарас", "104", TARAS, "uk", "hash", ("+38032",)),
        User("mary", "Mary", "103", "", "en", "hash", ("+",)),
    ),
    phones=(UserPhone("101", "olena", "s1"), UserPhone("103", "mary", "s3")),
    lines=(OfficeLine(Line("city", LineMode.ADDRESS, "127.0.0.1", number=CITY_NUMBER)),),
    internal_numbers=(InternalNumber("700", "menu"),),
    routes=(
        Route("national", "0", ("city",)),
        Route("world", "+", ("city",)),
        Route("access code", "9", ("city",), strip=1),
    ),
)
"""The demo's office, with people for each rule: one with few rights, one without a mobile."""


def city(number: str) -> Target:
    """Somebody outside, over the line."""
    return LineTarget("city", number)


class DemoTrial(Trial):
    """The demo's scenarios as they are shipped, with DEMO_OFFICE. The PIN 4821 is right and 0000 locked."""

    def __init__(self, far_ends: Mapping[Target, FarEnd] | None = None, *, store: MemoryRunStore | None = None) -> None:
        texts = [file.read_text(encoding="utf-8") for file in sorted(DEMO.glob("*.yaml"))]
        super().__init__(*texts, far_ends=far_ends, store=store, office=DEMO_OFFICE)
        self._met = 0

    async def next_called(self, *, within: float = 300.0) -> CalledPhone:
        """The next phone that the exchange rings. Raises TimeoutError if it rings none in that many seconds."""
        async with asyncio.timeout(within):
            while len(self.exchange.called) <= self._met:  # noqa: ASYNC110  (nothing could set an event)
                await asyncio.sleep(0.1)
        self._met += 1
        return self.exchange.called[self._met - 1]

    @property
    def attempts(self) -> list[float]:
        """When each phone was rung, in seconds since the first step began."""
        began = self.steps[0].entered
        return [round((phone.leg.record.started - began).total_seconds(), 2) for phone in self.exchange.called]

    @property
    def called(self) -> list[Target]:
        """Whom the exchange called, in order."""
        return [phone.target for phone in self.exchange.called]

    async def assert_nothing_is_left(self) -> None:
        """No leg stands, no run runs or waits."""
        assert list(self.exchange.legs()) == []
        assert list(self.runner.live()) == []
        assert list(await self.store.find(unfinished=True)) == []
