"""What the fate of its parts makes of a message."""

from collections.abc import Awaitable, Callable, Sequence

from cordboard.outbox.sms.ports import DeliveryError, Part, UncertainError


async def hand_over_all(parts: Sequence[Part], hand_over: Callable[[Part], Awaitable[str]]) -> Sequence[str]:
    """Hand each part over in order; their references.

    Raises what `hand_over` raises of the first one. After it there is no way back: UncertainError tells how many were
    taken.
    """
    taken: list[str] = []
    for part in parts:
        try:
            taken.append(await hand_over(part))
        except DeliveryError as fault:
            if not taken and not isinstance(fault, UncertainError):
                raise
            words = f"{len(taken)} of {len(parts)} parts were taken: {fault}" if len(parts) > 1 else f"{fault}"
            raise UncertainError(words, taken) from fault
    return taken
