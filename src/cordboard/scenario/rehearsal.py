"""What stands in for the world outside while a scenario is simulated, tested or replayed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cordboard.scenario.component import Component
from cordboard.scenario.context import Context, ScenarioError
from cordboard.scenario.values import AnyValue


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """What comes of a step instead of running its component."""

    exit: str = ""
    """Empty: it never comes to an end by itself."""
    values: Mapping[str, AnyValue] = field(default_factory=dict)
    """Variables of the scenario that it sets, as `Context.set` takes them."""
    seconds: float = 0.0
    """How long it takes."""
    error: str = ""
    """Words of a fault: the step then leaves by `error`."""


class Rehearsal(Protocol):
    """Follows a run from step to step, and answers for the world outside."""

    def entered(self, ctx: Context, component: Component) -> StepAnswer | None:
        """A step begins, or is entered anew after a sleep (`ctx.visit` is then the same). None: the component runs.

        Must return at once and never raise.
        """


async def run_step(ctx: Context, component: Component, rehearsal: Rehearsal | None) -> str:
    """The exit by which the step leaves: by its component, or by the answer that the rehearsal gives instead."""
    answer = rehearsal.entered(ctx, component) if rehearsal is not None else None
    if answer is None:
        return await component.run(ctx)
    await ctx.sleep(answer.seconds if answer.exit or answer.error else _FOR_EVER)
    for name, value in answer.values.items():
        ctx.set(name, value)
    if answer.error:
        raise ScenarioError(answer.error)
    return answer.exit


_FOR_EVER = 10 * 365 * 86400.0
