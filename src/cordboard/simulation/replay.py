"""From the traces of what really happened to a script that makes it happen again."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import ERROR, ScenarioKind
from cordboard.scenario.ports import StepTrace, TracedRun
from cordboard.scenario.rehearsal import StepAnswer
from cordboard.scenario.results import Outcome
from cordboard.scenario.trace import HIDDEN_KEY, MASK
from cordboard.scenario.values import from_json
from cordboard.simulation.differing import differences
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.path import walked
from cordboard.simulation.report import Report
from cordboard.simulation.script import A_VOICE, OTHERS, Behaviour, Deed, Given, Script
from cordboard.simulation.simulator import SimulatedOffice, simulate

_SLACK = timedelta(seconds=0.05)
"""By which the beginning of a run may lie behind the end of the step that began it."""
_RECORDED = "recorded"
"""The exit of a component that was there to hear somebody, and has."""
_WHOM = ("number", "who")
"""The properties that say who is called."""
_APART = 2.0
"""Seconds between keys that do not belong to one input."""
_MOST_GUESSED = 5
"""Secret keys for which both guesses are tried, one with the other."""
_AT_ONCE = 0.6
"""Seconds between the key that ended a step and its end, at most."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A run and everything that it set off, as they were traced."""

    root: TracedRun
    others: Sequence[TracedRun] = ()

    @property
    def runs(self) -> Sequence[TracedRun]:
        """All of them, the root first."""
        return [self.root, *self.others]


def recording(root: TracedRun, chain: Iterable[TracedRun]) -> Recording:
    """Of the runs of a chain, those that `root` or its offspring began."""
    found = [root]
    rest = sorted((run for run in chain if run.run.run_id != root.run.run_id), key=lambda run: run.run.started)
    for run in rest:
        if any(_began(step, run) for known in found for step in known.steps):
            found.append(run)
    return Recording(root, found[1:])


def recording_of(report: Report) -> Recording:
    """What a simulation has done, as if it had been traced by an exchange."""
    traced = [TracedRun(run, [step for step in report.steps if step.run_id == run.run_id]) for run in report.runs]
    root = next(run for run in traced if run.run.run_id == report.run_id)
    return recording(root, traced)


def _began(step: StepTrace, run: TracedRun) -> bool:
    """Whether a run was begun by a step: it names the scenario, and was at work at that moment."""
    end = step.entered + timedelta(seconds=step.seconds) + _SLACK
    return step.entered <= run.run.started <= end and run.run.scenario in step.properties.values()


# --- the script ---------------------------------------------------------------------------------------------------


def scripts_of(recorded: Recording, catalogue: Catalogue) -> Iterator[Script]:
    """Scripts by which the same happens again: keys, hang-ups, and what came of the world outside.

    There is one, or several if secret keys have to be guessed, or a step has failed of which it is not known whether
    it would fail again: the likeliest first, and the one that takes the same way is it.
    """
    alone = sum(len(_alone(step)) for run in recorded.runs for step in run.steps)
    failed = any(step.exit == ERROR and not _asks(step, catalogue) for run in recorded.runs for step in run.steps)
    for guess in range(2 ** min(alone, _MOST_GUESSED)):
        for fails in (False, True) if failed else (False,):
            yield _script(recorded, catalogue, [bool(guess >> bit & 1) for bit in range(alone)], fails=fails)


def _asks(step: StepTrace, catalogue: Catalogue) -> bool:
    """Whether what comes of a step is up to the world outside."""
    component = catalogue.get(step.component)
    return component is not None and component.outside


def _script(recorded: Recording, catalogue: Catalogue, guesses: Sequence[bool], *, fails: bool) -> Script:
    """The script for a guess; with `fails`, what failed fails again although it is not up to the world outside."""
    flips = iter(guesses)
    run = recorded.root.run
    inside = run.kind == ScenarioKind.VOICE and not run.line
    return Script(
        name=f"replay of {run.run_id}",
        scenario=run.scenario,
        given=Given(
            caller=run.caller,
            name=run.caller_name,
            line=run.line,
            account=run.caller if inside else "",
            dialled=run.dialled,
            speaks=_spoke(recorded.root),
            user=run.user,
            moment=run.started,
            key=run.key,
            variables={name: from_json(raw) for name, raw in run.start.items()},
            people=_people(recorded, flips),
            answers=_answers(recorded, catalogue, fails=fails),
        ),
        when=_deeds(recorded.root, flips) if run.kind == ScenarioKind.VOICE else (),
    )


def _answers(recorded: Recording, catalogue: Catalogue, *, fails: bool) -> dict[str, Sequence[StepAnswer | None]]:
    """What came of the steps that ask the world outside, each visit in its order."""
    answers: dict[str, list[StepAnswer | None]] = defaultdict(list)
    runs = recorded.runs
    every = walked(step for run in runs for step in run.steps)
    for index, step in enumerate(every):
        if not _asks(step, catalogue):
            answers[f"{step.scenario}.{step.step}"].append(_answer(step) if fails and step.exit == ERROR else None)
            continue
        # What called a scenario or began a run did its work within the exchange: there it is done again.
        following = next((later for later in every[index + 1 :] if later.run_id == step.run_id), None)
        within = following is not None and following.depth > step.depth
        begun = any(_began(step, run) for run in runs)
        answers[f"{step.scenario}.{step.step}"].append(None if within or begun else _answer(step))
    return {name: found for name, found in answers.items() if any(answer is not None for answer in found)}


def _answer(step: StepTrace) -> StepAnswer:
    values = {name: from_json(raw) for name, raw in step.taken.items()}
    if step.exit == ERROR:
        return StepAnswer(values=values, seconds=step.seconds, error=step.error or ERROR)
    return StepAnswer(step.exit, values, step.seconds)


def _people(recorded: Recording, flips: Iterator[bool]) -> dict[str, Sequence[Behaviour]]:
    """Those who were called by a service scenario and talked with a voice scenario."""
    people: dict[str, list[Behaviour]] = defaultdict(list)
    for run in recorded.others:
        if run.run.kind != ScenarioKind.VOICE:
            continue
        for step in (step for known in recorded.runs for step in walked(known.steps)):
            if _began(step, run):
                name = next((step.properties[each] for each in _WHOM if step.properties.get(each)), OTHERS)
                rang = max(0.0, (run.run.started - step.entered).total_seconds())
                voice = A_VOICE if _spoke(run) else None
                people[name].append(Behaviour(replace(FarEnd.answers(rang), voice=voice), _deeds(run, flips)))
                break
    return dict(people)


# --- what a party did ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Moment:
    """Something that a party did: when, and in which entering of which step."""

    at: datetime
    step: StepTrace
    visit: int
    deed: Deed


def _spoke(run: TracedRun) -> bool:
    """Whether the party said something that was recorded, to the end or until it hung up."""
    return any(step.exit == _RECORDED or (not step.exit and not step.error and bool(step.taken)) for step in run.steps)


def _deeds(run: TracedRun, flips: Iterator[bool]) -> Sequence[Deed]:
    steps = walked(run.steps)
    visits = _visits(steps)
    moments = [
        _Moment(_after(step, seconds), step, visits[index], Deed(press=key))
        for index, step in enumerate(steps)
        for seconds, key in _keys(step, flips)
    ]
    if run.run.outcome is Outcome.HUNG_UP and (index := _cut(steps)) is not None:
        step = steps[index]
        moments.append(_Moment(_after(step, step.seconds), step, visits[index], Deed(hang_up=True)))
    moments.sort(key=lambda moment: moment.at)
    deeds: list[Deed] = []
    before: _Moment | None = None
    for moment in moments:
        place = f"{moment.step.scenario}.{moment.step.step}"
        if before is not None and before.step is moment.step:
            seconds = round((moment.at - before.at).total_seconds(), 3)
            if seconds or moment.deed.hang_up or deeds[-1].hang_up:
                deeds.append(replace(moment.deed, after=seconds))
            else:
                # Keys of one moment stay together: a component must find them all when it looks.
                deeds[-1] = replace(deeds[-1], press=deeds[-1].press + moment.deed.press)
        else:
            seconds = (moment.at - moment.step.entered).total_seconds()
            deeds.append(replace(moment.deed, at=place, visit=moment.visit, after=round(seconds, 3)))
        before = moment
    return tuple(deeds)


def _visits(steps: Sequence[StepTrace]) -> list[int]:
    """Of each step, which entering of it that was."""
    counts: Counter[tuple[str, str]] = Counter()
    visits = []
    for step in steps:
        counts[step.scenario, step.step] += 1
        visits.append(counts[step.scenario, step.step])
    return visits


def _keys(step: StepTrace, flips: Iterator[bool]) -> list[tuple[float, str]]:
    """The keys of a step. Of secret ones only the number and the moments are known; they are guessed.

    Zeros stand for them, and a hash for the last one if it ended the step. One that came alone was a hash if the step
    gave its secret variable no new value, else a zero; or the other way round if `flips` says so.
    """
    keys = list(step.keys)
    alone = _alone(step)
    for index, (seconds, key) in enumerate(keys):
        if index in alone:
            keys[index] = (seconds, "#" if next(flips) != (MASK not in step.changed.values()) else "0")
        elif key == HIDDEN_KEY:
            ended = index == len(keys) - 1 and step.seconds - seconds < _AT_ONCE
            keys[index] = (seconds, "#" if ended else "0")
    return keys


def _alone(step: StepTrace) -> list[int]:
    """Which secret keys came alone."""
    moments = [float("-inf"), *(seconds for seconds, _ in step.keys), float("inf")]
    return [
        index
        for index, (seconds, key) in enumerate(step.keys)
        if key == HIDDEN_KEY and min(seconds - moments[index], moments[index + 2] - seconds) > _APART
    ]


def _cut(steps: Sequence[StepTrace]) -> int | None:
    """The step in which the party hung up: the innermost that was cut off, else the last before the branch for it."""
    last: int | None = None
    for index, step in enumerate(steps):
        if step.branch == "after_hangup":
            break
        last = index
    return last


def _after(step: StepTrace, seconds: float) -> datetime:
    return step.entered + timedelta(seconds=seconds)


# --- comparing ----------------------------------------------------------------------------------------------------


def ways(recorded: Recording) -> list[list[str]]:
    """The way of each run, the root's first, the others in the order of their beginning and their scenario."""
    others = sorted(recorded.others, key=lambda run: (run.run.started - recorded.root.run.started, run.run.scenario))
    return [[_place(step) for step in walked(run.steps)] for run in (recorded.root, *others)]


def _place(step: StepTrace) -> str:
    branch = "" if step.branch == "main" else f" ({step.branch})"
    return f"{'  ' * step.depth}{step.scenario}.{step.step}{'/' + step.exit if step.exit else ''}{branch}"


# --- replaying ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of replaying a recording."""

    script: Script
    report: Report
    differences: Sequence[str]
    """Where the ways part, see `differing`; empty if they are the same."""


def replay(
    recorded: Recording, scenarios: Mapping[str, str], office: SimulatedOffice, *, script: Script | None = None
) -> Replay:
    """Play a recording over scenario texts by name; with a `script`, as that one says. Raises SimulationError.

    Without one, those that stand for the recording are tried until one takes the same way, else the first counts.
    """
    tried: list[Replay] = []
    for each in [script] if script is not None else scripts_of(recorded, office.catalogue):
        report = simulate(each, scenarios, office)
        done = Replay(each, report, differences(ways(recorded), ways(recording_of(report))))
        tried.append(done)
        if not done.differences:
            return done
    return tried[0]
