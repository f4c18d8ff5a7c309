"""`cordboard scenario replay`: let happen again what happened on a call, as it was or with a draft."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cordboard.cli.common import Data, console, fail, opened, settings_for, verbatim
from cordboard.cli.scenario_texts import print_faults, texts_in
from cordboard.cli.simulate import OfficeOption
from cordboard.cli.simulated_office import OfficeInMemory, office_for, quiet
from cordboard.scenario.faults import is_broken
from cordboard.scenario.program import check
from cordboard.scenario.references import Neighbours
from cordboard.scenario.run_mode import ScenarioError
from cordboard.simulation.path import shown, walked
from cordboard.simulation.replay import Recording, Replay, recording, replay
from cordboard.simulation.script import Script
from cordboard.simulation.script_writer import write_script
from cordboard.simulation.simulator import SimulationError

_MOST_RUNS = 1000


def replay_run(
    run_id: Annotated[str, typer.Argument(help="The run, see `cordboard run list`.")],
    *,
    draft: Annotated[
        Path | None,
        typer.Option(help="A changed scenario, or a folder of them, on which it is replayed.", show_default=False),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Keep it as a test of scenarios in this file.", show_default=False)
    ] = None,
    office: OfficeOption = None,
    data: Data = None,
) -> None:
    """Replay a run from its trace: the keys, the hang-up, and what came of the world outside.

    It is replayed on the release on which it ran; that this takes the same way shows that the replay can be trusted.
    With a draft it is then replayed on that, and what is different is printed. The exit status is 1 if the replay on
    the unchanged release parts from the run.
    """
    traced = asyncio.run(_load(run_id, data))
    simulated = office_for(office, data, spoken=True)
    drafts = _drafts(draft, simulated, traced.scenarios)
    recorded = traced.recorded
    same = _replayed(recorded, traced.scenarios, simulated, None)
    steps = sum(len(walked(run.steps)) for run in recorded.runs)
    console.print(
        f"Run {run_id} of release {recorded.root.run.release}: {steps} steps in {len(recorded.runs)} run"
        f"{'s' if len(recorded.runs) > 1 else ''}, "
        + ("replayed the same way" if not same.differences else "replayed another way:"),
        markup=False,
    )
    _print(same)
    if save is not None:
        _save(save, same.script, recorded, simulated)
    if draft is not None:
        changed = _replayed(recorded, {**traced.scenarios, **drafts}, simulated, same.script)
        what = "the same way" if not changed.differences else "another way:"
        entered = {step.scenario for run in recorded.runs for step in run.steps}
        if not changed.differences and not entered & drafts.keys():
            what += f", for it never came to {', '.join(sorted(drafts))}"
        console.print(f"With {draft}: {what}", markup=False)
        _print(changed)
        for _, deed in changed.report.undone:
            console.print(f"It did not come to this: {deed.told}", markup=False)
    if same.differences:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Loaded:
    recorded: Recording
    scenarios: Mapping[str, str]


async def _load(run_id: str, data: Path | None) -> _Loaded:
    async with opened(settings_for(data)) as store:
        root = await store.traces.load(run_id)
        if root is None:
            fail(f"There is no run {run_id} in the traces: see `cordboard run list`; old ones are deleted.")
        if root.run.ended is None:
            fail(f"Run {run_id} has not ended yet: it can be replayed when it has.")
        chain = await store.traces.find(chain=root.run.chain, limit=_MOST_RUNS)
        others = [await store.traces.load(run.run_id) for run in chain if run.run_id != run_id]
        try:
            release = await store.releases.load(root.run.release)
        except ScenarioError as fault:
            fail(f"{fault}: the release on which the run ran is needed.")
    return _Loaded(recording(root, [run for run in others if run is not None]), release.scenarios)


def _drafts(draft: Path | None, office: OfficeInMemory, release: Mapping[str, str]) -> Mapping[str, str]:
    """The changed texts by name. They may name each other, and all that is in the release."""
    if draft is None:
        return {}
    if not draft.exists():
        fail(f"There is no file or folder {draft}: name a changed scenario, or a folder of them.")
    texts = texts_in([draft])
    neighbours = Neighbours({**release, **texts}, office.catalogue)
    faults = {
        name: check(text, office.catalogue, zone=office.zone, country=office.country, neighbours=neighbours, name=name)
        for name, text in texts.items()
    }
    print_faults(faults, errors_only=True)
    if any(is_broken(each) for each in faults.values()):
        fail("A scenario with errors cannot be tried: mend it first.")
    return texts


def _replayed(
    recorded: Recording, scenarios: Mapping[str, str], office: OfficeInMemory, script: Script | None
) -> Replay:
    try:
        with quiet():
            return replay(recorded, scenarios, office, script=script)
    except SimulationError as fault:
        fail(f"It cannot be replayed: {fault}.")


def _print(done: Replay) -> None:
    for line in done.differences:
        console.print(verbatim([f"  {line}"]))


def _save(file: Path, script: Script, recorded: Recording, office: OfficeInMemory) -> None:
    outcome = recorded.root.run.outcome
    expect = {
        "path": shown(walked(recorded.root.steps)),
        "outcome": outcome.value if outcome else "",
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(write_script(script, office.zone, expect), encoding="utf-8")
    except OSError as fault:
        fail(f"{file} cannot be written: {fault.strerror or fault}.")
    console.print(f"Kept in {file}: run it with `cordboard scenario test {file}`", markup=False)
