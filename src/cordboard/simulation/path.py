"""The way that runs took, in the order in which the steps were entered."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cordboard.scenario.ports import StepTrace


def walked(steps: Iterable[StepTrace]) -> list[StepTrace]:
    """The steps of one or several runs, each before those of the scenarios that it called.

    Traces come in the order in which steps were over. A step that slept durably was entered again: it is one step.
    """
    by_run: dict[str, list[StepTrace]] = defaultdict(list)
    for step in steps:
        by_run[step.run_id].append(step)
    return list(heapq.merge(*(_of_one(run) for run in by_run.values()), key=lambda step: step.entered))


def _of_one(steps: Sequence[StepTrace]) -> list[StepTrace]:
    whole: list[list[StepTrace]] = []
    """Steps, each with all that it called behind it."""
    for step in _without_sleeps(steps):
        children: list[StepTrace] = []
        while whole and whole[-1][0].depth > step.depth and whole[-1][0].entered >= step.entered:
            children = [*whole.pop(), *children]
        whole.append([step, *children])
    return [step for group in whole for step in group]


def _without_sleeps(steps: Sequence[StepTrace]) -> list[StepTrace]:
    """One trace for a step that slept: entered when it first was, left when it last was."""
    kept: list[StepTrace] = []
    asleep: dict[tuple[str, str, int, str], StepTrace] = {}
    for index, step in enumerate(steps):
        place = (step.scenario, step.step, step.depth, step.branch)
        following = next((later for later in steps[index + 1 :] if later.depth <= step.depth), None)
        first = asleep.pop(place, step)
        if first is not step:
            seconds = (step.entered - first.entered).total_seconds() + step.seconds
            step = replace(step, entered=first.entered, seconds=seconds)  # noqa: PLW2901  (it is the same step)
        again = following is not None and (following.scenario, following.step, following.depth) == place[:3]
        if not step.exit and not step.error and again:
            asleep[place] = step
        else:
            kept.append(step)
    return kept


def shown(steps: Iterable[StepTrace]) -> list[str]:
    """A path in short: `scenario.step/exit`, without the slash if it left by none."""
    return [f"{step.scenario}.{step.step}" + (f"/{step.exit}" if step.exit else "") for step in steps]
