"""Where a loop stands, between one entering of its step and the next."""

from decimal import Decimal

from cordboard.scenario.context import Context


def place(ctx: Context, remembered: int | None, variable: str) -> int:
    """How many rounds have begun. A `variable` that somebody has changed since says it itself; None: a new loop."""
    if remembered is None:
        return 0
    if variable and isinstance(told := ctx.get(variable), Decimal) and told != remembered:
        return max(0, int(told))
    return remembered


def begin_round(ctx: Context, number: int, variable: str) -> int:
    """Round `number` begins: the variable takes it, and it is what is to be remembered."""
    ctx.set(variable, number)
    return number
