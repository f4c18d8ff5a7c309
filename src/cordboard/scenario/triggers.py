"""Starts the scenarios that are attached to events and schedules, each once, also over crashes and several nodes."""

import asyncio
import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from cordboard.scenario.hooks import Hook, HookKind, Hooks
from cordboard.scenario.ports import Message, RunStore
from cordboard.scenario.run_mode import ScenarioError
from cordboard.scenario.schedule import BadScheduleError, parse_schedule
from cordboard.scenario.values import AnyValue, from_json
from cordboard.telephony import Clock

log = logging.getLogger(__name__)

POLL = 1.0
"""Seconds until events of other nodes, and changed hooks, are looked for."""
LATE = timedelta(hours=1)
"""A schedule that was missed for longer, because nothing ran, is not made up for."""
_STARTS = uuid.UUID("0c8b0b5e-5b1a-4b57-9a7e-0c6e0c9a6f31")
"""Names the ids of the runs: the same event and hook are one run, whoever starts it, and however often."""


class Starter(Protocol):
    """The part of the runner that is needed here."""

    async def parameters(self, scenario: str) -> Collection[str]:
        """The names of the start parameters of a service scenario. Raises ScenarioError."""

    async def start_service(
        self, scenario: str, values: Mapping[str, AnyValue] | None = None, *, chain: str = "", run_id: str = ""
    ) -> str:
        """See Runner.start_service."""


class Triggers:
    """Watches events and the clock."""

    def __init__(self, hooks: Hooks, store: RunStore, starter: Starter, clock: Clock, zone: tzinfo) -> None:
        self._hooks = hooks
        self._store = store
        self._starter = starter
        self._clock = clock
        self._zone = zone
        self._look = asyncio.Event()
        self.after_talk = ""
        """The voice scenario that is attached to the end of a talk, as it was last looked at; empty: none."""

    def wake(self) -> None:
        """Something was posted here: look at once."""
        self._look.set()

    async def run(self) -> None:
        """Start what is due, until cancelled. While the store is away nothing is lost: events and schedules wait."""
        while True:
            self._look.clear()
            pause = POLL
            try:
                pause = await self.look()
            except Exception:
                log.exception("triggers: the store failed; trying again")
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._look.wait()

    async def look(self) -> float:
        """Start what is due now. Returns the seconds until it is worth looking again."""
        hooks = [hook for hook in await self._hooks.all() if hook.enabled]
        self.after_talk = next((hook.scenario for hook in hooks if hook.kind is HookKind.AFTER_TALK), "")
        full = await self._events([hook for hook in hooks if hook.kind is HookKind.EVENT])
        waits = [await self._scheduled(hook) for hook in hooks if hook.kind is HookKind.SCHEDULE]
        return 0.0 if full else min([POLL, *waits])

    # --- events -----------------------------------------------------------------------------------------------

    async def _events(self, hooks: Sequence[Hook]) -> bool:
        """Take messages. Whether there may be more."""
        if not hooks:
            return False
        messages = await self._store.take_messages(sorted({hook.on for hook in hooks}))
        for message in messages:
            for hook in hooks:
                if hook.on == message.name and _since(hook, message):
                    offered = {name: from_json(value) for name, value in message.data.items()}
                    about = {"event": message.name, "event_key": message.key}
                    await self._start(hook, about | offered, message.id, chain=message.chain)
        if messages:
            await self._store.taken([message.seq for message in messages])
        return bool(messages)

    # --- schedules --------------------------------------------------------------------------------------------

    async def _scheduled(self, hook: Hook) -> float:
        """Start it if it is due. Returns the seconds until it is due again, POLL at most."""
        try:
            schedule = parse_schedule(hook.on)
        except BadScheduleError as fault:
            if hook.error != str(fault):
                await self._hooks.seen_to(hook.name, None, str(fault))
            return POLL
        now = self._clock.now()
        # Looking back no further than LATE: of what was missed while nothing ran, only the last is made up for.
        since = max(moment for moment in (hook.fired, hook.created, now - LATE) if moment is not None)
        due = schedule.after(since, self._zone)
        if due is None or due > now:
            return POLL if due is None else min(POLL, (due - now).total_seconds())
        while (later := schedule.after(due, self._zone)) is not None and later <= now:
            due = later
        await self._start(hook, {"scheduled": due.astimezone(self._zone)}, due.isoformat(), fired=due)
        return 0.0

    # --- both -------------------------------------------------------------------------------------------------

    async def _start(
        self, hook: Hook, offered: Mapping[str, AnyValue], cause: str, *, chain: str = "", fired: datetime | None = None
    ) -> None:
        error = ""
        try:
            wanted = await self._starter.parameters(hook.scenario)
            values = {name: value for name, value in {**hook.values, **offered}.items() if name in wanted}
            run_id = uuid.uuid5(_STARTS, f"{hook.name}\n{cause}").hex
            await self._starter.start_service(hook.scenario, values, chain=chain, run_id=run_id)
        except ScenarioError as fault:
            error = str(fault)
            log.warning("hook %s: scenario %s was not started: %s", hook.name, hook.scenario, error)
        if fired is not None or error != hook.error:
            await self._hooks.seen_to(hook.name, fired, error)


def _since(hook: Hook, message: Message) -> bool:
    return hook.created is None or message.posted is None or message.posted >= hook.created
