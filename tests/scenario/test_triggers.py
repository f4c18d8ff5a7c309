from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordboard.scenario.context import ScenarioError
from cordboard.scenario.hooks import Hook, HookKind
from cordboard.scenario.ports import Message
from cordboard.scenario.triggers import LATE, Triggers
from cordboard.simulation.stores import MemoryRunStore
from cordboard.testing.hooks import MemoryHooks
from cordboard.testing.office import HandClock

KYIV = ZoneInfo("Europe/Kyiv")


class _Starter:
    """Keeps what it was asked to start; the id of a run is known to it as to the store."""

    def __init__(self, **parameters: Collection[str]) -> None:
        self.started: list[tuple[str, dict[str, Any], str]] = []
        self.ids: set[str] = set()
        self.broken = ""
        self._parameters = parameters

    async def parameters(self, scenario: str) -> Collection[str]:
        if scenario not in self._parameters:
            raise ScenarioError(f"there is no scenario {scenario!r}")
        return self._parameters[scenario]

    async def start_service(
        self, scenario: str, values: Mapping[str, Any] | None = None, *, chain: str = "", run_id: str = ""
    ) -> str:
        if self.broken:
            raise ConnectionError(self.broken)
        if run_id not in self.ids:
            self.ids.add(run_id)
            self.started.append((scenario, dict(values or {}), chain))
        return run_id


class _Desk:
    def __init__(self, *hooks: Hook, **parameters: Collection[str]) -> None:
        self.clock = HandClock()
        self.hooks = MemoryHooks(*hooks)
        self.store = MemoryRunStore()
        self.starter = _Starter(**parameters)
        self.triggers = self.another()

    def another(self) -> Triggers:
        return Triggers(self.hooks, self.store, self.starter, self.clock, KYIV)

    async def post(self, name: str, key: str = "", message_id: str = "m1", **data: Any) -> None:
        message = Message(name, key, data, chain="c1", id=message_id, posted=self.clock.now())
        await self.store.emit([], [message])


def _on(event: str, scenario: str = "after", **more: Any) -> Hook:
    return Hook(f"{event}-{scenario}", HookKind.EVENT, scenario, event, **more)


async def test_an_event_starts_what_is_attached_with_the_values_that_it_declares() -> None:
    desk = _Desk(
        _on("call.ended", values={"note": "from the hook", "other": "not declared"}),
        after={"phone", "note", "talked", "event"},
    )
    await desk.post("call.ended", "+380671234567", phone="+380671234567", talked={"number": "12.5"}, secret="x")
    await desk.triggers.look()
    ((scenario, values, chain),) = desk.starter.started
    assert (scenario, chain) == ("after", "c1")
    assert values == {
        "phone": "+380671234567",
        "talked": Decimal("12.5"),
        "note": "from the hook",
        "event": "call.ended",
    }


async def test_an_event_starts_each_hook_once_also_over_two_nodes_and_a_crash_between() -> None:
    desk = _Desk(_on("call.missed"), _on("call.missed", "other"), after=(), other=())
    await desk.post("call.missed")
    desk.starter.broken = "the database is away"
    with pytest.raises(ConnectionError):
        await desk.triggers.look()
    desk.starter.broken = ""
    await desk.another().look()
    await desk.triggers.look()
    assert sorted(each[0] for each in desk.starter.started) == ["after", "other"]


async def test_an_event_of_another_name_or_from_before_the_hook_or_of_a_switched_off_hook_starts_nothing() -> None:
    clock = HandClock()
    desk = _Desk(
        _on("call.missed", created=clock.now() + timedelta(seconds=1)), _on("line.down", enabled=False), after=()
    )
    await desk.post("call.ended", message_id="m1")
    await desk.post("call.missed", message_id="m2")
    await desk.post("line.down", message_id="m3")
    await desk.triggers.look()
    assert desk.starter.started == []


async def test_what_cannot_be_started_is_noted_and_the_next_event_has_its_chance() -> None:
    desk = _Desk(_on("call.missed", "gone"))
    await desk.post("call.missed", message_id="m1")
    await desk.triggers.look()
    assert (await desk.hooks.all())[0].error == "there is no scenario 'gone'"
    await desk.hooks.put(_on("call.missed", "gone", error="there is no scenario 'gone'"))
    desk.starter._parameters["gone"] = ()
    await desk.post("call.missed", message_id="m2")
    await desk.triggers.look()
    assert [each[0] for each in desk.starter.started] == ["gone"]
    assert (await desk.hooks.all())[0].error == ""


def _daily(clock: HandClock, **more: Any) -> Hook:
    return Hook("morning", HookKind.SCHEDULE, "report", "daily at 09:00", created=clock.now(), **more)


async def test_a_schedule_starts_its_scenario_when_the_time_has_come_and_once() -> None:
    desk = _Desk(report={"scheduled"})
    desk.clock.time = datetime(2026, 11, 23, 6, 59, 58, tzinfo=UTC)  # 08:59:58 in Kyiv
    await desk.hooks.put(_daily(desk.clock))
    assert 0 < await desk.triggers.look() <= 1.0
    assert desk.starter.started == []
    desk.clock.time += timedelta(seconds=3)
    await desk.triggers.look()
    await desk.another().look()
    ((scenario, values, _),) = desk.starter.started
    assert scenario == "report"
    assert values == {"scheduled": datetime(2026, 11, 23, 9, 0, tzinfo=KYIV)}
    assert (await desk.hooks.all())[0].fired == datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


async def test_a_schedule_that_was_missed_is_made_up_for_once_and_only_if_it_is_not_long_ago() -> None:
    desk = _Desk(report=())
    desk.clock.time = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
    await desk.hooks.put(_daily(desk.clock))
    desk.clock.time = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)  # three mornings later, half an hour late
    await desk.triggers.look()
    await desk.triggers.look()
    assert len(desk.starter.started) == 1
    desk.clock.time = datetime(2026, 11, 24, 7, 0, 1, tzinfo=UTC) + LATE
    await desk.triggers.look()
    assert len(desk.starter.started) == 1


async def test_a_broken_schedule_is_noted() -> None:
    desk = _Desk(Hook("morning", HookKind.SCHEDULE, "report", "whenever"), report=())
    await desk.triggers.look()
    assert "is no schedule" in (await desk.hooks.all())[0].error
