"""Joining a caller with somebody else: the one piece of behaviour that scenarios and plain internal calls share."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from cordboard.telephony.events import Answered, EarlyMedia, Ended, Ringing
from cordboard.telephony.party import LegState, Party, Target
from cordboard.telephony.ports import Exchange, Leg
from cordboard.telephony.reasons import EndReason
from cordboard.telephony.sounds import RINGBACK, Sound
from cordboard.telephony.talks import Talk


class Dialled(StrEnum):
    """What came of it."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"


_OUTCOMES = {
    EndReason.BUSY: Dialled.BUSY,
    EndReason.NO_ANSWER: Dialled.NO_ANSWER,
    EndReason.REJECTED: Dialled.REJECTED,
    EndReason.FORBIDDEN: Dialled.REJECTED,
}


@dataclass(frozen=True, slots=True)
class DialResult:
    """`leg` is the called leg: answered and joined with the caller if the outcome is ANSWERED, else ended."""

    outcome: Dialled
    leg: Leg | None = None
    reason: EndReason | None = None


async def dial(
    exchange: Exchange,
    caller: Leg,
    targets: Sequence[Target],
    *,
    show: Party,
    ring_time: float = 30.0,
    ringback: Sequence[Sound] | None = (RINGBACK,),
    placed: Callable[[Leg], Awaitable[None]] | None = None,
    remains: Callable[[Leg], Awaitable[None]] | None = None,
) -> DialResult:
    """Call `targets` and join whoever answers with `caller`, until either hangs up.

    An unanswered caller rings as the callee rings and is answered only when the callee answers: nobody pays
    for ringing. An answered one hears `ringback`, and so does one whose early media is open.
    With None he goes on hearing what he hears (the music of a queue), whatever the far end lets be heard before it
    answers, and also if nobody does.
    A far end that is heard before it answers takes the place of `ringback`: the caller's early media is opened for it.
    `placed` is awaited with the called leg as soon as there is one.
    After the talk the caller stays up, if it was the callee who hung up; a callee who stays up is handed to `remains`,
    and hung up when that returns. Cancelling this ends the called leg. While it rings, and while they talk, the caller
    and whoever is called stand in `exchange.talks`: another phone may pick the call up, a party may be led elsewhere.
    A callee who was led elsewhere when the caller went is neither handed to `remains` nor hung up.
    """
    if not targets:
        return DialResult(Dialled.UNREACHABLE, reason=EndReason.UNREACHABLE)
    callee = await exchange.originate(targets, caller=show, chain=caller.chain, ring_time=ring_time)
    talk: Talk | None = None
    try:
        if placed is not None:
            await placed(callee)
        async with exchange.talks.ringing(caller, callee, targets) as attempt:
            reason = await _wait_for_answer(exchange, caller, callee, ringback)
            if attempt.taken_by is not None and reason is EndReason.ANSWERED_ELSEWHERE:
                callee, reason = attempt.taken_by, None
            exchange.talks.answered(attempt)
            if reason is not None:
                return DialResult(_OUTCOMES.get(reason, Dialled.UNREACHABLE), callee, reason)
            if not await caller.answer():
                return DialResult(Dialled.UNREACHABLE, callee, EndReason.CANCELLED)
            talk = attempt.talk = Talk(exchange.talks, caller, callee)
            await exchange.talks.run(talk)
        if remains is not None and not _is_taken(talk) and callee.state is LegState.ANSWERED:
            await remains(callee)
        return DialResult(Dialled.ANSWERED, callee)
    finally:
        if talk is None or not _is_taken(talk):
            await asyncio.shield(callee.hang_up(EndReason.HUNG_UP if callee.record.answered else EndReason.CANCELLED))


def _is_taken(talk: Talk) -> bool:
    """Whether somebody else takes care of the callee now."""
    return talk.kept is talk.callee or talk.callee_stays


async def _wait_for_answer(
    exchange: Exchange, caller: Leg, callee: Leg, ringback: Sequence[Sound] | None
) -> EndReason | None:
    """None once the callee has answered, else why it did not. The caller's end cancels the callee."""

    async def follow_caller() -> None:
        await caller.ended()
        await callee.hang_up(EndReason.CANCELLED)

    follower = asyncio.create_task(follow_caller())
    try:
        with callee.events() as events:
            if callee.state is LegState.RINGING:
                await _let_ring(caller, ringback)
            if callee.state is LegState.ANSWERED:
                return None
            if ringback is not None and await callee.early_media():
                await _let_hear(exchange, caller, callee)
            async for event in events:
                match event:
                    case Ringing():
                        exchange.talks.change()
                        await _let_ring(caller, ringback)
                    case EarlyMedia() if ringback is not None:
                        await _let_hear(exchange, caller, callee)
                    case Answered():
                        return None
                    case Ended(reason):
                        return reason
        return EndReason.ERROR
    finally:
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower
        if ringback is not None:
            await caller.background(())


async def _let_hear(exchange: Exchange, caller: Leg, callee: Leg) -> None:
    if await caller.early_media():
        await exchange.join(caller, callee)


async def _let_ring(caller: Leg, ringback: Sequence[Sound] | None) -> None:
    await caller.ring()  # nothing if he is answered, or rings since his early media is open
    if ringback is not None:
        await caller.background(ringback)  # nothing if there is no voice to him
