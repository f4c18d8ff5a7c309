"""Takes due deliveries from the outbox and has them handed over, a few at a time."""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import structlog

from cordboard.outbox.backoff import next_try, pause
from cordboard.outbox.ports import (
    Delivery,
    Gateway,
    Outbox,
    PermanentError,
    PostponedError,
    Remembering,
    State,
    TemporaryError,
    UncertainError,
    Verdict,
)
from cordboard.telephony import Clock

POLL = 1.0
"""Seconds after which the outbox is looked at anyhow: others put things into it and may not tell."""
LEASE = timedelta(minutes=10)
"""After that another node may take a delivery over. Longer than any gateway takes."""
MOST_SECONDS = 540.0
"""Seconds for one attempt, whatever its gateway does. Shorter than the lease."""
FAREWELL = 5.0
"""Seconds that are left to what is being handed over when the exchange stops."""

_log = structlog.get_logger("outbox")


class Deliverer:
    """One node's hands. `run` it until it is cancelled."""

    def __init__(
        self,
        outbox: Outbox,
        gateways: Mapping[str, Gateway],
        clock: Clock,
        node: str,
        *,
        dice: random.Random | None = None,
        farewell: float = FAREWELL,
    ) -> None:
        """`gateways` by kind of delivery. `node` is a name that stays over restarts, and that no other node has."""
        self._farewell = farewell
        self._outbox = outbox
        self._gateways = gateways
        self._clock = clock
        self._node = node
        self._dice = dice or random.Random()
        self._busy: dict[str, int] = dict.fromkeys(gateways, 0)
        self._tasks: set[asyncio.Task[None]] = set()
        self._look = asyncio.Event()

    def wake(self) -> None:
        """Something was ordered here: look at once."""
        self._look.set()

    async def run(self) -> None:
        """Deliver what is due, until cancelled. While the store is away nothing is lost.

        What is being handed over when it is cancelled gets a few seconds. What is then cut off is in doubt, and treated
        so after the next start.
        """
        async with asyncio.TaskGroup() as group:
            try:
                await self._serve(group)
            except asyncio.CancelledError:
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=self._farewell)
                raise

    async def _serve(self, group: asyncio.TaskGroup) -> None:
        released = False
        while True:
            self._look.clear()
            seconds = POLL
            try:
                if not released:
                    await self._outbox.release(self._node)
                    released = True
                seconds = await self._hand_out(group)
            except Exception:  # noqa: BLE001 - the store has many ways to fail; all pass, and nothing is lost
                _log.exception("the outbox cannot be read or written; trying again")
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._look.wait()

    async def _hand_out(self, group: asyncio.TaskGroup) -> float:
        """Begin all that may begin. Returns the seconds until it is worth looking again."""
        more = await self._outbox.take_in(self._clock.now())
        due = await self._outbox.next_due()
        if due is None or due > self._clock.now():
            return 0.0 if more else POLL
        if await self._outbox.expire(self._clock.now()):
            _log.warning("deliveries were given up: their deadline was over")
        for kind, gateway in self._gateways.items():
            free = gateway.places - self._busy[kind]
            if free <= 0:
                continue
            now = self._clock.now()
            for delivery in await self._outbox.claim(kind, now, self._node, now + LEASE, free):
                self._busy[kind] += 1
                task = group.create_task(self._hand_over(gateway, delivery), name=f"deliver-{delivery.id}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return POLL

    async def _hand_over(self, gateway: Gateway, delivery: Delivery) -> None:
        log = _log.bind(delivery=delivery.id, kind=delivery.kind, to=delivery.recipient, run=delivery.run_id)
        try:
            verdict = await self._attempt(gateway, delivery)
            if not await self._outbox.settle(delivery.id, delivery.epoch, verdict, self._clock.now()):
                log.warning("another node has taken this delivery over meanwhile")
            elif verdict.state is State.DELIVERED:
                log.info("delivered", tries=delivery.tries, receipt=verdict.receipt)
            elif verdict.postponed:
                log.info("postponed", until=verdict.due, reason=verdict.error)
            else:
                log.warning("not delivered", state=verdict.state.value, error=verdict.error, again=verdict.due)
        except Exception:
            # It stays SENDING, and is in doubt when the lease is over: that is what is known about it.
            log.exception("what came of this delivery could not be written down")
        finally:
            self._busy[delivery.kind] -= 1
            self._look.set()

    async def _attempt(self, gateway: Gateway, delivery: Delivery) -> Verdict:
        if delivery.doubts and not gateway.repeats:
            known = await self._remembered(gateway, delivery)
            if known is not None:
                return known
        try:
            async with asyncio.timeout(MOST_SECONDS):
                receipt = await gateway.deliver(delivery)
        except TemporaryError as fault:
            return self._later(delivery, State.WAITING, State.FAILED, str(fault), fault.retry_after)
        except PostponedError as fault:
            return Verdict(State.WAITING, str(fault), fault.until, postponed=True)
        except PermanentError as fault:
            return Verdict(State.FAILED, str(fault))
        except (UncertainError, TimeoutError) as fault:
            words = str(fault) or "no answer came in time"
            if not gateway.repeats:
                return Verdict(State.UNCERTAIN, words)
            return self._later(delivery, State.UNCERTAIN, State.UNCERTAIN, words, 0.0)
        except Exception as fault:  # noqa: BLE001 - a gateway's own fault must not stop the others; how far it came is unknown
            _log.exception("the gateway has failed", delivery=delivery.id, kind=delivery.kind)
            return self._later(delivery, State.UNCERTAIN, State.UNCERTAIN, f"the gateway has failed: {fault!r}", 0.0)
        return Verdict(State.DELIVERED, receipt=receipt.text)

    @staticmethod
    async def _remembered(gateway: Gateway, delivery: Delivery) -> Verdict | None:
        """What is known of one in doubt whose kind is not handed over again. None: it certainly never left."""
        words = delivery.error or "the exchange was stopped while it was handed over"
        if not isinstance(gateway, Remembering):
            return Verdict(State.UNCERTAIN, words)
        try:
            receipt = await gateway.remembered(delivery)
        except Exception as fault:  # noqa: BLE001 - whatever keeps its book away, nobody knows then
            return Verdict(State.UNCERTAIN, words if isinstance(fault, UncertainError) else f"{words}: {fault}")
        return Verdict(State.DELIVERED, receipt=receipt.text) if receipt is not None else None

    def _later(self, delivery: Delivery, state: State, given_up: State, error: str, seconds: float) -> Verdict:
        """Another attempt, if the deadline leaves the time."""
        wanted = max(seconds, pause(delivery.tries, self._dice))
        due = next_try(self._clock.now(), delivery.deadline, wanted)
        return Verdict(state if due else given_up, error, due)
